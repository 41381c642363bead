//! The sections of a config, each with its keys.

use super::{
    APPROVALS, APPROVED, AUDIT, AUTH, CACHE, CLIENT, DASHBOARD, HISTORY, HTTP, Key, LIMITS,
    METRICS, NETWORKS, OIDC, RECIPE, RESULTS, RULE, SERVER, TOKEN, TOP,
};

/// The line above the keys of a section; `name` in place of what the user chooses.
pub fn heading(section: &str, name: &str) -> String {
    match section.strip_suffix("[*]") {
        Some(list) => format!("[[{list}]]"),
        None => format!("[{}]", section.replace('*', name)),
    }
}

/// The sections: name in the file, keys, description. `*` stands for a name the user chooses, `[*]` for
/// an item of a list.
pub const SECTIONS: &[(&str, &[Key], &str)] = &[
    ("", TOP, "Settings for everything."),
    ("http", HTTP, "The HTTP side of the daemon."),
    ("access.limits", LIMITS, "How much of all that may be done one user may do."),
    ("access.approvals", APPROVALS, "How a person is asked about a call."),
    (
        "access.networks",
        NETWORKS,
        "Where clients may be that come over TCP. Other machines reach the daemon where `http.listen`, or a \
         socket of systemd, has another than a loopback address, which takes a token and TLS.",
    ),
    (
        "access.tokens.*",
        TOKEN,
        "A token that a client can send as `Authorization: Bearer …`, over TCP or the unix socket: it is \
         then that principal and no other, whoever runs it.",
    ),
    (
        "access.oidc",
        OIDC,
        "An issuer whose tokens (JWT) a client can send as `Authorization: Bearer …`: it is then whom the \
         issuer calls so, and no other. See callmux-access(1).",
    ),
    (
        "access.rules[*]",
        RULE,
        "Who may do what, as a list: `[[access.rules]]` before each rule, all of them in one file. The \
         first that fits decides. Once there is one, what none fits is denied. `callmux access test` \
         tells what comes of them.",
    ),
    (
        "access.approved.*",
        APPROVED,
        "What a person approved for good, so that nobody is asked about it again; a rule that denies it \
         still does. `callmux approvals approve ID --for always` writes it.",
    ),
    ("cache", CACHE, "How much of the results of reading calls is kept (see `cache_ttl`)."),
    ("results", RESULTS, "How much of results that were too large is kept (see `max_result`)."),
    ("audit", AUDIT, "What is kept of what was done (see callmux-audit(1))."),
    ("dashboard", DASHBOARD, "The page at `/ui/` (see callmux-dashboard(1))."),
    ("history", HISTORY, "What of it can be looked up (see callmux-events(1))."),
    ("metrics", METRICS, "What is counted, for a collector of metrics."),
    (
        "clients.*",
        CLIENT,
        "Other settings for the clients of a name, as they give it in `clientInfo`: \
         `[clients.claude-code]`, `[clients.\"codex*\"]`. What is not set is as for everybody.",
    ),
    (
        "recipes.*",
        RECIPE,
        "Calls that are written down once and run by name with `callmux_recipe_run`.",
    ),
    (
        "servers.*",
        SERVER,
        "One MCP server: a program that is started and spoken to over stdio, or a remote one by its URL.",
    ),
    (
        "servers.*.auth",
        AUTH,
        "How callmux proves itself to a remote server. `auth = \"oauth\"` is short for a section with \
         `type = \"oauth\"`.",
    ),
];
