//! What sessions and calls there were lately, for somebody who looks while it happens.
//!
//! Sessions are always noted. Calls only while somebody looks: what nobody reads costs nothing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::sink;
use crate::base::{Lock, SessionId, clip};
use crate::facts::Fact;

/// So many sessions are known: of more the oldest are forgotten.
const SESSIONS_MAX: usize = 256;
/// So many clients, by what they call themselves.
const CLIENTS_MAX: usize = 64;
/// How much of what one calls itself is kept, in bytes.
const CLIENT_MAX: usize = 256;
/// So many sockets are told.
const LISTENING_MAX: usize = 64;
/// What is kept for who looks: so many facts, of so many bytes.
const FACTS_MAX: usize = 1024;
const BYTES_MAX: usize = 1 << 20;
/// Who has not asked for so long does not look any more.
const LOOKED_AT_FOR: Duration = Duration::from_secs(10);

/// See the file.
#[derive(Debug, Default)]
pub(super) struct Lately {
    state: Lock<LatelyState>,
    /// When it ends that somebody looks, in milliseconds since `began`; 0: nobody ever did.
    looked_until: AtomicU64,
    began: Lock<Option<Instant>>,
}

#[derive(Debug, Default)]
struct LatelyState {
    sessions: BTreeMap<u64, SessionNote>,
    opened: u64,
    /// What clients call themselves, and when one was last seen.
    clients: Vec<(String, SystemTime)>,
    /// Where somebody can come in.
    listening: Vec<String>,
    facts: VecDeque<String>,
    bytes: usize,
    /// The number of the fact that comes next.
    next: u64,
}

/// A session that is open, as far as is known.
#[derive(Debug, Clone)]
pub struct SessionNote {
    pub session: SessionId,
    /// What the client calls itself: name and version.
    pub client: String,
    pub opened: SystemTime,
}

/// What happened since somebody looked before.
#[derive(Debug, Default)]
pub struct Glance {
    /// What to ask with the next time.
    pub next: u64,
    /// Facts that there was no room for.
    pub lost: u64,
    /// Each a JSON object, as a daemon in a shell writes it.
    pub facts: Vec<String>,
    /// Those that are open, the oldest first.
    pub sessions: Vec<SessionNote>,
}

impl Lately {
    /// Whether somebody looks.
    pub(super) fn is_watched(&self) -> bool {
        let until = self.looked_until.load(Ordering::Relaxed);
        until > 0 && self.now() < until
    }

    fn now(&self) -> u64 {
        let began = *self.began.lock().get_or_insert_with(Instant::now);
        u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Notes a fact, if it is about a session or a call.
    pub(super) fn note(&self, fact: &Fact) {
        match fact {
            Fact::SessionOpened(opened) => {
                let mut state = self.state.lock();
                let note = SessionNote {
                    session: opened.session,
                    client: opened.client.clone(),
                    opened: SystemTime::now(),
                };
                state.see(&note.client, note.opened);
                state.opened += 1;
                let number = state.opened;
                state.sessions.insert(number, note);
                if state.sessions.len() > SESSIONS_MAX {
                    state.sessions.pop_first();
                }
            }
            Fact::ListenerOpened(opened) => {
                let mut state = self.state.lock();
                if state.listening.len() < LISTENING_MAX {
                    state.listening.push(opened.address.clone());
                }
                return;
            }
            Fact::SessionClosed(closed) => {
                self.state.lock().sessions.retain(|_, note| note.session != closed.session);
            }
            Fact::CallFinished(call) if self.is_watched() => {
                self.state.lock().see(&call.client, SystemTime::now());
            }
            _ => return,
        }
        if self.is_watched() {
            let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
            let line = sink::json(&fact.record(), &now);
            self.state.lock().keep(line.trim_end().to_owned());
        } else {
            self.state.lock().forget();
        }
    }

    /// What there is from that number on; without one, nothing yet. Somebody looks for a while from now on.
    pub(super) fn glance(&self, from: Option<u64>) -> Glance {
        let until = self.now() + u64::try_from(LOOKED_AT_FOR.as_millis()).unwrap_or(u64::MAX);
        let was_watched = self.is_watched();
        self.looked_until.store(until, Ordering::Relaxed);
        let mut state = self.state.lock();
        if !was_watched {
            // What was kept is of another time.
            state.forget();
        }
        let first = state.next - state.facts.len() as u64;
        let from = from.unwrap_or(state.next).min(state.next);
        let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        Glance {
            next: state.next,
            lost: first.saturating_sub(from),
            facts: state.facts.iter().skip(skipped).cloned().collect(),
            sessions: state.sessions.values().cloned().collect(),
        }
    }

    /// Where somebody can come in: sockets, as the facts of them name them.
    pub(super) fn listening(&self) -> Vec<String> {
        self.state.lock().listening.clone()
    }

    /// What clients call themselves, and when one was last seen, in seconds since 1970.
    pub(super) fn clients(&self) -> Vec<(String, u64)> {
        let seconds = |at: &SystemTime| at.duration_since(UNIX_EPOCH).map_or(0, |at| at.as_secs());
        let state = self.state.lock();
        state.clients.iter().map(|(name, at)| (name.clone(), seconds(at))).collect()
    }
}

impl LatelyState {
    /// The one that was seen last stands at the end.
    fn see(&mut self, client: &str, at: SystemTime) {
        let client = clip::start(client, CLIENT_MAX);
        self.clients.retain(|(known, _)| known != client);
        self.clients.push((client.to_owned(), at));
        if self.clients.len() > CLIENTS_MAX {
            self.clients.remove(0);
        }
    }

    fn forget(&mut self) {
        (self.facts, self.bytes) = (VecDeque::new(), 0);
    }

    fn keep(&mut self, line: String) {
        self.next += 1;
        self.bytes += line.len();
        self.facts.push_back(line);
        while self.facts.len() > FACTS_MAX || self.bytes > BYTES_MAX {
            let Some(gone) = self.facts.pop_front() else { break };
            self.bytes -= gone.len();
        }
    }
}

#[cfg(test)]
mod tests;
