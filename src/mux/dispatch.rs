//! The life of a call. Every request that goes to a server passes [`serve`]; there is no second way.
//!
//! 1. **resolve**: the name, URI or id becomes a server and what it calls the target;
//! 2. **admit**: may this principal have it ([`super::admit`]), and may it be asked for a second time;
//!    Of a server that runs once for each directory, the client's instance is meant from here on
//!    ([`super::placed`]);
//! 3. **spare**: does its server have to be asked, and may it be; where nothing may be done without a record of
//!    it, that is written now;
//! 4. **prepare**: the arguments as the server is to get them ([`super::prepare`]);
//! 5. **look up**: is the answer known, or on its way already ([`super::look_up`]);
//! 6. **carry out**: wait until the server is ready or the deadline, send if there is room (which its
//!    connection decides), wait for the answer;
//! 7. **classify**: how did it end ([`super::outcome`]);
//! 8. **remember**: what may be kept, what is no longer true ([`super::look_up`]);
//! 9. **render**: the answer as this client is to read it, in its era ([`super::fit`]).
//!
//! A server that asks the client something in between makes rounds of it ([`super::rounds`],
//! [`super::go_on`]).
//!
//! Dropping the future takes the call back: the server is told.

use std::sync::Arc;

use tokio::time::Instant;

use super::admit::{Admitted, admit, places};
use super::approval::{self, Settled, Unapproved};
use super::call::{Call, Maker, Outlet, Reply};
use super::fit;
use super::go_on::{go_on, hold, whose};
use super::hub::Hub;
use super::look_up::look_up;
use super::open_round::{self, OpenRound};
use super::outcome::{ASKED_BEFORE, Done, asked, classify, lost, not_reached, unresolved, unseen};
use super::placed;
use super::prepare;
use super::read_tokens;
use super::record::CallRecord;
use super::roots;
use super::roots_round;
use super::rounds;
use super::sending::{self, Back, CallLimits, Heard, Routed};
use crate::arguments::may_need;
use crate::cache::ServerAnswer;
use crate::connection::Loss;
use crate::facts::CallOutcome;
use crate::ledger::{Amount, AnswerTokens};
use crate::settings::View;
use crate::targets::absent;
use crate::targets::failure::Failure;
use crate::targets::locate::{Located, locate};
use crate::wire::params::{RequestParams, Target};
use crate::wire::translate;
use crate::wire::{Era, Payload, RpcError, object};
use crate::world::World;

