//! What there is to know and to end of sessions, for who does not have them.

use std::fmt::Debug;

use crate::api::SessionDetails;
use crate::base::SessionId;

/// Whoever has the sessions.
pub trait OpenSessions: Debug + Send + Sync {
    /// All that are open, in no order. It looks at processes, which may take a while.
    fn all(&self) -> Vec<(SessionId, SessionDetails)>;
    /// Ends one: what it asked for is taken back, and its client has to begin anew. `false`: there is none.
    fn end(&self, id: SessionId) -> bool;
}
