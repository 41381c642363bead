use super::{AT_ONCE, BadFrame, Frame, FrameKind, FrameReader, write};
use crate::wire::Payload;
use bytes::Bytes;
use proptest::prelude::*;

/// Found by the fuzz target `http`.
#[test]
fn what_is_only_announced_takes_little_room() {
    let cap = 64 << 20;
    let payload = vec![b'x'; 5 << 20];
    let sent = Payload::from(Bytes::from(payload.clone()));
    let sent = write(FrameKind::Message, 1, 0, sent).into_bytes();
    let mut reader = FrameReader::new(cap);
    reader.room().extend_from_slice(&(60_u32 << 20).to_le_bytes());
    assert!(reader.room().capacity() < 2 * AT_ONCE);
    let mut reader = FrameReader::new(cap);
    for chunk in sent.chunks(100_000) {
        assert!(reader.next().unwrap().is_none());
        let room = reader.room();
        room.extend_from_slice(chunk);
        assert!(room.capacity() <= 2 * room.len() + 2 * AT_ONCE, "{}", room.len());
    }
    assert_eq!(reader.next().unwrap().unwrap().payload, payload);
    let mut reader = FrameReader::new(10);
    reader.allow(cap);
    reader.room().extend_from_slice(&sent);
    assert!(reader.next().unwrap().is_some());
}

proptest! {
    #[test]
    fn frames_read_back_however_they_arrive(
        sizes in proptest::collection::vec(prop_oneof![0usize..50, 4000usize..9000], 1..6),
        step in 1usize..5000,
    ) {
        let frames: Vec<Frame> = sizes.iter().enumerate().map(|(n, size)| Frame {
            kind: FrameKind::Message, number: n as u64, seen: u64::MAX - n as u64,
            payload: Bytes::from(vec![b'x'; *size]),
        }).collect();
        let mut wire = Vec::new();
        for frame in &frames {
            let payload = Payload::from(frame.payload.clone());
            wire.extend_from_slice(&write(frame.kind, frame.number, frame.seen, payload).into_bytes());
        }
        let mut reader = FrameReader::new(10_000);
        let mut read = Vec::new();
        for chunk in wire.chunks(step) {
            reader.room().extend_from_slice(chunk);
            while let Some(frame) = reader.next().unwrap() {
                read.push(frame);
            }
        }
        prop_assert_eq!(read, frames);
    }
}

#[test]
fn nonsense_is_refused_before_it_is_stored() {
    let mut reader = FrameReader::new(100);
    reader.room().extend_from_slice(b"GET / HTTP/1.1\r\n");
    assert!(matches!(reader.next(), Err(BadFrame::Length { .. })));
    let mut reader = FrameReader::new(100);
    reader
        .room()
        .extend_from_slice(&[17, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(reader.next(), Err(BadFrame::Kind(99)));
}