/// Carries out one request.
///
/// What happens rarely is in boxes of its own: every call would have to carry the room for it.
pub async fn serve(hub: Hub, mut call: Box<Call>, outlet: impl Outlet) -> Reply {
    // A meta-tool is one call, however many it makes.
    let _counted = (call.maker == Maker::Client).then(|| hub.count_call());
    match call.era {
        Era::Legacy => roots::settle(&hub, &mut call, &outlet).await,
        Era::Modern => {
            roots_round::take(&hub, &mut call);
            approval::take(&hub, &mut call);
        }
    }
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

/// The phases, one after the other.
async fn perform(
    hub: &Hub,
    call: &Call,
    params: &RequestParams<'_>,
    outlet: &impl Outlet,
    record: &mut CallRecord<'_>,
) -> Result<Done, Failure> {
    if let Some(state) = own_state(hub, params) {
        return Box::pin(go_on(hub, call, params, &state, outlet, record)).await;
    }
    let world = world_for(hub, call, params, record).await;
    let world = world.map_err(|why| not_reached(call, params, record, why))?;
    let located = resolve(&world, call, params, record);
    let located = located.map_err(|why| not_reached(call, params, record, why))?;
    let (permit, approved) = match admit(&world, call, params, located.wanted())? {
        Admitted::Now(permit) => (permit, None),
        Admitted::IfApproved(rule) => {
            let (world, located) = (&world, &located);
            let unapproved = Unapproved { hub, world, call, params, located, rule: &rule };
            match Box::pin(unapproved.settle(outlet, record)).await? {
                Settled::Approved(permit, asked) => (permit, Some(asked)),
                Settled::Asked(question) => return Ok(Done::OpenRound(question)),
            }
        }
    };
    if call.again && !sending::may_replay(call, &located) {
        return Err(lost(call, record, &located, &Loss::sent(ASKED_BEFORE)));
    }
    if let Some(question) = roots_round::question(hub, call, params, &located) {
        return Ok(Done::OpenRound(question));
    }
    let instance = if located.server.config.is_per_directory() {
        Box::pin(placed::instance(hub, call, &located, record)).await?
    } else {
        None
    };
    let located = located.at(instance.as_deref());
    if let Some(result) = spare(call, params, &located)? {
        return Ok(Done::Known(result));
    }
    if hub.recorder.requires_audit() {
        let begun = Box::pin(record.begin()).await;
        begun.map_err(|why| lost(call, record, &located, &Loss::not_sent(why.to_string())))?;
    }
    let arguments = prepare(hub, &world, call, params, &located).await?;
    let places = if permit.needs_places() {
        Box::pin(places(hub, call, &permit, &located, record)).await?
    } else {
        None
    };
    if let Some(approved) = &approved {
        approved.use_up(hub);
    }
    let routed = Routed::new((call, params), &permit, &located, arguments.as_deref());
    let (known, remember) = look_up(routed, hub, record).await?;
    let (kept, payload) = match known {
        Some(kept) => repeat(routed, hub, kept),
        None => match carry_out(routed, hub, outlet, record).await? {
            RequestsEnd::Answered(kept, payload) => (kept, payload),
            RequestsEnd::Asked(round) => return hold(hub, call, OpenRound { places, ..round }),
        },
    };
    let (outcome, error) = (classify(hub, &kept.answer), kept.answer.error_code());
    remember.over(kept, &located.server.config, world.config.cache);
    let payload = render(hub, &world, call, &located, (payload, error)).await;
    if call.maker == Maker::Client && call.head.target() == Some(Target::Tool) {
        hub.turn(call, record.started, 1);
    }
    let payload = roots_round::keep(hub, call, payload);
    Ok(Done::Answer { outcome, payload, error })
}

/// The state of a call that waits here for what this request brings.
fn own_state(hub: &Hub, params: &RequestParams<'_>) -> Option<String> {
    let state = params.request_state.and_then(object::string)?;
    hub.open_rounds.are_under(&state).then(|| state.into_owned())
}

/// The world now; or, for a target that only a server that is still starting can bring, the world
/// once it has.
async fn world_for(
    hub: &Hub,
    call: &Call,
    params: &RequestParams<'_>,
    record: &CallRecord<'_>,
) -> Result<Arc<World>, Failure> {
    let world = hub.world();
    let is_decided = |world: &World| {
        let found = locate(world, params, call.era, call.subject());
        found.is_ok() || !world.may_still_have(params)
    };
    if world.is_whole() || is_decided(&world) {
        return Ok(world);
    }
    let deadline = record.started + world.config.call_timeout;
    tokio::select! {
        biased;
        world = hub.world_where(deadline, is_decided) => Ok(world),
        why = hub.calls.ended(call.goes_on(), record) => Err(unresolved(call, params, record, why)),
    }
}

/// Phase 1: the server, and what it calls the target.
fn resolve<'w>(
    world: &'w World,
    call: &Call,
    params: &'w RequestParams<'_>,
    record: &mut CallRecord<'_>,
) -> Result<Located<'w>, Failure> {
    let located = locate(world, params, call.era, call.subject()).map_err(|failure| {
        let is_named =
            matches!(params.target, Target::Tool | Target::Prompt | Target::PromptReference);
        match absent::owner(world, &params.name, call.subject()).filter(|_| is_named) {
            Some(why) => {
                record.name_unseen(why.server.clone(), (&*params.name).into());
                unseen(call, params, record, why)
            }
            None => failure,
        }
    })?;
    record.name(Some(located.server.name.clone()), located.shown.clone());
    Ok(located)
}

/// Phase 3: the result, if the server need not be asked for it; `Err` if it must not be.
fn spare(
    call: &Call,
    params: &RequestParams<'_>,
    located: &Located<'_>,
) -> Result<Option<&'static str>, Failure> {
    if call.era == Era::Modern {
        refuse_others_state(params, located)?;
    }
    if completes_nothing(params, located) {
        return Ok(Some(match call.era {
            Era::Legacy => r#"{"completion":{"values":[],"hasMore":false}}"#,
            Era::Modern => {
                r#"{"resultType":"complete","completion":{"values":[],"hasMore":false}}"#
            }
        }));
    }
    Ok(None)
}

/// A server that completes nothing need not be asked: that others do made us say that we can.
fn completes_nothing(params: &RequestParams<'_>, located: &Located<'_>) -> bool {
    if !matches!(params.target, Target::PromptReference | Target::TemplateReference) {
        return false;
    }
    let status = located.server.status();
    status.offer.as_ref().is_some_and(|offer| !offer.capabilities.has_completions)
}

/// A legacy server gives no state, so this one is not for it. Without this the call would begin anew,
/// and have its effect a second time.
fn refuse_others_state(params: &RequestParams<'_>, located: &Located<'_>) -> Result<(), Failure> {
    if params.request_state.is_none_or(|state| state == "null") {
        return Ok(());
    }
    let live = located.server.status().live.clone();
    let is_legacy = live.map(|live| live.identity.era == Era::Legacy);
    // What speaks in a way that is not known yet may have spoken with a process before this one.
    if is_legacy.unwrap_or_else(|| open_round::is_of_callmux(params)) {
        return Err(Failure::Refused(RpcError::invalid_params(open_round::Unknown.to_string())));
    }
    Ok(())
}

