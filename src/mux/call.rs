//! A request for one server: who makes it, what it says, where its answer goes.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::access::{ClientName, Subject};
use crate::approvals::SaidByClient;
use crate::audit::arguments::READ_MAX;
use crate::base::{Principal, SessionId, clip};
use crate::connection::{Ask, Forwarded, Owner};
use crate::facts::CallOrigin;
use crate::handover::PendingCall;
use crate::instances::roots::AskedRoots;
use crate::instructions::servers::ToldServers;
use crate::ledger::Ledger;
use crate::settings::{Config, ServerConfig, View};
use crate::targets::failure::Failure;
use crate::wire::params::Head;
use crate::wire::{ClientCapabilities, Era, LogLevel, Message, Payload, object};

/// Ids of requests up to this length are written down whole, in bytes.
const REQUEST_ID_MAX: usize = 64;

/// One request at the door.
#[derive(Debug)]
pub struct Call {
    /// The request as the client sent it.
    pub message: Message,
    pub head: Head,
    pub era: Era,
    pub caller: Caller,
    /// What is noted of the call for the next process of ours.
    pub pending: Option<PendingCall>,
    /// It was sent to an earlier process of ours, which may have carried it out.
    pub again: bool,
    /// The client's bridge asks the next process of ours again if we give no answer.
    pub is_kept: bool,
    /// What of the client's own headers some server is to get.
    pub forwarded: Option<Arc<Forwarded>>,
    pub maker: Maker,
    /// What its client answered when a person had to be asked about it.
    pub approval: Option<SaidByClient>,
    /// In place of the server's `call_timeout`.
    pub timeout: Option<Duration>,
}

/// For whom a call is made: whose it is, and what that client said of itself.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Principal,
    pub session: SessionId,
    pub owner: Owner,
    /// `clientInfo` as JSON, for a modern server that a legacy client calls.
    pub client_info: Arc<str>,
    /// What a legacy client said that it can do.
    pub capabilities: Arc<ClientCapabilities>,
    /// From which level on a legacy client wants log messages.
    pub level: Option<LogLevel>,
    /// The directory the client works in.
    pub cwd: Option<Arc<Path>>,
    /// What it answered when it was asked for that.
    pub roots: Arc<AskedRoots>,
    /// Of which servers it was told what they want agents to know.
    pub told: Arc<ToldServers>,
    /// The session's account.
    pub ledger: Arc<Ledger>,
    /// How the client comes in, as facts name it.
    pub via: &'static str,
    /// The process at the other end, by its number, where the kernel tells.
    pub process: Option<u32>,
}

/// What makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    Client,
    /// A meta-tool, which wants the result whole and accounts for what it sends itself.
    MetaTool,
    /// The same, and the arguments hold what no model wrote: nothing in them is a reference.
    MetaToolWithData,
}

static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);

impl Caller {
    /// To whom what servers ask back belongs, in a session that begins now.
    pub fn owner_of(principal: &Principal) -> Owner {
        let session = NEXT_SESSION.fetch_add(1, Ordering::Relaxed);
        Owner { principal: principal.number(), session }
    }
}

impl Call {
    /// For whom it is made.
    pub fn subject(&self) -> Subject<'_> {
        let said = self.head.client_info(&self.message).unwrap_or(&self.caller.client_info);
        Subject { principal: &self.caller.principal, client: ClientName::In(said) }
    }

    /// Whether the next process of ours sees to it if we end.
    pub(super) fn goes_on(&self) -> bool {
        self.pending.is_some() || self.is_kept
    }

    /// How long the call may take at a server.
    pub(super) fn limit(&self, config: &ServerConfig) -> Duration {
        self.timeout.unwrap_or(config.call_timeout)
    }

    /// From which level on the client wants log messages about this request.
    pub(super) fn log_level(&self) -> Option<LogLevel> {
        match self.era {
            Era::Legacy => self.caller.level,
            Era::Modern => self.head.meta(&self.message).log_level,
        }
    }

    /// The client's name in `clientInfo`.
    pub fn client_name(&self) -> Cow<'_, str> {
        let said = self.head.client_info(&self.message);
        let name = object::get(said.unwrap_or(&self.caller.client_info), "name");
        name.and_then(object::string).unwrap_or_default()
    }

    /// What the client calls itself: name and version.
    pub fn client_title(&self) -> String {
        let said = self.head.client_info(&self.message);
        title(said.unwrap_or(&self.caller.client_info))
    }

    /// Where it came from, for who looks later.
    pub(super) fn origin(&self) -> CallOrigin {
        // A meta-tool's calls have no id that a client gave.
        let id = self.message.id().filter(|_| self.maker == Maker::Client);
        let request = id.map(|id| clip::start(id, REQUEST_ID_MAX).into());
        let trace = self.head.trace_id(&self.message).map(Into::into);
        CallOrigin { via: Some(self.caller.via), request, trace, ..CallOrigin::default() }
    }

    /// Its arguments, as JSON, or the beginning of very long ones.
    pub(super) fn arguments(&self) -> Option<Box<str>> {
        let params = self.head.request(&self.message).ok()?;
        params.arguments.map(|json| clip::start(json, READ_MAX + 1).into())
    }

    /// What the client is shown.
    pub fn view<'w>(&self, config: &'w Config) -> &'w View {
        // Most configs say nothing about single clients, and most clients are none that everybody's does.
        let said = self.head.client_info(&self.message).unwrap_or(&self.caller.client_info);
        if !config.may_be_known(said) {
            return &config.everybody;
        }
        config.view(&self.client_name())
    }

    /// What a modern client says, with this request, that it can do.
    pub(super) fn modern_capabilities(&self) -> ClientCapabilities {
        let json = self.head.meta(&self.message).client_capabilities;
        json.map(ClientCapabilities::parse).unwrap_or_default()
    }
}

/// The name and the version in `clientInfo`, for people.
pub fn title(info: &str) -> String {
    let [name, version] = object::members(info, ["name", "version"]).unwrap_or_default();
    let [name, version] =
        [name, version].map(|json| json.and_then(object::string).unwrap_or_default());
    format!("{name} {version}").trim().to_owned()
}

/// Where what comes before the answer goes.
pub trait Outlet: Send + Sync {
    /// A notification for the client, ready to send.
    fn notify(&self, notification: Payload);
    /// A question of the server to the client.
    fn ask(&self, ask: Ask);
    /// The server took back the question with this id (its own, as written).
    fn withdraw(&self, id: &str);
}

/// The whole response to a request.
#[derive(Debug)]
pub struct Reply {
    pub payload: Payload,
    /// The code, if it is an error.
    pub error: Option<i64>,
    /// Why there is no answer of a server, if there is none.
    pub failure: Option<Box<Failure>>,
}

impl Reply {
    pub(super) fn well(payload: Payload) -> Self {
        Self { payload, error: None, failure: None }
    }
}
