//! Whether a refusal may mean that the session we name is no more. The specification has a status for that
//! ([`super::server::Remote::forgets_session`]); many servers have another, or an error of JSON-RPC.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use tokio::time::Instant;

use super::asked::{OpenRequest, Responding};
use super::failure::RequestFailure;
use super::server::Remote;
use crate::connection::state::Connection;
use crate::wire::error::code;
use crate::wire::{Era, Kind, Message};

/// What servers say of a session that they do not know.
const SERVER_ERROR: i64 = -32000;
const NO_SESSION: i64 = -32001;
/// The longest error that is looked into, in bytes.
const LOOKED_INTO_MAX: usize = 4096;
/// How long other calls of the session may take until it is taken for alive: they would be refused, too.
const OTHERS_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Ends the session if the server refused this call of a client because it knows no such session. The call
/// was not carried out, and is sent again in the next session; what is refused there was refused for
/// another reason.
pub(super) async fn end_session(
    connection: &Arc<Connection>,
    remote: &Remote,
    Responding { asked, era, .. }: &Responding<'_>,
    (status, body): (StatusCode, &Bytes),
) -> Result<(), RequestFailure> {
    let may_be = *era == Era::Legacy
        && asked.cell.owner().is_some()
        && !asked.cell.is_resent()
        && remote.session().id.is_some()
        && says_so(status, body);
    if may_be && are_others_done(connection, asked).await {
        connection.end("its session is over".to_owned());
        return Err(RequestFailure::refused("its session is over"));
    }
    Ok(())
}

/// Whether a server that does not know a session may answer so.
fn says_so(status: StatusCode, body: &Bytes) -> bool {
    let short = &body[..body.len().min(LOOKED_INTO_MAX)];
    let words = String::from_utf8_lossy(short).to_ascii_lowercase();
    let error = error_code(body);
    match status {
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::GONE => {
            error.is_none_or(|(_, code)| {
                [SERVER_ERROR, NO_SESSION, code::INVALID_REQUEST].contains(&code)
            })
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => false,
        // Any failure of a tool may have these codes.
        _ if status.is_success() => error.is_some_and(|(is_named, code)| {
            ([SERVER_ERROR, NO_SESSION].contains(&code) && words.contains("session"))
                || (!is_named && code == code::INVALID_REQUEST)
        }),
        // One that stands before it passes on what it said, packed in something else.
        _ => {
            let is_code = words.contains("-32000") || words.contains("-32001");
            is_code && words.contains("session")
        }
    }
}

/// Whether an error names a request, and its code.
fn error_code(body: &Bytes) -> Option<(bool, i64)> {
    let message = Message::parse(body).ok()?;
    let Kind::Error { id, .. } = message.kind() else { return None };
    Some((id.is_some(), message.error_code()?))
}

/// Whether no other call of a client is under way, or will not be in a moment. One that goes on shows that
/// its session is there.
async fn are_others_done(connection: &Connection, asked: &OpenRequest) -> bool {
    asked.cell.mark_unsent();
    let until = Instant::now() + OTHERS_WITHIN;
    while connection.has_sent_other_than(asked.id) {
        if Instant::now() >= until {
            asked.cell.mark_sending(connection.key(), asked.id);
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    true
}

/// Whether a response that is a success may say so: it is short, and an error.
pub(super) fn is_worth_a_look(bytes: &Bytes) -> bool {
    bytes.len() <= LOOKED_INTO_MAX && memchr::memmem::find(bytes, b"\"error\"").is_some()
}

#[cfg(test)]
mod tests;
