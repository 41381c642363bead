//! The life of a call. Every request that goes to a server passes [`serve`]; there is no second way.
//!
//! 1. **resolve**: the name, URI or id becomes a server and what it calls the target;
//! 2. **authorize**: may this principal have it;
//! 3. **admit**: is there room, now (the server's connection bounds requests and bytes);
//! 4. **prepare**: the arguments as the server is to get them (as the client sent them);
//! 5. **look up**: is the answer known, or on its way already (never: nothing is kept);
//! 6. **call**: wait until the server is ready or the deadline, send, wait for the answer;
//! 7. **classify**: how did it end;
//! 8. **remember**: what may be kept, what is no longer true (nothing is kept);
//! 9. **render**: the answer as this client is to read it (in its era, otherwise as it is).
//!
//! A server that asks the client something in between makes rounds of it ([`super::rounds`]).
//!
//! Dropping the future takes the call back: the server is told.

use std::sync::Arc;

use tokio::time::Instant;

use super::failure::{Failure, Lost};
use super::held::{self, Held, Whose};
use super::hub::Hub;
use super::locate::{Located, locate};
use super::record::CallRecord;
use super::rounds;
use super::sending::{self, Back, Heard, Limits, Logs, PassOn, Routed};
use super::world::World;
use crate::access::Principal;
use crate::access::policy::{self, Decision};
use crate::base::SessionId;
use crate::connection::Owner;
use crate::connection::{Ask, Loss, PendingCall};
use crate::servers::Server;
use crate::telemetry::CallOutcome;
use crate::wire::params::{Head, RequestParams, Target};
use crate::wire::translate::{self, Asked};
use crate::wire::{
    ClientCapabilities, Era, Kind, LogLevel, Message, Payload, RpcError, error::code, object,
};

/// One request at the door.
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
    /// What a legacy client said that it can do.
    pub capabilities: Arc<ClientCapabilities>,
    /// From which level on a legacy client wants log messages.
    pub level: Option<LogLevel>,
    /// What is noted of the call for the next process of ours.
    pub pending: Option<PendingCall>,
    /// It was sent to an earlier process of ours, which may have carried it out.
    pub again: bool,
    /// The client's bridge asks the next process of ours again if we give no answer.
    pub is_kept: bool,
}

impl Call {
    /// Whether the next process of ours sees to it if we end.
    fn goes_on(&self) -> bool {
        self.pending.is_some() || self.is_kept
    }

    /// From which level on the client wants log messages about this request.
    pub(super) fn log_level(&self) -> Option<LogLevel> {
        match self.era {
            Era::Legacy => self.level,
            Era::Modern => self.head.meta(&self.message).log_level,
        }
    }

    /// What a modern client says, with this request, that it can do.
    pub(super) fn modern_capabilities(&self) -> ClientCapabilities {
        let json = self.head.meta(&self.message).client_capabilities;
        json.map(ClientCapabilities::parse).unwrap_or_default()
    }
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
}

impl Reply {
    fn well(payload: Payload) -> Self {
        Self { payload, error: None }
    }
}

/// Carries out one request.
pub async fn serve(hub: Hub, call: Call, outlet: impl Outlet) -> Reply {
    let _counted = hub.count_call();
    let mut record = CallRecord::new(&hub, &call);
    let id = call.message.id().unwrap_or("null");
    let params = match call.head.request(&call.message) {
        Ok(params) => params,
        Err(error) => return record.failed(&Failure::Refused(error), id),
    };
    let done = match perform(&hub, &call, &params, &outlet, &mut record).await {
        Ok(done) => done,
        Err(failure) => return record.failed(&failure, id),
    };
    match done {
        Done::Answer { outcome, payload, error } => {
            Reply { payload: record.finished(outcome, None, payload), error }
        }
        Done::Known(result) => {
            let payload = translate::result(id, result);
            Reply::well(record.finished(CallOutcome::Done, None, payload))
        }
        Done::Held(payload) => Reply::well(record.finished(CallOutcome::Done, None, payload)),
    }
}

