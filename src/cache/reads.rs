//! What is kept, until when, and what becomes of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::base::{Lock, Principal, ServerName};
use crate::json::Json;
use crate::servers::Item;
use crate::settings::{Caps, ServerConfig};
use crate::wire::{Era, Message};

/// Calls with longer arguments are made each for itself, in bytes.
const ARGUMENTS_MAX: usize = 64 << 10;

/// Which call a result is the result of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    pub principal: Principal,
    pub server: ServerName,
    /// The server's own name for it.
    pub tool: Box<str>,
    /// With sorted members, so that equivalent arguments are the same.
    arguments: Box<str>,
}

/// All that is kept. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Cache {
    inner: Arc<Lock<CacheState>>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct CacheState {
    entries: LruCache<CacheKey, CacheEntry>,
    bytes: usize,
    /// Calls on their way: who waits hears when they are over.
    running: HashMap<CacheKey, watch::Receiver<()>>,
    /// How often something may have changed at a server.
    changes: HashMap<ServerName, u64>,
}

#[derive(Debug)]
struct CacheEntry {
    kept: ServerAnswer,
    until: Instant,
    /// The config under which the server answered.
    config: Arc<ServerConfig>,
}

/// A server's answer that is kept.
#[derive(Debug, Clone)]
pub struct ServerAnswer {
    pub answer: Message,
    pub era: Era,
}

#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    joined: AtomicU64,
}

/// What is kept, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    pub entries: usize,
    pub bytes: usize,
    pub in_flight: usize,
    pub hits: u64,
    pub misses: u64,
    /// Calls that got the answer of another one which was on its way.
    pub joined: u64,
}

/// What to do about a call that only reads.
pub enum Look {
    Hit(ServerAnswer),
    /// The same call is on its way.
    Wait(watch::Receiver<()>),
    Send(Lead),
}

/// The call that is sent for all that are the same.
#[derive(Debug)]
pub struct Lead {
    cache: Cache,
    key: CacheKey,
    /// The server's changes when the call began.
    changes: u64,
    /// Dropping it tells those who wait.
    _over: watch::Sender<()>,
}

/// A call that may change something, from before it is sent until it is over.
#[derive(Debug)]
pub struct ServerChange {
    cache: Cache,
    server: ServerName,
}

/// What the cache has to do with a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing is kept of its server.
    None,
    /// Its results may be given again.
    Reads,
    /// Nothing is kept of it, and it makes nothing untrue.
    Passes,
    /// A call of it may change what was read.
    Changes,
}

impl Part {
    pub fn of(config: &ServerConfig, item: &Item) -> Self {
        if config.policy.cache_ttl.is_none() {
            return Self::None;
        }
        let is_listed = config.policy.cache_tools.allow(&item.name);
        let reads = is_listed || (config.policy.trusted && item.is_read_only);
        match (reads, config.policy.no_cache_tools.allow(&item.name)) {
            (true, false) => Self::Reads,
            _ if is_listed || item.is_read_only => Self::Passes,
            _ => Self::Changes,
        }
    }
}

impl CacheKey {
    /// `None` for arguments that are no JSON, or longer than anything that is asked for twice.
    pub fn new(
        principal: &Principal,
        server: &ServerName,
        tool: &str,
        arguments: Option<&str>,
    ) -> Option<Self> {
        let arguments = match arguments.filter(|json| *json != "null") {
            None => "{}".into(),
            Some(json) if json.len() > ARGUMENTS_MAX => return None,
            Some(json) => Json::parse(json).ok()?.sorted().to_string().into_boxed_str(),
        };
        let (principal, server) = (principal.unproved(), server.clone());
        Some(Self { principal, server, tool: tool.into(), arguments })
    }

    fn len(&self) -> usize {
        self.tool.len() + self.arguments.len()
    }
}

impl Default for Cache {
    fn default() -> Self {
        let inner = CacheState {
            entries: LruCache::unbounded(),
            bytes: 0,
            running: HashMap::new(),
            changes: HashMap::new(),
        };
        Self { inner: Arc::new(Lock::new(inner)), counts: Arc::default() }
    }
}

