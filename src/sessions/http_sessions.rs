//! The sessions of legacy HTTP clients, by the id in `Mcp-Session-Id`.
//!
//! An id works only for the principal it was given to. One that we do not know, because the daemon
//! was restarted or the session was evicted, is taken up again for whoever presents it: clients
//! treat a lost session as the end (2025-11-25 lets a server answer 404, and then most give up).
//! Under systemd the next process of ours knows what each client said about itself
//! and what it wants to hear ([`crate::handover::session`]).

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};

use crate::base::{Lock, Principal, SessionId};
use crate::client::session::{Carriage, Client, Session};
use crate::event_streams::stream::Streams;
use crate::facts;
use crate::handover::session::OPEN;
use crate::handover::{CallRow, PendingCall, Record, SessionRow, Table, WantRow};
use crate::mux::Resumed;
use crate::telemetry::Recorder;
use crate::wire::{Revision, Topic, object};

/// Sessions kept at the most. The one that was unused for longest gives way.
pub const SESSIONS_MAX: usize = 4096;
/// Ended sessions that are remembered, so that their ids get the 404 they are due (2025-11-25,
/// "Session Management").
const ENDED_MAX: usize = 1024;

/// A longer directory is told anew by the client, in bytes: a row has room for little.
const CWD_NOTED_MAX: usize = 256;

/// A legacy HTTP session: the conversation and its event streams.
#[derive(Debug)]
pub struct HttpSession {
    pub session: Arc<Session>,
    pub streams: Streams,
    /// The same as it was last asked in: an issuer may say something else of somebody with each token.
    newest: Lock<Arc<Session>>,
    /// When it was last used, counted in uses of any session.
    used: AtomicU64,
    /// Where it is noted for the next process of ours.
    record: Lock<Option<Record>>,
}

/// A session of an earlier process of ours, as it is taken up.
#[derive(Debug)]
pub struct TakenUp {
    pub session: Arc<Session>,
    /// When it was last used.
    pub used: u64,
    pub record: Record,
    /// The calls whose client comes back for their answers, by the numbers of their streams.
    pub calls: Vec<(u64, TakenUpCall)>,
}

/// What became of such a call.
#[derive(Debug)]
pub enum TakenUpCall {
    /// Its server may be at it.
    Running(Resumed),
    NotSent {
        call: CallRow,
        pending: PendingCall,
    },
    /// It ended, and its answer may not have been sent.
    Ended(CallRow),
}

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSession {
    /// The id is another principal's, or its client ended it.
    Unknown,
    /// As many as there may be have a client that listens.
    Full,
}

/// The table.
#[derive(Debug, Default)]
pub struct Sessions {
    by_id: Lock<HashMap<SessionId, Arc<HttpSession>>>,
    pub table: Table<SessionRow>,
    /// What clients want to hear.
    pub wants: Table<WantRow>,
    /// Counts uses.
    uses: AtomicU64,
    /// Sessions that their clients ended last: these are not taken up again.
    ended: Lock<VecDeque<SessionId>>,
    recorder: Recorder,
}

