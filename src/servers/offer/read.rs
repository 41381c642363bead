//! Asks a server for a list, page by page.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::Offer;
use super::list::{Building, List};
use crate::access::Permit;
use crate::base::aside;
use crate::base::clip::clipped;
use crate::connection::{Connection, Origin, Reply};
use crate::servers::error::ListError;
use crate::servers::identity::{Identity, own_meta};
use crate::wire::{Era, Kind, ListKind, Message, Payload, Span, Topic, error::code, object};

/// Pages of a list that are read at the most: a server whose cursors never end must not keep us.
const PAGES_MAX: usize = 1000;
/// How long a server may be silent about a list that it did not tell of.
const UNTOLD_PATIENCE: Duration = Duration::from_secs(5);
/// How much of a server's error is repeated, in characters.
const ERROR_MAX: usize = 500;
/// Characters of a cursor that are shown.
const CURSOR_SHOWN_MAX: usize = 60;

/// Reads every page of a list. `meta`: members of `_meta` for a modern server.
pub async fn read(
    connection: &Arc<Connection>,
    kind: ListKind,
    meta: Option<&str>,
    patience: Duration,
) -> Result<List, ListError> {
    let mut building = Building::new(kind);
    let mut cursor: Option<String> = None;
    let mut seen = HashSet::new();
    let method = kind.method();
    for _ in 0..PAGES_MAX {
        let page = read_page(connection, method, cursor.as_deref(), meta, patience).await?;
        let Some((answer, result)) = page else {
            return finished(connection, building, meta).await;
        };
        let work = move || {
            let next = building.add_page(answer.at(result));
            (building, next)
        };
        let done = aside(result.range().len(), work).await;
        let (grown, next) = done.ok_or(ListError::Ending)?;
        (building, cursor) = (grown, next?);
        match &cursor {
            None => return finished(connection, building, meta).await,
            Some(cursor) if !seen.insert(cursor.clone()) => {
                building.repeats(&clipped(cursor, CURSOR_SHOWN_MAX));
                return finished(connection, building, meta).await;
            }
            Some(_) => {}
        }
    }
    building.stop(&format!("it has more than {PAGES_MAX} pages"));
    finished(connection, building, meta).await
}

/// The list, once nothing more is read of it.
async fn finished(
    connection: &Arc<Connection>,
    building: Building,
    meta: Option<&str>,
) -> Result<List, ListError> {
    let is_of_tools = building.kind() == ListKind::Tools;
    let mut list = building.finish();
    let size = list.size;
    if is_of_tools && meta.is_some() && connection.carrier().is_remote() {
        let work = move || {
            let mirrors = list.take_mirrors();
            (list, mirrors)
        };
        let (checked, mirrors) = aside(size, work).await.ok_or(ListError::Ending)?;
        list = checked;
        connection.carrier().mirror(mirrors);
    }
    Ok(list)
}

/// The result of one request; nothing if the server does not know the method: that it has resources
/// does not say that it has templates of them.
async fn read_page(
    connection: &Arc<Connection>,
    method: &'static str,
    cursor: Option<&str>,
    meta: Option<&str>,
    patience: Duration,
) -> Result<Option<(Message, Span)>, ListError> {
    let meta = meta.map(|meta| format!(r#""_meta":{{{meta}}}"#));
    let cursor = cursor.map(|cursor| format!(r#""cursor":{cursor}"#));
    let members: Vec<String> = meta.into_iter().chain(cursor).collect();
    let members = members.join(",");
    let request = |id: u64| {
        let params =
            if members.is_empty() { String::new() } else { format!(r#","params":{{{members}}}"#) };
        Payload::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"{params}}}"#))
    };
    let mut exchange = connection
        .request(&Permit::own(), Origin::default(), request)
        .map_err(|loss| ListError::Lost(loss.reason))?;
    let reply = tokio::time::timeout(patience, exchange.reply()).await;
    match reply {
        Err(_) => {
            exchange.give_up("no answer in time");
            Err(ListError::Late { method, patience })
        }
        Ok(Reply::Lost(loss)) => Err(ListError::Lost(loss.reason)),
        Ok(Reply::Answer(message)) => result_of(message, method),
    }
}

fn result_of(answer: Message, method: &'static str) -> Result<Option<(Message, Span)>, ListError> {
    match answer.kind() {
        Kind::Result { result, .. } => {
            let result = *result;
            Ok(Some((answer, result)))
        }
        Kind::Error { error, .. } => {
            let error = answer.at(*error);
            let code = object::get(error, "code").and_then(|code| code.parse::<i64>().ok());
            if code == Some(code::METHOD_NOT_FOUND) {
                return Ok(None);
            }
            let error = clipped(error, ERROR_MAX);
            Err(ListError::Refused { method, error })
        }
        Kind::Request { .. } | Kind::Notification { .. } => Err(ListError::Nonsense { method }),
    }
}

/// Reads everything that the server has. Without its tools it is of no use; another list that it
/// cannot give is empty.
///
/// A legacy server that tells of no list at all is asked for each: some declare nothing, and have tools all the
/// same. What it does not answer then, it does not have.
pub async fn read_all(
    connection: Arc<Connection>,
    identity: Identity,
    patience: Duration,
) -> Result<Offer, ListError> {
    let meta = own_meta(&identity);
    let told = Topic::ALL.into_iter().any(|topic| identity.capabilities.has(topic));
    let is_asked_all = identity.era == Era::Legacy && !told;
    let read_one = async |kind: ListKind| {
        if identity.capabilities.has(kind.topic()) {
            return read(&connection, kind, meta.as_deref(), patience).await;
        }
        if !is_asked_all {
            return Ok(List::default());
        }
        match read(&connection, kind, None, patience.min(UNTOLD_PATIENCE)).await {
            Err(error @ (ListError::Lost(_) | ListError::Ending)) => Err(error),
            list => Ok(list.unwrap_or_default()),
        }
    };
    let (tools, prompts, resources, templates) = tokio::join!(
        read_one(ListKind::Tools),
        read_one(ListKind::Prompts),
        read_one(ListKind::Resources),
        read_one(ListKind::Templates),
    );
    let mut offer = Offer::new(identity.instructions.as_deref(), identity.capabilities.clone());
    offer.instructions_remark = identity.instructions_remark.map(Into::into);
    offer.set(ListKind::Tools, tools?);
    for (kind, list) in [
        (ListKind::Prompts, prompts),
        (ListKind::Resources, resources),
        (ListKind::Templates, templates),
    ] {
        match list {
            Ok(list) => offer.set(kind, list),
            Err(error) => connection.misbehaved(&error.to_string(), b""),
        }
    }
    if is_asked_all {
        offer.note_untold();
    }
    Ok(offer)
}

#[cfg(test)]
mod tests;
