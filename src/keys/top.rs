//! Keys outside of sections that have names of the user's choice.

use super::key::DefaultValue::{Unset, Value};
use super::key::{Key, ValueKind, key};
use super::row::{KeyRow, keys, of, set};
use crate::settings::access::{
    ArgumentsKept, Audited, Counted, DashboardSettings, HistorySettings,
};
use crate::settings::config::Http;
use crate::settings::{Config, Exposure, PinPolicy, View};

/// The values of `schema_compression`.
pub(super) const COMPRESSIONS: &[&str] = &["off", "balanced", "aggressive"];
/// The values of `output_format`.
const FORMATS: &[&str] = &["json", "verbatim", "toon", "auto"];

/// Keys of `[clients.NAME]`; each is one of the top level, too.
pub const CLIENT: &[Key] = &keys::<_, { VIEW_ROWS.len() }>(&[], VIEW_ROWS);

/// The same, each with its field.
pub const VIEW_ROWS: &[KeyRow<View>] = &[
    key(
        "exposure",
        ValueKind::Choice(&Exposure::NAMES),
        Value("\"auto\""),
        "Which tools a client lists. `auto`: what all definitions cost decides. Up to 5,000 tokens all are \
         listed, up to 8,000 with no more than names cannot say, and what is more is found by search; \
         a client that loads tools on demand (claude-code) lists all; callmux's own are the few that \
         help. `full`: those of the servers and callmux's own. `hybrid`: \
         those of `always_load` and callmux's own, which find the others. `meta-only`: only \
         callmux's own. `no-meta`: only those of the servers. What is not listed can be called \
         all the same.",
    )
    .at_once(set!(exposure)),
    key(
        "meta_tools",
        ValueKind::Texts,
        Value("[\"*\"]"),
        "Which of callmux's own tools are listed: `[\"callmux_parallel\", \
         \"callmux_search_tools\"]`; `*` stands for any characters.",
    )
    .at_once(set!(meta_tools)),
    key(
        "schema_compression",
        ValueKind::Choice(COMPRESSIONS),
        Value("\"off\""),
        "Shorter tool definitions. `balanced` leaves out descriptions that say nothing new and \
         shortens long ones; `aggressive` keeps only what a name does not say. Names, types, \
         required, values and bounds always stay.",
    )
    .at_once(set!(schema_compression)),
    key(
        "max_description",
        ValueKind::Number(40, 100_000),
        Value("160"),
        "The longest description of a compressed definition, in characters.",
    )
    .at_once(set!(max_description)),
    key(
        "output_format",
        ValueKind::Choice(FORMATS),
        Value("\"json\""),
        "How JSON in the text of results is written. `json`: without white space between its tokens, \
         but as the server wrote it where a tool is told of a file or a command: an edit needs it to \
         the letter. `verbatim`: as the server wrote it. `toon`: as \
         TOON. `auto`: as TOON where that is shorter. `structuredContent` stays JSON.",
    )
    .at_once(set!(output_format)),
    key(
        "structured_content",
        ValueKind::Bool,
        Unset,
        "Whether results of callmux's own tools have `structuredContent` beside their text, for \
         programs. Unset: yes, but not for claude-code, which shows a model nothing else where it is.",
    )
    .at_once(set!(structured_content)),
    key(
        "max_result",
        ValueKind::Size,
        Value("\"16KiB\""),
        "A larger result is kept by callmux; the client gets its beginning (4 KiB), its shape, and how to \
         read more of it with `callmux_get_result`. Results with an `outputSchema`, images and \
         errors are never touched. `\"0B\"`: never.",
    )
    .at_once(set!(max_result)),
];

/// Keys at the top of the file.
pub const TOP: &[Key] = &keys::<_, { VIEW_ROWS.len() + TOP_ROWS.len() }>(CLIENT, TOP_ROWS);

