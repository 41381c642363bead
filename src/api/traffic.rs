//! What went to clients, what was kept for them, and what that saved.

use serde::{Deserialize, Serialize};

/// Since the daemon started, of all sessions together. Sizes in bytes; tokens are estimated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Traffic {
    /// Calls of servers' tools, those inside of meta-tools among them.
    pub calls: u64,
    pub meta_calls: u64,
    /// Calls that were answered from the cache.
    pub cache_hits: u64,
    /// Calls that got the answer of the same call, which was on its way.
    pub cache_joined: u64,
    pub cache_misses: u64,
    pub cache_entries: u64,
    pub cache_bytes: u64,
    pub stored_results: u64,
    pub stored_bytes: u64,
    /// Results and lists of tools, as they were sent.
    pub sent_bytes: u64,
    /// What direct connections would have sent for the same.
    pub direct_bytes: u64,
    /// The difference; negative if direct connections would have sent less.
    pub saved_bytes: i64,
    pub estimated_tokens_sent: u64,
    pub estimated_tokens_saved: i64,
}
