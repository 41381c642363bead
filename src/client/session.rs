//! One client's conversation with us, whatever carries it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard};

use tokio::sync::{Notify, oneshot, watch};

pub use super::carriage::Carriage;
use crate::access::{ClientName, Subject};
use crate::base::peer_facts::SharedPeer;
use crate::base::{CallId, Lock, Principal, SessionId, random};
use crate::connection::{Ask, Owner};
use crate::facts;
use crate::handover::session::{OPEN, Want};
use crate::handover::{Record, Table, WantRow};
use crate::instructions::servers::ToldServers;
use crate::ledger::Ledger;
use crate::mux::subscriptions::Subscription;
use crate::mux::{Actor, AskedRoots, Caller, call};
use crate::replies::SAME_ID;
use crate::telemetry::Recorder;
use crate::wire::{ClientCapabilities, LogLevel, Message, Payload, Revision, Topic, object};

/// Calls of one session in flight at the most.
pub const IN_FLIGHT_MAX: usize = 1024;
/// Questions of servers to one client that may be open at once.
const ASKED_MAX: usize = 128;
/// Resources that one session can be subscribed to.
const SUBSCRIPTIONS_MAX: usize = 1024;
/// How long the URI of one may be, in bytes. No server that is known has longer ones.
pub const URI_MAX: usize = 8 << 10;
/// And what all URIs of a session come to, in bytes.
pub const URIS_BYTES_MAX: usize = 256 << 10;
/// A `clientInfo` up to this length is kept as it is, in bytes.
const INFO_MAX: usize = 1024;
/// Of a longer one the name and the version are kept, each up to this length, in characters.
const INFO_PART_MAX: usize = 128;
/// The longest path of a directory (`PATH_MAX` of Linux), in bytes.
const CWD_MAX: usize = 4096;

/// A session.
#[derive(Debug)]
pub struct Session {
    pub id: SessionId,
    /// Distinguishes sessions within this process, for what servers ask back.
    pub owner: Owner,
    pub principal: Principal,
    pub carriage: Carriage,
    /// What was sent to the client.
    pub ledger: Arc<Ledger>,
    /// What it answered when it was asked for its roots.
    pub roots: Arc<AskedRoots>,
    /// Whose instructions it was told to the end.
    pub told: Arc<ToldServers>,
    shared: Arc<SharedSession>,
}

/// What is the same whoever of those whose session it is asks in it.
#[derive(Debug)]
struct SharedSession {
    state: Lock<SessionState>,
    idle: Notify,
    /// Somebody was told that it is open.
    is_told: AtomicBool,
    /// The process at the other end now, where it is known.
    process: watch::Sender<Option<SharedPeer>>,
}

#[derive(Debug, Default)]
struct SessionState {
    client: Client,
    /// The directory the client works in, where it is known.
    cwd: Option<Arc<Path>>,
    /// It began with `initialize`: only a legacy client hears what it did not ask for.
    is_greeted: bool,
    /// Requests that ended in an earlier process of ours, just before that did.
    ended_before: HashMap<Box<str>, CallId>,
    in_flight: HashMap<Box<str>, oneshot::Sender<()>>,
    asked: HashMap<u64, Ask>,
    last_ask: u64,
    /// From which level on the client wants log messages, if it said so.
    level: Option<LogLevel>,
    /// The resources that the client wants to hear about, by the URIs it knows.
    subscriptions: HashMap<Box<str>, (Arc<Subscription>, Option<Record>)>,
    /// Where that is noted for the next process of ours.
    wants: Table<WantRow>,
    level_record: Option<Record>,
    /// The version of the lists that the client was last sent, or told of since, by topic. A client
    /// that never asked has nothing that could have changed.
    lists_seen: [Option<u64>; 3],
}

/// What a client said about itself.
#[derive(Debug, Clone)]
pub struct Client {
    /// `clientInfo` as JSON.
    pub info: Arc<str>,
    pub revision: Revision,
    pub capabilities: Arc<ClientCapabilities>,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            info: r#"{"name":"unknown","version":""}"#.into(),
            revision: Revision::NEWEST_LEGACY,
            capabilities: Arc::default(),
        }
    }
}

impl Client {
    /// Reads what `initialize` or a modern request's `_meta` says.
    pub fn new(revision: Revision, info: Option<&str>, capabilities: Option<&str>) -> Self {
        let fallback = Self::default();
        Self {
            info: info.filter(|json| object::is_object(json)).map_or(fallback.info, short_info),
            revision,
            capabilities: capabilities.map(ClientCapabilities::parse).unwrap_or_default().into(),
        }
    }

