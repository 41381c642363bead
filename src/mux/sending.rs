//! One request on its way to a server and back: phase 6 of [`super::dispatch`].

use std::sync::Arc;

use tokio::time::Instant;

use super::call::{Call, Outlet};
use super::take_back::TakeBack;
use crate::access::Permit;
use crate::calls::{CallCount, Calls, TellsOfItself};
use crate::connection::{Ask, Event, Loss, Origin, Reply, Step};
use crate::servers::Live;
use crate::targets::locate::{Located, pinned};
use crate::wire::error::code;
use crate::wire::params::{RequestParams, Target};
use crate::wire::translate::{self, Rewrite};
use crate::wire::{ClientCapabilities, Era, LogLevel, Message, Method, RpcError, meta};

/// How often a request that was provably not sent is tried again.
const TRIES_MAX: u32 = 3;
pub(super) use crate::calls::CLOSING;
const HELD: &str = "it is not what was accepted";

/// What ends a request that nobody answers.
#[derive(Clone, Copy)]
pub(super) struct CallLimits<'a> {
    pub(super) calls: &'a Arc<Calls>,
    pub(super) deadline: Instant,
    /// The next process of ours knows of the request.
    pub(super) is_noted: bool,
    /// Whose request it is.
    pub(super) of: &'a dyn TellsOfItself,
}

impl CallLimits<'_> {
    /// Completes when the request must end, with the reason.
    pub(super) async fn ended(self) -> &'static str {
        self.calls.ended(self.is_noted, self.of).await
    }

    fn is_closed(self) -> bool {
        self.calls.is_closed(self.is_noted)
    }

    /// The loss, unless the next process of ours will see to a request that was not sent: then
    /// nothing comes.
    pub(super) async fn or_left(self, loss: Loss) -> Loss {
        if !loss.sent && self.is_noted && self.calls.is_leaving() {
            std::future::pending::<()>().await;
        }
        loss
    }
}

/// What came back, from a server that speaks `era`.
pub(super) struct Back {
    pub(super) heard: Heard,
    pub(super) era: Era,
}

/// What was heard of a request.
pub(super) enum Heard {
    Answer(Message),
    /// The server waits for an answer of the client before it answers.
    Asked(TakeBack, Ask),
}

/// How what comes before the answer is passed on.
pub(super) struct PassOn<'a> {
    pub(super) progress_token: Option<&'a str>,
    pub(super) logs: Logs,
    /// What the client can be asked by the end of a round; `None` if questions go to the outlet.
    pub(super) rounds: Option<&'a ClientCapabilities>,
}

/// Which log messages a client wants.
#[derive(Debug, Clone, Copy)]
pub(super) enum Logs {
    All,
    From(LogLevel),
    None,
}

impl Logs {
    /// Of this request (2026-07-28: without a level in `_meta`, none).
    pub(super) fn of(call: &Call) -> Self {
        match (call.era, call.log_level()) {
            (_, Some(level)) => Self::From(level),
            (Era::Legacy, None) => Self::All,
            (Era::Modern, None) => Self::None,
        }
    }

    fn wants(self, message: &Message) -> bool {
        match self {
            Self::All => true,
            Self::From(level) => LogLevel::of(message) >= level,
            Self::None => false,
        }
    }
}

/// A request, and where it goes.
#[derive(Clone, Copy)]
pub(super) struct Routed<'a> {
    pub(super) call: &'a Call,
    pub(super) permit: &'a Permit,
    pub(super) params: &'a RequestParams<'a>,
    pub(super) located: &'a Located<'a>,
    /// See [`Rewrite::members`].
    pub(super) members: &'a str,
    /// What the server gets in place of the client's arguments.
    pub(super) arguments: Option<&'a str>,
}

