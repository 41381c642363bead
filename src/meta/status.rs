//! `callmux_status` and `callmux_cache_clear`.

use super::inner::Context;
use super::input::Fields;
use super::overview::{self, cut, mode, state};
use crate::base::fingerprint::fingerprint;
use crate::cache::Statistics;
use crate::catalog::Entry;
use crate::json::Json;
use crate::ledger::Account;
use crate::mux::{Hub, Outlet};
use crate::replies::ToolError;
use crate::servers::Server;
use crate::settings::{Exposure, Menu, Transport};
use crate::wire::ListKind;

/// Names that are listed for one server at the most, unless it is asked for alone.
const TOOLS_MAX: usize = 50;

/// What callmux is doing: in short, or with all that there is to tell where a server, descriptions or the
/// detail are asked for.
pub(super) fn status<O: Outlet>(
    context: &Context<'_, O>,
    fields: &mut Fields,
) -> Result<Json, ToolError> {
    let only = fields.name("server")?;
    let descriptions = fields.flag("descriptions")?.unwrap_or(false);
    let max = fields.count("descriptionMaxLength", 0..=100_000)?;
    let recommends = fields.flag("recommendations")?.unwrap_or(true);
    let is_detailed = fields.flag("detail")?.unwrap_or(descriptions || only.is_some());
    fields.flag("sessions")?;
    fields.finish(&[
        "server",
        "detail",
        "descriptions",
        "descriptionMaxLength",
        "recommendations",
        "sessions",
        "outputFormat",
    ])?;
    let world = &context.world;
    if let Some(server) = &only {
        context.known_server(server)?;
    }
    let is_meant = |server: &&Server| {
        only.as_deref().is_none_or(|name| server.name.as_str() == name)
            && context.sees_server(&server.name)
    };
    let servers: Vec<&Server> = world.servers.values().filter(is_meant).collect();
    let advice = recommendations(context);
    let advice = if recommends { advice } else { Vec::new() };
    if !is_detailed {
        return Ok(overview::overview(context, &servers, &advice));
    }
    let is_down = |server: &&Server| server.status().failed;
    let shown = |server: &&Server| {
        let entries = world.catalog.tools.entries();
        let of = entries.iter().filter(|entry| entry.server.name == server.name);
        let of: Vec<&Entry> = of.filter(|entry| context.may_see(entry)).collect();
        let instances = instances(context, server);
        described(
            (server, instances),
            &of,
            descriptions.then_some(max.unwrap_or(0)),
            only.is_some(),
        )
    };
    let view = context.view();
    let failed: Vec<Json> =
        servers.iter().filter(|server| is_down(server)).map(|server| failed(server)).collect();
    let mut payload = vec![
        ("status", if failed.is_empty() { "ok" } else { "degraded" }.into()),
        ("mode", mode(context.exposure()).into()),
        ("listed", context.menu().map_or_else(String::new, Menu::title).into()),
        ("instanceId", instance(context).into()),
        ("servers", Json::Array(servers.iter().map(shown).collect())),
        ("failedServers", Json::Array(failed)),
        ("totalTools", context.tools_seen().into()),
        ("cache", cache_numbers(context.hub)),
        ("responseStore", stored_numbers(context.hub)),
        ("schemaCompression", compression(context)),
        ("outputFormat", view.output_format.as_str().into()),
        ("maxConcurrency", world.config.fan_out.max_concurrency.into()),
        ("recipes", Json::Array(world.config.recipes.values().map(|it| recipe(it)).collect())),
        ("ledger", account(&context.call.caller.ledger.account())),
        ("ledgerTotal", account(&context.hub.ledger.account())),
    ];
    if !advice.is_empty() {
        payload.push(("recommendations", Json::Array(advice)));
    }
    Ok(Json::object(payload))
}

