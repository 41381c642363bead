//! Streams that are cut into events and lines.
//!
//! Input: one byte that says how many bytes arrive at a time, then the stream.

use bytes::Bytes;

use crate::wire::lines::Lines;
use crate::wire::sse::{EventReader, event};
use crate::wire::{Payload, sse};

/// Small enough that inputs reach it.
const CAP: usize = 200;

/// What is read does not depend on how the bytes arrive, is bounded, and what we write reads back.
pub fn sse(data: &[u8]) {
    let Some((step, stream)) = data.split_first() else { return };
    let step = usize::from(*step).max(1);
    assert_eq!(events(stream, step), events(stream, stream.len().max(1)), "in steps of {step}");
    let read = lines(stream, step);
    assert_eq!(read, lines(stream, stream.len().max(1)), "in steps of {step}");
    assert!(read.iter().flatten().all(|line| !line.is_empty() && line.len() <= CAP));
    if let Some(text) = super::text(stream) {
        reads_back(text);
    }
}

/// The events, and at the end what is wrong with the stream.
fn events(stream: &[u8], step: usize) -> Vec<String> {
    let mut reader = EventReader::new(CAP);
    let mut out = Vec::new();
    for chunk in stream.chunks(step) {
        reader.push(chunk);
        loop {
            match reader.next() {
                Ok(Some(event)) => {
                    assert!(event.data.len() <= CAP, "an event over the cap");
                    out.push(format!("{event:?}"));
                }
                Ok(None) => break,
                Err(error) => {
                    out.push(error.to_string());
                    return out;
                }
            }
        }
    }
    out
}

fn lines(stream: &[u8], step: usize) -> Vec<Option<Bytes>> {
    let mut lines = Lines::new(CAP);
    let mut out = Vec::new();
    for chunk in stream.chunks(step) {
        lines.room().extend_from_slice(chunk);
        loop {
            match lines.next() {
                Ok(Some(line)) => out.push(Some(line)),
                Ok(None) => break,
                Err(_) => {
                    out.push(None);
                    return out;
                }
            }
        }
    }
    out
}

fn reads_back(text: &str) {
    let mut reader = EventReader::new(2 * text.len() + CAP);
    reader.push(&sse::priming("1").into_bytes());
    reader.push(&event(Some("2"), Payload::from(text.to_owned())).into_bytes());
    reader.push(sse::KEEP_ALIVE);
    let first = reader.next().expect("ours").expect("whole");
    assert_eq!((first.id.as_deref(), first.data.as_str()), (Some("1"), ""));
    let second = reader.next().expect("ours").expect("whole");
    assert_eq!(second.id.as_deref(), Some("2"));
    assert_eq!(second.data, text.replace(['\n', '\r'], " "));
    assert_eq!(reader.next(), Ok(None));
}
