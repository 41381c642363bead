//! What a person says beside what they name, and the servers that they mean.

use std::path::PathBuf;

use super::drafting::{put, put_member};
use super::error::PackageError;
use super::registry::Registries;
use crate::base::ServerName;
use crate::bundles::StagedBundle;
use crate::imports::{KeyNote, ServerDraft};
use crate::json::Json;

/// How callmux reaches a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedTransport {
    Stdio,
    StreamableHttp,
    Sse,
}

/// What a person says beside it. Texts are as the config has them: they may hold references.
#[derive(Debug, Default)]
pub struct Wishes {
    pub name: Option<ServerName>,
    pub env: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub auth: Option<Json>,
    pub prefix: Option<String>,
    pub tools: Option<Vec<String>>,
    pub transport: Option<WantedTransport>,
    pub scope: Option<String>,
    pub registries: Registries,
    /// The directory that bundles are unpacked in.
    pub bundles: Option<PathBuf>,
    /// A file that callmux wrote for a server of this name may go.
    pub replaces: bool,
}

/// The servers that are meant.
#[derive(Debug, Default)]
pub(super) struct FoundServers {
    pub(super) drafts: Vec<ServerDraft>,
    pub(super) notes: Vec<KeyNote>,
    /// Where they come from, in lines.
    pub(super) from: Vec<String>,
    pub(super) told: Vec<String>,
    pub(super) bundle: Option<StagedBundle>,
}

impl Wishes {
    /// Whether they are for one server only.
    pub(super) fn is_about_one(&self) -> bool {
        !self.env.is_empty()
            || !self.headers.is_empty()
            || self.auth.is_some()
            || self.prefix.is_some()
            || self.tools.is_some()
            || self.scope.is_some()
    }

    /// Has a server be as they say.
    pub(super) fn apply(&self, draft: &mut ServerDraft) -> Result<(), PackageError> {
        let is_remote = draft.get("url").is_some();
        let usage = |what: &str| Err(PackageError::Usage(what.to_owned()));
        match (self.transport, is_remote) {
            (Some(WantedTransport::Stdio), true) => {
                return usage("`--transport stdio` goes with a program, and this is an address");
            }
            (Some(WantedTransport::StreamableHttp | WantedTransport::Sse), false) => {
                return usage(
                    "`--transport` http and sse go with an address, and this is a program",
                );
            }
            (Some(WantedTransport::Sse), true) => put(draft, "transport", Json::from("sse")),
            (Some(WantedTransport::StreamableHttp), true) => {
                put(draft, "transport", Json::from("streamable-http"));
            }
            (Some(WantedTransport::Stdio), false) | (None, _) => {}
        }
        if is_remote && !self.env.is_empty() {
            return usage(
                "`--env` goes with a program, and this is an address; `--header` goes with it",
            );
        }
        if !is_remote && !self.headers.is_empty() {
            return usage(
                "`--header` goes with an address, and this is a program; `--env` goes with it",
            );
        }
        if let Some(auth) = &self.auth {
            if !is_remote {
                return usage("`--auth` goes with an address, and this is a program");
            }
            put(draft, "auth", auth.clone());
        }
        for (key, pairs) in [("headers", &self.headers), ("env", &self.env)] {
            for (name, value) in pairs {
                put_member(draft, key, name, Json::from(value.as_str()));
            }
        }
        if let Some(scope) = &self.scope {
            put(draft, "scope", Json::from(scope.as_str()));
        }
        if let Some(prefix) = &self.prefix {
            put(draft, "prefix", Json::from(prefix.as_str()));
        }
        if let Some(tools) = &self.tools {
            let tools = tools.iter().map(|tool| tool.as_str().into()).collect();
            put(draft, "tools", Json::Array(tools));
        }
        Ok(())
    }
}