/// Phase 4: the arguments as the server is to get them; `None`: as the client wrote them.
async fn prepare(
    hub: &Hub,
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    located: &Located<'_>,
) -> Result<Option<String>, Failure> {
    match params.arguments.filter(|_| params.target == Target::Tool) {
        Some(text) if may_need(text) => {
            Box::pin(prepare::arguments(hub, world, call, text, located)).await
        }
        _ => Ok(None),
    }
}

/// An answer that was given before, for this call.
fn repeat(routed: Routed<'_>, hub: &Hub, kept: ServerAnswer) -> (ServerAnswer, Payload) {
    let Routed { call, params, located, .. } = routed;
    hub.ledger.cache_hit();
    call.caller.ledger.cache_hit();
    match translate::answer(&kept.answer, asked(call, params, located.server, kept.era)) {
        translate::Answer::Ready(payload) => (kept, payload),
        translate::Answer::InputRequired => unreachable!("only whole results are kept"),
    }
}

/// How the requests of a call ended.
enum RequestsEnd {
    /// With the server's answer, and what the client gets of it.
    Answered(ServerAnswer, Payload),
    /// With a question to the client, for which the call waits.
    Asked(OpenRound),
}

/// Phase 6, as often as the server asks for more input.
async fn carry_out(
    routed: Routed<'_>,
    hub: &Hub,
    outlet: &impl Outlet,
    record: &CallRecord<'_>,
) -> Result<RequestsEnd, Failure> {
    let Routed { call, params, located, .. } = routed;
    let (mut members, mut began, mut round) = (String::new(), record.started, 0);
    loop {
        let deadline = began + call.limit(&located.server.config);
        let is_noted = call.goes_on();
        let limits = CallLimits { calls: &hub.calls, deadline, is_noted, of: record };
        let back = sending::send_and_wait(Routed { members: &members, ..routed }, outlet, limits);
        let Back { heard, era } = match back.await {
            Ok(back) => back,
            Err(loss) if !loss.sent && sending::is_held(routed) => {
                return Err(Failure::moved(params.target, &located.server.name, &located.own));
            }
            Err(loss) => return Err(lost(call, record, located, &limits.or_left(loss).await)),
        };
        let answer = match heard {
            Heard::Answer(message) => message,
            Heard::Asked(sent, ask) => {
                let (server, whose) = (located.server.clone(), whose(call, params));
                let own = (&*located.own).into();
                let round = OpenRound { whose, server, own, sent, ask, places: None };
                return Ok(RequestsEnd::Asked(round));
            }
        };
        match translate::answer(&answer, asked(call, params, located.server, era)) {
            translate::Answer::Ready(payload) => {
                return Ok(RequestsEnd::Answered(ServerAnswer { answer, era }, payload));
            }
            translate::Answer::InputRequired => {
                round += 1;
                members = rounds::run(limits, &answer, round, outlet).await?;
                began = Instant::now();
            }
        }
    }
}

/// Phase 9: the result of a call of a tool as its client is to read it.
async fn render(
    hub: &Hub,
    world: &World,
    call: &Call,
    located: &Located<'_>,
    (payload, error): (Payload, Option<i64>),
) -> Payload {
    if call.head.target() != Some(Target::Tool) {
        return payload;
    }
    let is_inner = call.maker != Maker::Client;
    let limits = match (call.maker, error) {
        (Maker::Client, None) => fit::limits(call.view(&world.config), located),
        _ => None,
    };
    let Some(limits) = limits.filter(|limits| limits.touch(payload.parts())) else {
        account(hub, call, (&payload, None), is_inner).await;
        return payload;
    };
    let written = payload.clone();
    let payload = Box::pin(fit::response(fit::reader(limits, hub, call, located), payload)).await;
    account(hub, call, (&payload, Some(&written)), is_inner).await;
    payload
}

/// Notes what was sent, and what the server wrote where that is another text.
async fn account(hub: &Hub, call: &Call, sent: (&Payload, Option<&Payload>), is_inner: bool) {
    let (payload, written) = sent;
    let written = written.filter(|written| written.len() != payload.len());
    let own = &call.caller.ledger;
    let read = async |answer: &Payload| {
        read_tokens::of(answer, View::reads_structured(&call.client_name())).await
    };
    let tokens = match written {
        _ if is_inner => AnswerTokens::Changed(Amount { sent: 0, direct: read(payload).await }),
        Some(written) => {
            AnswerTokens::Changed(Amount { sent: read(payload).await, direct: read(written).await })
        }
        None if own.samples() => AnswerTokens::Sampled(read(payload).await),
        None => AnswerTokens::Unchanged,
    };
    let direct = written.unwrap_or(payload).len() as u64;
    let bytes = Amount { sent: payload.len() as u64, direct };
    for ledger in [&hub.ledger, &**own] {
        ledger.call(bytes, tokens, is_inner);
    }
}