/// Those of them that are not [`CLIENT`]'s, each with its field.
pub const TOP_ROWS: &[KeyRow<Config>] = &[
    key(
        "env",
        ValueKind::TextTable,
        Value("{}"),
        "Environment variables for every server that is a program, such as `PATH`, \
         `HTTPS_PROXY` or `NODE_EXTRA_CA_CERTS`. A server's own `env` goes before it.",
    )
    .for_others(),
    key(
        "inherit_env",
        ValueKind::Texts,
        Value("[]"),
        "Names of variables that every server that is a program gets from callmux's own \
         environment, beside those of its own `inherit_env`.",
    )
    .for_others(),
    key(
        "proxy",
        ValueKind::Text,
        Unset,
        "The proxy through which servers with a `url` and their authorization servers are \
         reached: `http://…` or `https://…`, with `USER:PASSWORD@` before the host if it wants \
         that, or `none`. Unset: as `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` say in the \
         daemon's environment. A server on this machine is never reached through one. Programs \
         get none of this: see `env`.",
    )
    .for_others(),
    key(
        "no_proxy",
        ValueKind::Texts,
        Value("[]"),
        "Who is reached without a proxy, beside those that `NO_PROXY` names where the proxy \
         comes from the environment: hosts with all below them, addresses, networks such as \
         `10.0.0.0/8`, each perhaps with `:PORT`, or `*`.",
    )
    .for_others(),
    key(
        "cache_ttl",
        ValueKind::Duration,
        Unset,
        "How long the result of a call that only reads is given again for the same call. Which \
         calls only read is said by `cache_tools`, or by a trusted server. Unset: nothing is \
         kept.",
    )
    .for_others(),
    key(
        "pin",
        ValueKind::Choice(&PinPolicy::NAMES),
        Value("\"warn\""),
        "What is done where a tool, a prompt or the instructions of a server are no longer what they \
         were when they were first seen, or when `callmux pins accept` accepted them. `off`: nothing. \
         `warn`: it is told, in the journal, by `callmux status` and `callmux doctor`. `hold`: as well \
         it is neither listed nor called until it is accepted.",
    )
    .for_others(),
    key(
        "file_roots",
        ValueKind::Texts,
        Value("[]"),
        "Directories from which `{\"$file\": …}` in arguments may read, beside the one that the \
         client works in: absolute paths, or paths that start with `~/`. A client works where it \
         starts `callmux bridge`; over HTTP the header `x-callmux-cwd` says where.",
    )
    .at_once(of!(file_roots)),
    key(
        "max_concurrency",
        ValueKind::Number(1, 10_000),
        Value("128"),
        "How many calls of one `callmux_parallel` or `callmux_batch` run at once.",
    )
    .at_once(set!(fan_out.max_concurrency)),
    key(
        "max_calls",
        ValueKind::Number(1, 100_000),
        Value("1000"),
        "The most calls that one `callmux_parallel`, `callmux_batch` or `callmux_pipeline` may \
         hold.",
    )
    .at_once(set!(fan_out.max_calls)),
    key(
        "call_timeout",
        ValueKind::Duration,
        Value("\"10m\""),
        "The longest a tool call may take. A call that reaches it is cancelled; its server goes \
         on.",
    )
    .at_once(set!(call_timeout)),
    key(
        "list_timeout",
        ValueKind::Duration,
        Value("\"5s\""),
        "How long a client's first `tools/list` waits for servers that are still starting. \
         Later ones are announced by `list_changed`.",
    )
    .at_once(set!(list_timeout)),
    key(
        "drain_timeout",
        ValueKind::Duration,
        Value("\"10s\""),
        "How long calls in flight may go on when the daemon is told to stop, or when their \
         server is removed from the config or changed in it.",
    )
    .at_once(set!(drain_timeout)),
    key(
        "restart_on_upgrade",
        ValueKind::Bool,
        Value("false"),
        "`true` lets a daemon started by systemd start itself anew when its program was \
         replaced on disk. Sessions, servers and running calls go on.",
    )
    .at_once(set!(restart_on_upgrade)),
    key(
        "idle_exit",
        ValueKind::Duration,
        Unset,
        "A daemon started by systemd that has no bridge, sends no stream of events and was not \
         asked anything for so long ends itself and its servers; the socket starts it again. \
         Unset: never. One that a bridge or a verb started, where systemd is not, does so too; \
         unset: after 10 minutes.",
    )
    .at_once(set!(idle_exit)),
];

