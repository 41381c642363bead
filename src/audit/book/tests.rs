use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::*;

use super::{AuditBook, Bounds, LineValue, Mishap, WAITING_MAX};
use crate::audit::reading::newest;
use crate::audit::segments;
use crate::audit::verify::{Verified, verify};

const BOUNDS: Bounds = Bounds { total: 1 << 30, age: Duration::from_hours(24 * 90) };

fn act(book: &mut AuditBook, number: u64) {
    let id = format!("a-{number}");
    let fields = [("call_id", LineValue::Text(&id)), ("number", LineValue::Number(number))];
    book.add(SystemTime::now(), "call", &fields);
}

fn written(dir: &Path, numbers: impl IntoIterator<Item = u64>) -> AuditBook {
    let mut book = AuditBook::new(dir, BOUNDS);
    numbers.into_iter().for_each(|number| act(&mut book, number));
    assert_eq!(book.flush(), []);
    book
}

fn whole(dir: &Path) -> Verified {
    let verified = verify(dir, |_| {}).unwrap();
    assert_eq!((&verified.broken, &verified.unfinished), (&None, &None));
    verified
}

/// The numbers of the acts that are there.
fn numbers(dir: &Path, most: Option<usize>) -> Vec<u64> {
    let mut found = Vec::new();
    let is_act = |line: &[u8]| memchr::memmem::find(line, b"\"event\":\"call\"").is_some();
    newest(dir, most, is_act, |line| {
        let value: serde_json::Value = serde_json::from_slice(line).unwrap();
        found.push(value["number"].as_u64().unwrap());
        true
    })
    .unwrap();
    found
}

#[test]
fn the_next_process_goes_on_with_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("audit");
    let mut first = written(&dir, 0..3);
    let mut second = AuditBook::new(&dir, BOUNDS);
    act(&mut second, 9);
    let said = second.flush();
    assert!(matches!(&said[..], [Mishap::Unwritable { reason, .. }] if reason.contains("another")));
    assert!(second.due().is_some());
    act(&mut first, 3);
    assert_eq!(first.close(), []);
    // What waited is written once it can be.
    assert_eq!(second.close(), []);
    assert_eq!(numbers(&dir, None), [0, 1, 2, 3, 9]);
    assert_eq!(numbers(&dir, Some(2)), [3, 9]);
    let verified = whole(&dir);
    assert_eq!((verified.segments, verified.acts, verified.lost), (1, 5, 0));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&segments::all(&dir).unwrap()[0].path), 0o600);
}

#[test]
fn what_an_earlier_process_wrote_is_known() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), 0..3));
    let mut book = AuditBook::new(dir.path(), BOUNDS);
    book.flush();
    assert!(book.has("a-2") && !book.has("a-3"));
    act(&mut book, 3);
    assert!(!book.has("a-3"));
}

#[test]
fn a_line_that_was_never_finished_is_set_aside_and_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let long = dir.path().join("segment-000001.jsonl");
    for (torn, acts) in [(&b"{\"schema\":\"callmux.au"[..], 3), (&[0; 5000][..], 6)] {
        drop(written(dir.path(), 0..3));
        let mut file = OpenOptions::new().append(true).open(&long).unwrap();
        file.write_all(torn).unwrap();
        let verified = verify(dir.path(), |_| {}).unwrap();
        assert_eq!((verified.acts, verified.broken), (acts, None));
        assert_eq!(verified.unfinished.as_ref(), Some(&long));
        let said = AuditBook::new(dir.path(), BOUNDS).flush();
        let aside = dir.path().join("segment-000001.torn");
        assert_eq!(said, [Mishap::Torn { path: aside.clone() }]);
        assert_eq!(fs::read(aside).unwrap(), torn);
    }
    assert_eq!(whole(dir.path()).torn, 2);
    // One in which not even the first line is whole is none.
    let next = dir.path().join("segment-000002.jsonl");
    OpenOptions::new().append(true).create(true).open(&next).unwrap().write_all(b"{").unwrap();
    let mut book = AuditBook::new(dir.path(), BOUNDS);
    act(&mut book, 7);
    assert_eq!(book.flush().len(), 1);
    assert!(!next.exists());
    assert_eq!((whole(dir.path()).acts, whole(dir.path()).torn), (7, 3));
}

#[test]
fn a_disk_that_takes_nothing_is_told_of_once_and_what_is_lost_is_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut book = written(dir.path(), 0..1);
    let path = segments::all(dir.path()).unwrap()[0].path.clone();
    book.segment.as_mut().unwrap().file = File::open(&path).unwrap();
    act(&mut book, 1);
    assert!(matches!(&book.flush()[..], [Mishap::Unwritable { .. }]));
    // Something lies where the file was.
    let elsewhere = dir.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    symlink("/dev/full", &path).unwrap();
    for number in 2..=WAITING_MAX as u64 + 10 {
        act(&mut book, number);
        book.retry_at = Some(Instant::now());
        if number % 1000 == 0 {
            assert_eq!(book.flush(), [], "it was told");
        }
    }
    fs::remove_file(&path).unwrap();
    fs::rename(&elsewhere, &path).unwrap();
    book.lose(3);
    book.retry_at = Some(Instant::now());
    assert_eq!(book.flush(), [Mishap::Lost { acts: 13 }]);
    let verified = whole(dir.path());
    assert_eq!((verified.acts, verified.lost), (1 + WAITING_MAX as u64, 13));
    assert_eq!((book.due(), book.bytes.len()), (None, 0));
}

