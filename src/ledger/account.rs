//! What was sent to models, and what direct connections would have sent.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a token, about: what tokens are estimated by.
const BYTES_PER_TOKEN: i64 = 4;

/// A running account, of one session or of all. Bytes are measured, tokens are estimated.
#[derive(Debug, Default)]
pub struct Ledger {
    calls: AtomicU64,
    meta_calls: AtomicU64,
    cache_hits: AtomicU64,
    results: Pair,
    definitions: Pair,
}

#[derive(Debug, Default)]
struct Pair {
    sent: AtomicU64,
    direct: AtomicU64,
}

/// The account at one moment. `sent_…`: what went to clients. `direct_…`: what the servers themselves
/// would have sent for the same calls and lists. In bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// Calls of servers' tools, those inside of meta-tools among them.
    pub calls: u64,
    pub meta_calls: u64,
    pub cache_hits: u64,
    pub sent_results: u64,
    pub direct_results: u64,
    pub sent_definitions: u64,
    pub direct_definitions: u64,
}

impl Ledger {
    /// A call of a server's tool was answered. `is_inner`: to a meta-tool, which accounts for what
    /// it sends itself.
    pub fn call(&self, sent: usize, direct: usize, is_inner: bool) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.results.add(if is_inner { 0 } else { sent }, direct);
    }

    /// A meta-tool was answered.
    pub fn meta_call(&self, sent: usize) {
        self.meta_calls.fetch_add(1, Ordering::Relaxed);
        self.results.add(sent, 0);
    }

    pub fn cache_hit(&self) {
        self.cache_hits.fetch_add(1, Ordering::Relaxed);
    }

    /// A list of tools was sent.
    pub fn definitions(&self, sent: usize, direct: usize) {
        self.definitions.add(sent, direct);
    }

    pub fn account(&self) -> Account {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Account {
            calls: read(&self.calls),
            meta_calls: read(&self.meta_calls),
            cache_hits: read(&self.cache_hits),
            sent_results: read(&self.results.sent),
            direct_results: read(&self.results.direct),
            sent_definitions: read(&self.definitions.sent),
            direct_definitions: read(&self.definitions.direct),
        }
    }
}

impl Pair {
    fn add(&self, sent: usize, direct: usize) {
        self.sent.fetch_add(sent as u64, Ordering::Relaxed);
        self.direct.fetch_add(direct as u64, Ordering::Relaxed);
    }
}

impl Account {
    /// Bytes that direct connections would have sent more; negative if they would have sent less.
    pub fn saved_bytes(&self) -> i64 {
        let sum = |a: u64, b: u64| i64::try_from(a.saturating_add(b)).unwrap_or(i64::MAX);
        sum(self.direct_results, self.direct_definitions)
            .saturating_sub(sum(self.sent_results, self.sent_definitions))
    }

    /// The same in tokens, estimated.
    pub fn saved_tokens(&self) -> i64 {
        self.saved_bytes() / BYTES_PER_TOKEN
    }

    /// Tokens that were sent, estimated.
    pub fn sent_tokens(&self) -> u64 {
        (self.sent_results + self.sent_definitions) / BYTES_PER_TOKEN.unsigned_abs()
    }
}

#[cfg(test)]
#[path = "account/tests.rs"]
mod tests;