/// How a request ended well.
enum Done {
    /// With the server's answer, ready to send.
    Answer { outcome: CallOutcome, payload: Payload, error: Option<i64> },
    /// With a result that needed no server.
    Known(&'static str),
    /// With a question; the call waits for the answer.
    Held(Payload),
}

async fn perform(
    hub: &Hub,
    call: &Call,
    params: &RequestParams<'_>,
    outlet: &impl Outlet,
    record: &mut CallRecord<'_>,
) -> Result<Done, Failure> {
    if let Some(state) = params.request_state.and_then(object::string).filter(|s| held::is_ours(s))
    {
        return go_on(hub, call, params, &state, outlet, record).await;
    }
    let is_noted = call.goes_on();
    let world = tokio::select! {
        biased;
        world = world_for(hub, record.started, call, params) => world,
        () = hub.closed(is_noted) => return Err(unresolved(call, params, record)),
    };
    let located = locate(&world, params, call.era)?;
    record.located = Some((located.server.name.clone(), located.shown.clone()));
    authorize(call, &located)?;
    if call.era == Era::Modern {
        refuse_others_state(params, &located)?;
    }
    if completes_nothing(params, &located) {
        return Ok(Done::Known(match call.era {
            Era::Legacy => r#"{"completion":{"values":[],"hasMore":false}}"#,
            Era::Modern => {
                r#"{"resultType":"complete","completion":{"values":[],"hasMore":false}}"#
            }
        }));
    }
    if call.again && !sending::may_replay(call, &located) {
        let reason = "the callmux daemon ended while the call was running".into();
        return Err(lost(call, record, &located, &Loss { reason, sent: true }));
    }
    let (mut members, mut began, mut round) = (String::new(), record.started, 0);
    loop {
        let deadline = began + located.server.config.call_timeout;
        let limits = Limits { hub, deadline, is_noted };
        let routed = Routed { call, params, located: &located, members: &members };
        let back = sending::send_and_wait(routed, outlet, limits).await;
        let Back { heard, era } = match back {
            Ok(back) => back,
            Err(loss) => return Err(lost(call, record, &located, &limits.or_left(loss).await)),
        };
        let message = match heard {
            Heard::Answer(message) => message,
            Heard::Asked(sent, ask) => {
                let (server, whose) = (located.server.clone(), whose(call, params));
                return hold(hub, call, Held { whose, server, sent, ask });
            }
        };
        match translate::answer(&message, asked(call, params, located.server, era)) {
            translate::Answer::Ready(payload) => {
                return Ok(answered(hub, &message, payload));
            }
            translate::Answer::InputRequired => {
                round += 1;
                members = rounds::run(limits, &message, round, outlet).await?;
                began = Instant::now();
            }
        }
    }
}

/// Goes on with a call whose server waits for an answer, which this request brings.
async fn go_on(
    hub: &Hub,
    call: &Call,
    params: &RequestParams<'_>,
    state: &str,
    outlet: &impl Outlet,
    record: &mut CallRecord<'_>,
) -> Result<Done, Failure> {
    let unknown =
        |error: held::Unknown| Failure::Refused(RpcError::invalid_params(error.to_string()));
    let held = hub.held.take(state, &whose(call, params)).map_err(unknown)?;
    record.located = Some((held.server.name.clone(), (&*params.name).into()));
    let answer = params.input_responses.and_then(|json| translate::rounds::answer_to(KEY, json));
    let Some(answer) = answer else { return hold(hub, call, held) };
    let Held { server, sent, ask, whose } = held;
    ask.answer(&answer);
    let capabilities = call.modern_capabilities();
    let pass_on = PassOn {
        progress_token: params.progress_token,
        logs: Logs::of(call),
        rounds: Some(&capabilities),
    };
    let limit = server.config.call_timeout;
    let is_noted = call.goes_on();
    let limits = Limits { hub, deadline: Instant::now() + limit, is_noted };
    let too_late = || format!("server {} did not answer within {limit:?}", server.name);
    let heard = sending::answer(sent, &pass_on, outlet, limits, too_late).await;
    let own = params.name.clone();
    let located = Located { server: &server, own, shown: (&*params.name).into(), item: None };
    match heard.map_err(|loss| lost(call, record, &located, &loss))? {
        Heard::Asked(sent, ask) => {
            hold(hub, call, Held { whose, server: server.clone(), sent, ask })
        }
        Heard::Answer(message) => {
            // What is held back for a modern client always comes from a legacy server.
            let asked = asked(call, params, &server, Era::Legacy);
            match translate::answer(&message, asked) {
                translate::Answer::Ready(payload) => Ok(answered(hub, &message, payload)),
                translate::Answer::InputRequired => unreachable!("a modern client is asked so"),
            }
        }
    }
}

fn answered(hub: &Hub, message: &Message, payload: Payload) -> Done {
    Done::Answer { outcome: classify(hub, message), payload, error: message.error_code() }
}

/// The one question of a round has this key.
const KEY: &str = "question";

/// Ends the round with the server's question; the call waits for the next one.
fn hold(hub: &Hub, call: &Call, held: Held) -> Result<Done, Failure> {
    let question = held.ask.message().clone();
    let id = call.message.id().unwrap_or("null");
    match hub.held.keep(held) {
        Ok(state) => Ok(Done::Held(translate::rounds::ask(id, KEY, &question, &state))),
        Err(_) => Err(Failure::Refused(RpcError::new(
            code::INTERNAL,
            "too many calls wait for answers of their clients",
        ))),
    }
}

fn whose(call: &Call, params: &RequestParams<'_>) -> Whose {
    Whose {
        principal: call.principal.clone(),
        method: call.message.method().map_or("", |method| method.as_str()).into(),
        name: (&*params.name).into(),
    }
}

fn asked<'a>(
    call: &'a Call,
    params: &RequestParams<'_>,
    server: &'a Server,
    era: Era,
) -> Asked<'a> {
    Asked {
        id: call.message.id().unwrap_or("null"),
        client: call.era,
        server: era,
        target: params.target,
        task_prefix: may_have_tasks(params, server, era).then(|| server.name.as_str()),
    }
}

