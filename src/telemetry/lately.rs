//! What happened lately, for somebody who looks while it happens.
//!
//! Sessions are always noted, by who records them. Everything else only while somebody looks, by the thread that writes:
//! what nobody reads costs nothing, and what is read costs no call anything.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::sink;
use crate::base::{Lock, SessionId, clip};
use crate::facts::{Fact, Record};

/// So many sessions are known: of more the oldest are forgotten.
const SESSIONS_MAX: usize = 256;
/// So many clients, by what they call themselves.
const CLIENTS_MAX: usize = 64;
/// How much of what one calls itself is kept, in bytes.
const CLIENT_MAX: usize = 256;
/// So many sockets are told.
const LISTENING_MAX: usize = 64;
/// What is kept for who looks: so many facts, of so many bytes.
const FACTS_MAX: usize = 2048;
const BYTES_MAX: usize = 1 << 20;
/// So many facts are handed out at once.
const TOGETHER: usize = 256;
/// Who has not asked for so long does not look any more.
const LOOKED_AT_FOR: Duration = Duration::from_secs(10);

/// What is told of sessions and calls.
const OF_CALLS: [&str; 3] = ["session_opened", "session_closed", "call_finished"];

/// See the file.
#[derive(Debug, Default)]
pub(super) struct Lately {
    state: Lock<LatelyState>,
    /// Those that wait for what comes.
    watching: AtomicUsize,
    news: Notify,
    /// Facts are kept.
    holds: AtomicBool,
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
    facts: VecDeque<KeptFact>,
    bytes: usize,
    /// The number of the fact that comes next.
    next: u64,
}

/// A fact that somebody looks for.
#[derive(Debug, Clone)]
pub struct KeptFact {
    pub name: &'static str,
    /// A JSON object, as a daemon in a shell writes it.
    pub json: Arc<str>,
}

/// Somebody who waits for what comes. Facts are kept for as long as one does.
#[derive(Debug)]
pub struct FactsWatched {
    lately: Arc<Lately>,
    next: u64,
}

/// What came since.
#[derive(Debug)]
pub struct FactsSeen {
    /// The number of the first of them.
    pub first: u64,
    pub facts: Vec<KeptFact>,
    /// What came before them is lost.
    pub is_torn: bool,
    /// There are no more for now.
    pub is_all: bool,
}

impl FactsWatched {
    /// Those that came since, once there are any.
    pub async fn next(&mut self) -> FactsSeen {
        loop {
            let lately = self.lately.clone();
            let news = lately.news.notified();
            {
                let state = lately.state.lock();
                let first = state.next - state.facts.len() as u64;
                let is_torn = self.next < first;
                let from = self.next.max(first);
                if from < state.next || is_torn {
                    let skipped = usize::try_from(from - first).unwrap_or(usize::MAX);
                    let facts = state.facts.iter().skip(skipped).take(TOGETHER).cloned();
                    let facts: Vec<_> = facts.collect();
                    self.next = from + facts.len() as u64;
                    let is_all = self.next == state.next;
                    return FactsSeen { first: from, facts, is_torn, is_all };
                }
            }
            news.await;
        }
    }
}

impl Drop for FactsWatched {
    fn drop(&mut self) {
        self.lately.watching.fetch_sub(1, Ordering::Relaxed);
    }
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
    pub facts: Vec<Arc<str>>,
    /// Those that are open, the oldest first.
    pub sessions: Vec<SessionNote>,
}

impl Lately {
    /// Whether somebody looks.
    pub(super) fn is_watched(&self) -> bool {
        if self.watching.load(Ordering::Relaxed) > 0 {
            return true;
        }
        let until = self.looked_until.load(Ordering::Relaxed);
        until > 0 && self.now() < until
    }

    /// Somebody waits for what comes, from that number on; without one, for what comes from now on.
    pub(super) fn watch(self: &Arc<Self>, from: Option<u64>) -> FactsWatched {
        let was_watched = self.is_watched();
        self.watching.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state.lock();
        if !was_watched {
            state.pass();
        }
        let next = from.unwrap_or(state.next).min(state.next);
        FactsWatched { lately: self.clone(), next }
    }

    /// Keeps what is written, while somebody looks; lets go of it when nobody does.
    pub(super) fn keep(&self, record: &Record<'_>) {
        if self.is_watched() {
            let now = humantime::format_rfc3339_micros(SystemTime::now()).to_string();
            let json = sink::json(record, &now);
            let fact = KeptFact { name: record.about.name, json: json.trim_end().into() };
            self.holds.store(true, Ordering::Relaxed);
            self.state.lock().keep(fact);
            self.news.notify_waiters();
        } else if self.holds.swap(false, Ordering::Relaxed) {
            self.state.lock().pass();
        }
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
            }
            Fact::SessionClosed(closed) => {
                self.state.lock().sessions.retain(|_, note| note.session != closed.session);
            }
            Fact::CallFinished(call) if self.is_watched() => {
                self.state.lock().see(&call.client, SystemTime::now());
            }
            _ => {}
        }
    }

    /// What there is from that number on; without one, nothing yet. Somebody looks for a while from now on.
    pub(super) fn glance(&self, from: Option<u64>) -> Glance {
        let until = self.now() + u64::try_from(LOOKED_AT_FOR.as_millis()).unwrap_or(u64::MAX);
        let was_watched = self.is_watched();
        self.looked_until.store(until, Ordering::Relaxed);
        let mut state = self.state.lock();
        if !was_watched {
            state.pass();
        }
        let first = state.next - state.facts.len() as u64;
        let from = from.unwrap_or(state.next).min(state.next);
        let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        Glance {
            next: state.next,
            lost: first.saturating_sub(from),
            facts: state
                .facts
                .iter()
                .skip(skipped)
                .filter(|fact| OF_CALLS.contains(&fact.name))
                .map(|fact| fact.json.clone())
                .collect(),
            sessions: state.sessions.values().cloned().collect(),
        }
    }

    /// The sessions that are open, the oldest first.
    pub(super) fn sessions(&self) -> Vec<SessionNote> {
        self.state.lock().sessions.values().cloned().collect()
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

    /// Nobody looked for a while: what was kept is of another time, and who looked before has missed something.
    fn pass(&mut self) {
        (self.facts, self.bytes) = (VecDeque::new(), 0);
        self.next += u64::from(self.next > 0);
    }

    fn keep(&mut self, fact: KeptFact) {
        self.next += 1;
        self.bytes += fact.json.len();
        self.facts.push_back(fact);
        while self.facts.len() > FACTS_MAX || self.bytes > BYTES_MAX {
            let Some(gone) = self.facts.pop_front() else { break };
            self.bytes -= gone.json.len();
        }
    }
}

#[cfg(test)]
mod tests;
