//! Which server a request is for, and what the server calls its target.

use std::borrow::Cow;
use std::sync::Arc;

use super::absent;
use super::failure::{self, Failure};
use crate::access::{ActionKind, Subject, ToolHints};
use crate::base::{ServerName, quoted};
use crate::catalog::{self, Entry, Names, NotFound, NotLocated};
use crate::pins::PinKind;
use crate::servers::{Item, Server};
use crate::wire::error::code;
use crate::wire::params::{RequestParams, Target};
use crate::wire::translate::tasks;
use crate::wire::{Era, ListKind, RpcError};
use crate::world::{World, hints};

/// What is wanted: whose it is, what its server calls it, and clients.
#[derive(Debug, Clone, Copy)]
pub struct GateTarget<'a> {
    pub server: &'a ServerName,
    pub own: &'a str,
    pub shown: &'a str,
    /// What is believed of what its server says of a tool.
    pub hints: ToolHints,
}

/// Where a request goes.
#[derive(Debug)]
pub struct Located<'w> {
    pub server: &'w Server,
    /// The server's own name, URI or id for the target.
    pub own: Cow<'w, str>,
    /// As the journal names it.
    pub shown: Arc<str>,
    /// The tool's or the prompt's definition.
    pub item: Option<&'w Item>,
}

impl<'w> Located<'w> {
    /// What the gate is asked for.
    pub fn wanted(&self) -> GateTarget<'_> {
        let hints = self.item.map(|item| hints(self.server, item)).unwrap_or_default();
        GateTarget { server: &self.server.name, own: &self.own, shown: &self.shown, hints }
    }

    /// The same at the instance that the client has.
    pub fn at<'a>(self, instance: Option<&'a Server>) -> Located<'a>
    where
        'w: 'a,
    {
        Located { server: instance.unwrap_or(self.server), ..self }
    }
}

/// Finds the server. Whether the subject may have what is found is not asked here; of what it may not
/// know of, no error tells. `era`: the client's, which decides about the code of the error.
pub fn locate<'w>(
    world: &'w World,
    params: &'w RequestParams<'_>,
    era: Era,
    subject: Subject<'_>,
) -> Result<Located<'w>, Failure> {
    let name = &*params.name;
    let by_name = |names: &'w Names| {
        let sees = |entry: &Entry| world.sees(subject, kind(params.target), entry);
        let entry =
            names.resolve(name, sees).map_err(|why| unnamed(world, params, subject, &why))?;
        Ok(Located {
            server: &entry.server,
            own: Cow::Borrowed(&*entry.item.name),
            shown: entry.shown.clone(),
            item: Some(&entry.item),
        })
    };
    let by_uri = |found: Result<catalog::Located<'w>, NotLocated>| {
        let found = found.map_err(|why| unlocated(world, params, era, subject, why))?;
        Ok(Located {
            server: found.server,
            own: Cow::Borrowed(found.uri),
            shown: name.into(),
            item: None,
        })
    };
    let found = match params.target {
        Target::Tool => by_name(&world.catalog.tools),
        Target::Prompt | Target::PromptReference => by_name(&world.catalog.prompts),
        Target::Resource => by_uri(world.catalog.uris.locate(name)),
        Target::TemplateReference => by_uri(world.catalog.uris.locate_template(name)),
        Target::Task => task(world, name).ok_or_else(|| no_task(name)),
    };
    found.map_err(|error| {
        let held = held(world, params.target, name, subject);
        held.map_or(Failure::Refused(error), |(server, own)| {
            Failure::moved(params.target, server, own)
        })
    })
}

/// Whose item it is that a name would lead to if that were not kept from clients, and what it is called there. Who may
/// not know of it is told nothing.
pub fn held<'w>(
    world: &'w World,
    target: Target,
    name: &str,
    subject: Subject<'_>,
) -> Option<(&'w ServerName, &'w str)> {
    let names = match target {
        Target::Tool => &world.catalog.tools,
        Target::Prompt | Target::PromptReference => &world.catalog.prompts,
        Target::Resource | Target::TemplateReference | Target::Task => return None,
    };
    let entry = names.held(name).filter(|entry| world.sees(subject, kind(target), entry))?;
    Some((&entry.server.name, &entry.item.name))
}

