//! A message on its way to a server.

use std::sync::Arc;

use super::cell::Cell;
use crate::wire::Payload;

/// A message that waits.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) payload: Payload,
    /// The request it is, with its id.
    pub(super) cell: Option<(u64, Arc<Cell>)>,
}
