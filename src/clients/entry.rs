//! Our entry in a client's file.

use std::path::Path;

use super::client::{EntryShape, NAME};
use crate::base::clip::clipped;
use crate::json::Json;

/// So many characters of a foreign entry are shown.
const SAID_MAX: usize = 120;

/// What an entry starts or asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// A program, and its arguments.
    Program(String, Vec<String>),
    /// An address of streamable HTTP.
    Address(String),
}

/// What of ours is in a client's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Absent,
    /// Our entry. `is_on`: the client uses it.
    Attached { is_on: bool },
    /// An entry under our name that starts something else. `is_ours`: callmux, in another way.
    Otherwise { says: String, is_ours: bool },
}

impl Launch {
    /// What `callmux bridge` is called as.
    pub fn bridge(program: &str) -> Self {
        Self::Program(program.to_owned(), vec!["bridge".to_owned()])
    }

    /// What an entry starts, in whichever of the shapes it is.
    pub fn read(entry: &Json) -> Option<Self> {
        let texts = |list: &[Json]| -> Vec<String> {
            list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        for key in ["url", "httpUrl", "serverUrl", "uri"] {
            if let Some(url) = entry.get(key).and_then(Json::as_str) {
                return Some(Self::Address(url.to_owned()));
            }
        }
        let command = entry.get("command").or_else(|| entry.get("cmd"))?;
        if let Some(words) = command.as_array() {
            let mut words = texts(words).into_iter();
            return Some(Self::Program(words.next()?, words.collect()));
        }
        // Zed had it so.
        let (path, args) = match command.get("path") {
            Some(path) => (path, command.get("args")),
            None => (command, entry.get("args")),
        };
        let args = args.and_then(Json::as_array).map(texts).unwrap_or_default();
        Some(Self::Program(path.as_str()?.to_owned(), args))
    }

    /// Whether both start the same server, wherever its program is.
    pub fn is_same(&self, other: &Self) -> bool {
        let name = |command: &str| Path::new(command).file_name().map(ToOwned::to_owned);
        match (self, other) {
            (Self::Program(command, args), Self::Program(other, others)) => {
                name(command) == name(other) && args == others
            }
            (Self::Address(url), Self::Address(other)) => {
                url.trim_end_matches('/') == other.trim_end_matches('/')
            }
            _ => false,
        }
    }

    /// Whether it is a bridge of ours, whatever its options.
    fn is_bridge(&self) -> bool {
        let Self::Program(command, args) = self else { return false };
        let is_callmux = Path::new(command).file_name().is_some_and(|name| name == NAME);
        is_callmux && args.first().is_some_and(|arg| arg == "bridge")
    }

    /// As a line for people.
    pub fn line(&self) -> String {
        let line = match self {
            Self::Program(command, args) => {
                let words = std::iter::once(command).chain(args);
                words.map(String::as_str).collect::<Vec<_>>().join(" ")
            }
            Self::Address(url) => url.clone(),
        };
        clipped(&line, SAID_MAX)
    }
}

impl Standing {
    /// How an entry compares with what it should be. `addresses`: where callmux listens.
    pub fn of(entry: Option<&Json>, wanted: &Launch, addresses: &[String]) -> Self {
        let Some(entry) = entry else { return Self::Absent };
        let Some(launch) = Launch::read(entry) else {
            return Self::Otherwise { says: "something that is no server".into(), is_ours: false };
        };
        if launch.is_same(wanted) {
            return Self::Attached { is_on: is_on(entry) };
        }
        let is_address = |url: &String| launch.is_same(&Launch::Address(url.clone()));
        let is_ours = launch.is_bridge() || addresses.iter().any(is_address);
        Self::Otherwise { says: launch.line(), is_ours }
    }
}

fn is_on(entry: &Json) -> bool {
    let says = |key: &str, word: &str| {
        let value = entry.get(key);
        value.is_some_and(|value| match value {
            Json::Bool(bool) => bool.to_string() == word,
            value => value.as_str() == Some(word),
        })
    };
    !says("disabled", "true") && !says("enabled", "false")
}

/// The entry that starts `launch`; `None` if the client takes no addresses from its file.
pub fn entry(shape: EntryShape, launch: &Launch) -> Option<Json> {
    let text = |text: &str| Json::String(text.to_owned());
    let list = |words: &[String]| Json::Array(words.iter().map(|word| text(word)).collect());
    let mut members: Vec<(&str, Json)> = Vec::new();
    match (shape, launch) {
        (EntryShape::Usual { stdio, names_tools, .. }, Launch::Program(command, args)) => {
            members.extend(stdio.map(|kind| ("type", text(kind))));
            members.push(("command", text(command)));
            members.push(("args", list(args)));
            members.extend(names_tools.then(|| ("tools", list(&["*".to_owned()]))));
        }
        (EntryShape::Usual { remote, names_tools, .. }, Launch::Address(url)) => {
            let (key, kind) = remote?;
            members.extend(kind.map(|kind| ("type", text(kind))));
            members.push((key, text(url)));
            members.extend(names_tools.then(|| ("tools", list(&["*".to_owned()]))));
        }
        (EntryShape::Opencode, Launch::Program(command, args)) => {
            let words: Vec<String> = std::iter::once(command).chain(args).cloned().collect();
            members.extend([("type", text("local")), ("command", list(&words))]);
            members.push(("enabled", Json::Bool(true)));
        }
        (EntryShape::Opencode, Launch::Address(url)) => {
            members.extend([("type", text("remote")), ("url", text(url))]);
            members.push(("enabled", Json::Bool(true)));
        }
        (EntryShape::Goose, launch) => {
            members.extend([("enabled", Json::Bool(true)), ("name", text(NAME))]);
            members.push(("description", text("MCP servers of callmux")));
            match launch {
                Launch::Program(command, args) => {
                    members.extend([("type", text("stdio")), ("cmd", text(command))]);
                    members.push(("args", list(args)));
                }
                Launch::Address(url) => {
                    members.extend([("type", text("streamable_http")), ("uri", text(url))]);
                }
            }
            members.push(("timeout", Json::parse("300").unwrap_or_default()));
        }
    }
    Some(Json::object(members))
}