/// Keys of `[http]`.
pub const HTTP: &[Key] = &keys::<_, { HTTP_ROWS.len() }>(&[], HTTP_ROWS);

/// The same, each with its field.
pub const HTTP_ROWS: &[KeyRow<Http>] = &[
    key(
        "listen",
        ValueKind::Texts,
        Value("[]"),
        "Addresses such as `127.0.0.1:4860` that `callmux serve` listens on beside its unix socket \
         when systemd passes no sockets. At one that other machines can reach it speaks TLS and wants \
         a token of everybody: see `tls_cert` and `[access.tokens.NAME]`. `https://127.0.0.1:4861` is \
         such a one of this machine alone.",
    )
    .at_next_start(of!(listen)),
    key(
        "max_body",
        ValueKind::Size,
        Value("\"4MiB\""),
        "The largest request body. A larger one is answered with status 413.",
    )
    .at_once(set!(max_body)),
    key(
        "tls_cert",
        ValueKind::Text,
        Unset,
        "A file in PEM with the certificate for TLS, those that vouch for it behind it; relative to the \
         directory of the config. It is read anew when it changes; one that cannot be used changes \
         nothing, and is told.",
    )
    .at_once(of!(tls)),
    key("tls_key", ValueKind::Text, Unset, "A file in PEM with the private key of `tls_cert`.")
        .at_once(of!(tls)),
    key(
        "behind_proxy",
        ValueKind::Bool,
        Value("false"),
        "`true` says that a proxy stands in front of every address and speaks TLS with clients: callmux \
         then listens without TLS where other machines can reach it, and knows nobody who comes over \
         TCP but by a token, not even on loopback. See `trusted_proxies` in `[access.networks]`.",
    )
    .at_once(set!(behind_proxy)),
    key(
        "allowed_hosts",
        ValueKind::Texts,
        Value("[]"),
        "Values of the `Host` header that are accepted beside `localhost`, `127.0.0.1` and \
         `[::1]`: the names under which other machines know this one.",
    )
    .at_once(set!(allowed_hosts)),
    key(
        "allowed_origins",
        ValueKind::Texts,
        Value("[]"),
        "Values of the `Origin` header that are accepted. Browsers send one; other clients do \
         not.",
    )
    .at_once(set!(allowed_origins)),
];

/// Keys of `[cache]`.
pub const CACHE: &[Key] = &[
    key(
        "max_entries",
        ValueKind::Number(1, 1_000_000),
        Value("1000"),
        "How many results are kept.",
    ),
    key("max_entry", ValueKind::Size, Value("\"8MiB\""), "The largest result that is kept."),
    key("max_total", ValueKind::Size, Value("\"64MiB\""), "How much is kept in all, in memory."),
];

/// Keys of `[results]`.
pub const RESULTS: &[Key] = &[
    key(
        "max_entries",
        ValueKind::Number(1, 100_000),
        Value("1000"),
        "How many results that were too large for their clients are kept; the oldest go first.",
    ),
    key(
        "max_entry",
        ValueKind::Size,
        Value("\"64MiB\""),
        "The largest result that is kept. A larger one is cut for good.",
    ),
    key(
        "max_total",
        ValueKind::Size,
        Value("\"256MiB\""),
        "How much is kept in all, in the state directory.",
    ),
];

/// Keys of `[audit]`.
pub const AUDIT: &[Key] = &keys::<_, { AUDIT_ROWS.len() }>(&[], AUDIT_ROWS);

