use super::EventReader;
use super::reader::{BadStream, SseEvent};
use super::{event, priming};
use crate::wire::Payload;
use proptest::prelude::*;

fn read(chunks: &[&[u8]]) -> Result<Vec<SseEvent>, BadStream> {
    let (events, end) = read_all(chunks, 1000);
    end.map(|()| events)
}

/// The events before the end, and what it is.
fn read_all(chunks: &[&[u8]], cap: usize) -> (Vec<SseEvent>, Result<(), BadStream>) {
    let mut reader = EventReader::new(cap);
    let mut out = Vec::new();
    for chunk in chunks {
        reader.push(chunk);
        loop {
            match reader.next() {
                Ok(Some(event)) => out.push(event),
                Ok(None) => break,
                Err(error) => return (out, Err(error)),
            }
        }
    }
    (out, Ok(()))
}

#[test]
fn the_cap_holds_however_bytes_arrive() {
    let check = |text: &str, events: usize, end: Result<(), BadStream>| {
        for step in [1, 2, 3, 7, text.len()] {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(step).collect();
            let (read, found) = read_all(&chunks, 10);
            assert_eq!((read.len(), found), (events, end), "{text:?} in steps of {step}");
        }
    };
    let too_long = Err(BadStream::TooLong(10));
    check("data: 1234567890\n\n", 1, Ok(()));
    check("data: 12345678901\n\n", 0, too_long);
    check("data: 1\n\ndata: 12345678901\n", 1, too_long);
    check("data:12345\ndata:1234\n\n", 1, Ok(()));
    check("data:12345\ndata:12345\n\n", 0, too_long);
    check(": 34567890123456\n\r\n: 34567890123456\n\n", 0, Ok(()));
    check(": 345678901234567\n\n", 0, too_long);
    check("id:1\nevent:a\ndata:b\r\n\r\n", 1, Ok(()));
}

#[test]
fn what_we_write_reads_back() {
    for size in [0, 20_000] {
        let message = format!("{{\n\"a\":\"{}\"}}", "x".repeat(size));
        let wire = event(Some("7-1"), Payload::from(message.clone())).into_bytes();
        let mut reader = EventReader::new(100_000);
        reader.push(&wire);
        let read = reader.next().unwrap().unwrap();
        assert_eq!((read.id.as_deref(), read.name.as_deref()), (Some("7-1"), Some("message")));
        assert_eq!(read.data, message.replace('\n', " "));
    }
    let primed = read(&[&priming("9").into_bytes()]).unwrap();
    assert_eq!((primed[0].id.as_deref(), primed[0].data.as_str()), (Some("9"), ""));
}

#[test]
fn reads_the_standard_forms() {
    let check = |text: &str, data: &[&str]| {
        let read: Vec<String> =
            read(&[text.as_bytes()]).unwrap().into_iter().map(|e| e.data).collect();
        assert_eq!(read, data, "{text:?}");
    };
    check(": comment\n\ndata: a\n\n", &["a"]);
    check("data:a\r\ndata: b\r\n\r\n", &["a\nb"]);
    check("data\n\ndata\ndata\n\n", &["", "\n"]);
    check("event: z\nfoo: x\n\ndata: y\n\n", &["y"]);
    check("data: unfinished\n", &[]);
    let primed = read(&[b"retry: 500\n\nid: 1\nretry: x\ndata:\n\n"]).unwrap();
    assert_eq!((primed[0].retry, primed[0].id.as_deref()), (Some(500), None));
    assert_eq!((primed[1].retry, primed[1].id.as_deref()), (None, Some("1")));
    assert_eq!(read(&[&[b'x'; 2000]]), Err(BadStream::TooLong(1000)));
    let damaged = read(&[b"\xef\xbb\xbfevent:\ndata: caf\xe9\n\ndata: \xef\xbb\xbf\n\n"]).unwrap();
    assert_eq!((&*damaged[0].data, damaged[0].name.as_deref()), ("caf\u{fffd}", None));
    assert_eq!(damaged[1].data, "\u{feff}", "a mark stands at the beginning");
}

proptest! {
    #[test]
    fn events_do_not_depend_on_how_bytes_arrive(
        text in "(data: [ab]{0,3}|id: [0-9]|event: x|:|\r\n|\n|\r){0,20}",
        cuts in proptest::collection::vec(0usize..200, 0..8),
    ) {
        let bytes = [text.as_bytes(), b"x"].concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        for cap in [7, 12, 1000] {
            prop_assert_eq!(read_all(&chunks, cap), read_all(&[&bytes], cap));
        }
    }
}
