//! Phase 4 of a call: the arguments as the server is to get them.
//!
//! References are put in place ([`crate::arguments::references`]), then what a client has written as a
//! text though the schema has another type becomes that type ([`crate::arguments::coerce()`]). Most
//! arguments need neither, which one look at their bytes tells.

use std::cell::RefCell;
use std::error::Error;
use std::str::Utf8Error;

use bytes::Bytes;
use bytestring::ByteString;

use super::call::{Call, Maker};
use super::hub::Hub;
use crate::arguments::error::StoredProblem;
use crate::arguments::references;
use crate::arguments::roots::Roots;
use crate::arguments::{Coercion, coerce};
use crate::base::{large, quoted};
use crate::json::parse::VALUES_MAX;
use crate::json::{Doc, Json, ParseError, Path, Slice};
use crate::replies::ToolError;
use crate::servers::Item;
use crate::targets::failure::Failure;
use crate::targets::locate::Located;
use crate::wire::object;
use crate::world::World;

/// A schema that is longer is not looked into, in bytes: what it says is the server's affair.
const SCHEMA_MAX: usize = 256 << 10;

/// What a stored result's owner is called.
pub fn owner(principal: &crate::base::Principal) -> String {
    principal.label().to_string()
}

/// The arguments as the server is to get them; `None`: as the client wrote them. Only for arguments
/// that [`may_need`](crate::arguments::may_need) it.
pub(super) async fn arguments(
    hub: &Hub,
    world: &World,
    call: &Call,
    text: &str,
    located: &Located<'_>,
) -> Result<Option<String>, Failure> {
    let Some(item) = located.item else { return Ok(None) };
    let Some(written) = read_arguments(text).await? else { return Ok(None) };
    let (prepared, changes) = prepared(hub, world, call, written.clone(), item).await?;
    let is_same = changes.is_empty() && prepared == written;
    Ok((!is_same).then(|| prepared.to_string()))
}

/// The arguments as a tree. `None`: they are sent as they are, because what cannot be read here the
/// server will refuse, and what has so many values has no model written.
async fn read_arguments(text: &str) -> Result<Option<Json>, Failure> {
    let read = if text.len() < large::LARGE {
        Json::parse(text).ok()
    } else {
        let owned = text.to_owned();
        large::beside(text.len(), move || Json::parse(&owned).ok()).await.flatten()
    };
    // References that nobody puts in place must not reach a server.
    let names = ["\"$file\"", "\"$jsonFile\"", "\"$yamlFile\"", "\"$text\"", "\"$ref\""];
    if read.is_none() && names.iter().any(|name| text.contains(name)) && Doc::read(text).is_ok() {
        return Err(refused(format!(
            "the arguments have more than {VALUES_MAX} values and references among them; \
             put what is so large in a file or a stored result"
        )));
    }
    Ok(read)
}

/// The arguments with references resolved and types put right, and what was put right.
pub async fn prepared(
    hub: &Hub,
    world: &World,
    call: &Call,
    written: Json,
    item: &Item,
) -> Result<(Json, Vec<Coercion>), Failure> {
    let mut arguments = if references::has_any(&written) && call.maker != Maker::MetaToolWithData {
        resolved(hub, world, call, written).await?
    } else {
        written
    };
    let schema = schema(item);
    let changes = schema.map(|schema| coerce(&mut arguments, &schema)).unwrap_or_default();
    Ok((arguments, changes))
}

/// A tool's `inputSchema`.
pub fn schema(item: &Item) -> Option<Json> {
    let schema = object::get(&item.definition, "inputSchema")?;
    (schema.len() <= SCHEMA_MAX).then(|| Json::parse(schema).ok())?
}

async fn resolved(hub: &Hub, world: &World, call: &Call, written: Json) -> Result<Json, Failure> {
    let roots = Roots {
        cwd: call.caller.cwd.as_deref().map(Into::into),
        further: world.config.file_roots.clone(),
    };
    let (results, owner) = (hub.results.clone(), owner(&call.caller.principal));
    let work = move || {
        // Of several parts of one result the result is read once.
        let last = RefCell::new(None::<(String, Doc)>);
        let stored = |reference: &str, path: &str| {
            let mut last = last.borrow_mut();
            if last.as_ref().is_none_or(|(known, _)| known != reference) {
                let stored = results.get(&owner, reference).map_err(unread)?;
                *last = Some((reference.to_owned(), read(stored.data).map_err(unread)?));
            }
            let way = Path::parse(path)?;
            let found = last.as_ref().and_then(|(_, value)| way.find_in(value.root()));
            let found = found.map(Slice::to_json_or_text);
            found.ok_or_else(|| StoredProblem::Nothing {
                reference: quoted(reference).to_string(),
                path: quoted(path).to_string(),
            })
        };
        references::resolve(written, &roots, &stored)
    };
    let done = tokio::task::spawn_blocking(work).await;
    match done {
        Ok(Ok(arguments)) => Ok(arguments),
        Ok(Err(error)) => Err(refused(error.to_string())),
        Err(_) => Err(refused("the daemon is being stopped".to_owned())),
    }
}

/// Why a stored result cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NoDoc {
    #[error("{0}")]
    Utf8(#[from] Utf8Error),
    #[error("{0}")]
    Json(#[from] ParseError),
}

/// What a stored result holds.
pub fn read(data: Bytes) -> Result<Doc, NoDoc> {
    Ok(Doc::read(ByteString::try_from(data)?)?)
}

fn unread(error: impl Error + Send + Sync + 'static) -> StoredProblem {
    StoredProblem::Result(error.into())
}

fn refused(message: String) -> Failure {
    Failure::Told(ToolError::new("argument_resolution_failed", message))
}
