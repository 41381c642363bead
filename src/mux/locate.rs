//! Which server a request is for, and what the server calls its target.

use std::borrow::Cow;
use std::sync::Arc;

use super::failure::{self, Failure};
use super::world::World;
use crate::base::{ServerName, quoted};
use crate::catalog::{self, NotLocated};
use crate::servers::{Item, Server};
use crate::wire::error::code;
use crate::wire::params::{RequestParams, Target};
use crate::wire::translate::tasks;
use crate::wire::{Era, ListKind, RpcError};

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

/// Finds the server. `era`: the client's, which decides about the code of the error.
pub fn locate<'w>(
    world: &'w World,
    params: &'w RequestParams<'_>,
    era: Era,
) -> Result<Located<'w>, Failure> {
    let name = &*params.name;
    let by_name = |kind: ListKind| {
        let names =
            if kind == ListKind::Tools { &world.catalog.tools } else { &world.catalog.prompts };
        let entry = names.resolve(name).map_err(|why| {
            failure::not_found((kind.noun(), name), &why, names, world.complaint.as_deref())
        })?;
        Ok(Located {
            server: &entry.server,
            own: Cow::Borrowed(&*entry.item.name),
            shown: entry.shown.clone(),
            item: Some(&entry.item),
        })
    };
    let by_uri = |found: Result<catalog::Located<'w>, NotLocated>| {
        let found = found.map_err(|why| no_resource(name, &why, era))?;
        Ok(Located {
            server: found.server,
            own: Cow::Borrowed(found.uri),
            shown: name.into(),
            item: None,
        })
    };
    let found = match params.target {
        Target::Tool => by_name(ListKind::Tools),
        Target::Prompt | Target::PromptReference => by_name(ListKind::Prompts),
        Target::Resource => by_uri(world.catalog.uris.locate(name)),
        // Completion has no code of its own for what is unknown, in either era.
        Target::TemplateReference => by_uri(world.catalog.uris.locate_template(name))
            .map_err(|error| RpcError { code: code::INVALID_PARAMS, ..error }),
        Target::Task => task(world, name),
    };
    found.map_err(Failure::Refused)
}

fn task<'w>(world: &'w World, id: &'w str) -> Result<Located<'w>, RpcError> {
    let found = tasks::split(id).and_then(|(server, own)| {
        let server = world.servers.get(&ServerName::parse(server).ok()?)?;
        let offer = server.status().offer.clone();
        let has_tasks = offer.is_none_or(|offer| offer.capabilities.has_any_tasks());
        let located = Located { server, own: Cow::Borrowed(own), shown: id.into(), item: None };
        has_tasks.then_some(located)
    });
    found.ok_or_else(|| RpcError::invalid_params(format!("unknown task: {}", quoted(id))))
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
