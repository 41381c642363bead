//! Phase 2 of a call: the gate is asked.

use super::call::Call;
use super::failure::Failure;
use super::locate::{kind, nothing_there};
use crate::access::{Action, NotAdmitted, Permit};
use crate::base::ServerName;
use crate::wire::params::RequestParams;
use crate::world::World;

/// The permit, without which nothing is sent. `target`: whose it is, and what its server calls it.
pub(super) fn admit(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    target: (&ServerName, &str),
) -> Result<Permit, Failure> {
    if call.again {
        return admit_again(world, call, params, target);
    }
    world
        .gate
        .admit(call.subject(), action(params, target))
        .map_err(|why| not_admitted(world, call, params, why))
}

/// The same for a call that was let in before and goes on.
pub(super) fn admit_again(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    target: (&ServerName, &str),
) -> Result<Permit, Failure> {
    let again = world.gate.admit_again(call.subject(), action(params, target));
    again.map_err(|denied| not_admitted(world, call, params, denied.into()))
}

fn action<'a>(params: &RequestParams<'_>, (server, own): (&'a ServerName, &'a str)) -> Action<'a> {
    Action { kind: kind(params.target), server: Some(server), target: own }
}

fn not_admitted(
    world: &World,
    call: &Call,
    params: &RequestParams<'_>,
    why: NotAdmitted,
) -> Failure {
    match why {
        NotAdmitted::Denied(_) => {
            Failure::Denied(nothing_there(world, params, call.era, call.subject()))
        }
        NotAdmitted::Limited(limited) => Failure::limited(limited, params.target),
    }
}
