//! What the bridge does about each message, each connection and each cut: a value without I/O.
//!
//! While there is a connection, messages go through in both directions. The link itself sees to it
//! that a cut connection loses nothing as long as the daemon lives ([`crate::wire::link`]). What
//! remains is here: a daemon that is away, and one that comes back without knowing us.
//!
//! A request that was given to a daemon that is gone is asked again if asking twice is harmless. A
//! tool call may have had its effect: the next daemon decides about it, once, or its client reads
//! `outcome_unknown`. Calls that no daemon ever read are simply asked later.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::action::BridgeAction;
use super::batches::Batches;
use super::client_state::ClientState;
use super::fate::{Fate, Reached};
use super::lists::Lists;
use super::memory::Memory;
use super::refusal::{give_up, same_id};
use crate::base::Span;
use crate::wire::link::frame;
use crate::wire::link::{Restored, Welcome};
use crate::wire::{Kind, ListKind, Malformed, Message, Method, Revision, object, translate};

/// A handshake or a list that has waited so long for a daemon is answered from what we know.
const SPEAK_FOR_DAEMON: Duration = Duration::from_secs(1);
/// The same for a list where no daemon ever gave one: it may have to start first, and some clients drop for
/// good a server that lists nothing. Longer than it takes to start, shorter than clients wait for an answer.
const FIRST_LIST: Duration = Duration::from_secs(20);
/// Messages that wait for a daemon at the most.
const HELD_MAX: usize = 4096;

/// A request that was sent and has no answer.
#[derive(Debug)]
struct Pending {
    message: Message,
    since: Instant,
    /// The number under which it was sent over the link.
    number: u64,
    /// The client has its answer already; the daemon's is thrown away.
    answered: bool,
    /// A daemon that is gone may have carried it out, and another was asked again.
    again: bool,
    /// The client knows that its subscription is open.
    acknowledged: bool,
}

/// A message of the client that waits for a daemon.
#[derive(Debug)]
struct Held {
    message: Message,
    since: Instant,
    answered: bool,
}

/// The bridge's state.
#[derive(Debug)]
pub(super) struct Machine {
    connected: bool,
    /// The daemon is about to go: new messages wait for the next.
    draining: bool,
    /// Messages sent since this link was last new to its daemon.
    sent: u64,
    /// The highest number that the last daemon may have read: what it did not read it did not do.
    read_by_daemon: Option<u64>,
    pending: HashMap<Box<str>, Pending>,
    held: VecDeque<Held>,
    batches: Batches,
    client_state: ClientState,
    lists: Lists,
    patience: Duration,
    /// Why no daemon is reached, where it is more than that there is none.
    trouble: Option<String>,
}

impl Machine {
    /// `patience`: how long a call may wait for a daemon.
    pub(super) fn new(memory: Memory, patience: Duration) -> Self {
        Self {
            connected: false,
            draining: false,
            sent: 0,
            read_by_daemon: None,
            pending: HashMap::new(),
            held: VecDeque::new(),
            batches: Batches::default(),
            client_state: ClientState::default(),
            lists: Lists::new(memory),
            patience,
            trouble: None,
        }
    }

    /// Calls that wait in vain are told why, until a daemon is reached.
    pub(super) fn is_refused(&mut self, why: String) {
        self.trouble = Some(why);
    }

    /// Whether the client waits for nothing.
    pub(super) fn is_idle(&self) -> bool {
        let open = |pending: &Pending| {
            !pending.answered && pending.message.method() != Some(&Method::Listen)
        };
        !self.held.iter().any(|held| !held.answered) && !self.pending.values().any(open)
    }

    /// Bytes of messages that wait for a daemon.
    pub(super) fn held_bytes(&self) -> usize {
        self.held.iter().map(|held| held.message.len()).sum()
    }

    /// A message of the client, or a batch of them.
    pub(super) fn take_from_client(&mut self, text: &Bytes, now: Instant) -> Vec<BridgeAction> {
        let messages = match Message::parse(text) {
            Ok(message) => match self.refuse_known_id(&message) {
                Some(refusal) => return vec![refusal],
                None => Ok(vec![message]),
            },
            Err(Malformed::Batch) if self.has_batches() => {
                let is_known = |id: &str| is_known(&self.pending, &self.held, id);
                self.batches.begin(text, is_known)
            }
            Err(malformed) => {
                let (error, id) = malformed.answer();
                Err(error.response(id).into())
            }
        };
        let actions = match messages {
            Ok(messages) => {
                messages.into_iter().flat_map(|message| self.hear(message, now)).collect()
            }
            Err(refusal) => vec![BridgeAction::ToClient(refusal)],
        };
        self.batches.gather(actions)
    }

