//! The life of a call. Every call of a tool passes [`serve`]; there is no second way to a server.
//!
//! 1. **resolve**: the name becomes a server and a tool;
//! 2. **authorize**: may this principal call it;
//! 3. **admit**: is there room, now (the server's connection bounds requests and bytes);
//! 4. **prepare**: the arguments as the server is to get them (as the client sent them);
//! 5. **look up**: is the answer known, or on its way already (never: nothing is kept);
//! 6. **call**: wait until the server is ready or the deadline, send, wait for the answer;
//! 7. **classify**: how did it end;
//! 8. **remember**: what may be kept, what is no longer true (nothing is kept);
//! 9. **render**: the answer as this client is to read it (in its era, otherwise as it is).
//!
//! Dropping the future takes the call back: the server is told.

use std::sync::Arc;

use tokio::time::Instant;

use super::catalog::Entry;
use super::failure::{self, Failure, Lost};
use super::hub::Hub;
use super::world::World;
use crate::access::Principal;
use crate::access::policy::{self, Decision};
use crate::base::{CallId, ServerName, SessionId};
use crate::servers::connection::{Origin, Owner};
use crate::servers::{Ask, Event, Exchange, Live, Loss, PendingCall, Reply, Step};
use crate::telemetry::fact::CallFinished;
use crate::telemetry::{CallOutcome, Fact};
use crate::wire::params::{CallParams, Head};
use crate::wire::{Era, Kind, Message, Payload, RpcError, object, translate};

/// How often a call that was provably not sent is tried again.
const TRIES_MAX: u32 = 3;
const CLOSING: &str = "the daemon is being stopped";

