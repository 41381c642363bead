//! Whether what happens is counted: said by who reads the config, done by the thread that writes.

use std::sync::atomic::{AtomicBool, Ordering};

use super::counted::FactCounts;
use crate::base::Lock;
use crate::facts::Fact;

/// What is counted, on both sides of the queue of facts.
#[derive(Debug, Default)]
pub(super) struct Counting {
    is_on: AtomicBool,
    /// Held by the thread that writes for one fact, and by who reads for a copy.
    counts: Lock<FactCounts>,
}

impl Counting {
    pub(super) fn set(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }

    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Whether the thread that writes has to see this one.
    pub(super) fn wants(&self, fact: &Fact) -> bool {
        self.is_on() && FactCounts::wants(fact)
    }

    pub(super) fn note(&self, fact: &Fact) {
        if self.is_on() {
            self.counts.lock().note(fact);
        }
    }

    pub(super) fn counted(&self) -> Option<FactCounts> {
        self.is_on().then(|| self.counts.lock().clone())
    }
}