    /// Answers could not be told apart. The one that came first goes on.
    fn refuse_known_id(&self, message: &Message) -> Option<BridgeAction> {
        let Kind::Request { id, .. } = message.kind() else { return None };
        let id = message.at(*id);
        is_known(&self.pending, &self.held, id).then(|| BridgeAction::ToClient(same_id(id)))
    }

    /// Whether the client speaks a revision that has batches: the one it asks for, if we know it.
    fn has_batches(&self) -> bool {
        let params = self.client_state.initialize.as_ref().and_then(Message::params);
        let asked = params.and_then(|params| object::get(params, "protocolVersion"));
        let asked = asked.and_then(object::string);
        asked.is_some_and(|asked| Revision::negotiate(&asked).has_batches())
    }

    fn hear(&mut self, message: Message, now: Instant) -> Vec<BridgeAction> {
        self.client_state.note(&message);
        if message.method() == Some(&Method::Cancelled) {
            self.client_cancels(&message);
        }
        if self.passes_now(&message) {
            return vec![self.send(&message, now, false)];
        }
        if self.held.len() >= HELD_MAX {
            let reason = format!("{HELD_MAX} messages wait for the callmux daemon already");
            return give_up(&message, &reason, false, now, now).into_iter().collect();
        }
        self.held.push_back(Held { message, since: now, answered: false });
        Vec::new()
    }

    /// While the daemon drains, calls in flight go on: what they need goes through.
    fn passes_now(&self, message: &Message) -> bool {
        let belongs_to_running = !matches!(message.kind(), Kind::Request { .. });
        self.connected && (!self.draining || belongs_to_running)
    }

    /// A request that is taken back gets no answer, whether it was sent or not.
    fn client_cancels(&mut self, message: &Message) {
        if let Some(id) = translate::cancelled_id(message) {
            self.pending.remove(id);
            self.batches.withdraw(id);
            self.held
                .retain(|held| !(held.message.id() == Some(id) && held.message.method().is_some()));
        }
    }

    fn send(&mut self, message: &Message, since: Instant, answered: bool) -> BridgeAction {
        self.sent += 1;
        if let Kind::Request { id, .. } = message.kind() {
            let id: Box<str> = message.at(*id).into();
            let (message, number) = (message.clone(), self.sent);
            let (again, acknowledged) = (false, false);
            let pending = Pending { message, since, number, answered, again, acknowledged };
            self.pending.insert(id, pending);
        }
        BridgeAction::ToDaemon(message.payload())
    }

    fn send_held(&mut self) -> Vec<BridgeAction> {
        let held = std::mem::take(&mut self.held);
        held.into_iter().map(|held| self.send(&held.message, held.since, held.answered)).collect()
    }

    /// A message of the daemon, in a frame of this kind.
    pub(super) fn take_from_daemon(
        &mut self,
        kind: frame::FrameKind,
        text: &Bytes,
    ) -> Vec<BridgeAction> {
        let actions = self.hear_daemon(kind, text);
        self.batches.gather(actions)
    }

    fn hear_daemon(&mut self, kind: frame::FrameKind, text: &Bytes) -> Vec<BridgeAction> {
        // The daemon sends only what it has checked.
        let Ok(message) = Message::parse(text) else { return Vec::new() };
        let (Kind::Result { .. } | Kind::Error { .. }) = message.kind() else {
            if self.is_acknowledged_before(&message) {
                return Vec::new();
            }
            return vec![BridgeAction::ToClient(message.payload())];
        };
        // An error about a message whose id could not be read has none.
        let Some(id) = message.id() else { return vec![BridgeAction::ToClient(message.payload())] };
        if self.lists.is_own(id) {
            return self.compare_list(&message);
        }
        match self.pending.remove(id) {
            Some(pending)
                if kind == frame::FrameKind::Lost && !pending.answered && !pending.again =>
            {
                vec![self.ask_again(&pending.message, pending.since)]
            }
            Some(pending) if !pending.answered => {
                self.lists.note(&pending.message, &message);
                vec![BridgeAction::ToClient(message.payload())]
            }
            // Taken back, or answered by us.
            Some(_) | None => Vec::new(),
        }
    }

    /// Whether a new daemon says of a subscription what the client has heard of an earlier one.
    fn is_acknowledged_before(&mut self, message: &Message) -> bool {
        if message.method() != Some(&Method::SubscriptionAcknowledged) {
            return false;
        }
        let listening = translate::subscription_id(message).and_then(|id| self.pending.get_mut(id));
        listening.is_some_and(|pending| std::mem::replace(&mut pending.acknowledged, true))
    }

