//! The questions of a server to clients that are open, and how many may be.

use std::collections::HashMap;

/// Questions of a server to the client of one call that may be open at once, and that may be open
/// while no call is running.
pub(super) const ASKED_MAX: usize = 16;

/// Requests of the server that wait for a client: its id as written → the exchange; `None` if they
/// belong to no call.
#[derive(Debug, Default)]
pub(super) struct Questions(HashMap<Box<str>, Option<u64>>);

/// Why a question is not passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooMany {
    #[error("a request under the id {0} of one that is not answered")]
    SameId(Box<str>),
    #[error("more than {ASKED_MAX} requests to a client of one call without waiting for answers")]
    OfCall,
    #[error(
        "more than {ASKED_MAX} requests to a client while no call is running without waiting for answers"
    )]
    OfNone,
}

impl Questions {
    /// Whether a question under this id can be passed on, beside those that are open. Each waits for a
    /// person, or at least for a client, and nobody answers hundreds. `is_one_stream`: everything the
    /// server says comes over the same one.
    pub(super) fn admit(
        &self,
        id: &str,
        exchange: Option<u64>,
        is_one_stream: bool,
    ) -> Result<(), TooMany> {
        if is_one_stream && self.0.contains_key(id) {
            return Err(TooMany::SameId(id.into()));
        }
        let open = self.0.values().filter(|asked| **asked == exchange).count();
        match exchange {
            _ if open < ASKED_MAX => Ok(()),
            Some(_) => Err(TooMany::OfCall),
            None => Err(TooMany::OfNone),
        }
    }

    pub(super) fn insert(&mut self, id: Box<str>, exchange: Option<u64>) {
        self.0.insert(id, exchange);
    }

    /// Takes a question out; of which exchange it was.
    pub(super) fn remove(&mut self, id: &str) -> Option<u64> {
        self.0.remove(id).flatten()
    }

    /// Whether a question of this exchange waits for its client.
    pub(super) fn holds_up(&self, exchange: u64) -> bool {
        self.0.values().any(|asked| *asked == Some(exchange))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
