use super::{BYTES_MAX, Journal, WAITING_MAX};
use crate::base::ServerName;
use crate::facts;
use crate::facts::FactKind;
use crate::facts::Priority;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

fn words(line: &str) -> facts::ServerWrote {
    facts::ServerWrote {
        server: ServerName::parse("s").unwrap(),
        unit: None,
        priority: Priority::Info,
        line: line.to_owned(),
    }
}

fn listener(path: &Path) -> UnixDatagram {
    let far = UnixDatagram::bind(path).unwrap();
    far.set_nonblocking(true).unwrap();
    far
}

/// The numbers of what came.
fn read(far: &UnixDatagram) -> Vec<u64> {
    let (mut buffer, mut numbers) = (vec![0; 64 * 1024], Vec::new());
    while let Ok(len) = far.recv(&mut buffer) {
        let text = std::str::from_utf8(&buffer[..len]).unwrap();
        assert!(text.starts_with("PRIORITY=") && text.ends_with('\n'), "{text}");
        let number = text.trim_end().rsplit_once("\nCALLMUX_SEQUENCE=");
        numbers.extend(number.map(|(_, number)| number.parse::<u64>().unwrap()));
    }
    numbers
}

#[test]
fn a_journal_that_stands_still_keeps_nobody_waiting_and_gets_everything_later() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let mut journal = Journal::new(&path, 0);
    assert!(journal.add(&words("before").record(), None));
    journal.send();
    assert_eq!(journal.waiting(), 1, "nobody listens");
    let far = listener(&path);
    let mut next = 1;
    loop {
        journal.send();
        if journal.waiting() > 0 {
            break;
        }
        assert!(journal.add(&words(&next.to_string()).record(), Some(next)));
        next += 1;
    }
    // It does not read, and its queue is full.
    while journal.add(&words(&next.to_string()).record(), Some(next)) {
        next += 1;
    }
    assert!(journal.waiting() == WAITING_MAX || journal.bytes.len() > BYTES_MAX - (1 << 20));
    let (mut numbers, last) = (Vec::new(), next + 10_000);
    while journal.waiting() > 0 {
        journal.send();
        numbers.extend(read(&far));
        // What comes in the meantime takes the room that became free.
        while next < last && journal.add(&words("more").record(), Some(next)) {
            next += 1;
        }
    }
    numbers.extend(read(&far));
    assert_eq!(numbers, (1..next).collect::<Vec<_>>());
    assert_eq!((journal.bytes.len(), journal.start, journal.sent()), (0, 0, next - 1));
}

#[test]
fn a_journal_that_begins_anew_gets_what_comes_then() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let mut journal = Journal::new(&path, 0);
    let first = listener(&path);
    assert!(journal.add(&words("a").record(), Some(1)));
    journal.send();
    assert_eq!((read(&first), journal.waiting()), (vec![1], 0));
    drop(first);
    std::fs::remove_file(&path).unwrap();
    assert!(journal.add(&words("b").record(), Some(2)));
    journal.send();
    assert_eq!(journal.waiting(), 1, "nobody listens");
    let second = listener(&path);
    journal.send();
    assert_eq!(read(&second), [2]);
    drop(second);
    std::fs::remove_file(&path).unwrap();
    // It is noticed with the first entry that somebody else listens.
    let third = listener(&path);
    assert!(journal.add(&words("c").record(), Some(3)));
    journal.send();
    assert_eq!((read(&third), journal.waiting(), journal.sent()), (vec![3], 0, 3));
}

#[test]
fn one_that_is_too_long_keeps_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let (far, mut journal) = (listener(&path), Journal::new(&path, 0));
    assert!(journal.add(&words("a").record(), Some(1)));
    let (reason, server) = ("x".repeat(4000), ServerName::parse("s").unwrap());
    let many = facts::ServerUnusable { server, reason };
    let mut record = many.record();
    let field = record.fields[1].clone();
    record.fields.extend(std::iter::repeat_n(field, 200));
    assert!(journal.add(&record, Some(2)));
    assert!(journal.add(&words("c").record(), Some(3)));
    journal.send();
    assert_eq!((read(&far), journal.waiting(), journal.sent()), (vec![1, 3], 0, 3));
}
