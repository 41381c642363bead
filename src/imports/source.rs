//! A file of somebody else's, and the servers in it.

use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::kind::ForeignKind;
use crate::base::file;
use crate::clients::Surroundings;
use crate::clients::client::Grammar;
use crate::clients::edit::Site;
use crate::clients::error::EditError;
use crate::clients::target::FILE_MAX;
use crate::json::Json;
use crate::remedy::foreign;

/// So many servers a file may have.
const SERVERS_MAX: usize = 500;

/// Where servers are. The first that is there counts.
const PLACES: [&[&str]; 9] = [
    &["mcpServers"],
    &["servers"],
    &["mcp", "servers"],
    &["mcp"],
    &["context_servers"],
    &["mcp_servers"],
    &["amp.mcpServers"],
    &["extensions"],
    &["tools", "mcpServers"],
];

/// What an entry has at its top that is one server.
const ONE: [&str; 6] = ["command", "cmd", "url", "serverUrl", "httpUrl", "uri"];

/// A file that was read.
#[derive(Debug)]
pub struct ForeignFile {
    pub path: PathBuf,
    pub(super) kind: ForeignKind,
    pub(super) tree: Json,
    /// The only project of it that counts.
    project: Option<String>,
}

/// A server in it.
#[derive(Debug)]
pub(super) struct ForeignServer<'a> {
    pub(super) name: &'a str,
    pub(super) entry: &'a Json,
    /// What leads to it beside the usual key.
    pub(super) place: String,
}

impl ForeignFile {
    /// Reads a file, in whichever grammar it is. `around`: where the files of clients are.
    pub fn read(path: &Path, around: Option<&Surroundings>) -> Result<Self, ImportError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let bytes = file::read(&path, FILE_MAX);
        let bytes = bytes.map_err(|error| ImportError::Read(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| ImportError::NotText(path.clone()))?;
        Self::of_text(&path, &text, around)
    }

    /// A text that is as such a file would be. `path`: what it is called, whose end says its grammar.
    pub fn of_text(
        path: &Path,
        text: &str,
        around: Option<&Surroundings>,
    ) -> Result<Self, ImportError> {
        let site = Site { format: grammar(path, text), keys: Vec::new() };
        let tree = site.read(text).map_err(|error| broken(path, text, error))?;
        let kind = ForeignKind::of(path, &tree, around);
        Ok(Self { path: path.to_path_buf(), kind, tree, project: None })
    }

    /// One server as a command line for a shell says it, called `path`.
    pub fn of_line(path: &Path, name: &str, entry: Json) -> Self {
        let file =
            Self { path: path.to_path_buf(), kind: ForeignKind::Line, tree: entry, project: None };
        file.named(name)
    }

    /// What it says.
    pub fn tree(&self) -> &Json {
        &self.tree
    }

    /// Whether it is one server as a whole, without a name.
    pub fn is_one(&self) -> bool {
        let is_there = |key: &&str| match self.tree.get(key) {
            Some(Json::String(_)) => true,
            Some(Json::Array(words)) => words.first().is_some_and(|word| word.as_str().is_some()),
            _ => false,
        };
        ONE.iter().any(is_there)
    }

    /// The whole as the one server that it is, with this name.
    pub fn named(self, name: &str) -> Self {
        let servers = Json::object([(name, self.tree)]);
        Self { tree: Json::object([("mcpServers", servers)]), ..self }
    }

    /// The same without what is about other projects than the one in this directory.
    pub fn in_project(self, directory: &Path) -> Self {
        Self { project: Some(directory.display().to_string()), ..self }
    }

    /// Whether there is one in it.
    pub fn has_servers(&self) -> bool {
        self.servers().is_ok_and(|servers| !servers.is_empty())
    }

    /// As part of the name of the file that it is imported into.
    pub fn stem(&self) -> &'static str {
        self.kind.stem()
    }

    pub(super) fn servers(&self) -> Result<Vec<ForeignServer<'_>>, ImportError> {
        let mut found = Vec::new();
        let place = PLACES.iter().find_map(|keys| {
            let at = keys.iter().try_fold(&self.tree, |at, key| at.get(key))?;
            has_servers(at).then_some(at)
        });
        if let Some(place) = place {
            collect(place, "", &mut found);
        }
        let projects = self.tree.get("projects").and_then(Json::as_object).unwrap_or_default();
        let is_meant = |known: &&(String, Json)| {
            self.project.as_ref().is_none_or(|project| *project == known.0)
        };
        for (directory, project) in projects.iter().filter(is_meant) {
            if let Some(servers) = project.get("mcpServers") {
                collect(servers, directory, &mut found);
            }
        }
        if found.is_empty() && has_servers(&self.tree) {
            collect(&self.tree, "", &mut found);
        }
        if found.len() > SERVERS_MAX {
            return Err(ImportError::Many { path: self.path.clone(), max: SERVERS_MAX });
        }
        let names_some = PLACES
            .iter()
            .any(|keys| keys.iter().try_fold(&self.tree, |at, key| at.get(key)).is_some());
        if found.is_empty() && !names_some {
            return Err(ImportError::NoServers(self.path.clone()));
        }
        Ok(found)
    }
}

fn has_servers(at: &Json) -> bool {
    let is_server = |entry: &Json| {
        foreign::is_server(entry)
            || ["cmd", "type", "uri", "source"].iter().any(|key| entry.get(key).is_some())
    };
    match at {
        Json::Object(members) => members.iter().any(|(_, entry)| is_server(entry)),
        Json::Array(items) => items.iter().any(is_server),
        _ => false,
    }
}

fn collect<'a>(at: &'a Json, place: &str, found: &mut Vec<ForeignServer<'a>>) {
    let server = |name, entry| ForeignServer { name, entry, place: place.to_owned() };
    match at {
        Json::Object(members) => {
            found.extend(members.iter().map(|(name, entry)| server(name, entry)));
        }
        Json::Array(items) => found.extend(items.iter().map(|entry| {
            server(entry.get("name").and_then(Json::as_str).unwrap_or_default(), entry)
        })),
        _ => {}
    }
}

fn grammar(path: &Path, text: &str) -> Grammar {
    match path.extension().and_then(|end| end.to_str()) {
        Some("toml") => Grammar::Toml,
        Some("yaml" | "yml") => Grammar::Yaml,
        Some("json" | "jsonc" | "json5") => Grammar::Json,
        _ => {
            let text = text.trim_start_matches('\u{feff}').trim_start();
            let is_toml = || text.lines().any(|line| line.trim_start().starts_with('['));
            match text {
                text if text.starts_with('{') || text.starts_with('/') => Grammar::Json,
                _ if is_toml() => Grammar::Toml,
                _ => Grammar::Yaml,
            }
        }
    }
}

fn broken(path: &Path, text: &str, error: EditError) -> ImportError {
    let path = path.to_path_buf();
    match error {
        EditError::Syntax { at: 0, what } => ImportError::Whole { path, what },
        EditError::Syntax { at, what } => {
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            ImportError::Syntax { path, line, column, what }
        }
        other => ImportError::Whole { path, what: other.to_string() },
    }
}
