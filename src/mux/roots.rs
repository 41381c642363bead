//! The directory of a client that says none and has roots (2025-11-25, "Roots").
//!
//! A bridge says where its client works, and a header may. Any other client is asked for its roots by its first
//! call for which a directory matters; the first of them that is one of files is its directory.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::call::{Call, Outlet};
use super::hub::Hub;
use crate::connection::Ask;
use crate::instances::roots::first;
use crate::wire::{Kind, Message, Method};

/// How long the client may take. Then it has no directory.
const WITHIN: Duration = Duration::from_secs(5);
pub(super) const QUESTION: &[u8] =
    br#"{"jsonrpc":"2.0","id":"callmux-roots","method":"roots/list"}"#;
/// What reads a file below a client's directory.
pub(super) const REFERENCES: [&str; 3] = ["\"$file\"", "\"$jsonFile\"", "\"$yamlFile\""];

/// Lets the call have the directory of its client, who is asked if that is of use.
pub(super) async fn settle(hub: &Hub, call: &mut Call, outlet: &impl Outlet) {
    let caller = &call.caller;
    let can_be_asked = caller.principal.names_directories()
        && caller.capabilities.can_answer(&Method::RootsList, None);
    if caller.cwd.is_some() || !can_be_asked {
        return;
    }
    if !caller.roots.is_asked() && is_of_use(hub, call) {
        let directory = Box::pin(ask(hub, call, outlet)).await;
        caller.roots.note(directory);
    }
    call.caller.cwd = call.caller.roots.directory();
}

fn is_of_use(hub: &Hub, call: &Call) -> bool {
    let params = call.message.params().unwrap_or_default();
    hub.world().servers.values().any(|server| server.config.is_per_directory())
        || REFERENCES.iter().any(|name| params.contains(name))
}

async fn ask(hub: &Hub, call: &Call, outlet: &impl Outlet) -> Option<Arc<Path>> {
    let question = Message::parse(&bytes::Bytes::from_static(QUESTION)).ok()?;
    let id = question.id()?.to_owned();
    let (ask, answered) = Ask::of_call(question);
    outlet.ask(ask);
    let answer = tokio::select! {
        answer = answered => answer.ok()?,
        () = tokio::time::sleep(WITHIN) => {
            outlet.withdraw(&id);
            return None;
        }
        () = hub.calls.closed(call.goes_on()) => return None,
    };
    let Kind::Result { result, .. } = answer.kind() else { return None };
    first(answer.at(*result))
}
