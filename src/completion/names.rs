//! Names that arguments stand for, and who knows them.

use std::path::PathBuf;

use clap::builder::ArgExt;
use serde::de::IgnoredAny;

use super::daemon::Peek;
use crate::api::{ServerReport, Status, ToolArguments, ToolList, ToolReport, path};
use crate::base::quote::beginning;
use crate::clients::CLIENTS;
use crate::config::{Location, load};
use crate::keys::tree::{Node, Value};

/// So much of a description is shown beside a name, in characters.
const NOTE_MAX: usize = 60;

/// What an argument names; it is put to the argument itself, as an extension of clap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// A server of the daemon that runs, else of the config.
    Servers,
    /// A server of the config.
    Configured,
    /// A tool, as clients of the daemon see it.
    Tools,
    /// An argument of the tool that stands before it, and its value.
    Arguments,
    /// A client that callmux can be attached to.
    Clients,
    /// A client as it names itself.
    Known,
}

impl ArgExt for Names {}

/// Whom a command line asks.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) daemon: Peek,
    /// The config that the line names.
    pub(super) config: Option<PathBuf>,
    /// What stands first behind the verb.
    pub(super) tool: Option<String>,
    /// The server that the line names.
    pub(super) server: Option<String>,
}

/// A name, and what is said beside it.
pub(super) type NameAndNote = (String, String);

impl Sources {
    /// Every name of a kind. Who cannot be asked knows none. `written`: how far the word is written that it is for.
    pub(super) fn all(&self, names: Names, written: &str) -> Vec<NameAndNote> {
        match names {
            Names::Arguments => self.arguments(written),
            Names::Servers => self.servers().unwrap_or_else(|| self.written("servers")),
            Names::Configured => self.written("servers"),
            Names::Tools => self.tools(),
            Names::Clients => clients(),
            Names::Known => {
                let mut all = clients();
                let written = self.written("clients");
                all.extend(
                    written.into_iter().filter(|(name, _)| !CLIENTS.iter().any(|it| it.id == name)),
                );
                all
            }
        }
    }

    fn servers(&self) -> Option<Vec<NameAndNote>> {
        let status: Status = self.daemon.get(path::STATUS)?;
        let report = |server: &ServerReport| (server.name.to_string(), server.phase.to_string());
        let mut all: Vec<_> = status.servers.iter().map(report).collect();
        all.extend(status.disabled.iter().map(|name| (name.to_string(), "disabled".to_owned())));
        Some(all)
    }

    fn tools(&self) -> Vec<NameAndNote> {
        let list: Option<ToolList> = self.daemon.get(path::TOOLS);
        let tools = list.map(|list| list.tools).unwrap_or_default();
        let note = |tool: &ToolReport| {
            let text = tool.description.as_deref().and_then(|text| text.trim().lines().next());
            beginning(text.unwrap_or_default(), NOTE_MAX).to_string()
        };
        tools.into_iter().map(|tool| (tool.name.clone(), note(&tool))).collect()
    }

    /// `NAME=` of each argument, and behind that each value that there can be.
    fn arguments(&self, written: &str) -> Vec<NameAndNote> {
        let told = self.tool.as_deref().and_then(|tool| {
            let path = path::tool_arguments(tool, self.server.as_deref());
            self.daemon.get::<ToolArguments>(&path)
        });
        let mut all = told.unwrap_or_default().arguments;
        let Some((name, _)) = written.split_once('=') else {
            let note = |text: Option<String>| {
                let text = text.unwrap_or_default();
                beginning(text.trim().lines().next().unwrap_or_default(), NOTE_MAX).to_string()
            };
            return all
                .into_iter()
                .map(|it| (format!("{}=", it.name), note(it.description)))
                .collect();
        };
        // What is behind `:=` is JSON, which these texts are where they are no texts.
        let is_json = name.ends_with(':');
        let own = name.trim_end_matches(':');
        all.retain(|argument| argument.name == own);
        let values = all.into_iter().flat_map(|argument| argument.values);
        let is_plain =
            |value: &String| !is_json || serde_json::from_str::<IgnoredAny>(value).is_ok();
        values.filter(is_plain).map(|value| (format!("{name}={value}"), String::new())).collect()
    }

    /// What stands in a section of the config. No value is read, so nothing that one refers to is either, and
    /// a file with a mistake takes away its own names only.
    fn written(&self, section: &str) -> Vec<NameAndNote> {
        let location = Location::chosen(self.config.as_deref());
        let texts = location.and_then(|location| location.texts().ok()).unwrap_or_default();
        let mut names: Vec<NameAndNote> = Vec::new();
        for text in texts {
            let section = load::merge(&[text]).ok().and_then(|mut all| all.remove(section));
            if let Some(Node { value: Value::Table(members), .. }) = section {
                names.extend(members.into_keys().map(|name| (name, String::new())));
            }
        }
        names
    }
}

fn clients() -> Vec<NameAndNote> {
    CLIENTS.iter().map(|client| (client.id.to_owned(), client.shown.to_owned())).collect()
}
