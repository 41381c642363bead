//! The paths that are asked for. Those of one server have its name in them, which has no character that
//! means something there.

use super::order::Order;
use crate::base::ServerName;

/// GET: a [`Status`](super::Status).
pub const STATUS: &str = "/api/v1/status";
/// GET: the [`Plan`](crate::settings::Plan) of a reload, or a [`ProblemDetails`](super::ProblemDetails). POST: a
/// [`ChangePlan`](super::ChangePlan) of [`WantedChanges`](super::WantedChanges).
pub const PLAN: &str = "/api/v1/plan";
/// POST: the same, once it is done.
pub const RELOAD: &str = "/api/v1/reload";
/// Below it are the sections of the config, by kind and name.
pub const CONFIG: &str = "/api/v1/config/";
/// POST: [`ChangeDone`](super::ChangeDone).
pub const UNDO: &str = "/api/v1/undo";
/// GET: a list of [`VersionReport`](super::VersionReport).
pub const VERSIONS: &str = "/api/v1/versions";
/// GET: a list of [`ServerReport`](super::ServerReport).
pub const SERVERS: &str = "/api/v1/servers";
/// Below it is what programs that speak the management API of the npm callmux ask.
pub const NPM_MANAGEMENT: &str = "/management/v1";
/// The query with which a reload is [`Asked`](super::Asked) for and not waited for.
pub const AT_ONCE: &str = "wait=false";
/// GET: a [`ToolList`](super::ToolList).
pub const TOOLS: &str = "/api/v1/tools";
/// POST, with a [`ToolCallWanted`](super::ToolCallWanted): [`ToolCallDone`](super::ToolCallDone).
pub const CALL_TOOL: &str = "/api/v1/tools/call";
/// GET, with a query of [`tool_arguments`]: [`ToolArguments`](super::ToolArguments).
pub const ARGUMENTS: &str = "/api/v1/arguments";
/// GET, by itself or as [`since`] says: [`CallsSeen`](super::CallsSeen).
pub const CALLS: &str = "/api/v1/calls";
/// GET: server-sent events, one for each fact, named as that is, with what callmux.journal(7) has of it.
pub const EVENTS: &str = "/api/v1/events";
/// GET, by itself or as [`approvals`] says: [`ApprovalList`](super::ApprovalList).
pub const APPROVALS: &str = "/api/v1/approvals";
/// POST: a list of [`ServerReport`](super::ServerReport), of all that tried.
pub const RETRY: &str = "/api/v1/retry";

/// POST: a [`DashboardCode`](super::DashboardCode).
pub const DASHBOARD_CODE: &str = "/api/v1/dashboard/code";
/// DELETE: [`DashboardRevoked`](super::DashboardRevoked).
pub const DASHBOARD_SESSIONS: &str = "/api/v1/dashboard/sessions";

/// What the arguments of a tool are asked for by, which may be what its server calls it.
pub fn tool_arguments(tool: &str, server: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair(TOOL, tool);
    if let Some(server) = server {
        query.append_pair(SERVER, server);
    }
    format!("{ARGUMENTS}?{}", query.finish())
}

/// What a query of [`tool_arguments`] says: the tool, and its server.
pub fn asked_arguments(query: &str) -> Option<(String, Option<String>)> {
    Some((asked(query, TOOL)?, asked(query, SERVER)))
}

/// Whose call of which tool a query asks about: the tool, the principal, the client.
pub fn asked_verdict(query: &str) -> [Option<String>; 3] {
    [TOOL, PRINCIPAL, CLIENT].map(|key| asked(query, key))
}

/// Which cached results a query asks about: of which server, of which tool.
pub fn asked_results(query: &str) -> [Option<String>; 2] {
    [SERVER, TOOL].map(|key| asked(query, key))
}

/// POST: [`CacheCleared`](super::CacheCleared), of a server, of a tool, or all.
pub fn clear_cache(server: Option<&str>, tool: Option<&str>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in [(SERVER, server), (TOOL, tool)] {
        query.extend_pairs(value.map(|value| (key, value)));
    }
    format!("/api/v1/cache/clear?{}", query.finish())
}

/// Whether a query asks what sections say.
pub fn asks_keys(query: &str) -> bool {
    asked(query, KEYS).is_some_and(|value| value == "true")
}

/// The server that a query asks about.
pub fn asked_server(query: &str) -> Option<String> {
    asked(query, SERVER)
}

fn asked(query: &str, key: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

/// What happened since an answer that had this number as its `next`.
pub fn since(number: u64) -> String {
    format!("{CALLS}?{SINCE}={number}")
}

/// What waits for a person once that is not the state with this number any more, or after some seconds.
pub fn approvals(state: u64) -> String {
    format!("{APPROVALS}?{SINCE}={state}")
}

/// POST: [`ApprovalDone`](super::ApprovalDone). `decision`: `once`, `hour` or `deny`.
pub fn approval(id: &str, decision: &str) -> String {
    format!("{APPROVALS}/{id}/{decision}")
}

/// The number of a query of [`since`] or [`approvals`].
pub fn asked_since(query: &str) -> Option<u64> {
    query.strip_prefix(SINCE)?.strip_prefix('=')?.parse().ok()
}

const SINCE: &str = "since";
const TOOL: &str = "tool";
const KEYS: &str = "keys";
const PRINCIPAL: &str = "principal";
const CLIENT: &str = "client";
const SERVER: &str = "server";

/// POST: what comes of an order. A [`Consent`](super::Consent) for a login, a
/// [`Farewell`](super::Farewell) for a logout, a list of reports for a retry, and otherwise a
/// [`ServerReport`](super::ServerReport).
pub fn order(server: &ServerName, order: Order) -> String {
    of_server(server.as_str(), order.as_str())
}

/// POST: a [`ServerReport`](super::ServerReport), once a login is done.
pub fn login_wait(server: &ServerName) -> String {
    order(server, Order::Login) + WAIT
}

/// POST, with an address that a browser came to: [`Pasted`](super::Pasted).
pub fn login_paste(server: &ServerName) -> String {
    order(server, Order::Login) + PASTE
}

const WAIT: &str = "/wait";
const PASTE: &str = "/paste";

fn of_server(server: &str, verb: &str) -> String {
    format!("/api/v1/servers/{server}/{verb}")
}
