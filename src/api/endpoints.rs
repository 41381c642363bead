//! Every endpoint, in one table: the daemon's router, the document for programs (`openapi.json`) and
//! `docs/api.md` are made of it.

use super::endpoint::{BASE, Endpoint, Method, Operation};
use super::entry::{asked_by, delete, get, post, with, write};
use super::query_keys::{
    self, ACCESS_TEST, CACHE, HISTORY, HOURS, PINS, SINCE, SINCE_STATE, TOOL, WAIT,
};

const UNKNOWN_SERVER: &[&str] = &["unknown_server"];
const OF_SECTION: &[&str] = &["unknown_section", "bad_section", "read_only"];
const SECTIONS: &str = "/config/{kind}";
const SECTION: &str = "/config/{kind}/{name}";
const OF_CALL: &[&str] = &[
    "unknown_tool",
    "bad_body",
    "too_large",
    "bad_arguments",
    "conflict",
    "not_approved",
    "rate_limited",
    "not_sent",
    "outcome_unknown",
    "server_error",
];
const OF_LOGIN: &[&str] = &["unknown_server", "conflict"];
const OF_HISTORY: &[&str] = &["no_history", "history_unreadable", "bad_query"];

/// All of them, in the order in which they are described.
pub const ENDPOINTS: &[Endpoint] = &[
    get(Operation::Index, "", "DaemonIndex", "Which daemon answers, and the paths that it has."),
    get(Operation::OpenApi, "/openapi.json", "", "This table, as an OpenAPI document (3.1)."),
    get(
        Operation::Status,
        "/status",
        "Status",
        "How the daemon is: its config, its servers, what it has sent, and what is not as it should be.",
    ),
    get(
        Operation::Doctor,
        "/doctor",
        "Finding[]",
        "What is not as it should be, and what to do about it.",
    ),
    get(
        Operation::Servers,
        "/servers",
        "ServerDetails[]",
        "Every server that is enabled, and its health.",
    ),
    with(
        get(Operation::Server, "/servers/{name}", "ServerDetails", "One server and its health."),
        UNKNOWN_SERVER,
    ),
    with(
        post(
            Operation::Start,
            "/servers/{name}/start",
            "ServerReport",
            "Starts a server, and waits until it is ready or has failed.",
        ),
        UNKNOWN_SERVER,
    ),
    with(
        post(
            Operation::Stop,
            "/servers/{name}/stop",
            "ServerReport",
            "Stops a server, and waits until it has ended.",
        ),
        UNKNOWN_SERVER,
    ),
    with(
        post(
            Operation::Restart,
            "/servers/{name}/restart",
            "ServerReport",
            "Stops a server and starts it again.",
        ),
        UNKNOWN_SERVER,
    ),
    with(
        post(
            Operation::Review,
            "/servers/{name}/review",
            "ServerReport",
            "Looks again at what was accepted of what a server offers.",
        ),
        UNKNOWN_SERVER,
    ),
    with(
        post(
            Operation::Retry,
            "/servers/{name}/retry",
            "ServerReport[]",
            "Has a server that waits for its next try make it now.",
        ),
        UNKNOWN_SERVER,
    ),
    post(
        Operation::RetryAll,
        "/retry",
        "ServerReport[]",
        "The same for all servers; those that tried.",
    ),
    with(
        post(
            Operation::Login,
            "/servers/{name}/login",
            "Consent",
            "Begins a login; where a person consents to it.",
        ),
        OF_LOGIN,
    ),
    with(
        post(
            Operation::LoginWait,
            "/servers/{name}/login/wait",
            "ServerReport",
            "Waits until a login is done and the server is ready or has failed.",
        ),
        OF_LOGIN,
    ),
    with(
        post(
            Operation::LoginPaste,
            "/servers/{name}/login/paste",
            "Pasted",
            "Ends a login with the address that a browser came to, which is the body, as text.",
        ),
        OF_LOGIN,
    ),
    with(
        post(
            Operation::Logout,
            "/servers/{name}/logout",
            "Farewell",
            "Forgets the tokens of a server.",
        ),
        OF_LOGIN,
    ),
    get(
        Operation::Tools,
        "/tools",
        "ToolList",
        "The tools of all servers, once none is starting or `list_timeout` is over.",
    ),
    with(
        get(
            Operation::Tool,
            "/tools/{name}",
            "ToolDetails",
            "One tool by the name that clients see, with its definition.",
        ),
        &["unknown_tool"],
    ),
    with(
        asked_by(
            get(
                Operation::Arguments,
                "/arguments",
                "ToolArguments",
                "What a tool takes, as far as that can be said in few words.",
            ),
            TOOL,
        ),
        &["unknown_tool"],
    ),
    Endpoint {
        body: Some("ToolCallWanted"),
        ..with(
            post(
                Operation::CallTool,
                "/tools/call",
                "ToolCallDone",
                "Calls a tool, as whoever asks; with `dry_run` it is told what the call would be, and none is made.",
            ),
            OF_CALL,
        )
    },
    get(
        Operation::Clients,
        "/clients",
        "ClientSeen[]",
        "The clients that were seen, the last one at the end.",
    ),
    get(
        Operation::Sessions,
        "/sessions",
        "SessionDetails[]",
        "The sessions that are open, the oldest first: whose each is, and where it comes from.",
    ),
    with(
        delete(
            Operation::EndSession,
            "/sessions/{id}",
            "SessionDetails",
            "Ends a session: what it asked for is taken back, and its client has to begin anew. How it was.",
        ),
        &["unknown_session"],
    ),
    asked_by(
        get(
            Operation::Calls,
            "/calls",
            "CallsSeen",
            "Sessions and calls that came and went since an earlier answer.",
        ),
        SINCE,
    ),
    get(
        Operation::OpenCalls,
        "/calls/open",
        "OpenCallReport[]",
        "The calls that wait for a server or for its answer, the longest first; at most 4096.",
    ),
    with(
        delete(
            Operation::CancelCall,
            "/calls/open/{id}",
            "OpenCallReport",
            "Cancels one: its server is told, and its client gets an error that says who did it. How it was.",
        ),
        &["unknown_call"],
    ),
    get(
        Operation::Events,
        "/events",
        "",
        "What happens, as it happens: server-sent events, each named as its fact is, with its fields as JSON. With \
         `Last-Event-ID` it goes on where it was; `reset` says that something in between is lost.",
    ),
    with(
        asked_by(
            get(
                Operation::History,
                "/history",
                "HistoryPage",
                "Calls and other events of the history, the newest first. In texts `*` stands for any characters.",
            ),
            HISTORY,
        ),
        OF_HISTORY,
    ),
    with(
        asked_by(
            get(
                Operation::HistoryHours,
                "/history/hours",
                "HistoryHours",
                "How many calls there were in each hour, and how long they took; without `since` of the last 24 hours.",
            ),
            HOURS,
        ),
        OF_HISTORY,
    ),
    get(
        Operation::Context,
        "/context",
        "Traffic",
        "What was sent to clients, and what that saved.",
    ),
    asked_by(
        with(
            post(
                Operation::ClearCache,
                "/cache/clear",
                "CacheCleared",
                "Forgets cached results, whoever they were kept for.",
            ),
            &["unknown_server", "unknown_tool"],
        ),
        CACHE,
    ),
    asked_by(
        get(
            Operation::Approvals,
            "/approvals",
            "ApprovalList",
            "What waits for a person; with `since`, once that is something else, or after 20 s.",
        ),
        SINCE_STATE,
    ),
    with(
        post(
            Operation::Approve,
            "/approvals/{id}/once",
            "ApprovalDone",
            "Approves what waits, this time. Over the unix socket alone, and by nobody who could be the one that asks.",
        ),
        &["unknown_approval", "not_allowed"],
    ),
    with(
        post(
            Operation::ApproveForAnHour,
            "/approvals/{id}/hour",
            "ApprovalDone",
            "The same for an hour.",
        ),
        &["unknown_approval", "not_allowed"],
    ),
    with(
        post(Operation::Deny, "/approvals/{id}/deny", "ApprovalDone", "Denies it."),
        &["unknown_approval", "not_allowed"],
    ),
    get(
        Operation::Rules,
        "/rules",
        "RuleReport[]",
        "The rules about who may what, in their order.",
    ),
    with(
        asked_by(
            get(
                Operation::AccessTest,
                "/access/test",
                "AccessVerdict",
                "What comes of a call of a tool by somebody, and which rule says so. Nothing is called.",
            ),
            ACCESS_TEST,
        ),
        &["unknown_tool", "bad_query"],
    ),
    get(
        Operation::Tokens,
        "/tokens",
        "TokenReport[]",
        "The tokens that are taken, without their secrets.",
    ),
    asked_by(
        get(
            Operation::Pins,
            "/pins",
            "PinReport[]",
            "What servers offer that is not what was accepted of them, each with its diff; at most 100.",
        ),
        PINS,
    ),
    with(
        get(Operation::Plan, "/plan", "Plan", "What a reload of the config would do."),
        &["config_invalid"],
    ),
    Endpoint {
        body: Some("WantedChanges"),
        ..with(
            post(
                Operation::PlanChanges,
                "/plan",
                "ChangePlan",
                "What changes of the config would do: files, servers, tools, tokens. Nothing is done.",
            ),
            &["unknown_section", "bad_section", "bad_body", "config_invalid", "read_only"],
        )
    },
    with(
        get(
            Operation::ConfigPlace,
            "/config",
            "ConfigPlace",
            "Where the config is, and why nothing of it can be changed from here, if so.",
        ),
        &["read_only"],
    ),
    asked_by(
        with(
            get(
                Operation::Sections,
                SECTIONS,
                "SectionReport[]",
                "The sections of a kind (`servers`, `clients`, `recipes`) that the config has, and where each is written.",
            ),
            OF_SECTION,
        ),
        query_keys::SECTIONS,
    ),
    with(
        get(
            Operation::Section,
            SECTION,
            "SectionKeys",
            "The keys of one, as they are written, with its `ETag`. What may be a secret is `(hidden)`.",
        ),
        OF_SECTION,
    ),
    write(
        (Method::Put, Operation::PutSection),
        SECTION,
        Some("SectionKeys"),
        "Has it say these keys and no others, in a file of callmux. Wants `If-Match` with its `ETag`, or `If-None-Match: *` where \
         there is none yet.",
    ),
    write(
        (Method::Patch, Operation::PatchSection),
        SECTION,
        Some("SectionKeys"),
        "Has it say these keys, too; null takes one away (RFC 7396). Wants `If-Match`.",
    ),
    write(
        (Method::Delete, Operation::DeleteSection),
        SECTION,
        None,
        "Has the config be without it. Wants `If-Match`.",
    ),
    with(
        get(
            Operation::Versions,
            "/versions",
            "VersionReport[]",
            "The last 20 changes that were made so, the last one first.",
        ),
        &["read_only"],
    ),
    with(
        post(
            Operation::Undo,
            "/undo",
            "ChangeDone",
            "Takes back the last of them, as `callmux config undo` does.",
        ),
        &["conflict", "read_only", "config_invalid"],
    ),
    with(
        asked_by(
            post(
                Operation::Reload,
                "/reload",
                "Plan",
                "Reads the config and does what the plan says; with `wait=false` it is asked for alone (202).",
            ),
            WAIT,
        ),
        &["config_invalid"],
    ),
];

impl Endpoint {
    /// The one for a path of the table and a method as HTTP writes it. HEAD is GET without a body (RFC 9110, section 9.3.2).
    pub fn find(path: &str, method: &str) -> Option<&'static Self> {
        let method = if method == "HEAD" { "GET" } else { method };
        at(path).find(|endpoint| endpoint.method.as_str() == method)
    }

    /// The methods that are taken at a path of the table, as `Allow` lists them.
    pub fn allowed(path: &str) -> String {
        let methods = at(path).map(|endpoint| match endpoint.method {
            Method::Get => "GET, HEAD",
            other => other.as_str(),
        });
        methods.collect::<Vec<_>>().join(", ")
    }
}

fn at(path: &str) -> impl Iterator<Item = &'static Endpoint> {
    let below = path.strip_prefix(BASE).map(str::to_owned);
    ENDPOINTS.iter().filter(move |endpoint| below.as_deref() == Some(endpoint.path))
}
