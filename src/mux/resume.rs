//! The rest of a call that an earlier process of ours sent: its answer is waited for here.

use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::call::Outlet;
use super::hub::Hub;
use super::outcome;
use super::record::{ActRecord, Actor};
use super::sending::{self, CallLimits, Heard, Logs, PassOn};
use super::take_back::TakeBack;
use crate::access::{Action, ActionKind, Denied, NotAdmitted, Permit};
use crate::base::ServerName;
use crate::base::peer_facts::SharedPeer;
use crate::catalog::{Entry, NotFound};
use crate::connection::{Exchange, Loss};
use crate::facts::CallOutcome;
use crate::handover::{CallRow, PendingCall};
use crate::replies::Lost;
use crate::targets::failure::Failure;
use crate::targets::{absent, failure};
use crate::wire::params::Target;
use crate::wire::translate::{self, Asked};
use crate::wire::{Era, Payload, RpcError};
use crate::world::hints;

/// How long after it was made a call is waited for whose request may have been cut off while it was
/// written. That is counted over all our processes: else a daemon that ends again and again, sooner
/// than this, would never come to an end with it.
const UNSURE_FOR: Duration = Duration::from_secs(1);
/// How long such a call is waited for here at the least: its answer may be there to be read.
const UNSURE_HERE: Duration = Duration::from_millis(250);

/// Such a call.
#[derive(Debug)]
pub struct Resumed {
    pub call: CallRow,
    /// Its row.
    pub pending: PendingCall,
    pub actor: Actor,
    /// Whether its request was written to the last byte.
    pub surely: bool,
    /// Whether who made it asks again if the answer is lost.
    pub asks_again: bool,
    pub server_era: Era,
    /// What is waited for, once its server was taken over. Nothing comes if it was not.
    pub exchange: oneshot::Receiver<Exchange>,
    /// From where its bridge comes, once it has come back.
    pub other_end: Option<watch::Receiver<Option<SharedPeer>>>,
}

/// How such a call ended, with the whole response.
#[derive(Debug)]
pub enum Ended {
    Answered(Payload),
    /// The answer was lost, and nobody knows whether the call had its effect. Who made it may ask
    /// again: the phases of a call decide what becomes of that.
    Lost(Payload),
}

/// Waits for the answer.
pub async fn resume(hub: Hub, resumed: Resumed, outlet: impl Outlet) -> Ended {
    let _counted = hub.count_call();
    let Resumed { call, pending, actor, surely, asks_again, server_era, exchange, .. } = resumed;
    // It was let in before: others wait until it has ended.
    let place = hub.world().gate.place_now(&actor.principal);
    let found = exchange.await.ok().map(|exchange| (exchange, server_era));
    if found.is_none() && hub.calls.is_leaving() {
        // We end before its server was taken over; the next process of ours may do that.
        return std::future::pending().await;
    }
    let mut record = ActRecord::resumed(&hub, &actor, &call, pending);
    let server = found.as_ref().map(|(exchange, _)| exchange.server().clone());
    if let Some(server) = &server {
        record.is_of(server);
    }
    // The rules may be others by now: what comes of the call is not for who may not make it.
    let mut asking = actor.clone();
    if let Some(other_end) = resumed.other_end.filter(|_| hub.world().gate.asks_for_peers()) {
        // Nobody gets the answer before, and what rules ask of a process is not known before.
        asking.principal = asking.principal.at(come_back(other_end).await);
    }
    if hub.world().gate.asks_for_hints() {
        // What its server says of the tool may not have been read yet.
        hub.settled_world().await;
    }
    let _places = match admit(&hub, &call, &asking, server.as_ref()) {
        Ok(permit) => permit.places_now(),
        Err((error, denied)) => {
            record.not_admitted(&NotAdmitted::Denied(denied));
            return Ended::Answered(translate::refusal(&call.id, &error));
        }
    };
    drop(place);
    match finish(&hub, &record, &call, surely, found, &outlet).await {
        Ok((outcome, reply)) => {
            record.answered(outcome, reply.len());
            Ended::Answered(reply)
        }
        Err(loss) => {
            let lost = lost(&hub, &call, server.as_ref(), &loss);
            let reply = lost.response(&call.id, call.era);
            if asks_again {
                record.leave();
                return Ended::Lost(reply);
            }
            record.lost(&lost, reply.len());
            Ended::Answered(reply)
        }
    }
}

/// The process of a bridge that has come back, if it is known.
async fn come_back(mut other_end: watch::Receiver<Option<SharedPeer>>) -> Option<SharedPeer> {
    let known = other_end.borrow().clone();
    if known.is_some() || other_end.changed().await.is_err() {
        return known;
    }
    other_end.borrow().clone()
}