/// Whether the answer can name a task.
fn may_have_tasks(params: &RequestParams<'_>, server: &Server, era: Era) -> bool {
    match (params.target, era) {
        (Target::Task, _) => true,
        (Target::Tool, Era::Legacy) => params.as_task,
        (Target::Tool, Era::Modern) => {
            let status = server.status();
            status.offer.as_ref().is_some_and(|offer| offer.capabilities.has_task_extension)
        }
        _ => false,
    }
}

/// A server that completes nothing need not be asked: that others do made us say that we can.
fn completes_nothing(params: &RequestParams<'_>, located: &Located<'_>) -> bool {
    if !matches!(params.target, Target::PromptReference | Target::TemplateReference) {
        return false;
    }
    let status = located.server.status();
    status.offer.as_ref().is_some_and(|offer| !offer.capabilities.has_completions)
}

/// The world now; or, for a target that only a server that is still starting can bring, the world
/// once it has.
async fn world_for(
    hub: &Hub,
    started: Instant,
    call: &Call,
    params: &RequestParams<'_>,
) -> Arc<World> {
    let world = hub.world();
    let is_decided =
        |world: &World| locate(world, params, call.era).is_ok() || !world.may_still_have(params);
    if world.is_settled() || is_decided(&world) {
        return world;
    }
    hub.world_where(started + world.config.call_timeout, is_decided).await
}

#[expect(clippy::unnecessary_wraps, reason = "refusing is what this phase is for")]
fn authorize(call: &Call, located: &Located<'_>) -> Result<(), Failure> {
    match policy::decide(&call.principal, located.server.name.as_str(), &located.own) {
        Decision::Allow => Ok(()),
    }
}

/// A legacy server gives no state, so this one is not for it. Without this the call would begin anew,
/// and have its effect a second time.
fn refuse_others_state(params: &RequestParams<'_>, located: &Located<'_>) -> Result<(), Failure> {
    if params.request_state.is_none_or(|state| state == "null") {
        return Ok(());
    }
    let live = located.server.status().live.clone();
    if live.is_some_and(|live| live.identity.era == Era::Legacy) {
        return Err(Failure::Refused(RpcError::invalid_params(held::Unknown.to_string())));
    }
    Ok(())
}

/// The daemon ends before it is known whose target this is.
fn unresolved(call: &Call, params: &RequestParams<'_>, record: &CallRecord<'_>) -> Failure {
    Failure::Lost(Lost {
        call: Some(record.id),
        server: None,
        tool: params.name.to_string(),
        reason: sending::CLOSING.to_owned(),
        sent: false,
        elapsed: record.started.elapsed(),
        has_output_schema: true,
        is_tool_call: call.head.target() == Some(Target::Tool),
    })
}

fn lost(call: &Call, record: &CallRecord<'_>, located: &Located<'_>, loss: &Loss) -> Failure {
    Failure::Lost(Lost {
        call: Some(record.id),
        server: Some(located.server.name.clone()),
        tool: located.own.to_string(),
        reason: loss.reason.to_string(),
        sent: loss.sent,
        elapsed: record.started.elapsed(),
        has_output_schema: located.item.is_none_or(|item| item.has_output_schema),
        is_tool_call: call.head.target() == Some(Target::Tool),
    })
}

/// How the call ended. Only looked at when somebody will read it.
pub(super) fn classify(hub: &Hub, answer: &Message) -> CallOutcome {
    match answer.kind() {
        Kind::Result { result, .. } if hub.recorder.wants_calls() => {
            let is_error = object::get(answer.at(*result), "isError");
            if is_error == Some("true") { CallOutcome::ToolError } else { CallOutcome::Done }
        }
        Kind::Error { .. } => CallOutcome::ToolError,
        _ => CallOutcome::Done,
    }
}