/// The same, each with its field.
pub const AUDIT_ROWS: &[KeyRow<Audited>] = &[
    key(
        "file",
        ValueKind::Bool,
        Value("false"),
        "Whether the daemon writes a record of each call, and of whatever else a client does, to \
         files in `audit` of the state directory that `callmux audit` shows: who, what, how it \
         ended; no results, and no arguments but for `arguments`. The journal has an entry of each all \
         the same.",
    )
    .at_once(set!(file)),
    key(
        "required",
        ValueKind::Bool,
        Value("false"),
        "Whether a call waits until it stands in that file, on the disk, that it begins: where that cannot \
         be, no server gets it. Needs `file = true`.",
    )
    .at_once(set!(required)),
    key(
        "arguments",
        ValueKind::Choice(&ArgumentsKept::NAMES),
        Value("\"none\""),
        "What that file has of the arguments of calls: `none`, their names (`keys`), all but what is known \
         or looks like a secret (`redacted`), or `full`. Of each call 4 KiB at the most.",
    )
    .at_once(set!(arguments)),
    key(
        "max_total",
        ValueKind::Size,
        Value("\"256MiB\""),
        "How much of that is kept in all; the oldest goes first. A call is some 600 bytes. At \
         least 32 KiB are kept.",
    )
    .at_once(set!(max_total)),
    key(
        "keep",
        ValueKind::Duration,
        Value("\"90d\""),
        "How long it is kept, if there is room for so much.",
    )
    .at_once(set!(keep)),
];

/// Keys of `[dashboard]`.
pub const DASHBOARD: &[Key] = &keys::<_, { DASHBOARD_ROWS.len() }>(&[], DASHBOARD_ROWS);

/// The same, each with its field.
pub const DASHBOARD_ROWS: &[KeyRow<DashboardSettings>] = &[key(
    "enabled",
    ValueKind::Bool,
    Value("false"),
    "`true` has `/ui/` answer over TCP at any time; `false`: only while there is a link of `callmux \
     dashboard`, or somebody who came by one. Nobody sees anything there without such a link, either way.",
)
.at_once(set!(enabled))];
/// Keys of `[history]`.
pub const HISTORY: &[Key] = &keys::<_, { HISTORY_ROWS.len() }>(&[], HISTORY_ROWS);

/// The same, each with its field.
pub const HISTORY_ROWS: &[KeyRow<HistorySettings>] = &[
    key(
        "enabled",
        ValueKind::Bool,
        Value("false"),
        "Whether the daemon keeps a history of calls and of what becomes of servers, sessions and the config \
         in `history.db` of the state directory, which `callmux events` shows: no results, and no arguments \
         but for `arguments`.",
    )
    .at_once(set!(enabled)),
    key(
        "max_rows",
        ValueKind::Number(1, 10_000_000),
        Value("100000"),
        "How many calls and other events it has; the oldest go first.",
    )
    .at_once(set!(max_rows)),
    key(
        "keep",
        ValueKind::Duration,
        Value("\"30d\""),
        "How long they are kept, if there is room for so many; and how long the sums of each hour are.",
    )
    .at_once(set!(keep)),
    key(
        "max_bytes",
        ValueKind::Size,
        Value("\"64MiB\""),
        "How large the file becomes. The oldest goes first; at least 1 MiB is kept.",
    )
    .at_once(set!(max_bytes)),
    key(
        "arguments",
        ValueKind::Choice(&ArgumentsKept::NAMES),
        Value("\"none\""),
        "What it has of the arguments of calls: `none`, their names (`keys`), all but what is known or looks \
         like a secret (`redacted`), or `full`. Of each call 4 KiB at the most.",
    )
    .at_once(set!(arguments)),
];

/// Keys of `[metrics]`.
pub const METRICS: &[Key] = &keys::<_, { METRIC_ROWS.len() }>(&[], METRIC_ROWS);

/// The same, each with its field.
pub const METRIC_ROWS: &[KeyRow<Counted>] = &[key(
    "enabled",
    ValueKind::Bool,
    Value("false"),
    "`true` counts calls, by server, tool and outcome, and requests over HTTP, and answers GET \
     `/metrics` over TCP, too, for a collector such as Prometheus: to you, and to a token that a rule with \
     `endpoints` allows it. Over the unix socket `/metrics` is always there, without those counts unless they \
     are wanted.",
)
.at_once(set!(enabled))];
