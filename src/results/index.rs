//! What is kept, oldest first, and what has to go when room is needed.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::reference::Ref;

/// How much may be kept. Bytes are those of the results, without what is written beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Results in all.
    pub entries: usize,
    /// Bytes of one result.
    pub entry_bytes: u64,
    /// Bytes of all results.
    pub total_bytes: u64,
    /// Bytes of all results of one owner, so that one cannot push out everybody else's.
    pub owner_bytes: u64,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            entries: 1000,
            entry_bytes: 64 << 20,
            total_bytes: 256 << 20,
            owner_bytes: 128 << 20,
        }
    }
}

impl Caps {
    /// Whether a result of this length can be kept at all.
    pub(super) fn allow(&self, bytes: u64) -> bool {
        self.entries > 0 && bytes <= self.entry_bytes.min(self.total_bytes).min(self.owner_bytes)
    }
}

/// A kept result without its bytes, unless memory is where they are kept.
#[derive(Debug, Clone)]
pub(super) struct StoredResult {
    pub(super) reference: Ref,
    pub(super) owner: Arc<str>,
    pub(super) tool: Arc<str>,
    /// Milliseconds since 1970.
    pub(super) time: u64,
    /// Bytes of the result.
    pub(super) length: u64,
    pub(super) body: Option<Bytes>,
}

/// The kept results, oldest first. There are few, so looking one up is a walk.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: VecDeque<StoredResult>,
    bytes: u64,
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Both must fit: somebody else's entry is passed over exactly as if it were not there.
    pub(super) fn find(&self, owner: &str, reference: Ref) -> Option<&StoredResult> {
        self.entries.iter().find(|entry| entry.reference == reference && *entry.owner == *owner)
    }

    pub(super) fn remove(&mut self, owner: &str, reference: Ref) {
        let is_it = |entry: &StoredResult| entry.reference == reference && *entry.owner == *owner;
        if let Some(at) = self.entries.iter().position(is_it) {
            self.remove_at(at);
        }
    }

    fn remove_at(&mut self, at: usize) -> Option<StoredResult> {
        let entry = self.entries.remove(at)?;
        self.bytes -= entry.length;
        Some(entry)
    }

    /// Adds an entry as the newest and hands out those that had to go for it.
    pub(super) fn push(&mut self, entry: StoredResult, caps: &Caps) -> Vec<StoredResult> {
        self.insert(self.entries.len(), entry, caps)
    }

    /// Adds an entry that another process made where its time belongs. One that is there already
    /// stays as it is.
    pub(super) fn adopt(&mut self, entry: StoredResult, caps: &Caps) -> Vec<StoredResult> {
        if self.find(&entry.owner, entry.reference).is_some() {
            return Vec::new();
        }
        let later = self.entries.iter().rev().take_while(|other| other.time > entry.time).count();
        self.insert(self.entries.len() - later, entry, caps)
    }

    fn insert(&mut self, at: usize, entry: StoredResult, caps: &Caps) -> Vec<StoredResult> {
        let owner = Arc::clone(&entry.owner);
        self.bytes += entry.length;
        self.entries.insert(at, entry);
        let mut gone = Vec::new();
        let of_owner = |entry: &StoredResult| entry.owner == owner;
        let mut owned: u64 =
            self.entries.iter().filter(|entry| of_owner(entry)).map(|entry| entry.length).sum();
        while owned > caps.owner_bytes {
            let Some(at) = self.entries.iter().position(of_owner) else { break };
            let Some(entry) = self.remove_at(at) else { break };
            owned -= entry.length;
            gone.push(entry);
        }
        while self.entries.len() > caps.entries || self.bytes > caps.total_bytes {
            let Some(entry) = self.remove_at(0) else { break };
            gone.push(entry);
        }
        gone
    }
}