/// The response to a call that was not sent before an earlier process of ours ended, and is not sent by
/// this one: its request is not known any more.
pub fn not_sent(hub: &Hub, call: &CallRow, pending: PendingCall, actor: &Actor) -> Payload {
    let record = ActRecord::resumed(hub, actor, call, pending);
    let loss = Loss::not_sent("the callmux daemon ended before it sent the call to its server");
    let lost = lost(hub, call, None, &loss);
    let reply = lost.response(&call.id, call.era);
    record.lost(&lost, reply.len());
    reply
}

/// The response to a call that ended in an earlier process of ours, which wrote that down.
pub fn ended(hub: &Hub, call: &CallRow) -> Payload {
    let loss = Loss::sent("the callmux daemon ended before it passed on the answer");
    lost(hub, call, None, &loss).response(&call.id, call.era)
}

/// Asks again for what an earlier process of ours let in.
fn admit(
    hub: &Hub,
    call: &CallRow,
    actor: &Actor,
    server: Option<&ServerName>,
) -> Result<Permit, (RpcError, Denied)> {
    let world = hub.world();
    let (names, subject) = (&world.catalog.tools, actor.subject());
    let sees = |entry: &Entry| world.sees(subject, ActionKind::Tool, entry);
    // Before the servers have told what they offer, the name is all there is.
    let entry = names.resolve(&call.tool, sees).ok();
    let own = entry.map_or(&*call.tool, |entry| &*entry.item.name);
    let shown = entry.map_or(&*call.tool, |entry| &*entry.shown);
    let hints = entry.map(|entry| hints(&entry.server, &entry.item)).unwrap_or_default();
    let action = Action::new(ActionKind::Tool, server, own).shown_as(shown).hinted(hints);
    world.gate.admit_on(subject, action).map_err(|denied| {
        let (why, near) = (NotFound::Unknown, names.nearest(&call.tool, sees));
        let remark = absent::remark(&world, &call.tool, subject);
        (failure::not_found(("tool", &call.tool), &why, near, &remark), denied)
    })
}

async fn finish(
    hub: &Hub,
    record: &ActRecord<'_>,
    call: &CallRow,
    surely: bool,
    found: Option<(Exchange, Era)>,
    outlet: &impl Outlet,
) -> Result<(CallOutcome, Payload), Loss> {
    let lost = |reason: &str| Loss::sent(reason);
    let (exchange, era) =
        found.ok_or_else(|| lost("its server did not outlive the callmux daemon"))?;
    let world = hub.world();
    let server = world.servers.get(&exchange.server().configured());
    let limit = server.map_or(world.config.call_timeout, |server| server.config.call_timeout);
    let deadline = if surely {
        call.started() + limit
    } else {
        Instant::max(call.started() + UNSURE_FOR, Instant::now() + UNSURE_HERE)
    };
    let too_late = || {
        if surely {
            format!("its server did not answer within {limit:?}")
        } else {
            "the callmux daemon ended while it wrote the call to its server".to_owned()
        }
    };
    let limits = CallLimits { calls: &hub.calls, deadline, is_noted: true, of: record };
    let pass_on = PassOn { progress_token: call.token.as_deref(), logs: Logs::All, rounds: None };
    let prefix = exchange.server().as_str().to_owned();
    let sent = TakeBack(exchange);
    let Heard::Answer(message) = sending::answer(sent, &pass_on, outlet, limits, too_late).await?
    else {
        return Err(lost("its server asks something that cannot be passed on"));
    };
    let asked = Asked {
        id: &call.id,
        client: call.era,
        server: era,
        target: Target::Tool,
        task_prefix: Some(&prefix),
    };
    match translate::answer(&message, asked) {
        translate::Answer::Ready(reply) => Ok((outcome::classify(hub, &message), reply)),
        // The request, which the next round repeats, is not known here.
        translate::Answer::InputRequired => {
            Err(lost("the callmux daemon ended before the server asked for further input"))
        }
    }
}

fn lost(hub: &Hub, call: &CallRow, server: Option<&ServerName>, loss: &Loss) -> Failure {
    let world = hub.world();
    let tool = world.catalog.tools.resolve(&call.tool, |_| true).ok().map(|entry| &entry.item);
    Failure::Lost(Lost {
        call: None,
        server: server.cloned(),
        tool: tool.map_or_else(|| call.tool.to_string(), |tool| tool.name.to_string()),
        reason: loss.reason.to_string(),
        sent: loss.sent,
        elapsed: call.started().elapsed(),
        has_output_schema: tool.is_none_or(|tool| tool.has_output_schema),
        is_tool_call: true,
    })
}

#[cfg(test)]
#[path = "resume/tests.rs"]
mod tests;
