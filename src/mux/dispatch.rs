//! The life of a call. Every request that goes to a server passes [`serve`]; there is no second way.
//!
//! 1. **resolve**: the name, URI or id becomes a server and what it calls the target;
//! 2. **authorize**: may this principal have it;
//! 3. **admit**: is there room, now (the server's connection bounds requests and bytes);
//! 4. **prepare**: the arguments as the server is to get them ([`super::prepare`]);
//! 5. **look up**: is the answer known, or on its way already ([`super::cache`]);
//! 6. **call**: wait until the server is ready or the deadline, send, wait for the answer;
//! 7. **classify**: how did it end;
//! 8. **remember**: what may be kept, what is no longer true ([`super::cache`]);
//! 9. **render**: the answer as this client is to read it, in its era ([`super::fit`]).
//!
//! A server that asks the client something in between makes rounds of it ([`super::rounds`]).
//!
//! Dropping the future takes the call back: the server is told.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::time::Instant;

use super::cache::{Change, Kept, Key, Lead, Look, Part};
use super::call::{Call, Maker, Outlet, Reply};
use super::failure::{Failure, Lost};
use super::fit;
use super::hub::Hub;
use super::locate::{Located, kind, locate, nothing_there};
use super::open_round::{self, OpenRound, Whose};
use super::prepare;
use super::record::CallRecord;
use super::rounds;
use super::sending::{self, Back, Heard, Limits, Logs, PassOn, Routed};
use super::world::World;
use crate::access::{Action, Permit};
use crate::arguments::may_need;
use crate::base::ServerName;
use crate::connection::Loss;
use crate::servers::Server;
use crate::telemetry::CallOutcome;
use crate::wire::params::{RequestParams, Target};
use crate::wire::translate::{self, Asked};
use crate::wire::{Era, Kind, Message, Payload, RpcError, error::code, object};

/// Carries out one request.
///
/// What happens rarely is in boxes of its own: every call would have to carry the room for it.
pub async fn serve(hub: Hub, call: Box<Call>, outlet: impl Outlet) -> Reply {
    // A meta-tool is one call, however many it makes.
    let _counted = (call.maker == Maker::Client).then(|| hub.count_call());
    let mut record = CallRecord::new(&hub, &call);
    let id = call.message.id().unwrap_or("null");
    let params = match call.head.request(&call.message) {
        Ok(params) => params,
        Err(error) => return record.failed(Failure::Refused(error), id),
    };
    let done = match perform(&hub, &call, &params, &outlet, &mut record).await {
        Ok(done) => done,
        Err(failure) => return record.failed(failure, id),
    };
    match done {
        Done::Answer { outcome, payload, error } => {
            Reply { payload: record.finished(outcome, None, payload), error, failure: None }
        }
        Done::Known(result) => {
            let payload = translate::result(id, result);
            Reply::well(record.finished(CallOutcome::Done, None, payload))
        }
        Done::OpenRound(payload) => Reply::well(record.finished(CallOutcome::Done, None, payload)),
    }
}

