//! Who imports whom, and what the map says of it.

use std::collections::BTreeSet;
use std::fs;

use super::{code, room_of, rust_files, source};

/// Each room and what it may import, lowest storey first. Every import stands above its importer
/// in this list, so no cycle can be written down.
pub const PLAN: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("ledger", &[]),
    ("http", &[]),
    ("json", &[]),
    ("wire", &[]),
    ("audit", &["base", "json"]),
    ("facts", &["base"]),
    ("calls", &["base"]),
    ("metrics", &[]),
    ("telemetry", &["base", "audit", "facts", "metrics"]),
    ("history", &["base", "audit", "facts", "telemetry"]),
    ("terminal", &["base"]),
    ("demo", &["base", "terminal"]),
    ("outbox", &["base", "wire", "facts", "telemetry"]),
    ("example", &["base"]),
    ("results", &["base"]),
    ("schema", &["json"]),
    ("manual", &["base"]),
    ("pins", &["base", "json"]),
    ("bundles", &["base", "json"]),
    ("search", &["json"]),
    ("render", &["json"]),
    ("arguments", &["base", "json"]),
    ("replies", &["base", "json", "wire", "render", "facts"]),
    ("definitions", &["base", "json", "wire", "schema"]),
    ("lasting", &["base"]),
    ("tls", &["base"]),
    ("remedy", &["base", "json"]),
    ("clients", &["base", "json", "arguments", "lasting"]),
    ("settings", &["base", "audit", "json", "render", "tls"]),
    ("keys", &["base", "json", "render", "remedy", "settings"]),
    ("config", &["base", "json", "remedy", "settings", "keys", "tls"]),
    ("api", &["base", "settings"]),
    ("access", &["base", "settings", "tls"]),
    ("peers", &["base", "settings"]),
    ("approvals", &["base", "json", "peers"]),
    ("oidc", &["base", "http", "settings"]),
    ("dashboard", &["base", "api", "facts", "telemetry", "terminal"]),
    ("process", &["base", "audit", "settings", "facts", "telemetry"]),
    ("credentials", &["base", "http", "settings"]),
    ("desktop", &["base", "facts", "telemetry", "approvals", "process"]),
    ("handover", &["base", "wire"]),
    ("event_streams", &["base", "wire", "handover"]),
    ("lenient", &["wire"]),
    ("activation", &["base", "lasting", "process"]),
    ("doctor", &["base", "api", "config", "settings", "access", "oidc"]),
    ("changes", &["base", "clients", "config", "keys", "settings", "terminal"]),
    ("imports", &["base", "json", "clients", "keys", "config", "lasting", "remedy", "settings"]),
    ("management", &["base", "json", "api", "imports"]),
    (
        "packages",
        &[
            "base", "bundles", "http", "json", "remedy", "clients", "settings", "keys", "config",
            "imports",
        ],
    ),
    ("completion", &["base", "api", "config", "keys", "clients"]),
    ("grants", &["base", "settings", "keys", "config", "access", "terminal"]),
    ("approval_review", &["base", "api", "config", "settings", "terminal"]),
    ("audit_review", &["base", "audit", "telemetry", "completion", "keys", "settings", "terminal"]),
    ("history_review", &["base", "completion", "history", "keys", "settings", "terminal"]),
    (
        "pin_review",
        &["base", "json", "pins", "settings", "config", "completion", "api", "terminal"],
    ),
    (
        "attachments",
        &[
            "base",
            "peers",
            "api",
            "clients",
            "completion",
            "config",
            "lasting",
            "settings",
            "terminal",
            "doctor",
        ],
    ),
    (
        "connection",
        &[
            "base",
            "http",
            "wire",
            "lenient",
            "facts",
            "telemetry",
            "access",
            "credentials",
            "handover",
        ],
    ),
    (
        "servers",
        &[
            "base",
            "wire",
            "pins",
            "definitions",
            "settings",
            "facts",
            "telemetry",
            "access",
            "process",
            "credentials",
            "handover",
            "connection",
        ],
    ),
    (
        "updates",
        &["base", "clients", "config", "packages", "servers", "settings", "terminal", "wire"],
    ),
    (
        "setup",
        &[
            "base",
            "lasting",
            "clients",
            "config",
            "settings",
            "terminal",
            "doctor",
            "imports",
            "servers",
            "wire",
            "activation",
        ],
    ),
    (
        "instances",
        &["base", "wire", "pins", "settings", "telemetry", "process", "connection", "servers"],
    ),
    ("catalog", &["base", "json", "wire", "pins", "search", "render", "settings", "servers"]),
    ("world", &["base", "wire", "settings", "access", "servers", "catalog"]),
    (
        "targets",
        &[
            "base", "access", "catalog", "facts", "json", "pins", "replies", "servers", "wire",
            "world",
        ],
    ),
    ("cache", &["base", "json", "wire", "settings", "servers"]),
    (
        "mux",
        &[
            "base",
            "audit",
            "calls",
            "ledger",
            "json",
            "wire",
            "replies",
            "facts",
            "telemetry",
            "results",
            "render",
            "arguments",
            "settings",
            "access",
            "handover",
            "connection",
            "servers",
            "catalog",
            "cache",
            "instances",
            "world",
            "approvals",
            "desktop",
            "targets",
        ],
    ),
    (
        "meta",
        &[
            "base",
            "ledger",
            "json",
            "wire",
            "replies",
            "facts",
            "render",
            "arguments",
            "settings",
            "access",
            "connection",
            "servers",
            "catalog",
            "cache",
            "mux",
            "world",
            "targets",
            "approvals",
        ],
    ),
    (
        "client",
        &[
            "base",
            "ledger",
            "pins",
            "wire",
            "replies",
            "facts",
            "telemetry",
            "access",
            "handover",
            "connection",
            "servers",
            "catalog",
            "mux",
            "meta",
            "world",
        ],
    ),
    (
        "sessions",
        &[
            "base",
            "client",
            "connection",
            "event_streams",
            "facts",
            "handover",
            "meta",
            "mux",
            "outbox",
            "results",
            "telemetry",
            "wire",
        ],
    ),
    (
        "front",
        &[
            "base",
            "wire",
            "outbox",
            "results",
            "facts",
            "metrics",
            "settings",
            "telemetry",
            "api",
            "tls",
            "access",
            "peers",
            "oidc",
            "handover",
            "event_streams",
            "connection",
            "mux",
            "meta",
            "client",
            "sessions",
            "dashboard",
        ],
    ),
    (
        "admin",
        &[
            "base",
            "calls",
            "definitions",
            "pins",
            "pin_review",
            "wire",
            "settings",
            "facts",
            "keys",
            "metrics",
            "telemetry",
            "history",
            "api",
            "access",
            "peers",
            "process",
            "servers",
            "catalog",
            "connection",
            "mux",
            "targets",
            "world",
            "approvals",
            "dashboard",
            "changes",
            "clients",
            "config",
            "keys",
            "meta",
            "render",
        ],
    ),
    (
        "daemon",
        &[
            "base",
            "audit",
            "pins",
            "wire",
            "results",
            "config",
            "settings",
            "facts",
            "telemetry",
            "history",
            "api",
            "access",
            "process",
            "handover",
            "connection",
            "servers",
            "mux",
            "meta",
            "client",
            "front",
            "admin",
            "management",
            "instances",
            "world",
            "approvals",
            "sessions",
        ],
    ),
    ("bridge", &["base", "http", "peers", "wire", "outbox", "replies", "activation"]),
    (
        "shell",
        &[
            "base",
            "json",
            "wire",
            "terminal",
            "arguments",
            "render",
            "settings",
            "keys",
            "api",
            "activation",
            "bridge",
            "completion",
        ],
    ),
    ("standalone", &["base", "config", "settings", "keys", "telemetry", "daemon"]),
    ("search_quality", &["base", "json", "search", "terminal", "meta"]),
    (
        "cli",
        &[
            "base",
            "json",
            "wire",
            "keys",
            "config",
            "doctor",
            "imports",
            "packages",
            "updates",
            "completion",
            "setup",
            "attachments",
            "grants",
            "approval_review",
            "audit_review",
            "history_review",
            "pin_review",
            "changes",
            "clients",
            "settings",
            "api",
            "facts",
            "telemetry",
            "example",
            "activation",
            "demo",
            "terminal",
            "servers",
            "catalog",
            "meta",
            "daemon",
            "dashboard",
            "bridge",
            "shell",
            "standalone",
            "manual",
            "search_quality",
        ],
    ),
    (
        "fuzz",
        &[
            "base",
            "json",
            "wire",
            "telemetry",
            "results",
            "render",
            "arguments",
            "keys",
            "config",
            "settings",
            "peers",
            "handover",
            "connection",
            "mux",
            "meta",
            "front",
            "daemon",
            "world",
            "sessions",
        ],
    ),
];