impl<'a> Routed<'a> {
    /// As the first round begins.
    pub(super) fn new(
        (call, params): (&'a Call, &'a RequestParams<'a>),
        permit: &'a Permit,
        located: &'a Located<'a>,
        arguments: Option<&'a str>,
    ) -> Self {
        Self { call, permit, params, located, members: "", arguments }
    }
}

/// Sends the request to the server as soon as it is ready. What was provably not sent is tried
/// again, since it cannot have had an effect, and what had one if a second does no harm.
pub(super) async fn send_and_wait(
    routed: Routed<'_>,
    outlet: &impl Outlet,
    limits: CallLimits<'_>,
) -> Result<Back, Loss> {
    let Routed { call, located, .. } = routed;
    let (mut tries, mut dead) = (0, None);
    loop {
        tries += 1;
        if limits.is_closed() {
            return Err(Loss::not_sent(CLOSING));
        }
        let live = tokio::select! {
            biased;
            live = located.server.live(limits.deadline, dead.as_ref()) => live.map_err(|e| Loss::not_sent(e.to_string()))?,
            why = limits.ended() => return Err(Loss::not_sent(why)),
        };
        if is_held(routed) {
            return Err(Loss::not_sent(HELD));
        }
        match exchange(routed, outlet, &live, (limits, tries > 1)).await {
            Err(loss)
                if (!loss.sent || may_replay(call, located))
                    && (tries < TRIES_MAX || loss.waited)
                    && live.connection.is_over() =>
            {
                // Who only waited for a turn has not tried.
                tries -= u32::from(loss.waited);
                dead = Some(live);
            }
            Ok(heard) => return Ok(Back { heard, era: live.identity.era }),
            Err(loss) => return Err(loss),
        }
    }
}

/// Whether what the server offers now that it is ready is another than was accepted. It may have been remembered, or
/// the server may have begun anew, since it was looked up.
pub(super) fn is_held(routed: Routed<'_>) -> bool {
    let Routed { params, located, .. } = routed;
    pinned(params.target).is_some_and(|kind| located.server.holds(kind, &located.own))
}

/// Whether a second time does no harm: the operator, or a server that is trusted, says so of a tool;
/// what only reads never does.
pub(super) fn may_replay(call: &Call, located: &Located<'_>) -> bool {
    match call.message.method() {
        Some(Method::ToolsCall) => {
            let config = &located.server.config;
            let is_repeatable = located.item.is_some_and(|item| item.is_repeatable);
            config.policy.replay.allow(&located.own) || (config.policy.trusted && is_repeatable)
        }
        method => method.is_none_or(|method| !method.may_have_effect()),
    }
}

async fn exchange(
    routed: Routed<'_>,
    outlet: &impl Outlet,
    live: &Live,
    (limits, resent): (CallLimits<'_>, bool),
) -> Result<Heard, Loss> {
    let Routed { call, permit, params, located, members, arguments } = routed;
    let level = call.log_level();
    let added_meta = match (call.era, live.identity.era) {
        (Era::Legacy, Era::Modern) => Some(meta_for(call, level)),
        _ => None,
    };
    if let Some(level) = level
        && live.identity.era == Era::Legacy
        && live.identity.capabilities.has_logging
    {
        live.connection.want_level(permit, level);
    }
    let meta = match (call.era, live.identity.era) {
        (Era::Modern, Era::Legacy) => translate::Meta::Legacy,
        _ => added_meta.as_deref().map_or(translate::Meta::AsItIs, translate::Meta::Add),
    };
    let build = |id: u64| {
        let name = &*located.own;
        translate::request(&call.message, params, Rewrite { id, name, meta, members, arguments })
    };
    let names = &located.server.config.remote.forward_headers;
    let forwarded = call.forwarded.as_ref().filter(|_| !names.is_empty());
    let forwarded = forwarded.map(|headers| headers.only(names));
    let (owner, pending) = (Some(call.caller.owner), call.pending.clone());
    let at_once = params.target == Target::Task;
    let origin = Origin { owner, pending, at_once, forwarded, resent };
    let sent = live.connection.request(permit, origin, build)?;
    // What a remote server answers comes to this process and to no other.
    let _stays = live.connection.carrier().is_remote().then(|| CallCount::staying(limits.calls));
    let limit = call.limit(&located.server.config);
    let too_late = || format!("server {} did not answer within {limit:?}", located.server.name);
    let capabilities;
    let rounds = match (call.era, live.identity.era) {
        (Era::Modern, Era::Legacy) if has_rounds(params.target) => {
            capabilities = call.modern_capabilities();
            Some(&capabilities)
        }
        _ => None,
    };
    let pass_on = PassOn { progress_token: params.progress_token, logs: Logs::of(call), rounds };
    answer(TakeBack(sent), &pass_on, outlet, limits, too_late).await
}

/// Only these results can ask for input (2026-07-28, "Multi Round-Trip Requests").
pub(super) fn has_rounds(target: Target) -> bool {
    matches!(target, Target::Tool | Target::Prompt | Target::Resource)
}

fn meta_for(call: &Call, level: Option<LogLevel>) -> String {
    let mut members =
        translate::modern_meta(&call.caller.client_info, call.caller.capabilities.as_json());
    if let Some(level) = level {
        members += &format!(r#","{}":"{}""#, meta::LOG_LEVEL, level.as_str());
    }
    members
}

/// Waits for the answer to what was sent.
pub(super) async fn answer(
    mut sent: TakeBack,
    pass_on: &PassOn<'_>,
    outlet: &impl Outlet,
    limits: CallLimits<'_>,
    too_late: impl FnOnce() -> String,
) -> Result<Heard, Loss> {
    let answer = async {
        loop {
            match sent.0.next().await {
                Step::End(Reply::Answer(message)) => return Ok(Ok(message)),
                Step::End(Reply::Lost(loss)) => return Err(loss),
                Step::Event(event) => {
                    if let Some(ask) = pass_on.take(event, outlet) {
                        return Ok(Err(ask));
                    }
                }
            }
        }
    };
    let reason: Arc<str> = tokio::select! {
        biased;
        answer = answer => return answer.map(|answer| match answer {
            Ok(message) => Heard::Answer(message),
            Err(ask) => Heard::Asked(sent, ask),
        }),
        () = tokio::time::sleep_until(limits.deadline) => {
            sent.0.no_turn().unwrap_or_else(too_late).into()
        }
        why = limits.ended() => why.into(),
    };
    let waited = sent.0.is_waiting();
    Err(Loss { sent: sent.0.give_up(&reason), reason, waited })
}

impl PassOn<'_> {
    /// Passes an event on. A question that ends a round comes back.
    fn take(&self, event: Event, outlet: &impl Outlet) -> Option<Ask> {
        match event {
            Event::Progress(message) => {
                let token = self.progress_token;
                let payload = token.and_then(|token| translate::progress(&message, token));
                if let Some(payload) = payload {
                    outlet.notify(payload);
                }
            }
            Event::Log(message) if self.logs.wants(&message) => outlet.notify(message.payload()),
            Event::Log(_) | Event::Acknowledged => {}
            Event::Asked(ask) => match self.rounds {
                None => outlet.ask(ask),
                Some(client) => return askable(ask, client),
            },
            Event::AskCancelled(id) => outlet.withdraw(&id),
        }
        None
    }
}

/// The question, if the client can answer it; else the server is told.
fn askable(ask: Ask, client: &ClientCapabilities) -> Option<Ask> {
    let message = ask.message();
    let method = message.method().cloned()?;
    if client.can_answer(&method, message.params()) {
        return Some(ask);
    }
    let reason = format!("the client that made this call cannot be asked {method}");
    // The code by which a modern server would refuse the client's request.
    let lacks = ClientCapabilities::needed_for(&method);
    let data = serde_json::json!({ "requiredCapabilities": { lacks: {} } });
    ask.refuse(&RpcError::new(code::MISSING_CAPABILITY, reason).with_data(&data));
    None
}
