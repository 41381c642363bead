//! The directory of a modern client that says none and has roots: it is asked by the end of a round, and answers in
//! the request that it makes again (2026-07-28, "Multi Round-Trip Requests").

use std::sync::Arc;

use bytes::Bytes;

use super::call::{Call, Maker};
use super::hub::Hub;
use super::roots::{QUESTION, REFERENCES};
use super::sending::has_rounds;
use crate::arguments::may_need;
use crate::instances::roots::AskedRoots;
use crate::instances::roots_state;
use crate::targets::locate::Located;
use crate::wire::params::{Head, RequestParams};
use crate::wire::{Era, Message, Method, Payload, translate};

/// The response that asks the client for its roots, if they matter to this call and are not known.
pub(super) fn question(
    hub: &Hub,
    call: &Call,
    params: &RequestParams<'_>,
    located: &Located<'_>,
) -> Option<Payload> {
    let is_unknown = call.era == Era::Modern && call.caller.cwd.is_none();
    let can_be_asked = is_unknown && call.maker == Maker::Client && has_rounds(params.target);
    let is_first = params.request_state.is_none_or(|state| state == "null");
    if !can_be_asked || !is_first || !matters(params, located) || call.caller.roots.is_asked() {
        return None;
    }
    if !call.caller.principal.names_directories()
        || !call.modern_capabilities().can_answer(&Method::RootsList, None)
    {
        return None;
    }
    let question = Message::parse(&Bytes::from_static(QUESTION)).ok()?;
    let state = roots_state::asking(hub.open_rounds.tag());
    let id = call.message.id().unwrap_or("null");
    Some(translate::rounds::ask(id, roots_state::KEY, &question, &state))
}

fn matters(params: &RequestParams<'_>, located: &Located<'_>) -> bool {
    let refers = |text: &str| may_need(text) && REFERENCES.iter().any(|name| text.contains(name));
    located.server.config.is_per_directory() || params.arguments.is_some_and(refers)
}

/// Takes the directory, and all that is not the server's, out of a request that answers such a question, or comes
/// after one that did.
pub(super) fn take(hub: &Hub, call: &mut Call) {
    if !call.head.has_state() {
        return;
    }
    let Ok(params) = call.head.request(&call.message) else { return };
    let answered = roots_state::answered(hub.open_rounds.tag(), &call.message, &params);
    let Some((directory, message)) = answered else { return };
    let Ok(head) = Head::parse(&message) else { return };
    (call.message, call.head) = (message, head);
    let directory = directory.filter(|_| call.caller.principal.names_directories());
    let answered = AskedRoots::default();
    answered.note(directory.clone());
    (call.caller.roots, call.caller.cwd) = (Arc::new(answered), directory);
}

/// A result by which the server asks for input: its state says the directory, too, from now on.
pub(super) fn keep(hub: &Hub, call: &Call, payload: Payload) -> Payload {
    if call.era != Era::Modern || call.caller.cwd.is_none() {
        return payload;
    }
    let Some(directory) = call.caller.roots.directory() else { return payload };
    let bytes = payload.into_bytes();
    match roots_state::asked_by_server(hub.open_rounds.tag(), &directory, &bytes) {
        Some(text) => Payload::from(text),
        None => Payload::from(bytes),
    }
}
