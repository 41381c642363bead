//! One end of a link: numbers out, numbers in, and what must be kept in case of a cut.

use std::collections::VecDeque;

use super::again;
use super::frame::{self, Frame, FrameKind};
use crate::wire::payload::Payload;

/// Unacknowledged messages received after which we say what we have seen without being asked.
const SEEN_AFTER_MESSAGES: u64 = 32;
/// Or bytes.
const SEEN_AFTER_BYTES: usize = 64 * 1024;

/// The state of one end, without I/O. Both ends are the same.
#[derive(Debug)]
pub struct Endpoint {
    /// The number of the last message sent.
    sent: u64,
    /// Messages sent that the other side has not confirmed, oldest first.
    kept: VecDeque<(u64, FrameKind, Payload)>,
    kept_bytes: usize,
    /// The highest number received in order.
    seen: u64,
    /// The `seen` we last told the other side.
    told: u64,
    untold_bytes: usize,
    /// The newest kind of frames that the other side reads.
    read_there: u8,
}

/// What a received frame means.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A message to act on, for the first and only time. Its kind is one that carries messages.
    Message(FrameKind, bytes::Bytes),
    /// Nothing to do: a confirmation, or a message that was received before.
    Nothing,
    /// A number was skipped. The connection must be dropped and the link resumed.
    Gap { expected: u64, got: u64 },
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            sent: 0,
            kept: VecDeque::new(),
            kept_bytes: 0,
            seen: 0,
            told: 0,
            untold_bytes: 0,
            read_there: FrameKind::FIRST_NEWEST as u8,
        }
    }
}

impl Endpoint {
    /// Bytes that are kept because the other side has not confirmed them. Who sends is to look at
    /// them: nothing here refuses a message.
    pub fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    /// The other side reads frames up to the kind with this number.
    pub fn meet(&mut self, newest_kind: u8) {
        self.read_there = newest_kind;
    }

    /// Whether the other side reads frames of this kind.
    pub fn reads(&self, kind: FrameKind) -> bool {
        kind as u8 <= self.read_there
    }

    /// The frame that carries `message`, which is kept until confirmed. `kind`: one that carries
    /// messages.
    pub fn send(&mut self, kind: FrameKind, message: Payload) -> Payload {
        self.sent += 1;
        self.kept_bytes += message.len() + frame::HEADER;
        self.kept.push_back((self.sent, kind, message.clone()));
        self.write(kind, self.sent, message)
    }

    /// A frame without a message.
    pub fn signal(&mut self, kind: FrameKind) -> Payload {
        self.write(kind, 0, Payload::from(bytes::Bytes::new()))
    }

    fn write(&mut self, kind: FrameKind, number: u64, payload: Payload) -> Payload {
        self.told = self.seen;
        self.untold_bytes = 0;
        self.frame(kind, number, payload)
    }

    /// The frame as the other side can read it: what it has no kind for is a message as any other.
    fn frame(&self, kind: FrameKind, number: u64, payload: Payload) -> Payload {
        if self.reads(FrameKind::Lost) || !kind.carries_message() {
            return frame::write(kind, number, self.seen, payload);
        }
        frame::write(FrameKind::Message, number, self.seen, again::unmarked(payload))
    }

    /// Takes in a frame that carries a message or [`FrameKind::Seen`]; of others only what was seen.
    pub fn receive(&mut self, frame: Frame) -> Received {
        self.confirm(frame.seen);
        if !frame.kind.carries_message() || frame.number <= self.seen {
            return Received::Nothing;
        }
        if frame.number != self.seen + 1 {
            return Received::Gap { expected: self.seen + 1, got: frame.number };
        }
        self.seen = frame.number;
        self.untold_bytes += frame.payload.len();
        Received::Message(frame.kind, frame.payload)
    }

    /// The other side has everything up to `number`.
    pub fn confirm(&mut self, number: u64) {
        while self.kept.front().is_some_and(|(first, ..)| *first <= number) {
            if let Some((_, _, message)) = self.kept.pop_front() {
                self.kept_bytes -= message.len() + frame::HEADER;
            }
        }
    }

    /// Whether so much was received since we last said so that a frame of its own is worth it.
    pub fn owes_confirmation(&self) -> bool {
        self.seen - self.told >= SEEN_AFTER_MESSAGES || self.untold_bytes >= SEEN_AFTER_BYTES
    }

    /// The frames to send on a new connection when the other side has seen up to `seen`, each
    /// with its number.
    pub fn resume(&mut self, seen: u64) -> Vec<(u64, Payload)> {
        self.confirm(seen);
        self.told = self.seen;
        self.untold_bytes = 0;
        let frame = |(number, kind, message): &(u64, FrameKind, Payload)| {
            (*number, self.frame(*kind, *number, message.clone()))
        };
        self.kept.iter().map(frame).collect()
    }

    /// The number of the last message sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// The highest number received in order.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{FrameKind, FrameReader};
    use super::{Endpoint, Received};
    use crate::base::random::Jitter;
    use crate::wire::Payload;
    use bytes::Bytes;
    use std::collections::VecDeque;

