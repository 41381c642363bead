//! Phase 7 of a call: how it ended.

use super::call::Call;
use super::hub::Hub;
use super::record::CallRecord;
use crate::connection::Loss;
use crate::facts::CallOutcome;
use crate::replies::Lost;
use crate::servers::Server;
use crate::servers::handle::Unavailable;
use crate::targets::absent;
use crate::targets::failure::Failure;
use crate::targets::locate::Located;
use crate::wire::params::{RequestParams, Target};
use crate::wire::translate::Asked;
use crate::wire::{Era, Kind, Message, Payload, object};

/// How a request ended well.
pub(super) enum Done {
    /// With the server's answer, ready to send.
    Answer { outcome: CallOutcome, payload: Payload, error: Option<i64> },
    /// With a result that needed no server.
    Known(&'static str),
    /// With a question; the call waits for the answer.
    OpenRound(Payload),
}

impl Done {
    /// With this answer, which the client gets as `payload`.
    pub(super) fn of(hub: &Hub, message: &Message, payload: Payload) -> Self {
        Self::Answer { outcome: classify(hub, message), payload, error: message.error_code() }
    }
}

/// How the call ended. Only looked at when somebody will read it.
pub(super) fn classify(hub: &Hub, answer: &Message) -> CallOutcome {
    match answer.kind() {
        Kind::Result { result, .. } if hub.recorder.wants_calls() => {
            let is_error = object::get(answer.at(*result), "isError");
            if is_error == Some("true") { CallOutcome::ToolError } else { CallOutcome::Done }
        }
        Kind::Error { .. } => CallOutcome::ToolError,
        _ => CallOutcome::Done,
    }
}

/// What an answer is translated by.
pub(super) fn asked<'a>(
    call: &'a Call,
    params: &RequestParams<'_>,
    server: &'a Server,
    era: Era,
) -> Asked<'a> {
    Asked {
        id: call.message.id().unwrap_or("null"),
        client: call.era,
        server: era,
        target: params.target,
        task_prefix: may_have_tasks(params, server, era).then(|| server.name.as_str()),
    }
}

/// Whether the answer can name a task.
fn may_have_tasks(params: &RequestParams<'_>, server: &Server, era: Era) -> bool {
    match (params.target, era) {
        (Target::Task, _) => true,
        (Target::Tool, Era::Legacy) => params.as_task,
        (Target::Tool, Era::Modern) => {
            let status = server.status();
            status.offer.as_ref().is_some_and(|offer| offer.capabilities.has_task_extension)
        }
        _ => false,
    }
}

/// The call must end, for this reason, before it is known whose target this is.
pub(super) fn unresolved(
    call: &Call,
    params: &RequestParams<'_>,
    record: &CallRecord<'_>,
    why: &str,
) -> Failure {
    Failure::Lost(Lost {
        call: Some(record.id),
        server: None,
        tool: params.name.to_string(),
        reason: why.to_owned(),
        sent: false,
        elapsed: record.started.elapsed(),
        has_output_schema: true,
        is_tool_call: call.head.target() == Some(Target::Tool),
    })
}

/// What the call is about belongs to a server of which nobody knows what it offers.
pub(super) fn unseen(
    call: &Call,
    params: &RequestParams<'_>,
    record: &CallRecord<'_>,
    why: Unavailable,
) -> Failure {
    Failure::Lost(Lost {
        call: Some(record.id),
        reason: absent::told(&why),
        server: Some(why.server),
        tool: params.name.to_string(),
        sent: false,
        elapsed: record.started.elapsed(),
        has_output_schema: true,
        is_tool_call: call.head.target() == Some(Target::Tool),
    })
}

/// Why nobody knows whether a call had its effect that is asked again.
pub(super) const ASKED_BEFORE: &str = "the callmux daemon ended while the call was running";

/// The failure to find what a call is about. Of one that an earlier process of ours may have carried
/// out, it says nothing: there was something by that name then.
pub(super) fn not_reached(
    call: &Call,
    params: &RequestParams<'_>,
    record: &CallRecord<'_>,
    failure: Failure,
) -> Failure {
    let (server, why) = match failure {
        failure if !call.again => return failure,
        Failure::Lost(lost) => (lost.server, lost.reason),
        Failure::Refused(error) => (None, error.message),
        failure => return failure,
    };
    Failure::Lost(Lost {
        call: Some(record.id),
        server,
        tool: params.name.to_string(),
        reason: format!("{ASKED_BEFORE}; it cannot be asked again: {why}"),
        sent: true,
        elapsed: record.started.elapsed(),
        has_output_schema: true,
        is_tool_call: call.head.target() == Some(Target::Tool),
    })
}

/// The call got no answer.
pub(super) fn lost(
    call: &Call,
    record: &CallRecord<'_>,
    located: &Located<'_>,
    loss: &Loss,
) -> Failure {
    Failure::Lost(Lost {
        call: Some(record.id),
        server: Some(located.server.name.clone()),
        tool: located.own.to_string(),
        reason: loss.reason.to_string(),
        sent: loss.sent,
        elapsed: record.started.elapsed(),
        has_output_schema: located.item.is_none_or(|item| item.has_output_schema),
        is_tool_call: call.head.target() == Some(Target::Tool),
    })
}
