//! A call whose server asks its client something ends a round, and goes on with the next request.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::time::Instant;

use super::admit::admit_on;
use super::call::{Call, Outlet};
use super::hub::Hub;
use super::open_round::{self, OpenRound, Whose};
use super::outcome::{Done, asked, lost, not_reached};
use super::record::CallRecord;
use super::sending::{self, CallLimits, Heard, Logs, PassOn};
use crate::targets::failure::Failure;
use crate::targets::locate::{GateTarget, Located};
use crate::wire::error::code;
use crate::wire::params::RequestParams;
use crate::wire::translate;
use crate::wire::{Era, RpcError};

/// The one question of a round has this key.
const KEY: &str = "question";

/// Goes on with a call whose server waits for an answer, which this request brings.
pub(super) async fn go_on(
    hub: &Hub,
    call: &Call,
    params: &RequestParams<'_>,
    state: &str,
    outlet: &impl Outlet,
    record: &mut CallRecord<'_>,
) -> Result<Done, Failure> {
    let unknown = |error: open_round::Unknown| {
        let refused = Failure::Refused(RpcError::invalid_params(error.to_string()));
        not_reached(call, params, record, refused)
    };
    let round = hub.open_rounds.take(state, &whose(call, params)).map_err(unknown)?;
    record.name(Some(round.server.name.clone()), (&*params.name).into());
    let (world, server, own) = (hub.world(), &round.server.name, &*round.own);
    let (shown, hints) =
        (world.shown(params.target, server, own), world.hints(params.target, server, own));
    let wanted = GateTarget { server, own, shown, hints };
    let _permit = admit_on(&world, call, params, wanted)?;
    let answer = params.input_responses.and_then(|json| translate::rounds::answer_to(KEY, json));
    let Some(answer) = answer else { return hold(hub, call, round) };
    if hub.recorder.requires_audit() && record.begin().await.is_err() {
        // The server has the call already: it is not the one that failed.
        return hold(hub, call, round);
    }
    let OpenRound { server, own, sent, ask, whose, places } = round;
    ask.answer(&answer);
    let capabilities = call.modern_capabilities();
    let pass_on = PassOn {
        progress_token: params.progress_token,
        logs: Logs::of(call),
        rounds: Some(&capabilities),
    };
    let limit = server.config.call_timeout;
    let is_noted = call.goes_on();
    let (deadline, of) = (Instant::now() + limit, &*record);
    let limits = CallLimits { calls: &hub.calls, deadline, is_noted, of };
    let _change = server.config.policy.cache_ttl.map(|_| hub.cache.change(&server.name));
    let too_late = || format!("server {} did not answer within {limit:?}", server.name);
    let heard = sending::answer(sent, &pass_on, outlet, limits, too_late).await;
    let shown: Arc<str> = (&*params.name).into();
    let located = Located { server: &server, own: Cow::Borrowed(&own), shown, item: None };
    match heard.map_err(|loss| lost(call, record, &located, &loss))? {
        Heard::Asked(sent, ask) => {
            let (server, own) = (server.clone(), own.clone());
            hold(hub, call, OpenRound { whose, server, own, sent, ask, places })
        }
        Heard::Answer(message) => {
            // What is held back for a modern client always comes from a legacy server.
            let asked = asked(call, params, &server, Era::Legacy);
            match translate::answer(&message, asked) {
                translate::Answer::Ready(payload) => Ok(Done::of(hub, &message, payload)),
                translate::Answer::InputRequired => unreachable!("a modern client is asked so"),
            }
        }
    }
}

/// Ends the round with the server's question; the call waits for the next one.
pub(super) fn hold(hub: &Hub, call: &Call, round: OpenRound) -> Result<Done, Failure> {
    let question = round.ask.message().clone();
    let id = call.message.id().unwrap_or("null");
    match hub.open_rounds.keep(round) {
        Ok(state) => Ok(Done::OpenRound(translate::rounds::ask(id, KEY, &question, &state))),
        Err(_) => Err(Failure::Refused(RpcError::new(
            code::INTERNAL,
            "too many calls wait for answers of their clients",
        ))),
    }
}

/// Who may go on with the call.
pub(super) fn whose(call: &Call, params: &RequestParams<'_>) -> Whose {
    let method = call.message.method().map_or("", |method| method.as_str());
    Whose::new(call.caller.principal.clone(), method, &params.name)
}