impl Cache {
    fn lock(&self) -> MutexGuard<'_, CacheState> {
        self.inner.lock()
    }

    /// Looks a call up, and notes it as on its way if nothing is known of it.
    pub fn look(&self, key: &CacheKey, config: &Arc<ServerConfig>) -> Look {
        let mut inner = self.lock();
        if let Some(kept) = inner.fresh(key, config) {
            self.counts.hits.fetch_add(1, Ordering::Relaxed);
            return Look::Hit(kept);
        }
        if let Some(running) = inner.running.get(key) {
            self.counts.joined.fetch_add(1, Ordering::Relaxed);
            return Look::Wait(running.clone());
        }
        self.counts.misses.fetch_add(1, Ordering::Relaxed);
        let (over, waiting) = watch::channel(());
        inner.running.insert(key.clone(), waiting);
        let changes = inner.changes.get(&key.server.configured()).copied().unwrap_or_default();
        Look::Send(Lead { cache: self.clone(), key: key.clone(), changes, _over: over })
    }

    /// Whether the result of a call is known now. Changes nothing, not even a count.
    pub fn peek(&self, key: &CacheKey, config: &Arc<ServerConfig>) -> bool {
        let inner = self.lock();
        inner.entries.peek(key).is_some_and(|entry| entry.is_fresh(config))
    }

    /// A call that may change something at `server` begins.
    pub fn change(&self, server: &ServerName) -> ServerChange {
        self.lock().changed(server);
        ServerChange { cache: self.clone(), server: server.clone() }
    }

    /// Forgets what is kept for `principal`, or for all: of a server, of a tool (the server's own name), or all.
    /// Returns how many results that were.
    pub fn clear(
        &self,
        principal: Option<&Principal>,
        server: Option<&ServerName>,
        tool: Option<&str>,
    ) -> usize {
        // One of a directory is meant by the name in the config, too.
        let is_of = |one: &ServerName, server: &ServerName| {
            one.as_str() == server.as_str() || one.configured().as_str() == server.as_str()
        };
        let is_meant = |key: &CacheKey| {
            principal.is_none_or(|principal| key.principal == *principal)
                && server.is_none_or(|server| is_of(&key.server, server))
                && tool.is_none_or(|tool| *key.tool == *tool)
        };
        self.lock().forget(is_meant)
    }

    /// Forgets all that is kept. Returns how many results that were.
    pub fn empty(&self) -> usize {
        let mut inner = self.lock();
        inner.bytes = 0;
        std::mem::replace(&mut inner.entries, LruCache::unbounded()).len()
    }

    pub fn statistics(&self) -> Statistics {
        let inner = self.lock();
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Statistics {
            entries: inner.entries.len(),
            bytes: inner.bytes,
            in_flight: inner.running.len(),
            hits: count(&self.counts.hits),
            misses: count(&self.counts.misses),
            joined: count(&self.counts.joined),
        }
    }
}

impl CacheEntry {
    fn is_fresh(&self, config: &Arc<ServerConfig>) -> bool {
        let is_same = Arc::ptr_eq(&self.config, config) || self.config == *config;
        is_same && Instant::now() < self.until
    }
}

impl CacheState {
    fn fresh(&mut self, key: &CacheKey, config: &Arc<ServerConfig>) -> Option<ServerAnswer> {
        let entry = self.entries.get(key)?;
        if entry.is_fresh(config) {
            return Some(entry.kept.clone());
        }
        self.remove(key);
        None
    }

    fn remove(&mut self, key: &CacheKey) {
        if let Some(entry) = self.entries.pop(key) {
            self.bytes -= key.len() + entry.kept.answer.len();
        }
    }

    fn forget(&mut self, is_meant: impl Fn(&CacheKey) -> bool) -> usize {
        let meant = |(key, _): (&CacheKey, &CacheEntry)| is_meant(key).then(|| key.clone());
        let keys: Vec<CacheKey> = self.entries.iter().filter_map(meant).collect();
        for key in &keys {
            self.remove(key);
        }
        keys.len()
    }

    fn changed(&mut self, server: &ServerName) {
        // For all instances together: clients choose where they work.
        *self.changes.entry(server.configured()).or_default() += 1;
        self.forget(|key| key.server == *server);
    }
}

impl Lead {
    /// Keeps the answer, unless something may have changed since the call began.
    pub fn keep(self, kept: ServerAnswer, config: &Arc<ServerConfig>, caps: Caps) {
        let Some(ttl) = config.policy.cache_ttl.filter(|ttl| *ttl > Duration::ZERO) else { return };
        let size = self.key.len() + kept.answer.len();
        if size > caps.entry_bytes || size > caps.total_bytes {
            return;
        }
        let mut inner = self.cache.lock();
        if inner.changes.get(&self.key.server.configured()).copied().unwrap_or_default()
            != self.changes
        {
            return;
        }
        inner.remove(&self.key);
        let entry = CacheEntry { kept, until: Instant::now() + ttl, config: config.clone() };
        inner.entries.put(self.key.clone(), entry);
        inner.bytes += size;
        while inner.entries.len() > caps.entries || inner.bytes > caps.total_bytes {
            let Some((oldest, _)) = inner.entries.peek_lru() else { break };
            let oldest = oldest.clone();
            inner.remove(&oldest);
        }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.cache.lock().running.remove(&self.key);
    }
}

impl Drop for ServerChange {
    fn drop(&mut self) {
        self.cache.lock().changed(&self.server);
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
