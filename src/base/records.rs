//! A table in memory that outlives us: what was written before an end is there after it.
//!
//! Each record has a state, one word that changes often, and bytes that are written once. The state
//! is written last, so a record is whole or not there.

use std::io;
use std::os::fd::OwnedFd;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{Ordering, compiler_fence};
use std::sync::{Arc, MutexGuard};

use super::SharedMemory;
use crate::base::Lock;

/// Bytes of one record, its head included.
const SIZE: usize = 512;
/// State (u32), length (u32), word (u64).
const HEAD: usize = 16;
/// The most that the bytes of a record can be.
pub const BYTES_MAX: usize = SIZE - HEAD;
/// The table's own head: what it is, and its version.
const MAGIC: &[u8; 16] = b"callmux table 01";

/// The state of a record that is not in use.
const FREE: u32 = 0;

/// The table. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Records(Arc<Lock<Inner>>);

#[derive(Debug)]
struct Inner {
    memory: SharedMemory,
    /// Used records are kept low, so that few pages are touched.
    free: Vec<usize>,
    /// Nothing is freed any more.
    frozen: bool,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub state: u32,
    pub word: u64,
    pub bytes: Vec<u8>,
}

/// One record of ours; freed when dropped.
#[derive(Debug)]
pub struct Record {
    table: Records,
    at: usize,
}

impl Records {
    /// An empty table of `count` records; `name` shows in `/proc/PID/maps`.
    pub fn new(name: &str, count: usize) -> io::Result<Self> {
        let mut memory = SharedMemory::create(name, SIZE * (count + 1))?;
        memory.bytes_mut()[..MAGIC.len()].copy_from_slice(MAGIC);
        Ok(Self::of(memory))
    }

    fn of(memory: SharedMemory) -> Self {
        let free = (1..memory.bytes().len() / SIZE).rev().collect();
        Self(Arc::new(Lock::new(Inner { memory, free, frozen: false })))
    }

    /// The table an earlier process had, and what stands in it.
    pub fn adopt(fd: OwnedFd) -> io::Result<(Self, Vec<(Left, Record)>)> {
        let memory = SharedMemory::adopt(fd)?;
        if memory.bytes().get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
            return Err(io::Error::other("no table of ours"));
        }
        let mut found = Vec::new();
        for (at, record) in memory.bytes().chunks_exact(SIZE).enumerate().skip(1) {
            let word = |from: usize, to: usize| record.get(from..to);
            let state = word(0, 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes);
            let len = word(4, 8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes);
            let number = word(8, 16).and_then(|b| b.try_into().ok()).map_or(0, u64::from_ne_bytes);
            let len = usize::try_from(len).unwrap_or(0).min(BYTES_MAX);
            if state != FREE {
                let bytes = record[HEAD..HEAD + len].to_vec();
                found.push((Left { state, word: number, bytes }, at));
            }
        }
        let table = Self::of(memory);
        table.lock().free.retain(|free| found.iter().all(|(_, at)| at != free));
        let record = |at| Record { table: table.clone(), at };
        let found = found.into_iter().map(|(left, at)| (left, record(at))).collect();
        Ok((table, found))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock()
    }

    /// Writes a record. `None` if the table is full or the bytes are too many.
    pub fn add(&self, state: u32, word: u64, bytes: &[u8]) -> Option<Record> {
        let len = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= BYTES_MAX)?;
        let mut inner = self.lock();
        let at = inner.free.pop()?;
        let record = &mut inner.memory.bytes_mut()[at * SIZE..(at + 1) * SIZE];
        record[4..8].copy_from_slice(&len.to_ne_bytes());
        record[8..16].copy_from_slice(&word.to_ne_bytes());
        record[HEAD..HEAD + bytes.len()].copy_from_slice(bytes);
        // Another process sees the stores of one that ended in the order of its instructions.
        compiler_fence(Ordering::Release);
        record[..4].copy_from_slice(&state.to_ne_bytes());
        drop(inner);
        Some(Record { table: self.clone(), at })
    }

    /// From now on a dropped record stays in the table.
    pub fn freeze(&self) {
        self.lock().frozen = true;
    }

    /// Shows the memory to whoever is to keep it.
    pub fn with_fd<T>(&self, keep: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
        keep(self.lock().memory.as_fd())
    }
}

impl Record {
    pub fn set_state(&self, state: u32) {
        self.set(0, &state.to_ne_bytes());
    }

    pub fn set_word(&self, word: u64) {
        self.set(8, &word.to_ne_bytes());
    }

    fn set(&self, offset: usize, bytes: &[u8]) {
        compiler_fence(Ordering::Release);
        let at = self.at * SIZE + offset;
        self.table.lock().memory.bytes_mut()[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.table.lock().frozen {
            self.set_state(FREE);
            self.table.lock().free.push(self.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, Left, Records};

    #[test]
    fn what_was_written_is_found_and_what_was_freed_is_not() {
        let table = Records::new("test", 3).unwrap();
        let first = table.add(1, 10, b"one").unwrap();
        let second = table.add(1, 20, &[7; BYTES_MAX]).unwrap();
        let third = table.add(1, 30, b"").unwrap();
        assert!(table.add(1, 40, b"no room").is_none());
        drop(second);
        assert!(table.add(1, 0, &[0; BYTES_MAX + 1]).is_none(), "too long");
        first.set_state(5);
        third.set_word(31);
        let fd = table.with_fd(|fd| fd.try_clone_to_owned().unwrap());
        // The process ends here: nothing is dropped in order.
        std::mem::forget((first, third));
        let (again, found) = Records::adopt(fd).unwrap();
        let (mut left, records): (Vec<Left>, Vec<_>) = found.into_iter().unzip();
        left.sort_by_key(|left| left.word);
        assert_eq!(
            left,
            [
                Left { state: 5, word: 10, bytes: b"one".to_vec() },
                Left { state: 1, word: 31, bytes: Vec::new() }
            ]
        );
        let last = again.add(1, 0, b"").unwrap();
        assert!(again.add(1, 0, b"").is_none(), "the found ones keep their places");
        drop((last, records));
        let again: Vec<_> = (0..4).map_while(|_| again.add(1, 0, b"")).collect();
        assert_eq!(again.len(), 3);
    }
}
