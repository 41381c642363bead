//! What went to clients, what was kept for them, and what that saved: for `callmux status` and `/metrics`.

use crate::api::Traffic;
use crate::mux::Hub;

/// Since the daemon started, of all sessions together.
pub fn traffic(hub: &Hub) -> Traffic {
    let (account, cache) = (hub.ledger.account(), hub.cache.statistics());
    let stored = hub.results.stats();
    Traffic {
        calls: account.calls,
        meta_calls: account.meta_calls,
        cache_hits: cache.hits,
        cache_joined: cache.joined,
        cache_misses: cache.misses,
        cache_entries: cache.entries as u64,
        cache_bytes: cache.bytes as u64,
        stored_results: stored.entries as u64,
        stored_bytes: stored.bytes,
        sent_bytes: account.results.sent + account.definitions.sent,
        direct_bytes: account.results.direct + account.definitions.direct,
        saved_bytes: account.saved_bytes(),
        estimated_tokens_sent: account.sent_tokens(),
        estimated_tokens_saved: account.saved_tokens(),
    }
}
