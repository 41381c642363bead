//! Phase 2 of a call: the gate is asked.

use super::call::Call;
use super::failure::Failure;
use super::locate::{GateTarget, kind, nothing_there};
use crate::access::{Action, NotAdmitted, Permit};
use crate::wire::params::{RequestParams, Target};
use crate::world::World;

/// The permit, without which nothing is sent.
pub(super) fn admit(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    wanted: GateTarget<'_>,
) -> Result<Permit, Failure> {
    if call.again {
        return admit_again(world, call, params, wanted);
    }
    world
        .gate
        .admit(call.subject(), action(params, wanted))
        .map_err(|why| not_admitted(world, call, params, why))
}

/// The same for a call that was let in before and goes on.
pub(super) fn admit_again(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    wanted: GateTarget<'_>,
) -> Result<Permit, Failure> {
    let again = world.gate.admit_again(call.subject(), action(params, wanted));
    again.map_err(|denied| not_admitted(world, call, params, denied.into()))
}

fn action<'a>(params: &RequestParams<'_>, wanted: GateTarget<'a>) -> Action<'a> {
    let action = Action::new(kind(params.target), Some(wanted.server), wanted.own);
    match params.target {
        Target::Tool | Target::Prompt | Target::PromptReference => action.shown_as(wanted.shown),
        Target::Resource | Target::TemplateReference | Target::Task => action,
    }
}

fn not_admitted(
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
    }
}
