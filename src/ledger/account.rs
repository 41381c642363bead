//! What a model read, and what it would have read of direct connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Of so many answers that went through as they were, the tokens of one are estimated.
const SAMPLED: u64 = 8;

/// A running account, of one session or of all. Bytes are counted, tokens are estimated.
#[derive(Debug)]
pub struct Ledger {
    since: Instant,
    calls: AtomicU64,
    meta_calls: AtomicU64,
    cache_hits: AtomicU64,
    turns: AtomicU64,
    /// When the last call ended, in nanoseconds since the beginning.
    ended: AtomicU64,
    results: Pair,
    definitions: Pair,
    /// What the list that stands in every prompt has now, in tokens.
    list: Pair,
    /// The same summed over all turns.
    list_tokens: Pair,
    result_tokens: Pair,
    /// Bytes of results that went through as they were, and of those that were looked at, with their tokens.
    unchanged: AtomicU64,
    sampled: AtomicU64,
    sampled_tokens: AtomicU64,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            calls: AtomicU64::default(),
            meta_calls: AtomicU64::default(),
            cache_hits: AtomicU64::default(),
            turns: AtomicU64::default(),
            ended: AtomicU64::default(),
            results: Pair::default(),
            definitions: Pair::default(),
            list: Pair::default(),
            list_tokens: Pair::default(),
            result_tokens: Pair::default(),
            unchanged: AtomicU64::default(),
            sampled: AtomicU64::default(),
            sampled_tokens: AtomicU64::default(),
        }
    }
}

#[derive(Debug, Default)]
struct Pair {
    sent: AtomicU64,
    direct: AtomicU64,
}

/// What went to a client, and what the servers themselves would have sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    pub sent: u64,
    pub direct: u64,
}

/// What a model reads of an answer, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerTokens {
    /// It went through as it was, and nobody looked.
    Unchanged,
    /// It went through as it was, with so many tokens.
    Sampled(u64),
    /// It is another than the server's.
    Changed(Amount),
}

/// The account at one moment. `sent`: what went to clients. `direct`: what the servers themselves would have
/// sent for the same calls and lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// Calls of servers' tools, those inside of meta-tools among them.
    pub calls: u64,
    pub meta_calls: u64,
    pub cache_hits: u64,
    /// Prompts in which calls were made: those that ran at the same time are of one.
    pub turns: u64,
    /// In bytes, counted on their way.
    pub results: Amount,
    pub definitions: Amount,
    /// What models read, in tokens, estimated: the list of tools once for each turn, and results.
    pub list_tokens: Amount,
    pub result_tokens: Amount,
}

impl Ledger {
    /// A call of a server's tool was answered. `bytes`: of the answer. `is_inner`: to a meta-tool, which
    /// accounts for what it sends itself.
    pub fn call(&self, bytes: Amount, tokens: AnswerTokens, is_inner: bool) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let sent = if is_inner { 0 } else { bytes.sent };
        self.results.add(Amount { sent, ..bytes });
        match tokens {
            AnswerTokens::Changed(tokens) => self.result_tokens.add(tokens),
            AnswerTokens::Unchanged => add(&self.unchanged, bytes.sent),
            AnswerTokens::Sampled(tokens) => {
                add(&self.unchanged, bytes.sent);
                add(&self.sampled, bytes.sent);
                add(&self.sampled_tokens, tokens);
            }
        }
    }

    /// Whether the tokens of the next answer that goes through are to be estimated: from those of some, those
    /// of all are known well enough.
    pub fn samples(&self) -> bool {
        self.calls.load(Ordering::Relaxed).is_multiple_of(SAMPLED)
    }

    /// A meta-tool was answered, with so many bytes, and tokens for a model.
    pub fn meta_call(&self, bytes: u64, tokens: u64) {
        self.meta_calls.fetch_add(1, Ordering::Relaxed);
        self.results.add(Amount { sent: bytes, direct: 0 });
        self.result_tokens.add(Amount { sent: tokens, direct: 0 });
    }

    pub fn cache_hit(&self) {
        self.cache_hits.fetch_add(1, Ordering::Relaxed);
    }

    /// A list of tools was sent: its bytes, and what of it stands in every prompt from now on, in tokens.
    pub fn listed(&self, bytes: Amount, tokens: Amount) {
        self.definitions.add(bytes);
        self.list.sent.store(tokens.sent, Ordering::Relaxed);
        self.list.direct.store(tokens.direct, Ordering::Relaxed);
    }

    /// A call that began then is over: if none before it ran at that time, it is of another prompt, in which the
    /// list stood again. `direct_turns`: how many prompts the same takes with direct connections. Gives what that
    /// adds, for the account of all.
    pub fn turn(&self, began: Instant, direct_turns: u64) -> Option<Amount> {
        let nanos = |at: Instant| {
            u64::try_from(at.saturating_duration_since(self.since).as_nanos()).unwrap_or(u64::MAX)
        };
        let before = self.ended.fetch_max(nanos(Instant::now()), Ordering::Relaxed);
        if before >= nanos(began) && self.turns.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let list = self.list.amount();
        let added = Amount { sent: list.sent, direct: list.direct.saturating_mul(direct_turns) };
        self.add_turn(added);
        Some(added)
    }

    /// A turn of one of the sessions.
    pub fn add_turn(&self, added: Amount) {
        self.turns.fetch_add(1, Ordering::Relaxed);
        self.list_tokens.add(added);
    }

    pub fn account(&self) -> Account {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let unchanged =
            scaled(read(&self.unchanged), read(&self.sampled_tokens), read(&self.sampled));
        let changed = self.result_tokens.amount();
        Account {
            calls: read(&self.calls),
            meta_calls: read(&self.meta_calls),
            cache_hits: read(&self.cache_hits),
            turns: read(&self.turns),
            results: self.results.amount(),
            definitions: self.definitions.amount(),
            list_tokens: self.list_tokens.amount(),
            result_tokens: Amount {
                sent: changed.sent.saturating_add(unchanged),
                direct: changed.direct.saturating_add(unchanged),
            },
        }
    }
}

/// `bytes` with as many tokens for each as some of them have.
fn scaled(bytes: u64, tokens: u64, of: u64) -> u64 {
    let all = u128::from(bytes) * u128::from(tokens) / u128::from(of.max(1));
    u64::try_from(all).unwrap_or(u64::MAX)
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

impl Pair {
    fn add(&self, amount: Amount) {
        add(&self.sent, amount.sent);
        add(&self.direct, amount.direct);
    }

    fn amount(&self) -> Amount {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Amount { sent: read(&self.sent), direct: read(&self.direct) }
    }
}

impl Amount {
    fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent.saturating_add(other.sent),
            direct: self.direct.saturating_add(other.direct),
        }
    }

    /// How much more the servers would have sent; negative where it is less.
    fn saved(self) -> i64 {
        let sum = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        sum(self.direct).saturating_sub(sum(self.sent))
    }
}

impl Account {
    /// Bytes on their way that direct connections would have sent more; negative if they would have sent less.
    pub fn saved_bytes(&self) -> i64 {
        self.results.and(self.definitions).saved()
    }

    /// Tokens that models would have read more of direct connections, estimated.
    pub fn saved_tokens(&self) -> i64 {
        self.list_tokens.and(self.result_tokens).saved()
    }

    /// Tokens that models read of us, estimated.
    pub fn sent_tokens(&self) -> u64 {
        self.list_tokens.and(self.result_tokens).sent
    }
}

#[cfg(test)]
#[path = "account/tests.rs"]
mod tests;
