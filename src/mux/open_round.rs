//! Calls of modern clients that wait, at a legacy server, for an answer of the client.
//!
//! The server asked while the call was running. The client is told by the end of a round and will
//! call again with the answer (2026-07-28, "Multi Round-Trip Requests"); until then the call stays
//! open here, under a state that cannot be guessed and that works only for the principal and the
//! very request that it was given to. A server may be a callmux, too, and have such states: ours have
//! a tag of this process.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use super::take_back::TakeBack;
use crate::access::HeldPlaces;
use crate::base::{Lock, Principal, SessionId, Tasks, fingerprint};
use crate::connection::Ask;
use crate::servers::Server;
use crate::wire::object;
use crate::wire::params::RequestParams;

/// What every state of a callmux begins with; behind it is a tag.
const PREFIX: &str = "callmux:";
/// How long a client may take to call again.
const KEPT_FOR: Duration = Duration::from_mins(10);
/// Calls that may wait at once.
const OPEN_MAX: usize = 1024;

/// One such call.
#[derive(Debug)]
pub(super) struct OpenRound {
    pub(super) whose: Whose,
    pub(super) server: Server,
    /// What the server calls the target.
    pub(super) own: Box<str>,
    /// The call at the server. Dropping it takes it back.
    pub(super) sent: TakeBack,
    pub(super) ask: Ask,
    /// The call's places, which it has until it has ended.
    pub(super) places: Option<HeldPlaces>,
}

/// Who may go on with a call, and by which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whose {
    pub(super) principal: Principal,
    pub(super) method: Box<str>,
    /// The target as the client named it; of a long name what tells it from others.
    name: Box<str>,
}

/// Names up to this length are kept as they are, in bytes.
const NAME_MAX: usize = 1024;

impl Whose {
    pub(super) fn new(principal: Principal, method: &str, name: &str) -> Self {
        let name = if name.len() <= NAME_MAX {
            name.into()
        } else {
            let beginning = &name[..name.floor_char_boundary(NAME_MAX)];
            let rest = fingerprint(name.bytes());
            format!("{beginning} {} {rest:016x}", name.len()).into_boxed_str()
        };
        Self { principal: principal.at(None), method: method.into(), name }
    }
}

/// All of them. Cloning shares the table.
#[derive(Debug, Clone)]
pub(super) struct OpenRounds {
    by_state: Arc<Lock<HashMap<String, (OpenRound, Instant)>>>,
    /// What tells our states from those of others; text without a colon.
    tag: Arc<str>,
    tasks: Tasks,
}

impl Default for OpenRounds {
    fn default() -> Self {
        let tag = format!("{:016x}", fingerprint(SessionId::random().to_string().bytes()));
        Self { by_state: Arc::default(), tag: tag.into(), tasks: Tasks::default() }
    }
}

impl OpenRounds {
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether a state is one of ours.
    pub(super) fn are_under(&self, state: &str) -> bool {
        let tagged = state.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(&*self.tag));
        tagged.is_some_and(|rest| rest.starts_with(':'))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (OpenRound, Instant)>> {
        self.by_state.lock()
    }

    /// Keeps a call and returns the state that leads to it. `Err` gives it back: too many wait.
    pub(super) fn keep(&self, round: OpenRound) -> Result<String, Box<OpenRound>> {
        // A session's id is made of the same randomness.
        let state = format!("{PREFIX}{}:{}", self.tag, SessionId::random());
        let mut calls = self.lock();
        if calls.len() >= OPEN_MAX {
            return Err(Box::new(round));
        }
        calls.insert(state.clone(), (round, Instant::now()));
        drop(calls);
        let (table, key) = (self.clone(), state.clone());
        self.tasks.spawn_until_stopped("open round", async move {
            tokio::time::sleep(KEPT_FOR).await;
            drop(table.lock().remove(&key));
        });
        Ok(state)
    }

    /// Whether somebody has such a call.
    pub(super) fn has_any_of(&self, principal: &Principal) -> bool {
        self.lock().values().any(|(round, _)| round.whose.principal == *principal)
    }

    /// Takes the call that this state leads to out. `Err` for what is no such state, or not theirs:
    /// the two look the same.
    pub(super) fn take(&self, state: &str, whose: &Whose) -> Result<OpenRound, Unknown> {
        let mut calls = self.lock();
        let is_theirs = calls.get(state).is_some_and(|(round, _)| round.whose == *whose);
        let found = is_theirs.then(|| calls.remove(state)).flatten();
        found.map(|(round, _)| round).ok_or(Unknown)
    }
}

/// Whether the state of a request is one of some callmux.
pub(super) fn is_of_callmux(params: &RequestParams<'_>) -> bool {
    let state = params.request_state.and_then(object::string);
    state.is_some_and(|state| state.starts_with(PREFIX))
}

/// There is no call to go on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`params.requestState` is unknown: the call it belongs to is over; call again without it")]
pub(super) struct Unknown;

#[cfg(test)]
#[path = "open_round/tests.rs"]
mod tests;
