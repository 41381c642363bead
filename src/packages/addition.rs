//! From what a person has in hand to files of ours.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{PackageError, refused};
use super::given::{self, Given};
use super::owned::{is_ours, text_of};
use super::program;
use super::question::{self, PackageAnswers};
use super::wishes::{FoundServers, Wishes};
use crate::base::{Secret, ServerName, file};
use crate::bundles::StagedBundle;
use crate::config::source::Text;
use crate::config::{Location, load};
use crate::imports::{ImportPlace, KeyFate, KeyNote, ServerDraft, hidden};
use crate::keys::tree::{Table, Value};
use crate::settings::ServerConfig;

/// So many servers one text may add.
const SERVERS_MAX: usize = 50;
/// Keys of which nobody wants to know that they are left out.
const UNTOLD: [&str; 4] = ["type", "transport", "name", "transportType"];

/// Servers that are to be added.
#[derive(Debug)]
pub struct Addition {
    pub servers: Vec<NewServer>,
    /// What the person should know.
    pub told: Vec<String>,
    bundle: Option<StagedBundle>,
}

/// One of them.
#[derive(Debug)]
pub struct NewServer {
    pub name: ServerName,
    pub file: PathBuf,
    /// What the file is to hold.
    pub text: String,
    pub config: Option<Arc<ServerConfig>>,
    secrets: Vec<(PathBuf, Secret)>,
    /// Their names, as references have them.
    hidden: Vec<String>,
}

impl Addition {
    /// Makes all of it. Nothing is written into the config.
    pub fn plan(
        location: &Location,
        given: Given,
        wishes: &Wishes,
        answers: &mut dyn PackageAnswers,
    ) -> Result<Self, PackageError> {
        let place = place(location, wishes)?;
        let FoundServers { mut drafts, notes, from, mut told, bundle } =
            given::found(given, wishes, &place, answers)?;
        told.extend(notes.iter().filter(|note| is_told(note)).map(shown));
        if drafts.is_empty() {
            let why = notes.iter().map(shown).collect::<Vec<_>>().join("; ");
            return Err(refused(format!("there is no server in it that can be added: {why}")));
        }
        choose(&mut drafts, wishes)?;
        let taken = taken(location)?;
        for draft in &mut drafts {
            wishes.apply(draft)?;
            question::fill(draft, &place.secrets, answers)?;
            let filled = question::inputs(draft, &place.secrets, answers);
            // What was to be done for them is done.
            told.retain(|line| !filled.iter().any(|name| line.contains(&format!("/{name}, mode"))));
            program::settle(draft, bundle.as_ref().map(StagedBundle::target), &mut told)?;
            told.extend(hidden::hide_in(draft, &place.secrets).iter().map(shown));
        }
        let servers =
            drafts.iter().map(|draft| one(location, draft, &from, &place, &taken, wishes));
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        let mut addition = Self { servers, told, bundle };
        addition.check(location)?;
        Ok(addition)
    }

    /// The config takes all of it.
    fn check(&mut self, location: &Location) -> Result<(), PackageError> {
        let mut texts = location.texts().map_err(PackageError::Config)?;
        texts.retain(|text| self.servers.iter().all(|server| server.file != text.path));
        let new = self.servers.iter();
        texts.extend(new.map(|new| Text { path: new.file.clone(), text: new.text.clone() }));
        let config = location.reread(&texts).map_err(PackageError::Config)?;
        for server in &mut self.servers {
            server.config = config.servers.get(&server.name).cloned();
            let missing = server.config.as_ref().map(|config| config.unresolved.as_slice());
            // What is written with it is not there yet.
            let is_open = |text: &str| !server.hidden.iter().any(|name| text.contains(name));
            for complaint in missing.unwrap_or_default() {
                let text = complaint.to_string();
                if is_open(&text) {
                    self.told.push(format!("warning: {text}; this server will not start"));
                }
            }
        }
        Ok(())
    }

    /// Writes it: what a file names first, and then the file. Cut off between, nothing names what was
    /// written.
    pub fn write(&mut self, location: &Location) -> Result<(), PackageError> {
        if let Some(bundle) = &mut self.bundle {
            bundle.keep()?;
        }
        for server in &self.servers {
            for (path, text) in &server.secrets {
                replace(path, text.expose())?;
            }
            replace(&server.file, &server.text)?;
        }
        // Now what it refers to is there.
        let config = location.read().config.map_err(PackageError::Config)?;
        for server in &mut self.servers {
            server.config = config.servers.get(&server.name).cloned();
        }
        Ok(())
    }
}