    fn compare_list(&mut self, answer: &Message) -> Vec<BridgeAction> {
        let id = answer.id().unwrap_or_default();
        self.pending.remove(id);
        let is_open = |pending: &&Pending| pending.message.method() == Some(&Method::Listen);
        let open = self.pending.values().filter(is_open);
        let open: Vec<&str> = open.filter_map(|pending| pending.message.id()).collect();
        let told = self.lists.compare(id, answer, &open);
        told.into_iter().map(BridgeAction::ToClient).collect()
    }

    /// The daemon wants no new requests.
    pub(super) fn daemon_drains(&mut self) {
        self.draining = true;
    }

    /// The daemon leaves in order, having read up to `seen`.
    pub(super) fn daemon_leaves(&mut self, seen: u64) {
        self.read_by_daemon = Some(seen);
    }

    /// The connection is gone. No byte of a message beyond `written` ever left us.
    pub(super) fn disconnected(&mut self, written: u64) {
        (self.connected, self.draining) = (false, false);
        self.read_by_daemon = Some(self.read_by_daemon.map_or(written, |read| read.min(written)));
    }

    /// There is a connection, to a daemon that still has this link.
    pub(super) fn resumed(&mut self) -> Vec<BridgeAction> {
        self.connected = true;
        self.trouble = None;
        self.read_by_daemon = None;
        self.send_held()
    }

    /// There is a connection, to a daemon that does not have this link.
    pub(super) fn connected_anew(&mut self, welcome: &Welcome, now: Instant) -> Vec<BridgeAction> {
        let restored = welcome.restored.as_ref();
        self.connected = true;
        self.trouble = None;
        let read = self.read_by_daemon.take().unwrap_or(u64::MAX);
        let decides = welcome.kinds >= frame::FrameKind::Again as u8;
        let fate = Fate { read, restored, decides };
        self.pending.retain(|id, _| !self.lists.is_own(id));
        let mut lost: Vec<Pending> = self.pending.drain().map(|(_, pending)| pending).collect();
        lost.sort_by_key(|pending| pending.number);
        self.sent = 0;
        let mut actions = self.introduce_again(&lost, now);
        actions.extend(self.keep_asking(&lost, now));
        actions.extend(self.take_back(restored, &lost));
        for pending in lost {
            match pending.message.method() {
                Some(Method::Initialize) => {}
                _ if pending.answered => {}
                Some(method) if method.may_have_effect() => {
                    actions.extend(self.go_on(pending, fate, now));
                }
                _ => {
                    actions.push(self.send(&pending.message, pending.since, false));
                    let id = pending.message.id().unwrap_or_default();
                    if let Some(sent) = self.pending.get_mut(id) {
                        sent.acknowledged = pending.acknowledged;
                    }
                }
            }
        }
        actions.extend(self.send_held());
        let questions = self.lists.questions();
        actions.extend(questions.iter().map(|question| self.send(question, now, true)));
        self.batches.gather(actions)
    }

    /// A call that was given to a daemon that is gone.
    fn go_on(&mut self, pending: Pending, fate: Fate<'_>, now: Instant) -> Option<BridgeAction> {
        let Pending { message, since, number, .. } = &pending;
        let id = message.id().unwrap_or_default();
        match fate.of(id, *number) {
            Reached::Running => {
                let kept = Pending { number: 0, ..pending };
                self.pending.insert(kept.message.id().unwrap_or_default().into(), kept);
                None
            }
            Reached::Nobody | Reached::Daemon if !pending.again => {
                Some(self.send(message, *since, false))
            }
            // It is asked again once; what no daemon read was not.
            Reached::Nobody if fate.decides => Some(self.ask_again(message, *since)),
            // The daemon knows whether a second time does harm.
            _ if fate.decides && !pending.again => Some(self.ask_again(message, *since)),
            _ => {
                let reason = "the callmux daemon ended while the call was running";
                give_up(message, reason, true, *since, now)
            }
        }
    }

    /// Sends a call that may have been carried out.
    fn ask_again(&mut self, message: &Message, since: Instant) -> BridgeAction {
        drop(self.send(message, since, false));
        if let Some(pending) = message.id().and_then(|id| self.pending.get_mut(id)) {
            pending.again = true;
        }
        BridgeAction::Again(message.payload())
    }

