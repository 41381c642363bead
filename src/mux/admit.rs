//! Phase 2 of a call: the gate is asked. What it may only do in its turn waits at the end of phase 4.

use super::call::Call;
use super::hub::Hub;
use super::outcome::lost;
use super::record::CallRecord;
use crate::access::{Action, HeldPlaces, NotAdmitted, Permit};
use crate::connection::Loss;
use crate::replies::ToolError;
use crate::targets::failure::Failure;
use crate::targets::locate::{GateTarget, Located, kind, nothing_there};
use crate::wire::params::{RequestParams, Target};
use crate::world::World;

/// What the gate says of a call that is not refused.
pub(super) enum Admitted {
    Now(Permit),
    /// By this rule a person is asked first.
    IfApproved(Box<str>),
}

/// The permit, without which nothing is sent; or the rule by which a person is asked first.
pub(super) fn admit(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    wanted: GateTarget<'_>,
) -> Result<Admitted, Failure> {
    let (gate, action) = (&world.gate, action(params, wanted));
    let admitted = if call.again {
        gate.admit_again(call.subject(), action)
    } else {
        gate.admit(call.subject(), action)
    };
    match admitted {
        Ok(permit) => Ok(Admitted::Now(permit)),
        Err(NotAdmitted::Unapproved(rule)) => Ok(Admitted::IfApproved(rule)),
        Err(why) => Err(not_admitted(world, call, params, why)),
    }
}

/// The permit of a call that was let in before and goes on.
pub(super) fn admit_on(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    wanted: GateTarget<'_>,
) -> Result<Permit, Failure> {
    let on = world.gate.admit_on(call.subject(), action(params, wanted));
    on.map_err(|denied| not_admitted(world, call, params, denied.into()))
}

/// The places of the call among those that its principal may have open at once.
pub(super) async fn places(
    hub: &Hub,
    call: &Call,
    permit: &Permit,
    located: &Located<'_>,
    record: &CallRecord<'_>,
) -> Result<Option<HeldPlaces>, Failure> {
    let until = record.started + call.limit(&located.server.config);
    tokio::select! {
        biased;
        places = permit.places(until) => {
            let target = call.head.target().unwrap_or(Target::Tool);
            places.map_err(|limited| Failure::limited(limited, target))
        }
        why = hub.calls.ended(call.goes_on(), record) => {
            Err(lost(call, record, located, &Loss::not_sent(why)))
        }
    }
}

pub(super) fn action<'a>(params: &RequestParams<'_>, wanted: GateTarget<'a>) -> Action<'a> {
    let action = Action::new(kind(params.target), Some(wanted.server), wanted.own);
    let action = action.hinted(wanted.hints);
    match params.target {
        Target::Tool | Target::Prompt | Target::PromptReference => action.shown_as(wanted.shown),
        Target::Resource | Target::TemplateReference | Target::Task => action,
    }
}

pub(super) fn not_admitted(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    why: NotAdmitted,
) -> Failure {
    match why {
        NotAdmitted::Denied(denied) => {
            let nothing = nothing_there(world, params, call.era, call.subject());
            Failure::Denied(nothing, denied)
        }
        NotAdmitted::Limited(limited) => Failure::limited(limited, params.target),
        NotAdmitted::Unapproved(rule) => {
            let told = ToolError::new("approval_required", "a person has to approve this first");
            Failure::unapproved(told, &rule, params.target)
        }
    }
}
