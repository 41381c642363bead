//! A table in memory that outlives us: what was written before an end is there after it.
//!
//! Each record has a state, one word that changes often, and bytes that are written once. The state
//! is written last, so a record is whole or not there.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{Ordering, compiler_fence};
use std::sync::{Arc, MutexGuard};

use super::SharedMemory;
use crate::base::Lock;

/// State (u32), length (u32), word (u64), before the bytes of a record.
const HEAD: usize = 16;
/// The table's own head stands where its first record would: this, its version and the bytes of each
/// record (u32).
const MAGIC: &[u8; 12] = b"callmux rows";
/// The smallest record, in bytes: as long as the table's head.
const SIZE_MIN: usize = 32;
/// The head of every table of the first version, and the bytes of each record there.
const FIRST_MAGIC: &[u8; 16] = b"callmux table 01";
const FIRST_SIZE: usize = 512;

/// The state of a record that is not in use.
pub(super) const FREE: u32 = 0;

/// The table. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Records(Arc<Lock<Inner>>);

#[derive(Debug)]
struct Inner {
    memory: SharedMemory,
    layout: Layout,
    /// Used records are kept low, so that few pages are touched.
    free: Vec<usize>,
    /// Nothing is freed any more.
    frozen: bool,
}

#[derive(Debug, Clone, Copy)]
struct Layout {
    version: u32,
    /// Bytes of one record, its head included.
    size: usize,
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

impl Layout {
    fn write(self, head: &mut [u8]) {
        head[..12].copy_from_slice(MAGIC);
        head[12..16].copy_from_slice(&self.version.to_ne_bytes());
        let size = u32::try_from(self.size).unwrap_or(u32::MAX);
        head[16..20].copy_from_slice(&size.to_ne_bytes());
    }

    fn read(head: &[u8]) -> Option<Self> {
        if head.starts_with(FIRST_MAGIC) {
            return Some(Self { version: 1, size: FIRST_SIZE });
        }
        let rest = head.strip_prefix(MAGIC)?;
        let number = |at: usize| Some(u32::from_ne_bytes(*rest.get(at..)?.first_chunk()?));
        let size = usize::try_from(number(4)?).ok()?;
        (SIZE_MIN..=head.len()).contains(&size).then_some(Self { version: number(0)?, size })
    }
}

impl Records {
    /// An empty table of `count` records of `size` bytes, of which 16 are for their heads; `name` shows
    /// in `/proc/PID/maps`.
    pub fn new(name: &str, version: u32, size: usize, count: usize) -> io::Result<Self> {
        let layout = Layout { version, size: size.max(SIZE_MIN) };
        let mut memory = SharedMemory::create(name, layout.size * (count + 1))?;
        layout.write(memory.bytes_mut());
        Ok(Self::of(memory, layout))
    }

    fn of(memory: SharedMemory, layout: Layout) -> Self {
        let free = (1..memory.bytes().len() / layout.size).rev().collect();
        Self(Arc::new(Lock::new(Inner { memory, layout, free, frozen: false })))
    }

    /// Of what its rows say.
    pub fn version(&self) -> u32 {
        self.lock().layout.version
    }

    /// The table an earlier process had, and what stands in it.
    pub fn adopt(fd: OwnedFd) -> io::Result<(Self, Vec<(Left, Record)>)> {
        let memory = SharedMemory::adopt(fd)?;
        let no_table = || io::Error::other("no table of ours");
        let layout = Layout::read(memory.bytes()).ok_or_else(no_table)?;
        let mut found = Vec::new();
        for (at, record) in memory.bytes().chunks_exact(layout.size).enumerate().skip(1) {
            let word = |from: usize, to: usize| record.get(from..to);
            let state = word(0, 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes);
            let len = word(4, 8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes);
            let number = word(8, 16).and_then(|b| b.try_into().ok()).map_or(0, u64::from_ne_bytes);
            let len = usize::try_from(len).unwrap_or(0).min(layout.size - HEAD);
            if state != FREE {
                let bytes = record[HEAD..HEAD + len].to_vec();
                found.push((Left { state, word: number, bytes }, at));
            }
        }
        let table = Self::of(memory, layout);
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
        let mut inner = self.lock();
        let size = inner.layout.size;
        let len = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= size - HEAD)?;
        let at = inner.free.pop()?;
        let record = &mut inner.memory.bytes_mut()[at * size..(at + 1) * size];
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

    pub fn is_frozen(&self) -> bool {
        self.lock().frozen
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

    /// Gives the record the state, and if there is one the word, that `change` makes of its state. The
    /// word is written first.
    pub fn change(&self, change: impl FnOnce(u32) -> (u32, Option<u64>)) {
        let mut inner = self.table.lock();
        let at = self.at * inner.layout.size;
        let record = &mut inner.memory.bytes_mut()[at..at + HEAD];
        let state = record.first_chunk().map_or(FREE, |state| u32::from_ne_bytes(*state));
        let (state, word) = change(state);
        if let Some(word) = word {
            record[8..].copy_from_slice(&word.to_ne_bytes());
        }
        compiler_fence(Ordering::Release);
        record[..4].copy_from_slice(&state.to_ne_bytes());
    }

    fn set(&self, offset: usize, bytes: &[u8]) {
        compiler_fence(Ordering::Release);
        let mut inner = self.table.lock();
        let at = self.at * inner.layout.size + offset;
        inner.memory.bytes_mut()[at..at + bytes.len()].copy_from_slice(bytes);
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
    use std::os::fd::AsFd;

    use super::{HEAD, Left, Records};

    const SIZE: usize = 512;
    const BYTES_MAX: usize = SIZE - HEAD;

    #[test]
    fn a_head_that_cannot_be_is_no_table() {
        for size in [0_u32, 31, 4097, u32::MAX] {
            let mut memory = crate::handover::SharedMemory::create("test", 4096).unwrap();
            memory.bytes_mut()[..12].copy_from_slice(super::MAGIC);
            memory.bytes_mut()[16..20].copy_from_slice(&size.to_ne_bytes());
            assert!(
                Records::adopt(memory.as_fd().try_clone_to_owned().unwrap()).is_err(),
                "{size}"
            );
        }
    }

    #[test]
    fn what_was_written_is_found_and_what_was_freed_is_not() {
        let table = Records::new("test", 7, SIZE, 3).unwrap();
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
        assert_eq!(again.version(), 7);
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