/// What is pinned of what a request is for.
pub fn pinned(target: Target) -> Option<PinKind> {
    match target {
        Target::Tool => Some(PinKind::Tool),
        Target::Prompt | Target::PromptReference => Some(PinKind::Prompt),
        Target::Resource | Target::TemplateReference | Target::Task => None,
    }
}

/// What the gate is asked about a request.
pub fn kind(target: Target) -> ActionKind {
    match target {
        Target::Tool => ActionKind::Tool,
        Target::Prompt => ActionKind::Prompt,
        Target::Resource => ActionKind::Resource,
        Target::PromptReference => ActionKind::PromptCompletion,
        Target::TemplateReference => ActionKind::ResourceCompletion,
        Target::Task => ActionKind::Task,
    }
}

/// The error for what the subject may not know of: as if there were no such thing.
pub fn nothing_there(
    world: &World,
    params: &RequestParams<'_>,
    era: Era,
    subject: Subject<'_>,
) -> RpcError {
    match params.target {
        Target::Tool | Target::Prompt | Target::PromptReference => {
            unnamed(world, params, subject, &NotFound::Unknown)
        }
        Target::Resource | Target::TemplateReference => {
            unlocated(world, params, era, subject, NotLocated::Unknown)
        }
        Target::Task => no_task(&params.name),
    }
}

fn unnamed(
    world: &World,
    params: &RequestParams<'_>,
    subject: Subject<'_>,
    why: &NotFound,
) -> RpcError {
    let (noun, names) = match params.target {
        Target::Tool => (ListKind::Tools.noun(), &world.catalog.tools),
        _ => (ListKind::Prompts.noun(), &world.catalog.prompts),
    };
    let near = match why {
        NotFound::Unknown => {
            names.nearest(&params.name, |entry| world.sees(subject, kind(params.target), entry))
        }
        NotFound::Ambiguous(_) => None,
    };
    let remark = match why {
        NotFound::Unknown => absent::remark(world, &params.name, subject),
        NotFound::Ambiguous(_) => String::new(),
    };
    failure::not_found((noun, &params.name), why, near, &remark)
}

fn unlocated(
    world: &World,
    params: &RequestParams<'_>,
    era: Era,
    subject: Subject<'_>,
    why: NotLocated,
) -> RpcError {
    let why = world.seen_of(subject, kind(params.target), why);
    let mut error = no_resource(&params.name, &why, era);
    if why == NotLocated::Unknown {
        error.message += &absent::remark(world, "", subject);
    }
    match params.target {
        // Completion has no code of its own for what is unknown, in either era.
        Target::TemplateReference => RpcError { code: code::INVALID_PARAMS, ..error },
        _ => error,
    }
}

fn task<'w>(world: &'w World, id: &'w str) -> Option<Located<'w>> {
    let (server, own) = tasks::split(id)?;
    let server = world.servers.get(&ServerName::parse(server).ok()?)?;
    let offer = server.status().offer.clone();
    let has_tasks = offer.is_none_or(|offer| offer.capabilities.has_any_tasks());
    let located = Located { server, own: Cow::Borrowed(own), shown: id.into(), item: None };
    has_tasks.then_some(located)
}

fn no_task(id: &str) -> RpcError {
    RpcError::invalid_params(format!("unknown task: {}", quoted(id)))
}

/// A URI up to this length is told whole to who asked for it, in bytes.
const URI_TOLD_MAX: usize = 1024;

/// The error for a URI that leads to no server (2025-11-25 and 2026-07-28, "Resources", errors).
pub fn no_resource(uri: &str, why: &NotLocated, era: Era) -> RpcError {
    let code = match era {
        Era::Legacy => code::RESOURCE_NOT_FOUND,
        Era::Modern => code::INVALID_PARAMS,
    };
    let short = quoted(uri);
    let message = match why {
        NotLocated::Unknown => format!("resource not found: {short}"),
        NotLocated::Shared(shown) => {
            format!("several servers have {short}; read one of {}", shown.join(", "))
        }
    };
    let uri = if uri.len() <= URI_TOLD_MAX { uri.to_owned() } else { short.to_string() };
    RpcError::new(code, message).with_data(&serde_json::json!({ "uri": uri }))
}