impl NewServer {
    /// The files that its secrets go into.
    pub fn secrets(&self) -> impl Iterator<Item = &Path> {
        self.secrets.iter().map(|(path, _)| path.as_path())
    }
}

fn replace(path: &Path, text: &str) -> Result<(), PackageError> {
    let failed = |error| PackageError::File { path: path.to_path_buf(), error };
    file::replace(path, text.as_bytes()).map_err(failed)
}

fn place(location: &Location, wishes: &Wishes) -> Result<ImportPlace, PackageError> {
    ImportPlace::new(location, "pasted", None).map_err(|_| {
        let name = wishes.name.as_ref().map_or("NAME", ServerName::as_str);
        let path = location.path().display();
        refused(format!("the config {path} is one file; write `[servers.{name}]` into it"))
    })
}

/// The servers of the config, as they are written.
fn taken(location: &Location) -> Result<Table, PackageError> {
    let texts = location.texts().map_err(PackageError::Config)?;
    let mut merged = load::merge(&texts).map_err(PackageError::Config)?;
    Ok(match merged.remove("servers").map(|servers| servers.value) {
        Some(Value::Table(servers)) => servers,
        _ => Table::new(),
    })
}

/// Those that are meant, under the names that are wanted.
fn choose(drafts: &mut Vec<ServerDraft>, wishes: &Wishes) -> Result<(), PackageError> {
    if drafts.len() > SERVERS_MAX {
        return Err(refused(format!(
            "there are more than {SERVERS_MAX} servers in it; `callmux import FILE` takes them over"
        )));
    }
    let Some(name) = &wishes.name else {
        if drafts.len() > 1 && wishes.is_about_one() {
            return Err(PackageError::Usage(format!(
                "there are several servers in it ({}); name the one that the options are for",
                names(drafts)
            )));
        }
        return Ok(());
    };
    if drafts.len() > 1 {
        let all = names(drafts);
        drafts.retain(|draft| draft.name == name.as_str());
        if drafts.is_empty() {
            return Err(refused(format!(
                "there is no {name} in it, but {all}; name one of these, or none to add all"
            )));
        }
    }
    drafts.truncate(1);
    if let Some(draft) = drafts.first_mut() {
        name.as_str().clone_into(&mut draft.name);
    }
    Ok(())
}

fn names(drafts: &[ServerDraft]) -> String {
    drafts.iter().map(|draft| draft.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn one(
    location: &Location,
    draft: &ServerDraft,
    from: &[String],
    place: &ImportPlace,
    taken: &Table,
    wishes: &Wishes,
) -> Result<NewServer, PackageError> {
    let name = ServerName::parse(&draft.name)
        .map_err(|error| PackageError::Usage(format!("`{}`: {error}", draft.name)))?;
    let file = location.dropin(&name).unwrap_or_default();
    let may_replace = wishes.replaces && is_ours(&file, &name);
    if let Some(there) = taken.get(name.as_str())
        && !(may_replace && *there.at.file == *file)
    {
        let at = &there.at;
        let remedy = if is_ours(&at.file, &name) {
            "give it another name, or say --force to replace it"
        } else {
            "give the new one another name"
        };
        return Err(refused(format!("there is a server {name} already, at {at}; {remedy}")));
    }
    if file.symlink_metadata().is_ok() && !may_replace {
        let path = file.display();
        return Err(refused(format!("{path} is there already, without {name} in it")));
    }
    let path = |name: &str| place.secrets.path.join(name);
    let secrets = draft.hidden.iter().map(|one| (path(&one.name), one.text.clone())).collect();
    let hidden = draft.hidden.iter().map(|one| one.name.clone()).collect();
    Ok(NewServer { name, file, text: text_of(draft, from), config: None, secrets, hidden })
}

fn is_told(note: &KeyNote) -> bool {
    match note.fate {
        KeyFate::ToDo => true,
        KeyFate::Dropped => !UNTOLD.contains(&note.key.as_str()),
        KeyFate::Kept | KeyFate::Translated => false,
    }
}

/// A note in one line.
fn shown(note: &KeyNote) -> String {
    let key = [&*note.server, &*note.key].into_iter().filter(|part| !part.is_empty());
    format!("{}: {}", key.collect::<Vec<_>>().join(": "), note.why)
}
