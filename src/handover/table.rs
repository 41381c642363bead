//! A table of rows of one kind, kept by systemd.

use std::io;
use std::marker::PhantomData;
use std::os::fd::{BorrowedFd, OwnedFd};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fd_store;
use super::records::{Left as LeftRecord, Record, Records};

/// What a table has rows of. A row is written as JSON, so a member may be added as long as it may be
/// missing; whatever else changes needs the next [`Row::VERSION`].
pub trait Row: Serialize + DeserializeOwned {
    /// What the table is called.
    const TABLE: &'static str;
    const VERSION: u32;
    /// Rows at the most; what is more does not outlive us.
    const ROWS_MAX: usize;
    /// Bytes that a row has in memory, its head included.
    const SIZE: usize;

    /// Reads a row of an earlier version.
    fn read_earlier(version: u32, bytes: &[u8]) -> Option<Self>;
}

/// A table. Without systemd there is none, and nothing is noted. Cloning shares it.
#[derive(Debug)]
pub struct Table<R> {
    records: Option<Records>,
    row: PhantomData<R>,
}

/// A row that an earlier process of ours wrote.
#[derive(Debug)]
pub struct Left<R> {
    pub row: R,
    pub state: u32,
    pub word: u64,
    pub record: Record,
}

impl<R> Clone for Table<R> {
    fn clone(&self) -> Self {
        Self { records: self.records.clone(), row: PhantomData }
    }
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { records: None, row: PhantomData }
    }
}

impl<R: Row> Table<R> {
    /// What systemd knows the table of this version by. The first one had none in its name.
    fn name(version: u32) -> String {
        if version == 1 { R::TABLE.to_owned() } else { format!("{}.{version}", R::TABLE) }
    }

    /// Whether this is what systemd knows the table by, in this version or an earlier one.
    fn is_name(name: &str) -> bool {
        (1..=R::VERSION).any(|version| name == Self::name(version))
    }

    /// The table of an earlier process and its rows, taken out of what systemd kept; an empty one if
    /// there is none. Rows of an earlier version are written anew.
    pub fn take_over(stored: &mut Vec<(String, OwnedFd)>) -> (Self, Vec<Left<R>>) {
        let found: Vec<_> = stored.extract_if(.., |(name, _)| Self::is_name(name)).collect();
        let (current, earlier): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(name, _)| *name == Self::name(R::VERSION));
        let was_there = !current.is_empty();
        let mut taken = current.into_iter().find_map(|(_, fd)| Self::adopt(fd).ok());
        if taken.is_none() && was_there {
            // Nobody can read it, and the new one gets its name.
            fd_store::forget(&Self::name(R::VERSION));
        }
        // Where both are there, the newer one was written to its end before it was kept.
        for (name, fd) in earlier {
            taken = taken.or_else(|| Self::renew(fd).ok());
            fd_store::forget(&name);
        }
        taken.unwrap_or_else(|| (Self::create().unwrap_or_default(), Vec::new()))
    }

    /// An empty table, which systemd keeps from now on.
    fn create() -> io::Result<Self> {
        let table = Self::unkept()?;
        table.keep();
        Ok(table)
    }

    /// An empty table that nobody keeps.
    pub fn unkept() -> io::Result<Self> {
        let name = format!("callmux-{}", R::TABLE);
        let records = Records::new(&name, R::VERSION, R::SIZE, R::ROWS_MAX)?;
        Ok(Self { records: Some(records), row: PhantomData })
    }

    fn keep(&self) {
        let keep = |fd: BorrowedFd<'_>| fd_store::keep(&Self::name(R::VERSION), fd);
        if let Some(records) = &self.records {
            records.with_fd(keep);
        }
    }

    /// The table in this memory, and its rows.
    pub fn adopt(fd: OwnedFd) -> io::Result<(Self, Vec<Left<R>>)> {
        let (records, left) = Records::adopt(fd)?;
        let version = records.version();
        if version != R::VERSION {
            return Err(io::Error::other("a table of another version"));
        }
        let read = |(left, record): (LeftRecord, Record)| {
            let row = serde_json::from_slice(&left.bytes).ok()?;
            Some(Left { row, state: left.state, word: left.word, record })
        };
        let rows = left.into_iter().filter_map(read).collect();
        Ok((Self { records: Some(records), row: PhantomData }, rows))
    }

    /// A new table with the rows of an earlier version.
    fn renew(fd: OwnedFd) -> io::Result<(Self, Vec<Left<R>>)> {
        let (earlier, left) = Records::adopt(fd)?;
        // The process before us may still look at it.
        earlier.freeze();
        let table = Self::unkept()?;
        let renewed = |(left, _): (LeftRecord, Record)| {
            let row = R::read_earlier(earlier.version(), &left.bytes)?;
            let (state, word) = (left.state, left.word);
            let record = table.note(&row, state, word)?;
            Some(Left { row, state, word, record })
        };
        let rows = left.into_iter().filter_map(renewed).collect();
        table.keep();
        Ok((table, rows))
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.records.is_some()
    }

    /// Writes a row. `None` if there is no table, no room in it, or more in the row than fits.
    pub fn note(&self, row: &R, state: u32, word: u64) -> Option<Record> {
        let records = self.records.as_ref()?;
        let mut bytes = Vec::with_capacity(256);
        serde_json::to_writer(&mut bytes, row).ok()?;
        records.add(state, word, &bytes)
    }

    /// From now on rows whose record is dropped stay in the table: we end ourselves.
    pub fn freeze(&self) {
        if let Some(records) = &self.records {
            records.freeze();
        }
    }

    /// Whether rows whose record is dropped stay.
    pub fn is_frozen(&self) -> bool {
        self.records.as_ref().is_some_and(Records::is_frozen)
    }

    /// The memory, as systemd would keep it.
    #[cfg(test)]
    pub fn fd(&self) -> OwnedFd {
        let fd = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().expect("a descriptor");
        self.records.as_ref().expect("a table").with_fd(fd)
    }
}