#[test]
fn all_of_it_is_bounded_and_what_is_left_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let bounds = Bounds { total: 300_000, ..BOUNDS };
    let mut book = AuditBook::new(dir.path(), bounds);
    let size = || -> u64 {
        let all = segments::all(dir.path()).unwrap();
        all.iter().map(|segment| fs::metadata(&segment.path).unwrap().len()).sum()
    };
    for number in 0..5_000 {
        act(&mut book, number);
        assert_eq!(book.flush(), []);
        assert!(number % 50 > 0 || size() <= bounds.total, "{}", size());
    }
    assert!(size() > bounds.total / 2, "{}", size());
    let verified = whole(dir.path());
    assert!(verified.first > Some(1) && verified.segments > 10, "{verified:?}");
    let left = 5_000 - verified.acts;
    assert_eq!(numbers(dir.path(), None), (left..5_000).collect::<Vec<_>>());
    assert_eq!(numbers(dir.path(), Some(500)), (4_500..5_000).collect::<Vec<_>>());
    // One in the middle that is missing is missed.
    let all = segments::all(dir.path()).unwrap();
    fs::remove_file(&all[3].path).unwrap();
    let broken = verify(dir.path(), |_| {}).unwrap().broken.unwrap();
    assert_eq!((&broken.path, broken.line), (&all[4].path, 1));
}

#[test]
fn what_has_to_be_on_the_disk_is_there_or_never() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("audit");
    drop(File::create(&place).unwrap());
    let mut book = AuditBook::new(&place, BOUNDS);
    act(&mut book, 0);
    let before = book.waiting();
    act(&mut book, 1);
    let (is_there, said) = book.flush_through(before);
    assert!(!is_there && matches!(&said[..], [Mishap::Unwritable { .. }]), "{said:?}");
    // Whoever asks for it does not wait until it is tried again.
    fs::remove_file(&place).unwrap();
    let before = book.waiting();
    act(&mut book, 2);
    assert_eq!(book.flush_through(before), (true, Vec::new()));
    assert_eq!(numbers(&place, None), [0, 2]);
    fs::remove_dir_all(&place).unwrap();
    book.segment = None;
    drop(File::create(&place).unwrap());
    (0..WAITING_MAX as u64).for_each(|number| act(&mut book, number));
    let before = book.waiting();
    act(&mut book, 9);
    assert!(!book.flush_through(before).0, "there was no room for it");
    assert_eq!(book.lost, 0);
}

#[test]
fn what_is_too_old_goes() {
    let dir = tempfile::tempdir().unwrap();
    let mut book = written(dir.path(), 0..3);
    let day = Duration::from_hours(24);
    book.segment.as_mut().unwrap().began -= day * 2;
    act(&mut book, 3);
    book.flush();
    act(&mut book, 4);
    book.flush();
    let all = segments::all(dir.path()).unwrap();
    assert_eq!(all.len(), 2);
    let file = OpenOptions::new().append(true).open(&all[0].path).unwrap();
    file.set_modified(SystemTime::now() - day * 31).unwrap();
    book.set_bounds(Bounds { age: day * 30, ..BOUNDS });
    book.flush();
    assert_eq!(numbers(dir.path(), None), [4]);
    assert_eq!(whole(dir.path()).first, Some(2));
}

#[test]
fn who_follows_reads_each_line_once_across_segments() {
    let dir = tempfile::tempdir().unwrap();
    let mut book = AuditBook::new(dir.path(), Bounds { total: 1, ..BOUNDS });
    book.flush();
    let mut place = newest(dir.path(), Some(0), |_| true, |_| true).unwrap();
    let mut seen = Vec::new();
    for number in 0..300 {
        act(&mut book, number);
        book.flush();
        place
            .more(|line| {
                let value: serde_json::Value = serde_json::from_slice(line).unwrap();
                seen.extend(value["number"].as_u64());
                true
            })
            .unwrap();
    }
    assert!(segments::all(dir.path()).unwrap()[0].number > 1);
    assert_eq!(seen, (0..300).collect::<Vec<_>>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Any byte that is another, gone or there twice is found, in whichever segment.
    #[test]
    fn any_one_byte_that_is_changed_is_found(at in any::<prop::sample::Index>(), to in any::<u8>(), how in 0..3) {
        let dir = tempfile::tempdir().unwrap();
        let mut book = AuditBook::new(dir.path(), BOUNDS);
        for number in 0..9 {
            act(&mut book, number);
            if number % 3 == 2 {
                book.flush();
                book.begin_next();
            }
        }
        let all = segments::all(dir.path()).unwrap();
        prop_assert_eq!((all.len(), whole(dir.path()).acts), (4, 9));
        let sizes = all.iter().map(|segment| fs::metadata(&segment.path).unwrap().len());
        let mut at = at.index(usize::try_from(sizes.sum::<u64>()).unwrap());
        let mut bytes = Vec::new();
        let path = all.iter().map(|segment| &segment.path).find(|path| {
            bytes = fs::read(path).unwrap();
            let is_here = at < bytes.len();
            at -= if is_here { 0 } else { bytes.len() };
            is_here
        });
        let path = path.unwrap();
        match how {
            0 if bytes[at] != to => bytes[at] = to,
            1 => _ = bytes.remove(at),
            _ => bytes.insert(at, to),
        }
        OpenOptions::new().write(true).truncate(true).open(path).unwrap().write_all(&bytes).unwrap();
        let verified = verify(dir.path(), |_| {}).unwrap();
        prop_assert!(verified.broken.is_some() || verified.unfinished.is_some(), "{:?}", verified);
    }
}