#[test]
fn the_plan_has_no_cycle_and_knows_every_room() {
    for (index, (room, imports)) in PLAN.iter().enumerate() {
        for import in *imports {
            let below = PLAN[..index].iter().any(|(name, _)| name == import);
            assert!(below, "{room} imports {import}, which does not stand above it");
        }
    }
    let rooms: Vec<String> =
        rust_files(&source()).iter().filter_map(|path| room_of(path)).collect();
    for room in rooms {
        assert!(PLAN.iter().any(|(name, _)| *name == room), "src/{room} is not in the plan");
    }
}

/// The storey of each room: right above the highest that it may import.
fn storeys() -> Vec<(&'static str, usize)> {
    let mut storeys: Vec<(&str, usize)> = Vec::new();
    for (room, imports) in PLAN {
        let below = storeys.iter().filter(|(other, _)| imports.contains(other));
        let storey = below.map(|(_, storey)| storey + 1).max().unwrap_or(0);
        storeys.push((room, storey));
    }
    storeys
}

#[test]
fn the_picture_of_the_house_is_true() {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let picture = text.split("//! ```text\n").nth(1).unwrap().split("//! ```").next().unwrap();
    let (mut shown, mut storey) = (Vec::new(), 0);
    for line in picture.lines() {
        let line = line.trim_start_matches("//!").trim_start();
        let words: Vec<&str> = line.split_whitespace().collect();
        let room = match words[0].parse() {
            Ok(number) => {
                storey = number;
                words[1]
            }
            Err(_) => words[0],
        };
        shown.push((room, storey));
    }
    let mut planned = storeys();
    planned.sort_unstable();
    shown.sort_unstable();
    assert_eq!(shown, planned);
}

#[test]
fn rooms_import_only_downwards_and_only_what_they_use() {
    let (mut breaches, mut used) = (Vec::new(), BTreeSet::new());
    for path in rust_files(&source()) {
        let Some(room) = room_of(&path) else { continue };
        let (_, allowed) = PLAN.iter().find(|(name, _)| *name == room).unwrap();
        let text = code(&fs::read_to_string(&path).unwrap());
        for (position, _) in text.match_indices("crate::") {
            let rest = &text[position + "crate::".len()..];
            if rest.starts_with('{') {
                breaches.push(format!("{}: one import for each room", path.display()));
            }
            let import: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let known = PLAN.iter().any(|(name, _)| *name == import);
            if known && import != room && !allowed.contains(&import.as_str()) {
                breaches.push(format!("{}: {room} may not know {import}", path.display()));
            }
            used.insert((room.clone(), import));
        }
    }
    for (room, imports) in PLAN {
        for import in *imports {
            if !used.contains(&((*room).to_owned(), (*import).to_owned())) {
                breaches.push(format!("{room} does not use {import}, which it may"));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}
