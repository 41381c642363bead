//! How everything is, in few words: what `callmux_status` says unless more is asked for.
//!
//! An agent reads all of it, so it has about as many tokens with forty servers as with four.

use super::inner::Context;
use crate::json::Json;
use crate::mux::Outlet;
use crate::servers::Server;
use crate::servers::handle::{Phase, Status};
use crate::settings::Exposure;

/// Servers, and recipes, that are told by name.
const SERVERS_MAX: usize = 30;
const RECIPES_MAX: usize = 10;
/// Servers of which it is told why they are down, and how much of it, in characters.
const FAILED_MAX: usize = 5;
const REASON_MAX: u64 = 100;
/// How much of an advice is told, in characters.
const ADVICE_MAX: u64 = 160;

const MORE: &str = "`server` or `detail: true` tells tools, cache, results, ledger";

/// `{status, mode, totalTools, servers: {NAME: tools}, failedServers?, recipes?, estimatedTokensSaved,
/// recommendations?, more}`
pub(super) fn overview<O: Outlet>(
    context: &Context<'_, O>,
    servers: &[&Server],
    advice: &[Json],
) -> Json {
    let entries = context.world.catalog.tools.entries();
    let tools = |server: &Server| {
        let of = entries.iter().filter(|entry| entry.server.name == server.name);
        of.filter(|entry| context.may_see(entry)).count()
    };
    let is_down = |server: &&&Server| server.status().failed;
    let mut counts: Vec<(String, Json)> = servers
        .iter()
        .take(SERVERS_MAX)
        .map(|server| (server.name.as_str().to_owned(), tools(server).into()))
        .collect();
    if let Some(rest) = servers.len().checked_sub(SERVERS_MAX).filter(|rest| *rest > 0) {
        counts.push((format!("…{rest} more"), Json::Null));
    }
    let down = servers.iter().filter(is_down).count();
    let failed: Vec<Json> =
        servers.iter().filter(is_down).take(FAILED_MAX).map(|it| why(it)).collect();
    let mut payload = vec![
        ("status", if down == 0 { "ok" } else { "degraded" }.into()),
        ("mode", mode(context.exposure()).into()),
        ("totalTools", context.tools_seen().into()),
        ("servers", Json::Object(counts)),
    ];
    if down > 0 {
        payload.push(("failedServers", Json::Array(failed)));
    }
    let recipes = context.world.config.recipes.keys().take(RECIPES_MAX);
    let recipes: Vec<Json> = recipes.map(|name| name.as_str().into()).collect();
    if !recipes.is_empty() {
        payload.push(("recipes", Json::Array(recipes)));
    }
    let saved = context.call.caller.ledger.account().saved_tokens();
    payload.push(("estimatedTokensSaved", saved.into()));
    if !advice.is_empty() {
        let advice = advice.iter().filter_map(Json::as_str).map(|text| cut(text, ADVICE_MAX));
        payload.push(("recommendations", advice.map(Json::from).collect::<Vec<_>>().into()));
    }
    payload.push(("more", MORE.into()));
    Json::object(payload)
}

fn why(server: &Server) -> Json {
    let status = server.status();
    let reason = status.reason.as_deref().unwrap_or("it is not ready");
    Json::object([
        ("name", server.name.as_str().into()),
        ("state", state(&status).into()),
        ("error", cut(reason, REASON_MAX).into()),
    ])
}

pub(super) fn mode(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Full => "standard",
        other => other.as_str(),
    }
}

pub(super) fn state(status: &Status) -> &'static str {
    match status.phase {
        Phase::Starting if status.failed => "reconnecting",
        Phase::Stopped => "disabled",
        Phase::Asleep => "idle",
        Phase::Starting => "starting",
        Phase::Ready => "connected",
        Phase::Waiting => "reconnecting",
        Phase::Unusable => "failed",
    }
}

/// The beginning of a text; 0: all of it.
pub(super) fn cut(text: &str, max: u64) -> String {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    if max == 0 || text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}
