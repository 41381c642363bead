//! The link between a bridge and the daemon.
//!
//! Input: one byte, then either a plan for two honest ends over wires that are cut anywhere (the byte is
//! even), or the bytes that a dishonest end sends (it is odd).

use bytes::Bytes;

use crate::wire::Payload;
use crate::wire::link::endpoint::Received;
use crate::wire::link::frame::{self, Frame, FrameKind, FrameReader};
use crate::wire::link::{Endpoint, Hello, Welcome};

/// The largest payload.
const CAP: usize = 1000;
/// What carries a message.
const CARRIERS: [FrameKind; 3] = [FrameKind::Message, FrameKind::Lost, FrameKind::Again];

/// Honest ends lose and double nothing; a dishonest one cannot make the other do so.
pub fn link(data: &[u8]) {
    match data.split_first() {
        Some((first, plan)) if first % 2 == 0 => Pair::new().follow(plan),
        Some((step, stream)) => dishonest(stream, usize::from(*step)),
        None => {}
    }
}

/// An end whose other side is as new.
fn meeting() -> Endpoint {
    let mut end = Endpoint::default();
    end.meet(FrameKind::NEWEST as u8);
    end
}

/// As what the message of this number is sent.
fn carrier(number: u64) -> FrameKind {
    CARRIERS[usize::try_from(number % 3).expect("below three")]
}

struct Side {
    end: Endpoint,
    reader: FrameReader,
    /// Bytes on their way here.
    wire: Vec<u8>,
    sent: u64,
    received: u64,
}

struct Pair([Side; 2]);

impl Pair {
    fn new() -> Self {
        let side = || Side {
            end: meeting(),
            reader: FrameReader::new(CAP),
            wire: Vec::new(),
            sent: 0,
            received: 0,
        };
        Self([side(), side()])
    }

    fn follow(mut self, plan: &[u8]) {
        for step in plan.chunks(2) {
            let (what, count) = (step[0], usize::from(step.get(1).copied().unwrap_or(7)));
            let who = usize::from(what & 1);
            match (what >> 1) % 8 {
                0..=2 => self.send(who, 4 * count),
                3..=5 => self.arrive(who, 8 * count),
                6 => {
                    let frame = self.0[who].end.signal(FrameKind::Seen).into_bytes();
                    self.0[1 - who].wire.extend_from_slice(&frame);
                }
                _ => self.cut(),
            }
        }
        self.cut();
        while self.0.iter().any(|side| !side.wire.is_empty()) {
            self.arrive(0, usize::MAX);
            self.arrive(1, usize::MAX);
        }
        let [a, b] = &self.0;
        assert_eq!((a.received, b.received), (b.sent, a.sent), "nothing is lost");
    }

    fn send(&mut self, from: usize, size: usize) {
        let side = &mut self.0[from];
        let text = format!("{}:{}", side.sent + 1, "x".repeat(size.min(CAP - 20)));
        let frame = side.end.send(carrier(side.sent + 1), Payload::from(text));
        side.sent += 1;
        self.0[1 - from].wire.extend_from_slice(&frame.into_bytes());
    }

    fn arrive(&mut self, at: usize, count: usize) {
        let side = &mut self.0[at];
        let count = count.min(side.wire.len());
        side.reader.room().extend_from_slice(&side.wire[..count]);
        side.wire.drain(..count);
        while let Some(frame) = side.reader.next().expect("an honest end") {
            match side.end.receive(frame) {
                Received::Message(kind, payload) => {
                    side.received += 1;
                    assert_eq!(kind, carrier(side.received), "as what it was sent");
                    let number = payload.split(|byte| *byte == b':').next();
                    let expected = side.received.to_string();
                    assert_eq!(number, Some(expected.as_bytes()), "once and in order");
                }
                Received::Nothing => {}
                Received::Gap { .. } => panic!("a wire keeps its order"),
            }
        }
        if side.end.owes_confirmation() {
            let frame = side.end.signal(FrameKind::Seen).into_bytes();
            self.0[1 - at].wire.extend_from_slice(&frame);
        }
    }

    /// What is on the wires is lost, in the middle of a frame or not.
    fn cut(&mut self) {
        let seen = [self.0[0].end.seen(), self.0[1].end.seen()];
        for side in &mut self.0 {
            (side.reader, side.wire) = (FrameReader::new(CAP), Vec::new());
        }
        for at in [0, 1] {
            for (_, frame) in self.0[at].end.resume(seen[1 - at]) {
                self.0[1 - at].wire.extend_from_slice(&frame.into_bytes());
            }
        }
    }
}

fn dishonest(stream: &[u8], step: usize) {
    let mut reader = FrameReader::new(CAP);
    let mut end = Endpoint::default();
    for n in 0..3 {
        end.send(FrameKind::Message, Payload::from(n.to_string()));
    }
    let mut again = Vec::new();
    for chunk in stream.chunks(step) {
        reader.room().extend_from_slice(chunk);
        assert!(reader.room().capacity() <= 2 * (CAP + 8192 + stream.len()), "room for a frame");
        loop {
            match reader.next() {
                Ok(Some(frame)) => {
                    again.extend_from_slice(&written(&frame));
                    assert!(stream.starts_with(&again), "a frame is written as it was read");
                    if !act_on(&mut end, frame) {
                        return;
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

fn written(frame: &Frame) -> Bytes {
    let payload = Payload::from(frame.payload.clone());
    frame::write(frame.kind, frame.number, frame.seen, payload).into_bytes()
}

/// Whether the connection goes on.
fn act_on(end: &mut Endpoint, frame: Frame) -> bool {
    let (seen, size) = (end.seen(), frame.payload.len());
    match frame.kind {
        FrameKind::Hello => {
            if let Ok(hello) = serde_json::from_slice::<Hello>(&frame.payload) {
                assert!(end.resume(hello.seen).len() <= 3);
            }
        }
        FrameKind::Welcome => drop(serde_json::from_slice::<Welcome>(&frame.payload)),
        _ => {}
    }
    match end.receive(frame) {
        Received::Message(_, payload) => {
            assert_eq!((end.seen(), payload.len()), (seen + 1, size));
        }
        Received::Nothing => assert_eq!(end.seen(), seen),
        Received::Gap { expected, got } => {
            assert!(got > expected && end.seen() == seen);
            return false;
        }
    }
    if end.owes_confirmation() {
        end.signal(FrameKind::Seen);
        assert!(!end.owes_confirmation());
    }
    true
}