/// The same for the same servers in the same mode.
fn instance<O>(context: &Context<'_, O>) -> String
where
    O: Outlet,
{
    let names = context.world.servers.keys().flat_map(|name| name.as_str().bytes().chain([0]));
    let mode = mode(context.exposure()).bytes();
    let mark = fingerprint(names.chain(mode));
    format!("{:012x}", mark >> 16)
}

/// How many instances of a server the caller has, if there is one for each directory.
fn instances<O: Outlet>(context: &Context<'_, O>, server: &Server) -> Option<usize> {
    let whose = &context.call.caller.principal;
    let is_theirs =
        |it: &&Server| it.name.workplace().is_some_and(|place| place.principal == *whose);
    let count = || context.hub.instances.of(Some(&server.name)).iter().filter(is_theirs).count();
    server.config.is_per_directory().then(count)
}

fn described(
    (server, instances): (&Server, Option<usize>),
    entries: &[&Entry],
    descriptions: Option<u64>,
    is_alone: bool,
) -> Json {
    let status = server.status();
    let is_sse = server.config.remote.transport == Some(Transport::Sse)
        || status.live.as_ref().is_some_and(|live| live.connection.carrier().is_sse());
    let transport = match (&server.config.remote.url, is_sse) {
        (None, _) => "stdio",
        (Some(_), false) => "streamable-http",
        (Some(_), true) => "sse",
    };
    let mut members = vec![("name", server.name.as_str().into())];
    let description = server.config.description.as_deref();
    members.extend(description.map(|text| ("description", text.into())));
    members.push(("transport", transport.into()));
    members.push(("state", state(&status).into()));
    members.extend(status.reason.as_deref().map(|reason| ("lastError", reason.into())));
    members.extend(instances.map(|count| ("instances", count.into())));
    if status.tries > 0 {
        members.push(("reconnectAttempts", u64::from(status.tries).into()));
    }
    if let Some(max) = server.config.max_concurrency {
        let load = status.live.as_ref().map(|live| live.connection.load()).unwrap_or_default();
        members.push(("maxConcurrency", max.into()));
        members.push(("inFlight", load.in_flight.into()));
        members.push(("waiting", load.waiting.into()));
    }
    let most = if is_alone { usize::MAX } else { TOOLS_MAX };
    let tools = entries.iter().take(most).map(|entry| match descriptions {
        None => Json::from(&*entry.shown),
        Some(max) => {
            let text = crate::wire::object::get(&entry.item.definition, "description")
                .and_then(crate::wire::object::string);
            let mut members = vec![("name", (&*entry.shown).into())];
            members.extend(text.map(|text| ("description", cut(&text, max).into())));
            Json::object(members)
        }
    });
    members.push(("tools", Json::Array(tools.collect())));
    members.push(("toolCount", entries.len().into()));
    Json::object(members)
}

fn failed(server: &Server) -> Json {
    let status = server.status();
    let reason = status.reason.as_deref().unwrap_or("it is not ready");
    let mut members = vec![("name", server.name.as_str().into()), ("error", reason.into())];
    if let Some(at) = status.retry_at {
        let wait = at.saturating_duration_since(tokio::time::Instant::now());
        members.push(("nextRetryInMs", super::inner::millis(wait)));
    }
    members.push(("reconnectAttempts", u64::from(status.tries).into()));
    Json::object(members)
}

/// What is kept of reading calls, and how often that helped.
fn cache_numbers(hub: &Hub) -> Json {
    let Statistics { entries, bytes, in_flight, hits, misses, joined } = hub.cache.statistics();
    let world = hub.world();
    let ttl = world.servers.values().filter_map(|server| server.config.policy.cache_ttl).max();
    let caps = world.config.cache;
    // A call that joined another one needed no call of its own either.
    let (found, all) = (hits + joined, hits + joined + misses);
    let rate = (found * 1000).checked_div(all).unwrap_or_default();
    Json::object([
        ("enabled", ttl.is_some().into()),
        ("ttlSeconds", ttl.map_or(0, |ttl| ttl.as_secs()).into()),
        ("entries", entries.into()),
        ("maxEntries", caps.entries.into()),
        ("maxEntryBytes", caps.entry_bytes.into()),
        ("maxTotalBytes", caps.total_bytes.into()),
        ("storedBytes", bytes.into()),
        ("inFlight", in_flight.into()),
        ("coalesced", joined.into()),
        ("hits", hits.into()),
        ("misses", misses.into()),
        (
            "hitRate",
            Json::parse(&format!("{}.{:03}", rate / 1000, rate % 1000)).unwrap_or_default(),
        ),
    ])
}

fn stored_numbers(hub: &Hub) -> Json {
    let stats = hub.results.stats();
    let caps = hub.world().config.results;
    Json::object([
        ("entries", stats.entries.into()),
        ("maxEntries", caps.entries.into()),
        ("storedBytes", stats.bytes.into()),
        ("maxStoredBytes", caps.total_bytes.into()),
        ("maxStoredResultBytes", caps.entry_bytes.into()),
        ("totalStored", stats.kept.into()),
        ("rejectedOversize", stats.too_large.into()),
    ])
}

fn compression<O: Outlet>(context: &Context<'_, O>) -> Json {
    let (view, world) = (context.view(), &context.world);
    let name = context.call.client_name();
    let shown = world.catalog.shown(ListKind::Tools, world.config.client(&name));
    let (sent, direct) = (shown.len, world.catalog.definitions_len);
    let saved = i64::try_from(direct).unwrap_or(i64::MAX) - i64::try_from(sent).unwrap_or(i64::MAX);
    Json::object([
        ("mode", view.schema_compression.as_str().into()),
        ("maxDescriptionChars", view.max_description.into()),
        ("tools", context.tools_seen().into()),
        ("originalBytes", direct.into()),
        ("listedBytes", sent.into()),
        ("savedBytes", saved.into()),
    ])
}

fn recipe(recipe: &crate::settings::Recipe) -> Json {
    let mut members =
        vec![("name", recipe.name.as_str().into()), ("mode", recipe.mode.as_str().into())];
    members.extend(recipe.description.as_deref().map(|text| ("description", text.into())));
    let parameters: Vec<Json> =
        recipe.parameters.iter().map(|parameter| parameter.name.as_str().into()).collect();
    if !parameters.is_empty() {
        members.push(("parameters", Json::Array(parameters)));
    }
    Json::object(members)
}

/// What was sent, what direct connections would have sent, and the difference with its sign.
fn account(account: &Account) -> Json {
    Json::object([
        ("calls", account.calls.into()),
        ("metaCalls", account.meta_calls.into()),
        ("cacheHits", account.cache_hits.into()),
        ("turns", account.turns.into()),
        ("sentResultBytes", account.results.sent.into()),
        ("directResultBytes", account.results.direct.into()),
        ("sentDefinitionBytes", account.definitions.sent.into()),
        ("directDefinitionBytes", account.definitions.direct.into()),
        ("savedBytes", account.saved_bytes().into()),
        ("estimatedListTokensSent", account.list_tokens.sent.into()),
        ("estimatedListTokensDirect", account.list_tokens.direct.into()),
        ("estimatedResultTokensSent", account.result_tokens.sent.into()),
        ("estimatedResultTokensDirect", account.result_tokens.direct.into()),
        ("estimatedTokensSent", account.sent_tokens().into()),
        ("estimatedTokensSaved", account.saved_tokens().into()),
    ])
}

/// What an operator could do better.
fn recommendations<O: Outlet>(context: &Context<'_, O>) -> Vec<Json> {
    let world = &context.world;
    let mut advice = Vec::new();
    let tools = context.tools_seen();
    if tools > 40 && context.view().exposure == Exposure::Full {
        advice.push(
            format!("{tools} tools are listed in every prompt; `exposure = \"hybrid\"` lists few and finds the others")
                .into(),
        );
    }
    advice.extend(
        world
            .complaint
            .as_deref()
            .map(|complaint| Json::from(format!("the config is not in force: {complaint}"))),
    );
    advice
}

/// Forgets cached results of the caller.
pub(super) fn cache_clear<O: Outlet>(
    context: &Context<'_, O>,
    fields: &mut Fields,
) -> Result<Json, ToolError> {
    let (tool, server) = (fields.name("tool")?, fields.name("server")?);
    fields.finish(&["tool", "server", "outputFormat"])?;
    let (mut own_server, mut own_tool) = (None, None);
    if let Some(tool) = &tool {
        let wanted = super::wanted::Wanted::named(tool, server.as_deref());
        let entry = context.seen(&wanted)?;
        (own_server, own_tool) = (Some(&entry.server.name), Some(&*entry.item.name));
    } else if let Some(server) = &server {
        own_server = Some(context.known_server(server)?);
    }
    let cleared =
        context.hub.cache.clear(Some(&context.call.caller.principal), own_server, own_tool);
    let scope = match (&tool, &server) {
        (None, None) => "all",
        (Some(_), None) => "tool",
        (None, Some(_)) => "server",
        (Some(_), Some(_)) => "tool-server",
    };
    let mut members = vec![("cleared", cleared.into()), ("scope", scope.into())];
    members.extend(tool.as_deref().map(|tool| ("tool", tool.into())));
    members.extend(server.as_deref().map(|server| ("server", server.into())));
    Ok(Json::object(members))
}
