//! A request on its way to a remote server.

use std::sync::Arc;

use super::failure::{RequestFailure, RequestReached};
use super::server::Remote;
use crate::connection::cell::Cell;
use crate::connection::state::Connection;
use crate::wire::{Era, Message};

/// A request that is under way.
pub(super) struct OpenRequest {
    pub(super) id: u64,
    pub(super) cell: Arc<Cell>,
}

/// A request whose response has begun.
pub(super) struct Responding<'a> {
    pub(super) asked: &'a OpenRequest,
    pub(super) message: &'a Message,
    pub(super) era: Era,
}

/// Ends a request without an answer.
pub(super) fn lose(connection: &Connection, remote: &Remote, id: u64, failure: RequestFailure) {
    let RequestFailure { reason, reached } = failure;
    // Before anybody asks whether to try again.
    if (reached == RequestReached::Nothing || remote.needs_login())
        && !connection.has_sent_other_than(id)
    {
        connection.end(reason.clone());
    }
    let Some(cell) = connection.take(id) else { return };
    let reason = match cell.owner() {
        Some(_) => format!("server {}: {reason}", connection.server()),
        None => reason,
    };
    cell.lose_as(&reason.into(), reached == RequestReached::Unknown);
}
