//! What an earlier process left in the fd store of systemd.
//!
//! Input: one byte that says what the memory is taken for, one that says how large it is, and what is
//! written in it.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use crate::daemon::takeover::CallsLeft;
use crate::handover::records::{Left, Records};
use crate::handover::table::Row;
use crate::handover::{CallRow, LinkRow, SessionRow, SharedMemory, Table, WantRow, Window, card};
use crate::sessions::links::TakenUp;

/// Bytes of a record of the first version.
const RECORD: usize = 512;
/// Each of the sizes is a power of two times this.
const SIZE_MIN: usize = 64;
/// The longest line of a window.
const LINE_MAX: usize = 1000;

/// Whatever lies there is taken up or refused, and what is taken up is within its bounds.
pub fn store(data: &[u8]) {
    let [what, size, content @ ..] = data else { return };
    match what % 6 {
        0 => records(content),
        1 => calls_and_links(content),
        2 => sessions_and_wants(content),
        3 => window(content, *size),
        4 => cards(content),
        _ => {
            let size = SIZE_MIN << (size % 18);
            let found = Records::adopt(memory(content, size));
            assert!(found.map_or(0, |(_, found)| found.len()) <= size / 32);
        }
    }
}

/// Sealed memory as ours is.
fn memory(content: &[u8], size: usize) -> OwnedFd {
    let mut memory = SharedMemory::create("fuzz", size).expect("memory");
    let len = content.len().min(size);
    memory.bytes_mut()[..len].copy_from_slice(&content[..len]);
    memory.as_fd().try_clone_to_owned().expect("a descriptor")
}

/// A table with a record for each line: the state, the word, the bytes. It is of this version or, if
/// the first byte is even, of the first.
fn table<R: Row>(content: &[u8]) -> (String, OwnedFd) {
    let is_first = content.first().is_some_and(|byte| byte % 2 == 0);
    let (name, version) =
        if is_first { (R::TABLE.to_owned(), 1) } else { (format!("{}.2", R::TABLE), R::VERSION) };
    let records = Records::new("fuzz", version, R::SIZE, 8).expect("memory");
    // What is dropped stays.
    records.freeze();
    for line in content.split(|byte| *byte == b'\n').take(8) {
        let [state, word, bytes @ ..] = line else { continue };
        drop(records.add(u32::from(*state), u64::from(*word), bytes));
    }
    (name, records.with_fd(|fd| fd.try_clone_to_owned().expect("a descriptor")))
}

/// What is in a table, which is left as it is.
fn look(records: &Records) -> Vec<Left> {
    let fd = records.with_fd(|fd| fd.try_clone_to_owned().expect("a descriptor"));
    let (again, found) = Records::adopt(fd).expect("still a table");
    again.freeze();
    found.into_iter().map(|(left, _)| left).collect()
}

/// What is found is found again, and what is added beside it does not touch it.
fn records(content: &[u8]) {
    let Ok((records, found)) = Records::adopt(memory(content, RECORD * 9)) else { return };
    let before = look(&records);
    assert!(before.iter().eq(found.iter().map(|(left, _)| left)));
    // Where the content says itself how large a record is.
    let said = content.strip_prefix(b"callmux rows").and_then(|rest| rest.get(4..)?.first_chunk());
    let size = said.map_or(RECORD, |size| u32::from_ne_bytes(*size) as usize);
    assert!(before.iter().all(|left| left.bytes.len() <= size - 16));
    let added = records.add(9, 9, b"new");
    assert_eq!(added.is_some(), before.len() < RECORD * 9 / size - 1, "room for one more");
    assert_eq!(look(&records).len(), before.len() + usize::from(added.is_some()));
    drop(added);
    assert_eq!(look(&records), before);
    drop(found);
    assert!(look(&records).is_empty(), "a dropped record is free");
}

fn calls_and_links(content: &[u8]) {
    let half = content.iter().position(|byte| *byte == 0xff).unwrap_or(content.len());
    let (calls, links) = content.split_at(half);
    let mut stored = vec![table::<CallRow>(calls), table::<LinkRow>(links)];
    let (_, calls) = Table::<CallRow>::take_over(&mut stored);
    let (_, links) = Table::<LinkRow>::take_over(&mut stored);
    assert!(stored.is_empty(), "both are tables of ours");
    let calls: Vec<_> = calls.into_iter().map(Into::into).collect();
    let (noted, known) = (calls.len(), links.len());
    let taken_up = CallsLeft::of(calls).join_links(links, &mut []);
    assert_eq!(taken_up.len(), known);
    let told = |link: &TakenUp| link.restored.running.len() + link.restored.not_sent.len();
    assert!(taken_up.iter().map(told).sum::<usize>() <= noted, "no call is told twice");
}

fn sessions_and_wants(content: &[u8]) {
    let mut stored = vec![table::<SessionRow>(content), table::<WantRow>(content)];
    let (_, sessions) = Table::<SessionRow>::take_over(&mut stored);
    let (_, wants) = Table::<WantRow>::take_over(&mut stored);
    assert!(stored.is_empty() && sessions.len() <= 8 && wants.len() <= 8);
}

fn window(content: &[u8], size: u8) {
    let size = SIZE_MIN << (size % 18);
    let Ok(mut window) = Window::adopt(memory(content, size), LINE_MAX) else { return };
    let mut total = 0;
    loop {
        match window.next() {
            Ok(Some(line)) => {
                assert!(!line.is_empty() && line.len() <= LINE_MAX);
                assert!(!line.contains(&0) && !line.contains(&b'\n'));
                total += line.len();
            }
            Ok(None) => break,
            // The connection ends.
            Err(_) => return,
        }
    }
    assert!(total <= content.len());
    window.release();
    assert!(!window.room().is_empty(), "there is room to read to");
}

fn cards(content: &[u8]) {
    let fd = rustix::fs::memfd_create("fuzz", rustix::fs::MemfdFlags::CLOEXEC).expect("memory");
    let mut file = File::from(fd);
    file.write_all(content).expect("memory");
    let stored = ["stdin", "stdout", "stderr", "window", "card"].map(|part| {
        let fd = file.try_clone().expect("a descriptor");
        (format!("server.{part}.unit"), OwnedFd::from(fd))
    });
    assert!(card::find(stored.into(), |_, _| false).is_empty(), "no server is wanted");
}