    /// Calls that the client took back while the daemon was away are taken back now.
    fn take_back(&mut self, restored: Option<&Restored>, lost: &[Pending]) -> Vec<BridgeAction> {
        let is_wanted = |id: &String| lost.iter().any(|p| p.message.id() == Some(id.as_str()));
        let running = restored.map_or(&[][..], |restored| &restored.running);
        let unwanted = running.iter().filter(|id| !is_wanted(id));
        let reason = "the client took the call back";
        let actions: Vec<BridgeAction> =
            unwanted.map(|id| BridgeAction::ToDaemon(translate::cancel(id, reason))).collect();
        self.sent += actions.len() as u64;
        actions
    }

    /// The client greeted an earlier daemon; the new one has to hear it too.
    fn introduce_again(&mut self, lost: &[Pending], now: Instant) -> Vec<BridgeAction> {
        let is_held = |held: &VecDeque<Held>, method| {
            held.iter().any(|held| held.message.method() == Some(&method))
        };
        let mut actions = Vec::new();
        if let Some(initialize) = self
            .client_state
            .initialize
            .clone()
            .filter(|_| !is_held(&self.held, Method::Initialize))
        {
            let unanswered =
                |pending: &Pending| pending.message.id() == initialize.id() && !pending.answered;
            let answered = !lost.iter().any(unanswered);
            actions.push(self.send(&initialize, now, answered));
            let initialized = self
                .client_state
                .initialized
                .clone()
                .filter(|_| !is_held(&self.held, Method::Initialized));
            actions.extend(initialized.map(|note| self.send(&note, now, false)));
        }
        actions
    }

    /// What the client told an earlier daemon for good, unless it is about to be told anyway.
    fn keep_asking(&mut self, lost: &[Pending], now: Instant) -> Vec<BridgeAction> {
        let is_said = |said: &&Message| {
            let is_lost = lost.iter().any(|p| p.message.id() == said.id() && !p.answered);
            let is_held = self.held.iter().any(|held| held.message.id() == said.id());
            !is_lost && !is_held
        };
        let again: Vec<Message> = self.client_state.requests().filter(is_said).cloned().collect();
        again.iter().map(|said| self.send(said, now, true)).collect()
    }

    /// When [`Machine::alarm`] rings next.
    pub(super) fn next_alarm(&self) -> Option<Instant> {
        let waiting = self.held.iter().filter(|held| !held.answered && held.message.id().is_some());
        waiting.map(|held| held.since + self.limit(&held.message)).min()
    }

    fn limit(&self, message: &Message) -> Duration {
        match message.method() {
            Some(Method::Initialize | Method::Discover) => SPEAK_FOR_DAEMON,
            Some(method) => match ListKind::read_by(method) {
                Some(kind) if self.lists.knows(kind) => SPEAK_FOR_DAEMON,
                Some(_) => self.patience.clamp(SPEAK_FOR_DAEMON, FIRST_LIST),
                None => self.patience,
            },
            None => self.patience,
        }
    }

    /// Answers what has waited long enough for a daemon.
    pub(super) fn alarm(&mut self, now: Instant) -> Vec<BridgeAction> {
        let mut actions = Vec::new();
        let mut held = std::mem::take(&mut self.held);
        for item in &mut held {
            let is_due =
                item.message.id().is_some() && now >= item.since + self.limit(&item.message);
            if is_due && !item.answered {
                item.answered = true;
                actions.extend(self.answer_for_daemon(&item.message, item.since, now));
            }
        }
        // Only the greeting must reach the daemon although the client has its answer.
        held.retain(|item| !item.answered || item.message.method() == Some(&Method::Initialize));
        self.held = held;
        self.batches.gather(actions)
    }

    fn answer_for_daemon(
        &mut self,
        message: &Message,
        since: Instant,
        now: Instant,
    ) -> Option<BridgeAction> {
        let id = message.id()?;
        let Some(result) = self.lists.stand_in(message) else {
            let why = self.trouble.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            let reason =
                format!("no callmux daemon could be reached for {}{why}", Span(now - since));
            return give_up(message, &reason, false, since, now);
        };
        Some(BridgeAction::ToClient(translate::result(id, &result)))
    }
}

/// Whether a request of the client has this id, as written.
fn is_known(pending: &HashMap<Box<str>, Pending>, held: &VecDeque<Held>, id: &str) -> bool {
    let is_held = |held: &Held| held.message.method().is_some() && held.message.id() == Some(id);
    pending.contains_key(id) || held.iter().any(is_held)
}

mod ended;
pub(super) use ended::ENDED;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
