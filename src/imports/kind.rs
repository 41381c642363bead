//! Whose file it is, and what its texts mean.

use std::path::Path;

use crate::clients::{CLIENTS, KnownClient, Scope, Surroundings};
use crate::json::Json;

/// Whose file it is.
#[derive(Debug, Clone, Copy)]
pub enum ForeignKind {
    Client(&'static KnownClient),
    /// The callmux of npm.
    Npm,
    Mcpmux,
    /// A command line for a shell.
    Line,
    /// Servers in a shape that several have.
    Other,
}

/// What `timeout` counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeoutUnit {
    Seconds,
    Milliseconds,
    /// Only its size tells.
    Unknown,
}

/// How texts are read there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habit {
    /// `$NAME` is a variable, too.
    pub(super) dollar: bool,
    /// `{env:NAME}` is one.
    pub(super) braces: bool,
    /// `$(…)` is what a program prints.
    pub(super) commands: bool,
    pub(super) timeout: TimeoutUnit,
}

/// Keys by which a file of the npm callmux is known.
const OF_NPM: [&str; 12] = [
    "cacheTtlSeconds",
    "cachePolicy",
    "maxConcurrency",
    "connectTimeoutMs",
    "callTimeoutMs",
    "metaOnly",
    "exposeMetaTools",
    "outputFormat",
    "responseShield",
    "schemaCompression",
    "recipes",
    "reconnectPolicy",
];
/// And keys by which one of a client is.
const OF_CLIENTS: [(&str, &str); 5] = [
    ("context_servers", "zed"),
    ("mcp_servers", "codex"),
    ("amp.mcpServers", "amp"),
    ("extensions", "goose"),
    ("inputs", "vscode"),
];

impl ForeignKind {
    pub(super) fn of(path: &Path, tree: &Json, around: Option<&Surroundings>) -> Self {
        if tree.get("backends").is_some_and(|backends| backends.as_array().is_some()) {
            return Self::Mcpmux;
        }
        let is_npm = |key: &&str| tree.get(key).is_some();
        let schema = tree.get("$schema").and_then(Json::as_str).unwrap_or_default();
        if path.ends_with("callmux/config.json")
            || schema.contains("callmux")
            || OF_NPM.iter().any(is_npm)
        {
            return Self::Npm;
        }
        let is_file = |client: &&KnownClient| {
            let is_users = around
                .and_then(|around| around.file(client, Scope::User))
                .is_some_and(|file| file == path);
            is_users || client.project.iter().any(|end| path.ends_with(end))
        };
        if let Some(client) = CLIENTS.iter().find(is_file) {
            return Self::Client(client);
        }
        let known = OF_CLIENTS.iter().find(|(key, _)| tree.get(key).is_some());
        let id = known.map(|(_, id)| *id).or_else(|| {
            let servers = tree.get("mcp")?;
            let servers = servers.get("servers").unwrap_or(servers).as_object()?;
            let is_list =
                |entry: &Json| entry.get("command").is_some_and(|c| c.as_array().is_some());
            let is_opencode = servers.iter().any(|(_, entry)| is_list(entry));
            Some(if is_opencode { "opencode" } else { "crush" })
        });
        let client = id.and_then(|id| CLIENTS.iter().find(|client| client.id == id));
        client.map_or(Self::Other, Self::Client)
    }

    /// As part of a file's name.
    pub(super) fn stem(self) -> &'static str {
        match self {
            Self::Client(client) => client.id,
            Self::Npm => "npm-callmux",
            Self::Mcpmux => "mcpmux",
            Self::Line => "line",
            Self::Other => "others",
        }
    }

    pub(super) fn habit(self) -> Habit {
        let id = if let Self::Client(client) = self { client.id } else { "" };
        let has_dollars = matches!(self, Self::Mcpmux | Self::Line);
        Habit {
            dollar: has_dollars || matches!(id, "gemini" | "qwen" | "crush"),
            braces: id == "opencode",
            commands: id == "crush",
            timeout: match id {
                "claude-code" | "gemini" | "qwen" | "opencode" | "kiro" | "vscode-copilot"
                | "copilot-cli" => TimeoutUnit::Milliseconds,
                "cline" | "cline-cli" | "goose" | "crush" => TimeoutUnit::Seconds,
                _ => TimeoutUnit::Unknown,
            },
        }
    }
}
