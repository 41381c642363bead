//! What is counted on both sides of the queue of facts.

use std::sync::atomic::{AtomicU64, AtomicUsize};

/// What recorders and the writer both count.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Facts in the queue.
    pub(super) waiting: AtomicUsize,
    /// Those for which there was no room.
    pub(super) dropped: AtomicU64,
    /// And of those the finished calls.
    pub(super) acts: AtomicU64,
}