/// One `tools/call` at the door.
#[derive(Debug)]
pub struct Call {
    /// The request as the client sent it.
    pub message: Message,
    pub head: Head,
    pub era: Era,
    pub principal: Principal,
    pub session: SessionId,
    pub owner: Owner,
    /// `clientInfo` as JSON, for a modern server that a legacy client calls.
    pub client_info: Arc<str>,
    /// What is noted of the call for the next process of ours.
    pub pending: Option<PendingCall>,
    /// It was sent to an earlier process of ours, which may have carried it out.
    pub again: bool,
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

/// A server's answer, still in the server's words.
struct Done {
    message: Message,
    era: Era,
}

/// Carries out one call and returns the whole response.
pub async fn serve(hub: Hub, call: Call, outlet: impl Outlet) -> Payload {
    let _counted = hub.count_call();
    let mut record = CallRecord::new(&hub, &call);
    let id = call.message.id().unwrap_or("null");
    let params = match call.head.call(&call.message) {
        Ok(params) => params,
        Err(error) => return record.failed(&Failure::Refused(error), id, call.era),
    };
    match perform(&hub, &call, &params, &outlet, &mut record).await {
        Ok(done) => {
            let outcome = classify(&hub, &done.message);
            match render(&done.message, id, call.era, done.era) {
                Ok(payload) => record.finished(outcome, None, payload),
                Err(failure) => record.failed(&failure, id, call.era),
            }
        }
        Err(failure) => record.failed(&failure, id, call.era),
    }
}

async fn perform(
    hub: &Hub,
    call: &Call,
    params: &CallParams<'_>,
    outlet: &impl Outlet,
    record: &mut CallRecord<'_>,
) -> Result<Done, Failure> {
    let world = world_for(hub, record.started, params).await;
    let entry = resolve(&world, params)?;
    record.tool = Some((entry.server.name.clone(), entry.shown.clone()));
    authorize(call, entry)?;
    let deadline = record.started + entry.server.config.call_timeout;
    let limits = Limits { hub, deadline };
    let lost = |loss: Loss| {
        Failure::Lost(Lost {
            call: Some(record.id),
            server: Some(entry.server.name.clone()),
            tool: entry.tool.name.to_string(),
            reason: loss.reason.to_string(),
            sent: loss.sent,
            elapsed: record.started.elapsed(),
            has_output_schema: entry.tool.has_output_schema,
        })
    };
    if call.again && !may_replay(entry) {
        let reason = "the callmux daemon ended while the call was running".into();
        return Err(lost(Loss { reason, sent: true }));
    }
    send_and_wait(call, params, outlet, entry, limits).await.map_err(lost)
}

/// The world now; or, for a name that only a server that is still starting can bring, the world
/// once it has.
async fn world_for(hub: &Hub, started: Instant, params: &CallParams<'_>) -> Arc<World> {
    let world = hub.world();
    let is_decided = |world: &World| {
        world.catalog.resolve(&params.name).is_ok() || !world.may_still_have(&params.name)
    };
    if world.is_settled() || is_decided(&world) {
        return world;
    }
    hub.world_where(started + world.config.call_timeout, is_decided).await
}

fn resolve<'w>(world: &'w World, params: &CallParams<'_>) -> Result<&'w Entry, Failure> {
    let found = world.catalog.resolve(&params.name);
    found.map_err(|why| {
        Failure::Refused(failure::not_found(&params.name, &why, world.complaint.as_deref()))
    })
}

#[expect(clippy::unnecessary_wraps, reason = "refusing is what this phase is for")]
fn authorize(call: &Call, entry: &Entry) -> Result<(), Failure> {
    match policy::decide(&call.principal, entry.server.name.as_str(), &entry.tool.name) {
        Decision::Allow => Ok(()),
    }
}

/// Sends the call to the server as soon as it is ready. What was provably not sent is tried again,
/// since it cannot have had an effect, and what had one if a second does no harm.
async fn send_and_wait(
    call: &Call,
    params: &CallParams<'_>,
    outlet: &impl Outlet,
    entry: &Entry,
    limits: Limits<'_>,
) -> Result<Done, Loss> {
    let (mut tries, mut dead) = (0, None);
    loop {
        tries += 1;
        let live = tokio::select! {
            live = entry.server.live(limits.deadline, dead.as_ref()) => live.map_err(|e| Loss::not_sent(e.to_string()))?,
            () = limits.hub.closed() => return Err(Loss::not_sent(CLOSING)),
        };
        match exchange(call, params, outlet, entry, &live, limits).await {
            // The next process of ours will see to it.
            Err(loss) if !loss.sent && limits.hub.is_leaving() => {
                return std::future::pending().await;
            }
            Err(loss)
                if (!loss.sent || may_replay(entry))
                    && tries < TRIES_MAX
                    && live.connection.is_over() =>
            {
                dead = Some(live);
            }
            Ok(message) => return Ok(Done { message, era: live.identity.era }),
            Err(loss) => return Err(loss),
        }
    }
}

/// Whether the operator, or a server that is trusted, says that a second call does no harm.
fn may_replay(entry: &Entry) -> bool {
    let config = &entry.server.config;
    config.replay.allow(&entry.tool.name) || (config.trusted && entry.tool.is_repeatable)
}

async fn exchange(
    call: &Call,
    params: &CallParams<'_>,
    outlet: &impl Outlet,
    entry: &Entry,
    live: &Live,
    limits: Limits<'_>,
) -> Result<Message, Loss> {
    let added_meta = match (call.era, live.identity.era) {
        (Era::Legacy, Era::Modern) => Some(translate::modern_meta(&call.client_info)),
        _ => None,
    };
    let build = |id: u64| {
        translate::call(&call.message, params, id, &entry.tool.name, added_meta.as_deref())
    };
    let origin = Origin { owner: Some(call.owner), pending: call.pending.clone() };
    let sent = live.connection.request(origin, build)?;
    let limit = entry.server.config.call_timeout;
    let too_late = || format!("server {} did not answer within {limit:?}", entry.server.name);
    answer(sent, params.progress_token, outlet, limits, too_late).await
}

/// Waits for the answer to what was sent.
pub(super) async fn answer(
    sent: Exchange,
    progress_token: Option<&str>,
    outlet: &impl Outlet,
    limits: Limits<'_>,
    too_late: impl FnOnce() -> String,
) -> Result<Message, Loss> {
    let mut sent = TakeBack(sent);
    let answer = async {
        loop {
            match sent.0.next().await {
                Step::End(Reply::Answer(message)) => return Ok(message),
                Step::End(Reply::Lost(loss)) => return Err(loss),
                Step::Event(event) => pass_on(event, progress_token, outlet),
            }
        }
    };
    let reason: Arc<str> = tokio::select! {
        biased;
        answer = answer => return answer,
        () = tokio::time::sleep_until(limits.deadline) => too_late().into(),
        () = limits.hub.closed() => CLOSING.into(),
    };
    let sent = sent.0.give_up(&reason);
    Err(Loss { reason, sent })
}

/// What ends a call that nobody answers.
#[derive(Clone, Copy)]
pub(super) struct Limits<'a> {
    pub(super) hub: &'a Hub,
    pub(super) deadline: Instant,
}

