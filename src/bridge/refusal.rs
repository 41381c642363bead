//! Answers of the bridge's own to requests that get no other.

use std::time::Instant;

use super::action::BridgeAction;
use super::lists::era_of;
use crate::replies::{Lost, SAME_ID};
use crate::wire::error::code;
use crate::wire::params::Head;
use crate::wire::{Message, Method, Payload, RpcError, translate};

/// The answer to a request whose id, as written, is that of one in flight.
pub(super) fn same_id(id: &str) -> Payload {
    let error = RpcError::new(code::INVALID_REQUEST, SAME_ID);
    translate::refusal(id, &error)
}

/// The answer to a request that will have no other.
pub(super) fn give_up(
    message: &Message,
    reason: &str,
    sent: bool,
    since: Instant,
    now: Instant,
) -> Option<BridgeAction> {
    let id = message.id()?;
    let error = match message.method()? {
        Method::ToolsCall => {
            let tool = Head::parse(message)
                .and_then(|head| Ok(head.request(message)?.name.into_owned()))
                .unwrap_or_else(|_| "?".to_owned());
            let lost = Lost {
                call: None,
                server: None,
                tool,
                reason: reason.to_owned(),
                sent,
                elapsed: now - since,
                // The bridge knows no schemas: fields beside the text could break one.
                has_output_schema: true,
                is_tool_call: true,
            };
            return Some(BridgeAction::ToClient(translate::result(
                id,
                &lost.result(era_of(message)),
            )));
        }
        _ => RpcError::new(code::INTERNAL, reason),
    };
    Some(BridgeAction::ToClient(translate::refusal(id, &error)))
}