    /// The client's name and version, for people.
    pub fn title(&self) -> String {
        call::title(&self.info)
    }
}

/// A directory, unless it is longer than one can be.
fn short(cwd: Option<PathBuf>) -> Option<Arc<Path>> {
    cwd.filter(|cwd| cwd.as_os_str().len() <= CWD_MAX).map(Into::into)
}

/// What of a `clientInfo` is kept for as long as the session lives.
fn short_info(json: &str) -> Arc<str> {
    if json.len() <= INFO_MAX {
        return json.into();
    }
    let [name, version] = object::members(json, ["name", "version"]).unwrap_or_default();
    let part = |json: Option<&str>| {
        let text = json.and_then(object::string).unwrap_or_default();
        serde_json::Value::from(text.chars().take(INFO_PART_MAX).collect::<String>())
    };
    serde_json::json!({ "name": part(name), "version": part(version) }).to_string().into()
}

impl Session {
    pub fn new(
        id: SessionId,
        principal: Principal,
        carriage: Carriage,
        cwd: Option<PathBuf>,
    ) -> Arc<Self> {
        let owner = Caller::owner_of(&principal);
        // A client may still hold a question of an earlier daemon: ids must not meet.
        let last_ask = u64::from_ne_bytes(random::bytes()) >> 24;
        let state = SessionState { last_ask, cwd: short(cwd), ..SessionState::default() };
        Arc::new(Self {
            id,
            owner,
            principal,
            carriage,
            ledger: Arc::default(),
            roots: Arc::default(),
            told: Arc::default(),
            shared: Arc::new(SharedSession {
                state: Lock::new(state),
                idle: Notify::new(),
                is_told: AtomicBool::new(false),
                process: watch::Sender::default(),
            }),
        })
    }

