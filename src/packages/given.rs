//! What a person says, and the servers that they mean by it.

use super::drafting::{draft, put, put_member};
use super::error::{PackageError, refused};
use super::form::{FORMS, Form, Whence};
use super::question::PackageAnswers;
use super::{line, naming, snippet};
use crate::base::ServerName;
use crate::imports::{ForeignFile, ImportPlace, KeyNote, ServerDraft, import};
use crate::json::Json;

/// What is to be added.
#[derive(Debug)]
pub enum Given {
    /// A program and its arguments.
    Command(Vec<String>),
    /// The address of a server.
    Url(String),
    /// Anything else.
    Form(Form),
}

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
}

/// Finds them.
pub(super) fn found(
    given: Given,
    wishes: &Wishes,
    place: &ImportPlace,
    _desk: &mut dyn PackageAnswers,
) -> Result<FoundServers, PackageError> {
    let name = |usual: ServerName| wishes.name.clone().unwrap_or(usual).to_string();
    match given {
        Given::Command(words) => {
            let mut draft = draft(name(naming::of_command(&words)));
            let (program, args) = words
                .split_first()
                .ok_or_else(|| PackageError::Usage(format!("there is nothing to add; {FORMS}")))?;
            draft.set("command", Json::from(program.as_str()));
            if !args.is_empty() {
                draft
                    .set("args", Json::Array(args.iter().map(|arg| arg.as_str().into()).collect()));
            }
            Ok(FoundServers { drafts: vec![draft], ..FoundServers::default() })
        }
        Given::Url(url) | Given::Form(Form::Address(url)) => {
            let mut draft = draft(name(naming::of_url(&url)));
            draft.set("url", Json::from(url));
            Ok(FoundServers { drafts: vec![draft], ..FoundServers::default() })
        }
        Given::Form(Form::Snippet(text)) => of_file(&snippet::read(&text)?, place),
        Given::Form(Form::Line(words)) => of_file(&line::read(&words)?, place),
        Given::Form(Form::Document(Whence::File(path))) => {
            let file = ForeignFile::read(&path, None)?;
            of_file(&snippet::named(file), place)
        }
        Given::Form(
            Form::Document(_) | Form::Listed { .. } | Form::Package(_) | Form::Bundle(_),
        ) => Err(refused("packages are not looked up yet; name the program behind `--`")),
    }
}

fn of_file(file: &ForeignFile, place: &ImportPlace) -> Result<FoundServers, PackageError> {
    let (drafts, notes) = import::drafts(file, place)?;
    Ok(FoundServers { drafts, notes, ..FoundServers::default() })
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
