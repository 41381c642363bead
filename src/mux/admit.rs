//! Phase 2 of a call: the gate is asked.

use super::call::Call;
use super::failure::Failure;
use super::locate::{kind, nothing_there};
use super::world::World;
use crate::access::{Action, Permit};
use crate::base::ServerName;
use crate::wire::params::RequestParams;

/// The permit, without which nothing is sent. `server`, `own`: whose the target is, and what its server
/// calls it.
pub(super) fn admit(
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