impl Sessions {
    pub fn new((table, wants): (Table<SessionRow>, Table<WantRow>), recorder: Recorder) -> Self {
        Self { table, wants, recorder, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<HttpSession>>> {
        self.by_id.lock()
    }

    /// Goes on with a session of an earlier process of ours.
    pub fn restore(&self, session: Arc<Session>, used: u64, record: Record) -> Arc<HttpSession> {
        session.outlives_us(self.wants.clone());
        let (id, held) = (session.id, Arc::new(HttpSession::new(session)));
        held.used.store(used, Ordering::Relaxed);
        self.uses.fetch_max(used, Ordering::Relaxed);
        *held.record() = Some(record);
        self.lock().insert(id, held.clone());
        held
    }

    /// Ends every response of a session, for the next process of ours to go on with.
    pub fn leave(&self) {
        self.lock().values().for_each(|held| held.streams.leave());
    }

    /// Opens a session under a fresh id.
    pub fn open(&self, principal: Principal) -> Result<Arc<HttpSession>, NoSession> {
        self.insert(SessionId::random(), principal)
    }

    fn session(&self, id: SessionId, principal: Principal) -> Arc<Session> {
        let session = Session::new(id, principal.at(None), Carriage::Http, None);
        session.outlives_us(self.wants.clone());
        session
    }

    fn insert(&self, id: SessionId, principal: Principal) -> Result<Arc<HttpSession>, NoSession> {
        let held = Arc::new(HttpSession::new(self.session(id, principal)));
        self.used(&held);
        let mut sessions = self.lock();
        if sessions.len() >= SESSIONS_MAX {
            let idle = sessions.values().filter(|held| !held.streams.is_read());
            let oldest = idle.min_by_key(|held| held.used.load(Ordering::Relaxed));
            let oldest = oldest.map(|held| held.session.id);
            let gone = oldest.and_then(|id| sessions.remove(&id));
            let evicted = gone.inspect(|held| held.forget()).is_some();
            let max = SESSIONS_MAX;
            self.recorder.record(facts::CapReached { what: "session", max, evicted });
            if !evicted {
                return Err(NoSession::Full);
            }
        }
        sessions.insert(id, held.clone());
        Ok(held)
    }

    /// Notes what the client of a session said about itself for the next process of ours.
    pub fn note(&self, id: SessionId) {
        let found = self.lock().get(&id).cloned();
        if let Some(held) = found {
            let used = held.used.load(Ordering::Relaxed);
            let newest = held.newest.lock().clone();
            *held.record() = note(&self.table, &newest, used);
        }
    }

    fn used(&self, held: &HttpSession) {
        let used = self.uses.fetch_add(1, Ordering::Relaxed) + 1;
        held.used.store(used, Ordering::Relaxed);
        if let Some(record) = &*held.record() {
            record.set_word(used);
        }
    }

    /// The session of this principal with this id, taken up again if we do not know it.
    pub fn take_up(
        &self,
        id: SessionId,
        principal: &Principal,
    ) -> Result<Arc<HttpSession>, NoSession> {
        let found = self.lock().get(&id).cloned();
        let held = match found {
            Some(held) if held.session.principal != *principal => return Err(NoSession::Unknown),
            Some(held) => {
                if held.is_proved_anew(principal) {
                    self.note(id);
                }
                held
            }
            None if self.ended().contains(&id) => return Err(NoSession::Unknown),
            None => self.insert(id, principal.clone())?,
        };
        self.used(&held);
        Ok(held)
    }

    /// Ends a session. `false` if this principal has none with this id.
    pub fn close(&self, id: SessionId, principal: &Principal) -> bool {
        self.end_if(id, |session| session.principal == *principal).is_some()
    }

    /// Ends a session as an operator wants it, whosever it is, and takes back what it asked for.
    pub fn end(&self, id: SessionId) -> bool {
        let held = self.end_if(id, |_| true);
        held.inspect(|held| held.session.cancel_all()).is_some()
    }

    fn end_if(
        &self,
        id: SessionId,
        is_meant: impl Fn(&Session) -> bool,
    ) -> Option<Arc<HttpSession>> {
        let mut sessions = self.lock();
        sessions.get(&id).filter(|held| is_meant(&held.session))?;
        let held = sessions.remove(&id)?;
        drop(sessions);
        let mut ended = self.ended();
        ended.push_back(id);
        if ended.len() > ENDED_MAX {
            ended.pop_front();
        }
        drop(ended);
        held.forget();
        held.streams.close();
        self.recorder.record(facts::SessionClosed { session: id });
        Some(held)
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<Session>> {
        self.lock().values().map(|held| held.session.clone()).collect()
    }

    fn ended(&self) -> MutexGuard<'_, VecDeque<SessionId>> {
        self.ended.lock()
    }

    /// The session with this id.
    pub fn get(&self, id: SessionId) -> Option<Arc<Session>> {
        self.lock().get(&id).map(|held| held.session.clone())
    }

    pub fn len(&self) -> usize {
        self.lock().len()
    }
}

impl HttpSession {
    fn new(session: Arc<Session>) -> Self {
        let (used, record) = (AtomicU64::new(0), Lock::default());
        let newest = Lock::new(session.clone());
        Self { session, streams: Streams::new(), newest, used, record }
    }

    /// Whether its principal comes with another word of the issuer, which the next process of ours is to
    /// know of.
    fn is_proved_anew(&self, principal: &Principal) -> bool {
        let mut newest = self.newest.lock();
        if newest.principal.is_proved_alike(principal) {
            return false;
        }
        *newest = self.session.asked_by(&principal.clone().at(None));
        drop(newest);
        self.outlives_us()
    }

    fn record(&self) -> MutexGuard<'_, Option<Record>> {
        self.record.lock()
    }

    /// Whether the next process of ours knows of it.
    pub fn outlives_us(&self) -> bool {
        self.record().is_some()
    }

    /// Takes it out of the table for the next process, also while somebody still holds it.
    fn forget(&self) {
        *self.record() = None;
    }
}

/// Notes everything that fits. What a client can do is worth more than what it tells people of itself.
fn note(table: &Table<SessionRow>, session: &Session, used: u64) -> Option<Record> {
    let client = session.client();
    let (info, named, able) = (&*client.info, named(&client.info), client.capabilities.as_json());
    let cwd = session.cwd();
    let cwd = cwd.as_deref().map(Path::to_string_lossy).unwrap_or_default();
    let rests = [(info, able), (&*named, able), ("", able), ("", "")];
    // What an issuer said of it can be proved again.
    let whose = [session.principal.clone(), session.principal.unproved()];
    let all = whose.iter().flat_map(|whose| rests.map(|rest| (whose, rest)));
    let worth = all.filter(|(whose, (_, able))| whose.proof().is_none() || !able.is_empty());
    worth.into_iter().find_map(|(whose, (info, capabilities))| {
        let row = SessionRow {
            session: session.id,
            principal: whose.clone(),
            revision: client.revision.as_str().into(),
            cwd: Some(&*cwd).filter(|cwd| cwd.len() <= CWD_NOTED_MAX).unwrap_or_default().into(),
            info: info.into(),
            capabilities: capabilities.into(),
        };
        table.note(&row, OPEN, used)
    })
}

/// A `clientInfo` with only the members it must have.
fn named(info: &str) -> String {
    let [name, version] = object::members(info, ["name", "version"]).unwrap_or_default();
    format!(r#"{{"name":{},"version":{}}}"#, name.unwrap_or("\"\""), version.unwrap_or("\"\""))
}

/// The session of this row; `None` if its revision is none of ours.
pub fn session_of(row: &SessionRow) -> Option<Arc<Session>> {
    let client = client(row)?;
    let cwd = Some(&*row.cwd).filter(|cwd| !cwd.is_empty()).map(Into::into);
    let session = Session::new(row.session, row.principal.clone(), Carriage::Http, cwd);
    session.greet(client);
    // It may know the lists of then.
    for topic in Topic::ALL {
        session.sent_list(topic, u64::MAX);
    }
    Some(session)
}

/// What the client said of itself; `None` if the revision is none of ours.
fn client(row: &SessionRow) -> Option<Client> {
    let is_there = |json: &&str| object::is_object(json);
    let (info, able) = (Some(&*row.info), Some(&*row.capabilities));
    let revision = Revision::parse(&row.revision)?;
    Some(Client::new(revision, info.filter(is_there), able.filter(is_there)))
}

#[cfg(test)]
mod tests;