/// How a request ended well.
enum Done {
    /// With the server's answer, ready to send.
    Answer { outcome: CallOutcome, payload: Payload, error: Option<i64> },
    /// With a result that needed no server.
    Known(&'static str),
    /// With a question; the call waits for the answer.
    OpenRound(Payload),
}

async fn perform(
    hub: &Hub,
    call: &Call,
    params: &RequestParams<'_>,
    outlet: &impl Outlet,
    record: &mut CallRecord<'_>,
) -> Result<Done, Failure> {
    if let Some(state) =
        params.request_state.and_then(object::string).filter(|s| open_round::is_ours(s))
    {
        return Box::pin(go_on(hub, call, params, &state, outlet, record)).await;
    }
    let is_noted = call.goes_on();
    let world = tokio::select! {
        biased;
        world = world_for(hub, record.started, call, params) => world,
        () = hub.closed(is_noted) => return Err(unresolved(call, params, record)),
    };
    let located = locate(&world, params, call.era, call.subject())?;
    record.name(Some(located.server.name.clone()), located.shown.clone());
    let permit = authorize(&world, call, params, (&located.server.name, &located.own))?;
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
    let arguments = match params.arguments.filter(|_| params.target == Target::Tool) {
        Some(text) if may_need(text) => {
            Box::pin(prepare::arguments(hub, &world, call, text, &located)).await?
        }
        _ => None,
    };
    let routed = Routed {
        call,
        permit: &permit,
        params,
        located: &located,
        members: "",
        arguments: arguments.as_deref(),
    };
    let found = match part(&routed) {
        Part::None | Part::Passes => Found::Nothing(Remember::Nothing),
        Part::Changes => Found::Nothing(Remember::Forget(hub.cache.change(&located.server.name))),
        Part::Reads => Box::pin(look_up(routed, hub, record)).await?,
    };
    let done = match found {
        Found::Kept(kept) => {
            hub.ledger.cache_hit();
            call.ledger.cache_hit();
            match translate::answer(&kept.answer, asked(call, params, located.server, kept.era)) {
                translate::Answer::Ready(payload) => answered(hub, &kept.answer, payload),
                translate::Answer::InputRequired => unreachable!("only whole results are kept"),
            }
        }
        Found::Nothing(remember) => {
            rounds_of(&world, routed, hub, outlet, record, remember).await?
        }
    };
    Ok(render(hub, &world, call, &located, done).await)
}

/// Phase 9: the result of a call of a tool as its client is to read it.
async fn render(hub: &Hub, world: &World, call: &Call, located: &Located<'_>, done: Done) -> Done {
    let Done::Answer { outcome, payload, error } = done else { return done };
    if call.head.target() != Some(Target::Tool) {
        return Done::Answer { outcome, payload, error };
    }
    let direct = payload.len();
    let limits = match (call.maker, error) {
        (Maker::Client, None) => fit::limits(call.view(&world.config), located),
        _ => None,
    };
    let payload = match limits.filter(|limits| limits.touch(&payload)) {
        Some(limits) => Box::pin(fit::response(limits.reader(hub, call, located), payload)).await,
        None => payload,
    };
    for ledger in [&hub.ledger, &call.ledger] {
        ledger.call(payload.len(), direct, call.maker != Maker::Client);
    }
    Done::Answer { outcome, payload, error }
}

/// What is known of a call before it is sent.
enum Found {
    Kept(Kept),
    Nothing(Remember),
}

/// What is to be done about the cache when the call is over.
enum Remember {
    Nothing,
    Keep(Lead),
    /// What was read of the server is untrue from now on, and once more at the end.
    Forget(#[expect(dead_code, reason = "what counts is when it is dropped")] Change),
}

/// What the cache has to do with a call.
fn part(routed: &Routed<'_>) -> Part {
    let Routed { params, located, .. } = routed;
    let item = located.item.filter(|_| params.target == Target::Tool);
    match item.map_or(Part::None, |item| Part::of(&located.server.config, item)) {
        // What a server gives may depend on whose headers it gets.
        Part::Reads if !located.server.config.remote.forward_headers.is_empty() => Part::Passes,
        Part::Reads if params.as_task || params.input_responses.is_some() => Part::Passes,
        part => part,
    }
}

/// Looks up a call that only reads, and waits if it is on its way already.
async fn look_up(routed: Routed<'_>, hub: &Hub, record: &CallRecord<'_>) -> Result<Found, Failure> {
    let Routed { call, params, located, arguments, .. } = routed;
    let config = &located.server.config;
    let arguments = arguments.or(params.arguments);
    let key = Key::new(&call.principal, &located.server.name, &located.own, arguments);
    let Some(key) = key else { return Ok(Found::Nothing(Remember::Nothing)) };
    let deadline = record.started + call.limit(config);
    loop {
        let mut waiting = match hub.cache.look(&key, config) {
            Look::Hit(kept) => return Ok(Found::Kept(kept)),
            Look::Send(lead) => return Ok(Found::Nothing(Remember::Keep(lead))),
            Look::Wait(waiting) => waiting,
        };
        let reason = tokio::select! {
            _ = waiting.changed() => continue,
            () = tokio::time::sleep_until(deadline) => "the same call did not end in time",
            () = hub.closed(call.goes_on()) => sending::CLOSING,
        };
        return Err(lost(call, record, located, &Loss::not_sent(reason)));
    }
}

/// Phases 6 to 8, as often as the server asks for more input.
async fn rounds_of(
    world: &World,
    routed: Routed<'_>,
    hub: &Hub,
    outlet: &impl Outlet,
    record: &CallRecord<'_>,
    mut remember: Remember,
) -> Result<Done, Failure> {
    let Routed { call, params, located, .. } = routed;
    let (mut members, mut began, mut round) = (String::new(), record.started, 0);
    loop {
        let deadline = began + call.limit(&located.server.config);
        let limits = Limits { hub, deadline, is_noted: call.goes_on() };
        let back = sending::send_and_wait(Routed { members: &members, ..routed }, outlet, limits);
        let Back { heard, era } = match back.await {
            Ok(back) => back,
            Err(loss) => return Err(lost(call, record, located, &limits.or_left(loss).await)),
        };
        let message = match heard {
            Heard::Answer(message) => message,
            Heard::Asked(sent, ask) => {
                let (server, whose) = (located.server.clone(), whose(call, params));
                let own = (&*located.own).into();
                return hold(hub, call, OpenRound { whose, server, own, sent, ask });
            }
        };
        match translate::answer(&message, asked(call, params, located.server, era)) {
            translate::Answer::Ready(payload) => {
                if let Remember::Keep(lead) = std::mem::replace(&mut remember, Remember::Nothing)
                    && is_whole_result(&message)
                {
                    let kept = Kept { answer: message.clone(), era };
                    lead.keep(kept, &located.server.config, world.config.cache);
                }
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

/// Whether an answer may be given again: a result that is no error, and no question.
fn is_whole_result(answer: &Message) -> bool {
    let Kind::Result { result, .. } = answer.kind() else { return false };
    let names = ["isError", "resultType", "task"];
    matches!(
        object::members(answer.at(*result), names),
        Ok([None | Some("false"), None | Some(r#""complete""#), None])
    )
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
        |error: open_round::Unknown| Failure::Refused(RpcError::invalid_params(error.to_string()));
    let round = hub.open_rounds.take(state, &whose(call, params)).map_err(unknown)?;
    record.name(Some(round.server.name.clone()), (&*params.name).into());
    let _permit = authorize(&hub.world(), call, params, (&round.server.name, &round.own))?;
    let answer = params.input_responses.and_then(|json| translate::rounds::answer_to(KEY, json));
    let Some(answer) = answer else { return hold(hub, call, round) };
    let OpenRound { server, own, sent, ask, whose } = round;
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
    let _change = server.config.policy.cache_ttl.map(|_| hub.cache.change(&server.name));
    let too_late = || format!("server {} did not answer within {limit:?}", server.name);
    let heard = sending::answer(sent, &pass_on, outlet, limits, too_late).await;
    let shown: Arc<str> = (&*params.name).into();
    let located = Located { server: &server, own: Cow::Borrowed(&own), shown, item: None };
    match heard.map_err(|loss| lost(call, record, &located, &loss))? {
        Heard::Asked(sent, ask) => {
            let (server, own) = (server.clone(), own.clone());
            hold(hub, call, OpenRound { whose, server, own, sent, ask })
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
fn hold(hub: &Hub, call: &Call, round: OpenRound) -> Result<Done, Failure> {
    let question = round.ask.message().clone();
    let id = call.message.id().unwrap_or("null");
    match hub.open_rounds.keep(round) {
        Ok(state) => Ok(Done::OpenRound(translate::rounds::ask(id, KEY, &question, &state))),
        Err(_) => Err(Failure::Refused(RpcError::new(
            code::INTERNAL,
            "too many calls wait for answers of their clients",
        ))),
    }
}

fn whose(call: &Call, params: &RequestParams<'_>) -> Whose {
    let method = call.message.method().map_or("", |method| method.as_str());
    Whose::new(call.principal.clone(), method, &params.name)
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
    let is_decided = |world: &World| {
        let found = locate(world, params, call.era, call.subject());
        found.is_ok() || !world.may_still_have(params)
    };
    if world.is_settled() || is_decided(&world) {
        return world;
    }
    hub.world_where(started + world.config.call_timeout, is_decided).await
}

/// Phase 2. `server`, `own`: whose the target is, and what its server calls it.
fn authorize(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    (server, own): (&ServerName, &str),
) -> Result<Permit, Failure> {
    let subject = call.subject();
    let action = Action { kind: kind(params.target), server: Some(server), target: own };
    let denied = |_| Failure::Denied(nothing_there(world, params, call.era, subject));
    world.gate.admit(subject, action).map_err(denied)
}

/// A legacy server gives no state, so this one is not for it. Without this the call would begin anew,
/// and have its effect a second time.
fn refuse_others_state(params: &RequestParams<'_>, located: &Located<'_>) -> Result<(), Failure> {
    if params.request_state.is_none_or(|state| state == "null") {
        return Ok(());
    }
    let live = located.server.status().live.clone();
    if live.is_some_and(|live| live.identity.era == Era::Legacy) {
        return Err(Failure::Refused(RpcError::invalid_params(open_round::Unknown.to_string())));
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