/// A call whose future is dropped is taken back.
struct TakeBack(Exchange);

impl Drop for TakeBack {
    fn drop(&mut self) {
        self.0.give_up("the client took the call back");
    }
}

fn pass_on(event: Event, progress_token: Option<&str>, outlet: &impl Outlet) {
    match event {
        Event::Progress(message) => {
            if let Some(payload) =
                progress_token.and_then(|token| translate::progress(&message, token))
            {
                outlet.notify(payload);
            }
        }
        Event::Log(message) => outlet.notify(message.payload()),
        Event::Asked(ask) => outlet.ask(ask),
        Event::AskCancelled(id) => outlet.withdraw(&id),
    }
}

/// How the call ended. Only looked at when somebody will read it.
pub(super) fn classify(hub: &Hub, answer: &Message) -> CallOutcome {
    match answer.kind() {
        Kind::Result { result, .. } if hub.recorder.wants_calls() => {
            let [is_error] = object::members(answer.at(*result), ["isError"]).unwrap_or_default();
            if is_error == Some("true") { CallOutcome::ToolError } else { CallOutcome::Done }
        }
        Kind::Error { .. } => CallOutcome::ToolError,
        _ => CallOutcome::Done,
    }
}

/// The answer as a client of this era reads it.
pub(super) fn render(
    answer: &Message,
    id: &str,
    client: Era,
    server: Era,
) -> Result<Payload, Failure> {
    match translate::answer(answer, id, client, server) {
        translate::Answer::Ready(payload) => Ok(payload),
        translate::Answer::InputRequired => Err(Failure::Refused(RpcError::new(
            crate::wire::error::code::INTERNAL,
            "the server asks for further input in a way that this client's protocol revision does not have",
        ))),
    }
}

/// Writes the call down when it ends, however it ends.
struct CallRecord<'a> {
    id: CallId,
    hub: &'a Hub,
    call: &'a Call,
    tool: Option<(ServerName, Arc<str>)>,
    started: Instant,
    written: bool,
}

impl<'a> CallRecord<'a> {
    fn new(hub: &'a Hub, call: &'a Call) -> Self {
        Self { id: CallId::next(), hub, call, tool: None, started: Instant::now(), written: false }
    }

    fn failed(&mut self, failure: &Failure, id: &str, era: Era) -> Payload {
        self.finished(failure.outcome(), Some(failure.reason()), failure.response(id, era))
    }

    fn finished(&mut self, outcome: CallOutcome, reason: Option<&str>, reply: Payload) -> Payload {
        self.write(outcome, reason, reply.len());
        reply
    }

    fn write(&mut self, outcome: CallOutcome, reason: Option<&str>, reply_bytes: usize) {
        self.written = true;
        if !self.hub.recorder.wants_calls() {
            return;
        }
        let (server, tool) = match self.tool.take() {
            Some((server, tool)) => (Some(server), tool),
            None => (None, "?".into()),
        };
        self.hub.recorder.record(Fact::CallFinished(Box::new(CallFinished {
            call: self.id,
            session: Some(self.call.session),
            principal: self.call.principal.label(),
            tool,
            server,
            outcome,
            reason: reason.map(str::to_owned),
            took: self.started.elapsed(),
            request_bytes: self.call.message.len(),
            reply_bytes,
        })));
    }
}

impl Drop for CallRecord<'_> {
    fn drop(&mut self) {
        if !self.written {
            self.write(CallOutcome::Cancelled, None, 0);
        }
    }
}
