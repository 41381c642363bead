//! One client's conversation with us, whatever carries it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, oneshot};

use crate::access::Principal;
use crate::base::{SessionId, random};
use crate::servers::Ask;
use crate::servers::connection::Owner;
use crate::wire::{Message, Method, Payload, Revision, object};

/// Calls of one session in flight at the most.
pub const IN_FLIGHT_MAX: usize = 1024;

/// How a session reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Stdio,
    Link,
    Http,
}

impl Way {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Link => "link",
            Self::Http => "http",
        }
    }
}

/// A session.
#[derive(Debug)]
pub struct Session {
    pub id: SessionId,
    /// Distinguishes sessions within this process, for what servers ask back.
    pub owner: Owner,
    pub principal: Principal,
    pub way: Way,
    /// The directory the client works in, where it is known.
    pub cwd: Option<PathBuf>,
    state: Mutex<State>,
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    client: Client,
    in_flight: HashMap<Box<str>, oneshot::Sender<()>>,
    asked: HashMap<u64, Ask>,
    last_ask: u64,
    /// The version of the tools that the client was last sent, or told of since. A client that
    /// never asked has nothing that could have changed.
    tools_seen: Option<u64>,
}

/// What a client said about itself.
#[derive(Debug, Clone)]
pub struct Client {
    /// `clientInfo` as JSON.
    pub info: Arc<str>,
    pub revision: Revision,
    pub can_sample: bool,
    pub can_elicit: bool,
    pub has_roots: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            info: r#"{"name":"unknown","version":""}"#.into(),
            revision: Revision::NEWEST_LEGACY,
            can_sample: false,
            can_elicit: false,
            has_roots: false,
        }
    }
}

impl Client {
    /// Reads what `initialize` or a modern request's `_meta` says.
    pub fn new(revision: Revision, info: Option<&str>, capabilities: Option<&str>) -> Self {
        let fallback = Self::default();
        let [sampling, elicitation, roots] = capabilities
            .and_then(|json| object::members(json, ["sampling", "elicitation", "roots"]).ok())
            .unwrap_or_default();
        Self {
            info: info.filter(|json| object::is_object(json)).map_or(fallback.info, Into::into),
            revision,
            can_sample: sampling.is_some(),
            can_elicit: elicitation.is_some(),
            has_roots: roots.is_some(),
        }
    }

    /// The client's name and version, for people.
    pub fn title(&self) -> String {
        let [name, version] = object::members(&self.info, ["name", "version"]).unwrap_or_default();
        let text =
            |json: Option<&str>| json.and_then(object::string).unwrap_or_default().into_owned();
        format!("{} {}", text(name), text(version)).trim().to_owned()
    }

    /// Whether the client can answer this request of a server.
    fn can_answer(&self, method: &Method) -> bool {
        match method {
            Method::CreateMessage => self.can_sample,
            Method::Elicit => self.can_elicit,
            Method::RootsList => self.has_roots,
            _ => false,
        }
    }
}

static NEXT_OWNER: AtomicU64 = AtomicU64::new(1);

impl Session {
    pub fn new(id: SessionId, principal: Principal, way: Way, cwd: Option<PathBuf>) -> Arc<Self> {
        let owner = NEXT_OWNER.fetch_add(1, Ordering::Relaxed);
        // A client may still hold a question of an earlier daemon: ids must not meet.
        let last_ask = u64::from_ne_bytes(random::bytes()) >> 24;
        let state = State { last_ask, ..State::default() };
        Arc::new(Self {
            id,
            owner,
            principal,
            way,
            cwd,
            state: Mutex::new(state),
            idle: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic happens under this lock")
    }

    /// The client greeted us with `initialize`.
    pub fn greet(&self, client: Client) {
        self.lock().client = client;
    }

    /// Completes when no request is in flight.
    pub async fn wait_idle(&self) {
        loop {
            let notified = self.idle.notified();
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

    /// The client's `clientInfo`.
    pub fn client_info(&self) -> Arc<str> {
        self.lock().client.info.clone()
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
    /// `Err` gives the question back: this client cannot be asked that.
    pub fn ask(&self, ask: Ask) -> Result<(u64, Payload), Ask> {
        let mut state = self.lock();
        let can = ask.message().method().is_some_and(|method| state.client.can_answer(method));
        if !can {
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

    /// The client is being sent the list of this version.
    pub fn sent_tools(&self, version: u64) {
        self.lock().tools_seen = Some(version);
    }

    /// Whether the client must hear that the list has this version now. It is told once.
    pub fn must_hear_of_tools(&self, version: u64) -> bool {
        let seen = &mut self.lock().tools_seen;
        let must = seen.is_some_and(|seen| seen != version);
        if must {
            *seen = Some(version);
        }
        must
    }

    /// The version of the tools that the client knows.
    pub fn tools_seen(&self) -> Option<u64> {
        self.lock().tools_seen
    }
}

/// Why a request cannot begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    #[error("{IN_FLIGHT_MAX} requests of this session are in flight; wait for some to end")]
    Calls,
    #[error("a request with this id is in flight already; ids must not be reused in a session")]
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
            self.session.idle.notify_waiters();
        }
    }
}
