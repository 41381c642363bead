//! Phases 5 and 8 of a call: what is known before it is sent, and what is remembered when it is over.

use std::sync::Arc;

use super::hub::Hub;
use super::outcome::lost;
use super::record::CallRecord;
use super::sending::Routed;
use crate::cache::{CacheKey, Lead, Look, Part, ServerAnswer, ServerChange};
use crate::connection::Loss;
use crate::settings::{Caps, ServerConfig};
use crate::targets::failure::Failure;
use crate::wire::params::Target;
use crate::wire::{Kind, Message, object};

/// What is to be done about the cache when the call is over.
pub(super) enum Remember {
    Nothing,
    Keep(Lead),
    /// What was read of the server is untrue from now on, and once more at the end.
    Forget(#[expect(dead_code, reason = "what counts is when it is dropped")] ServerChange),
}

impl Remember {
    /// The call is over, with this answer. `caps`: of all that is kept.
    pub(super) fn over(self, kept: ServerAnswer, config: &Arc<ServerConfig>, caps: Caps) {
        if let Self::Keep(lead) = self
            && is_whole_result(&kept.answer)
        {
            lead.keep(kept, config, caps);
        }
    }
}

/// Whether an answer may be given again: a result that is no error, and no question.
fn is_whole_result(answer: &Message) -> bool {
    let Kind::Result { result, .. } = answer.kind() else { return false };
    let names = ["isError", "resultType", "task"];
    matches!(
        object::members(answer.at(*result), names),
        Ok([None | Some("false"), None | Some(r#""complete""#), None])
    )
}

/// What is known of a call before it is sent, and what is to be done when it is over.
pub(super) async fn look_up(
    routed: Routed<'_>,
    hub: &Hub,
    record: &CallRecord<'_>,
) -> Result<(Option<ServerAnswer>, Remember), Failure> {
    match part(&routed) {
        Part::None | Part::Passes => Ok((None, Remember::Nothing)),
        Part::Changes => {
            let change = hub.cache.change(&routed.located.server.name);
            Ok((None, Remember::Forget(change)))
        }
        Part::Reads => Box::pin(look_up_reading(routed, hub, record)).await,
    }
}

/// What the cache has to do with a call.
fn part(routed: &Routed<'_>) -> Part {
    let Routed { params, located, .. } = routed;
    let item = located.item.filter(|_| params.target == Target::Tool);
    match item.map_or(Part::None, |item| Part::of(&located.server.config, item)) {
        // What a server gives may depend on whose headers it gets.
        Part::Reads if !located.server.config.remote.forward_headers.is_empty() => Part::Passes,
        Part::Reads if params.as_task || params.input_responses.is_some() => Part::Passes,
        part => part,
    }
}

/// Looks up a call that only reads, and waits if it is on its way already.
async fn look_up_reading(
    routed: Routed<'_>,
    hub: &Hub,
    record: &CallRecord<'_>,
) -> Result<(Option<ServerAnswer>, Remember), Failure> {
    let Routed { call, params, located, arguments, .. } = routed;
    let config = &located.server.config;
    let arguments = arguments.or(params.arguments);
    let key = CacheKey::new(&call.caller.principal, &located.server.name, &located.own, arguments);
    let Some(key) = key else { return Ok((None, Remember::Nothing)) };
    let deadline = record.started + call.limit(config);
    loop {
        let mut waiting = match hub.cache.look(&key, config) {
            Look::Hit(kept) => return Ok((Some(kept), Remember::Nothing)),
            Look::Send(lead) => return Ok((None, Remember::Keep(lead))),
            Look::Wait(waiting) => waiting,
        };
        let reason = tokio::select! {
            _ = waiting.changed() => continue,
            () = tokio::time::sleep_until(deadline) => "the same call did not end in time",
            why = hub.calls.ended(call.goes_on(), record) => why,
        };
        return Err(lost(call, record, located, &Loss::not_sent(reason)));
    }
}
