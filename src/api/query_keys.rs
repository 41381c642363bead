//! What the endpoints can be asked with.

use super::endpoint::{QueryKey, QueryKind};

const fn key(name: &'static str, kind: QueryKind, about: &'static str) -> QueryKey {
    QueryKey { name, kind, is_required: false, about }
}

const fn text(name: &'static str, about: &'static str) -> QueryKey {
    key(name, QueryKind::Text, about)
}

const SINCE_WHEN: QueryKey =
    text("since", "Only what happened since then: `2h` ago, `2027-03-01`, or a time of RFC 3339.");
const UNTIL_WHEN: QueryKey = text("until", "Only what happened until then.");
const OF_SERVER: QueryKey = text("server", "Only what was about this server.");
const OF_TOOL: QueryKey =
    text("tool", "Only calls of this tool, prompt or resource, as clients name it.");
const OF_OUTCOME: QueryKey = text("outcome", "Only calls that ended so, such as `denied`.");

pub(super) const HISTORY: &[QueryKey] = &[
    SINCE_WHEN,
    UNTIL_WHEN,
    OF_SERVER,
    OF_TOOL,
    text("client", "Only calls of this client: its name, with or without its version."),
    text("principal", "Only calls of this one: `user:UID`, `token:NAME`."),
    OF_OUTCOME,
    text("kind", "Only events of this kind, such as `call.end` or `server.*`."),
    key("limit", QueryKind::Number, "How many at the most: 1 to 1000, or 100."),
    text("cursor", "The `next_cursor` of an earlier answer: what was before that."),
];
pub(super) const HOURS: &[QueryKey] = &[SINCE_WHEN, UNTIL_WHEN, OF_SERVER, OF_TOOL, OF_OUTCOME];

pub(super) const ACCESS_TEST: &[QueryKey] = &[
    QueryKey { is_required: true, ..text("tool", "Its name, as clients see it.") },
    key(
        "principal",
        QueryKind::Principal,
        "Who calls it, where not who asks; one of `oidc:` has no groups here.",
    ),
    text("client", "What their client calls itself."),
];

pub(super) const CACHE: &[QueryKey] = &[
    text("server", "Only those of this server."),
    text("tool", "Only those of this tool, as clients see it or as its server has it."),
];
pub(super) const SECTIONS: &[QueryKey] =
    &[key("keys", QueryKind::Flag, "Whether what each says is told, too.")];

pub(super) const PINS: &[QueryKey] = &[text("server", "Only what this server offers.")];

pub(super) const SINCE: &[QueryKey] =
    &[key("since", QueryKind::Number, "The `next` of an earlier answer.")];
pub(super) const SINCE_STATE: &[QueryKey] =
    &[key("since", QueryKind::Number, "The `state` of an earlier answer.")];
pub(super) const TOOL: &[QueryKey] = &[
    QueryKey {
        is_required: true,
        ..text("tool", "Its name, as clients see it or as its server has it.")
    },
    text("server", "Its server, where several have one of this name."),
];
pub(super) const WAIT: &[QueryKey] =
    &[key("wait", QueryKind::Flag, "Whether to answer once it is done.")];