    /// The same session for a request of the same principal, of whom an issuer may say something else by
    /// now, and who may ask from another process: what comes of the request hangs on that, and on nothing that was said before.
    pub fn asked_by(self: &Arc<Self>, principal: &Principal) -> Arc<Self> {
        if self.principal.asks_alike(principal) {
            return self.clone();
        }
        debug_assert_eq!(self.principal, *principal, "nobody asks in somebody else's session");
        Arc::new(Self {
            id: self.id,
            owner: self.owner,
            principal: principal.clone(),
            carriage: self.carriage,
            ledger: self.ledger.clone(),
            roots: self.roots.clone(),
            told: self.told.clone(),
            shared: self.shared.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, SessionState> {
        self.shared.state.lock()
    }

    /// The client greeted us with `initialize`.
    pub fn greet(&self, client: Client) {
        let mut state = self.lock();
        (state.client, state.is_greeted) = (client, true);
    }

    /// Tells that the session is open. For a modern client, which does not say so, with its first
    /// request; over HTTP it has none: each request stands alone.
    pub fn tell(&self, recorder: &Recorder, client: &Client) {
        self.shared.is_told.store(true, Ordering::Relaxed);
        recorder.record(facts::SessionOpened {
            session: self.id,
            front: self.carriage.as_str(),
            principal: self.principal.label().to_string(),
            client: client.title(),
            revision: client.revision.to_string(),
            cwd: self.cwd().as_deref().map(Into::into),
        });
    }

    /// Whether that is still to be told, of a modern client.
    pub fn is_untold(&self) -> bool {
        self.carriage != Carriage::Http && !self.shared.is_told.load(Ordering::Relaxed)
    }

    /// Completes when no request is in flight.
    pub async fn wait_idle(&self) {
        loop {
            let notified = self.shared.idle.notified();
            if self.lock().in_flight.is_empty() {
                return;
            }
            notified.await;
        }
    }

    /// The revision that was settled on.
    pub fn revision(&self) -> Revision {
        self.lock().client.revision
    }

    /// What the client said about itself.
    pub fn client(&self) -> Client {
        self.lock().client.clone()
    }

    /// The process at the other end, by its number, where the kernel tells.
    pub fn process(&self) -> Option<u32> {
        self.shared.process.borrow().as_ref().map(|process| process.number())
    }

    /// This process is at the other end now.
    pub fn comes_from(&self, process: Option<SharedPeer>) {
        self.shared.process.send_replace(process);
    }

    /// The process at the other end, and each that comes after it.
    pub fn other_end(&self) -> watch::Receiver<Option<SharedPeer>> {
        self.shared.process.subscribe()
    }

    /// The same, with the log level it wants and the directory it works in.
    pub fn said(&self) -> (Client, Option<LogLevel>, Option<Arc<Path>>) {
        let state = self.lock();
        (state.client.clone(), state.level, self.place(&state))
    }

    /// The directory the client works in, where it is known.
    pub fn cwd(&self) -> Option<Arc<Path>> {
        self.place(&self.lock())
    }

    fn place(&self, state: &SessionState) -> Option<Arc<Path>> {
        let place = state.cwd.clone().or_else(|| self.roots.directory());
        place.filter(|_| self.principal.names_directories())
    }

    /// The client works in this directory from now on. Returns whether that is another one.
    pub fn works_in(&self, cwd: Option<PathBuf>) -> bool {
        let cwd = short(cwd);
        let mut state = self.lock();
        let is_other = state.cwd != cwd;
        state.cwd = cwd;
        is_other
    }

    /// Who asks with a request whose client calls itself so, as the gate knows it.
    pub fn subject<'a>(&'a self, client: &'a str) -> Subject<'a> {
        Subject { principal: &self.principal, client: ClientName::Read(client) }
    }

    /// Who acts in it, as far as a single request says nothing else.
    pub fn actor(&self) -> Actor {
        let state = self.lock();
        let (client_info, cwd) = (state.client.info.clone(), self.place(&state));
        let (principal, via) = (self.now_asking(), self.via());
        Actor { session: self.id, principal, client_info, cwd, via }
    }

    /// Its principal, which asks in a link from where its bridge is now.
    fn now_asking(&self) -> Principal {
        match self.principal.peer() {
            None if self.carriage == Carriage::Link => {
                self.principal.clone().at(self.shared.process.borrow().clone())
            }
            _ => self.principal.clone(),
        }
    }

    /// How its client comes in, as facts name it.
    pub fn via(&self) -> &'static str {
        self.carriage.as_str()
    }

    /// From now on what the client wants to hear is noted for the next process of ours.
    pub fn outlives_us(&self, wants: Table<WantRow>) {
        self.lock().wants = wants;
    }

    fn note(&self, wants: &Table<WantRow>, want: Want) -> Option<Record> {
        wants.is_there().then(|| wants.note(&WantRow { session: self.id, want }, OPEN, 0)).flatten()
    }

    /// From now on the client wants log messages from this level on.
    pub fn set_level(&self, level: LogLevel) {
        let mut state = self.lock();
        state.level = Some(level);
        state.level_record = self.note(&state.wants, Want::Level(level.as_str().into()));
    }

    /// Whether the client wants this log message, which is about none of its requests.
    pub fn wants_log(&self, message: &Message) -> bool {
        let state = self.lock();
        state.is_greeted && state.level.is_none_or(|level| LogLevel::of(message) >= level)
    }

    /// Whether the client hears what it did not ask for.
    pub fn is_greeted(&self) -> bool {
        self.lock().is_greeted
    }

    /// The client wants to hear about the resource that it knows as `shown`. `false` if it wants to
    /// hear about too many.
    pub fn subscribe(&self, shown: &str, subscription: Arc<Subscription>) -> bool {
        let mut state = self.lock();
        let record = self.note(&state.wants, Want::Resource(shown.into()));
        let subscriptions = &mut state.subscriptions;
        let bytes: usize = subscriptions.keys().map(|uri| uri.len()).sum();
        let has_room = subscriptions.contains_key(shown)
            || subscriptions.len() < SUBSCRIPTIONS_MAX && bytes + shown.len() <= URIS_BYTES_MAX;
        if has_room {
            subscriptions.insert(shown.into(), (subscription, record));
        }
        has_room
    }

    /// The client does not want to hear about it any more.
    pub fn unsubscribe(&self, shown: &str) {
        let gone = self.lock().subscriptions.remove(shown);
        drop(gone);
    }

    /// What the client wants to hear about, by the URIs it knows.
    pub fn subscriptions(&self) -> Vec<(Box<str>, Arc<Subscription>)> {
        let state = self.lock();
        let subscriptions = state.subscriptions.iter();
        subscriptions.map(|(uri, (held, _))| (uri.clone(), held.clone())).collect()
    }

    /// The requests with these ids ended in an earlier process of ours, which may not have sent the
    /// answers, and have these entries in the journal.
    pub fn ended_earlier(&self, calls: impl IntoIterator<Item = (Box<str>, CallId)>) {
        self.lock().ended_before.extend(calls);
    }

    /// The journal entry that the request with this id has from an earlier process of ours. It is told
    /// once.
    pub fn ended_before(&self, id: &str) -> Option<CallId> {
        self.lock().ended_before.remove(id)
    }

    /// Registers the request with this id. The receiver fires when the client takes it back.
    pub fn begin(self: &Arc<Self>, id: &str) -> Result<InFlight, TooMany> {
        let mut state = self.lock();
        if state.in_flight.len() >= IN_FLIGHT_MAX {
            return Err(TooMany::Calls);
        }
        if state.in_flight.contains_key(id) {
            return Err(TooMany::SameId);
        }
        let (sender, cancelled) = oneshot::channel();
        let id: Box<str> = id.into();
        state.in_flight.insert(id.clone(), sender);
        Ok(InFlight { session: self.clone(), id, cancelled })
    }

    /// The client takes back its request `id`.
    pub fn cancel(&self, id: &str) {
        let sender = self.lock().in_flight.remove(id);
        if let Some(sender) = sender {
            // Already over if nobody listens.
            _ = sender.send(());
        }
    }

    /// Keeps a server's question until the client answers it, and returns it under an id of ours.
    /// `Err` gives the question back: this client cannot be asked that, or has too many to answer.
    pub fn ask(&self, ask: Ask) -> Result<(u64, Payload), Ask> {
        let mut state = self.lock();
        let (message, client) = (ask.message(), &state.client.capabilities);
        let can =
            message.method().is_some_and(|method| client.can_answer(method, message.params()));
        if !can || state.asked.len() >= ASKED_MAX {
            return Err(ask);
        }
        state.last_ask += 1;
        let id = state.last_ask;
        let question = ask.message().with_id(&id.to_string());
        state.asked.insert(id, ask);
        Ok((id, question))
    }

    /// The client answered one of our questions.
    pub fn answer(&self, response: &Message) {
        let id = response.id().and_then(|id| id.parse::<u64>().ok());
        let ask = id.and_then(|id| self.lock().asked.remove(&id));
        if let Some(ask) = ask {
            ask.answer(response);
        }
    }

    /// Takes an open question out, if it is the one the server knows as `server_id`.
    pub fn withdraw(&self, id: u64, server_id: &str) -> Option<Ask> {
        let mut state = self.lock();
        let is_it = state.asked.get(&id).is_some_and(|ask| ask.id() == server_id);
        if is_it { state.asked.remove(&id) } else { None }
    }

    /// Drops open questions; their servers are told that nobody will answer.
    pub fn drop_asks(&self, ids: &[u64]) {
        let dropped: Vec<Ask> = {
            let mut state = self.lock();
            ids.iter().filter_map(|id| state.asked.remove(id)).collect()
        };
        drop(dropped);
    }

    /// The client is being sent a list of this version.
    pub fn sent_list(&self, topic: Topic, version: u64) {
        self.lock().lists_seen[topic.index()] = Some(version);
    }

    /// Whether the client must hear that a topic has this version now. It is told once.
    pub fn must_hear_of(&self, topic: Topic, version: u64) -> bool {
        let seen = &mut self.lock().lists_seen[topic.index()];
        let must = seen.is_some_and(|seen| seen != version);
        if must {
            *seen = Some(version);
        }
        must
    }

    /// The versions of the lists that the client knows, by topic.
    pub fn lists_seen(&self) -> [Option<u64>; 3] {
        self.lock().lists_seen
    }
}

/// Why a request cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    #[error("{IN_FLIGHT_MAX} requests of this session are in flight; wait for some to end")]
    Calls,
    #[error("{SAME_ID}")]
    SameId,
}

/// A request in flight, registered until the value is dropped.
#[derive(Debug)]
pub struct InFlight {
    session: Arc<Session>,
    id: Box<str>,
    pub cancelled: oneshot::Receiver<()>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.session.lock();
        state.in_flight.remove(&self.id);
        if state.in_flight.is_empty() {
            self.session.shared.idle.notify_waiters();
        }
    }
}

mod looked_at;
#[cfg(test)]
mod tests;
