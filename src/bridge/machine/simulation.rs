//! The bridge against a model of the daemon and a server that counts what it does: messages are
//! cut off, daemons end at every point and come back with or without their tables. Whatever happens,
//! every call is answered once, and none is done twice.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::super::action::BridgeAction;
use super::Machine;
use crate::base::random::Jitter;
use crate::bridge::memory::Memory;
use crate::wire::link::frame;
use crate::wire::link::{Restored, Welcome};
use crate::wire::{Kind, Message, Method, Payload};

const STEPS: usize = 400;
const SEEDS: u64 = 512;

/// How far a call has come in the daemon, as its table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Sent,
    Answered,
}

/// What outlives a daemon.
#[derive(Default)]
struct Tables {
    seen: u64,
    calls: BTreeMap<String, Progress>,
}

struct World {
    random: Jitter,
    bridge: Machine,
    now: Instant,
    /// Messages on their way to the daemon, with their numbers, and to the bridge, each with the
    /// kind of its frame.
    to_daemon: VecDeque<(u64, frame::FrameKind, String)>,
    to_bridge: VecDeque<(frame::FrameKind, String)>,
    numbered: u64,
    connected: bool,
    tables: Tables,
    /// Calls the server works on; they go on whatever becomes of daemons.
    working: Vec<String>,
    /// How often each call was done, how often a daemon was asked again, and how it was answered.
    done: BTreeMap<String, u32>,
    asked_again: BTreeMap<String, u32>,
    answers: BTreeMap<String, Vec<&'static str>>,
    asked: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            random: Jitter::seeded(seed),
            bridge: Machine::new(Memory::none(), Duration::from_mins(10)),
            now: Instant::now(),
            to_daemon: VecDeque::new(),
            to_bridge: VecDeque::new(),
            numbered: 0,
            connected: false,
            tables: Tables::default(),
            working: Vec::new(),
            done: BTreeMap::new(),
            asked_again: BTreeMap::new(),
            answers: BTreeMap::new(),
            asked: 0,
        }
    }

    fn draw(&mut self, limit: u64) -> u64 {
        self.random.next() % limit
    }

    fn perform(&mut self, actions: Vec<BridgeAction>) {
        let text = |payload: Payload| String::from_utf8(payload.into_bytes().to_vec()).unwrap();
        for action in actions {
            match action {
                BridgeAction::ToDaemon(payload) => {
                    self.sent(frame::FrameKind::Message, text(payload));
                }
                BridgeAction::Again(payload) => self.sent(frame::FrameKind::Again, text(payload)),
                BridgeAction::ToClient(payload) => self.answered(&text(payload)),
            }
        }
    }

    fn sent(&mut self, kind: frame::FrameKind, text: String) {
        self.numbered += 1;
        self.to_daemon.push_back((self.numbered, kind, text));
    }

    fn answered(&mut self, text: &str) {
        let message = Message::parse(&text.to_owned().into()).unwrap();
        let Some(id) = message.id() else { return };
        let how = ["outcome_unknown", "not_sent"].into_iter().find(|how| text.contains(how));
        self.answers.entry(id.to_owned()).or_default().push(how.unwrap_or("done"));
    }

    fn client_calls(&mut self) {
        self.asked += 1;
        let id = self.asked;
        // Now and then it says what only a frame can.
        let mark = if self.draw(10) == 0 { r#""callmux/again":true,"# } else { "" };
        let call = format!(
            r#"{{{mark}"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t"}}}}"#
        );
        let actions = self.bridge.take_from_client(&call.into(), self.now);
        self.perform(actions);
    }

    /// The daemon reads one message: it notes the call, then that it has read it.
    fn daemon_reads(&mut self) {
        let Some((number, kind, text)) = self.to_daemon.pop_front() else { return };
        let message = Message::parse(&text.into()).unwrap();
        if kind == frame::FrameKind::Again {
            let id = message.id().unwrap().to_owned();
            let reply = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"outcome_unknown"}}"#);
            // It may end before it does anything about it, and before it says what it did.
            if self.draw(20) == 0 {
                return self.daemon_ends(false);
            }
            self.tables.seen = number;
            *self.asked_again.entry(id).or_default() += 1;
            if self.draw(10) == 0 {
                return self.daemon_ends(false);
            }
            self.to_bridge.push_back((frame::FrameKind::Message, reply));
            return;
        }
        if let (Kind::Request { id, .. }, Some(Method::ToolsCall)) =
            (message.kind(), message.method())
        {
            self.tables.calls.insert(message.at(*id).to_owned(), Progress::Waiting);
        }
        // It may end here.
        if self.draw(20) == 0 {
            return self.daemon_ends(false);
        }
        self.tables.seen = number;
    }

    fn daemon_sends(&mut self) {
        let waiting = |(_, progress): &(&String, &mut Progress)| **progress == Progress::Waiting;
        let Some((id, progress)) = self.tables.calls.iter_mut().find(waiting) else { return };
        *progress = Progress::Sent;
        *self.done.entry(id.clone()).or_default() += 1;
        self.working.push(id.clone());
    }

    /// The server answers some call, and the daemon, if it is there, reads that.
    fn server_answers(&mut self) {
        if !self.connected || self.working.is_empty() {
            return;
        }
        let at = usize::try_from(self.random.next()).unwrap_or(0) % self.working.len();
        let id = self.working.swap_remove(at);
        self.tables.calls.insert(id.clone(), Progress::Answered);
        if self.draw(20) == 0 {
            return self.daemon_ends(false);
        }
        self.tables.calls.remove(&id);
        // A server may say what only a frame can.
        let mark = if self.draw(4) == 0 { r#""callmux/lost":true,"# } else { "" };
        let reply = format!(r#"{{{mark}"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
        self.to_bridge.push_back((frame::FrameKind::Message, reply));
    }

    fn bridge_reads(&mut self) {
        if let Some((kind, text)) = self.to_bridge.pop_front() {
            let actions = self.bridge.take_from_daemon(kind, &text.into());
            self.perform(actions);
        }
    }

    /// `in_order`: everything that was read is finished, and what was said arrives.
    fn daemon_ends(&mut self, in_order: bool) {
        if !std::mem::take(&mut self.connected) {
            return;
        }
        // What was written arrives, up to some point.
        let all = self.to_bridge.len();
        let cut = usize::try_from(self.draw(1 + all as u64)).unwrap_or(0);
        let arrives = if in_order { all } else { cut };
        for _ in 0..arrives {
            self.bridge_reads();
        }
        self.to_bridge.clear();
        // Some of what the bridge wrote may never have left it.
        let unread = self.to_daemon.len() as u64;
        let written = self.numbered - self.draw(1 + unread);
        if in_order {
            self.bridge.daemon_leaves(self.tables.seen);
        }
        self.to_daemon.clear();
        self.bridge.disconnected(written);
    }

    fn daemon_comes(&mut self) {
        if std::mem::replace(&mut self.connected, true) {
            return;
        }
        self.numbered = 0;
        let found = std::mem::take(&mut self.tables);
        // Now and then the tables are lost, and with them the connections to the servers.
        let restored = if self.draw(5) == 0 {
            self.working.clear();
            None
        } else {
            Some(self.restored(found))
        };
        // Some daemons are older ones.
        let newest = if self.draw(4) == 0 {
            frame::FrameKind::FIRST_NEWEST
        } else {
            frame::FrameKind::NEWEST
        };
        let (version, kinds) = (String::new(), newest as u8);
        let welcome =
            Welcome { resumed: false, seen: 0, restored, knows_again: true, version, kinds };
        let actions = self.bridge.connected_anew(&welcome, self.now);
        self.perform(actions);
    }

    fn restored(&mut self, found: Tables) -> Restored {
        let mut restored = Restored { seen: found.seen, ..Restored::default() };
        for (id, progress) in found.calls {
            match progress {
                Progress::Waiting => restored.not_sent.push(id),
                Progress::Sent => {
                    restored.running.push(id.clone());
                    self.tables.calls.insert(id, Progress::Sent);
                }
                // It is not in the window any more.
                Progress::Answered => {
                    restored.running.push(id.clone());
                    let lost = r#""result":"outcome_unknown""#;
                    let reply = format!(r#"{{"jsonrpc":"2.0","id":{id},{lost}}}"#);
                    self.to_bridge.push_back((frame::FrameKind::Lost, reply));
                }
            }
        }
        restored
    }

    fn step(&mut self) {
        match self.draw(100) {
            0..2 => self.daemon_ends(true),
            2..4 => self.daemon_ends(false),
            4..14 => self.daemon_comes(),
            14..34 => self.client_calls(),
            34..54 if self.connected => self.daemon_reads(),
            54..70 if self.connected => self.daemon_sends(),
            70..85 => self.server_answers(),
            _ => self.bridge_reads(),
        }
    }

    fn check(&self, seed: u64) {
        for (id, times) in &self.done {
            assert!(*times <= 1, "seed {seed}: call {id} was done {times} times");
        }
        for (id, times) in &self.asked_again {
            assert!(*times <= 1, "seed {seed}: daemons were asked {times} times again for {id}");
        }
        for (id, answers) in &self.answers {
            assert_eq!(answers.len(), 1, "seed {seed}: call {id} was answered with {answers:?}");
            let done = self.done.contains_key(id);
            match answers[0] {
                "done" => assert!(done, "seed {seed}: call {id} was not done"),
                "not_sent" => assert!(!done, "seed {seed}: call {id} was done"),
                _ => {}
            }
        }
    }

    /// Nothing breaks any more: everything must come to its end.
    fn settle(&mut self) {
        self.daemon_comes();
        for _ in 0..10 * STEPS {
            self.daemon_comes();
            self.daemon_reads();
            self.daemon_sends();
            self.server_answers();
            self.bridge_reads();
        }
    }
}

#[test]
fn every_call_is_answered_once_and_done_at_most_once() {
    let (mut unknown, mut all) = (0, 0);
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
            world.check(seed);
        }
        world.settle();
        world.check(seed);
        assert_eq!(world.answers.len() as u64, world.asked, "seed {seed}: calls without an answer");
        all += world.asked;
        unknown += world.answers.values().filter(|how| how[0] == "outcome_unknown").count();
    }
    assert!(all > 10_000 && unknown > 0, "{all} calls, {unknown} of them unknown");
}