    const CARRIERS: [FrameKind; 3] = [FrameKind::Message, FrameKind::Lost, FrameKind::Again];

    /// Two ends and the wires between them; a cut loses what is on the wires.
    struct World {
        ends: [Endpoint; 2],
        /// Frames on their way to end 0 and to end 1.
        wires: [VecDeque<Bytes>; 2],
        sent: [u64; 2],
        delivered: [u64; 2],
    }

    impl World {
        fn send(&mut self, from: usize) {
            let text = format!("{}", self.sent[from] + 1);
            let kind = CARRIERS[text.len() % CARRIERS.len()];
            let frame = self.ends[from].send(kind, Payload::from(text));
            self.sent[from] += 1;
            self.wires[1 - from].push_back(frame.into_bytes());
        }

        fn deliver(&mut self, to: usize) {
            let Some(bytes) = self.wires[to].pop_front() else { return };
            let mut reader = FrameReader::new(1000);
            reader.room().extend_from_slice(&bytes);
            let frame = reader.next().unwrap().unwrap();
            match self.ends[to].receive(frame) {
                Received::Nothing => {}
                Received::Gap { .. } => panic!("a wire keeps its order"),
                Received::Message(kind, payload) => {
                    self.delivered[to] += 1;
                    assert_eq!(payload, self.delivered[to].to_string(), "once and in order");
                    assert_eq!(kind, CARRIERS[payload.len() % CARRIERS.len()], "as it was sent");
                }
            }
            if self.ends[to].owes_confirmation() {
                let frame = self.ends[to].signal(FrameKind::Seen);
                self.wires[1 - to].push_back(frame.into_bytes());
            }
        }

        fn cut_and_resume(&mut self) {
            self.wires = Default::default();
            let seen = [self.ends[0].seen(), self.ends[1].seen()];
            for end in [0, 1] {
                let frames = self.ends[end].resume(seen[1 - end]);
                self.wires[1 - end].extend(frames.into_iter().map(|(_, frame)| frame.into_bytes()));
            }
        }
    }

    #[test]
    fn every_message_arrives_once_and_in_order_over_any_cuts() {
        for seed in 0..256 {
            let mut random = Jitter::seeded(seed);
            let mut ends = [Endpoint::default(), Endpoint::default()];
            for end in &mut ends {
                end.meet(FrameKind::NEWEST as u8);
            }
            let mut world =
                World { ends, wires: Default::default(), sent: [0; 2], delivered: [0; 2] };
            for _ in 0..2000 {
                let end = (random.next() % 2) as usize;
                match random.next() % 100 {
                    0 => world.cut_and_resume(),
                    1..50 => world.send(end),
                    _ => world.deliver(end),
                }
            }
            world.cut_and_resume();
            while world.wires.iter().any(|wire| !wire.is_empty()) {
                world.deliver(0);
                world.deliver(1);
            }
            assert_eq!(world.delivered, [world.sent[1], world.sent[0]], "seed {seed}");
            assert!(world.sent[0] > 100, "seed {seed} did something");
            let seen = world.ends[1].seen();
            world.ends[0].confirm(seen);
            assert_eq!(world.ends[0].kept_bytes(), 0, "seed {seed}: what arrived is not kept");
        }
    }

    #[test]
    fn what_is_kept_is_counted_until_it_is_confirmed() {
        let mut end = Endpoint::default();
        let size = 60 + super::frame::HEADER;
        for count in 1..=3 {
            end.send(FrameKind::Message, Payload::from("x".repeat(60)));
            assert_eq!(end.kept_bytes(), count * size);
        }
        end.confirm(2);
        assert_eq!((end.kept_bytes(), end.resume(2).len()), (size, 1));
        end.confirm(9);
        assert_eq!((end.kept_bytes(), end.resume(9).len()), (0, 0));
    }

    #[test]
    fn an_older_end_gets_messages_without_marks() {
        let read = |frame: Payload| {
            let mut reader = FrameReader::new(1000);
            reader.room().extend_from_slice(&frame.into_bytes());
            reader.next().unwrap().unwrap()
        };
        let forged = r#"{"callmux/lost":true,"id":1}"#;
        let mut end = Endpoint::default();
        end.send(FrameKind::Lost, Payload::from("lost".to_owned()));
        end.send(FrameKind::Message, Payload::from(forged.to_owned()));
        let kinds = |end: &mut Endpoint| -> Vec<(FrameKind, Bytes)> {
            let frames = end.resume(0).into_iter().map(|(_, frame)| read(frame));
            frames.map(|frame| (frame.kind, frame.payload)).collect()
        };
        // Which end it is is known only once it comes back.
        let unmarked = Bytes::from(format!(" {forged}"));
        assert_eq!(
            kinds(&mut end),
            [(FrameKind::Message, "lost".into()), (FrameKind::Message, unmarked)]
        );
        end.meet(FrameKind::NEWEST as u8);
        assert_eq!(
            kinds(&mut end),
            [(FrameKind::Lost, "lost".into()), (FrameKind::Message, forged.into())]
        );
    }
}
