//! Phase 4 of a call: the arguments as the server is to get them.
//!
//! References are put in place ([`crate::arguments::references`]), then what a client has written as a
//! text though the schema has another type becomes that type ([`crate::arguments::coerce()`]). Most
//! arguments need neither, which one look at their bytes tells.

use super::call::{Call, Maker};
use super::failure::{Failure, ToolError};
use super::hub::Hub;
use super::locate::Located;
use super::world::World;
use crate::arguments::references;
use crate::arguments::roots::Roots;
use crate::arguments::{Change, coerce};
use crate::json::{Json, Path};
use crate::servers::Item;
use crate::wire::object;

/// What a stored result's owner is called.
pub fn owner(principal: &crate::access::Principal) -> String {
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
    // What cannot be read here the server will refuse.
    let Ok(written) = Json::parse(text) else { return Ok(None) };
    let (prepared, changes) = prepared(hub, world, call, written.clone(), item).await?;
    let is_same = changes.is_empty() && prepared == written;
    Ok((!is_same).then(|| prepared.to_string()))
}

/// The arguments with references resolved and types put right, and what was put right.
pub async fn prepared(
    hub: &Hub,
    world: &World,
    call: &Call,
    written: Json,
    item: &Item,
) -> Result<(Json, Vec<Change>), Failure> {
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
    Json::parse(object::get(&item.definition, "inputSchema")?).ok()
}

async fn resolved(hub: &Hub, world: &World, call: &Call, written: Json) -> Result<Json, Failure> {
    let roots = Roots {
        cwd: call.cwd.as_deref().map(Into::into),
        further: world.config.file_roots.clone(),
    };
    let (results, owner) = (hub.results.clone(), owner(&call.principal));
    let work = move || {
        let stored = |reference: &str, path: &str| {
            let stored = results.get(&owner, reference).map_err(|error| error.to_string())?;
            let value = read(&stored.data)?;
            let path_ = Path::parse(path).map_err(|error| error.to_string())?;
            path_.find(&value).cloned().ok_or_else(|| format!("{reference} has nothing at {path}"))
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

/// What a stored result holds.
pub fn read(data: &[u8]) -> Result<Json, String> {
    let text = std::str::from_utf8(data).map_err(|error| error.to_string())?;
    Json::parse(text).map_err(|error| error.to_string())
}

fn refused(message: String) -> Failure {
    Failure::Told(ToolError::new("argument_resolution_failed", message))
}
