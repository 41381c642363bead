//! What operators are told of servers and their tools.

use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use tokio::time::Instant;

use crate::api::{
    CallsReport, CallsSeen, ClientSeen, Definitions, Era, Load, Phase, ServerReport, SessionSeen,
    ToolDetails, ToolList, ToolReport,
};
use crate::base::clip::clipped;
use crate::catalog::Entry;
use crate::pins::PinKind;
use crate::servers::handle;
use crate::servers::{Offer, Server};
use crate::telemetry;
use crate::wire::{self, ListKind};
use crate::world::World;

/// Characters of a reason: a server may have written it.
const REASON_MAX: usize = 2000;

/// What of a definition is reported.
#[derive(Debug, Deserialize)]
struct Described {
    description: Option<String>,
}

/// The tools of all servers.
pub fn tools(world: &World) -> ToolList {
    let can_be_called = |server: &Server| {
        matches!(server.status().phase, handle::Phase::Ready | handle::Phase::Asleep)
    };
    ToolList {
        usable: world.servers.values().any(can_be_called),
        tools: world.catalog.tools.entries().iter().map(tool_report).collect(),
    }
}

/// The tool of this name, as clients know it.
pub fn tool(world: &World, name: &str) -> Option<ToolDetails> {
    let entry = world.catalog.tools.entries().iter().find(|entry| *entry.shown == *name)?;
    let mut definition: serde_json::Value = serde_json::from_str(&entry.item.definition).ok()?;
    definition["name"] = name.into();
    let own_name = entry.item.name.to_string();
    Some(ToolDetails { report: tool_report(entry), own_name, definition })
}

fn tool_report(entry: &Entry) -> ToolReport {
    ToolReport {
        name: entry.shown.to_string(),
        server: Some(entry.server.name.to_string()),
        description: serde_json::from_str(&entry.item.definition)
            .ok()
            .and_then(|Described { description }| description),
    }
}

/// How a server is, and its instances.
pub fn server(server: &Server, instances: &[Server]) -> ServerReport {
    let instances = instances.iter().map(one).collect();
    ServerReport { instances, ..one(server) }
}

fn one(server: &Server) -> ServerReport {
    let status = server.status();
    let identity = status.live.as_ref().map(|live| &live.identity);
    let shown = |offer: &Offer| {
        let tools = offer.list(ListKind::Tools).items.iter();
        let is_shown = |name: &str| {
            server.config.policy.tools.allow(name) && !server.holds(PinKind::Tool, name)
        };
        tools.filter(|tool| is_shown(&tool.name)).count()
    };
    let retry = |at: Instant| {
        let left = at.saturating_duration_since(Instant::now());
        u64::try_from(left.as_millis()).unwrap_or(u64::MAX)
    };
    let reason = status.reason.as_deref().map(|reason| clipped(reason, REASON_MAX));
    let more = "; its tools are shown once it has started for a client";
    let more = if server.awaits_a_directory() { more } else { "" };
    let reason = reason.map(|reason| reason + more);
    let load = status.live.as_ref().map(|live| live.connection.load()).unwrap_or_default();
    let moved = status.offer.as_deref().map_or(0, |offer| offer.moved.iter().count());
    let is_ready = status.phase == handle::Phase::Ready;
    ServerReport {
        name: server.name.configured(),
        phase: phase(status.phase),
        pid: status.pid,
        tools: status.offer.as_deref().map_or(0, shown),
        definitions: Definitions {
            refused: status.offer.as_deref().map_or(0, Offer::refused),
            moved,
            held: moved > 0 && server.config.policy.holds(),
        },
        era: identity.map(|identity| era(identity.era)),
        revision: identity.map(|identity| identity.revision.clone()),
        reason: reason.filter(|_| !is_ready),
        tries: status.tries,
        retry_in_ms: status.retry_at.map(retry),
        description: server.config.description.clone(),
        failed: status.failed,
        load: Load {
            in_flight: load.in_flight,
            waiting: load.waiting,
            max_concurrency: server.config.max_concurrency,
        },
        directory: server.name.workplace().map(ToString::to_string),
        instances: Vec::new(),
    }
}

fn phase(phase: handle::Phase) -> Phase {
    match phase {
        handle::Phase::Stopped => Phase::Stopped,
        handle::Phase::Asleep => Phase::Asleep,
        handle::Phase::Starting => Phase::Starting,
        handle::Phase::Ready => Phase::Ready,
        handle::Phase::Waiting => Phase::Waiting,
        handle::Phase::Unusable => Phase::Unusable,
    }
}

fn era(era: wire::Era) -> Era {
    match era {
        wire::Era::Legacy => Era::Legacy,
        wire::Era::Modern => Era::Modern,
    }
}

/// The sockets among these that are of TCP.
pub fn addresses(listening: &[String]) -> Vec<SocketAddr> {
    let of_tcp = |socket: &String| {
        let address = socket.strip_prefix("http://").unwrap_or(socket);
        address.trim_end_matches('/').parse().ok()
    };
    listening.iter().filter_map(of_tcp).collect()
}

/// The clients that were seen.
pub fn clients(seen: Vec<(String, u64)>) -> Vec<ClientSeen> {
    let one = |(name, seen_at): (String, u64)| ClientSeen { name, seen_at };
    seen.into_iter().map(one).collect()
}

/// What happened lately.
pub fn lately(glance: telemetry::Glance) -> CallsSeen {
    let telemetry::Glance { next, lost, facts, sessions } = glance;
    let facts = facts.iter().filter_map(|fact| serde_json::from_str(fact).ok()).collect();
    CallsSeen { next, lost, facts, sessions: self::sessions(sessions) }
}

/// The sessions that are open.
fn sessions(open: Vec<telemetry::SessionNote>) -> Vec<SessionSeen> {
    let session = |note: telemetry::SessionNote| SessionSeen {
        session: note.session,
        client: note.client,
        opened_at: note.opened.duration_since(UNIX_EPOCH).map_or(0, |at| at.as_secs()),
    };
    open.into_iter().map(session).collect()
}

/// How the entries of calls are kept.
pub fn calls(kept: telemetry::CallsReport) -> CallsReport {
    let telemetry::CallsReport { sent, missing, unknown, unreadable, waiting, record, trouble } =
        kept;
    CallsReport { sent, missing, unknown, unreadable, waiting, record, trouble }
}
