//! On whose behalf a request is sent.

use crate::credentials::Forwarded;
use crate::handover::PendingCall;

/// Whose call a request belongs to, so that what the server asks back reaches the right client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Of the principal: what is one's is not shown to another.
    pub principal: u64,
    /// Of the session, within this process.
    pub session: u64,
}

/// On whose behalf a request is sent.
#[derive(Debug, Default)]
pub struct Origin {
    /// Whose call it is; nobody's, if it is our own request.
    pub owner: Option<Owner>,
    /// What is noted of it for the next process of ours.
    pub pending: Option<PendingCall>,
    /// It does not wait for a turn, because it may be what ends those before it.
    pub at_once: bool,
    /// What a remote server gets of the client's own headers.
    pub forwarded: Option<Forwarded>,
    /// It was sent before, and not carried out.
    pub resent: bool,
}
