//! Keys of `[servers.NAME]`.

use super::auth::AUTH_TYPES;
use super::key::DefaultValue::{Unset, Value};
use super::key::{Key, ValueKind, key};
use super::row::{KeyRow, keys, of, set};
use super::top::COMPRESSIONS;
use crate::settings::{PinPolicy, Scope, ServerConfig};

/// What `transport` may be; the order is that of [`crate::settings::Transport::ALL`].
pub const TRANSPORTS: &[&str] = &["streamable-http", "sse"];

/// Keys of `[servers.NAME]`.
pub const SERVER: &[Key] = &keys::<_, { SERVER_ROWS.len() }>(&[], SERVER_ROWS);

/// The same, each with its field.
pub const SERVER_ROWS: &[KeyRow<ServerConfig>] = &[
    key(
        "command",
        ValueKind::Text,
        Unset,
        "The program: an absolute path, a path that starts with `~/`, or a name that is looked \
         up in `PATH`. No shell is involved. A server has either this or `url`.",
    )
    .with_process()
    .restarts(of!(program.command)),
    key(
        "url",
        ValueKind::Text,
        Unset,
        "The address of a remote server: `http://…` or `https://…`, whose certificate an \
         authority has to vouch for that this machine trusts, or that is in the file that the \
         daemon's `SSL_CERT_FILE` names. What is about a process (`args`, `env`, `cwd`, limits, \
         `sandbox`) does not go with it.",
    )
    .restarts(of!(remote.url)),
    key(
        "transport",
        ValueKind::Choice(TRANSPORTS),
        Unset,
        "What the server at `url` speaks: streamable HTTP, or the older HTTP with SSE, whose \
         `url` is that of the stream. Unset: streamable HTTP, and HTTP with SSE if the server \
         answers 400, 404 or 405 to the former.",
    )
    .with_url()
    .restarts(of!(remote.transport)),
    key(
        "socket",
        ValueKind::Text,
        Unset,
        "The unix socket on which the server at `url` listens: an absolute path or one that \
         starts with `~/`. `url` is then `http://NAME/PATH`, and NAME is only told to the \
         server.",
    )
    .with_url()
    .restarts(of!(remote.socket)),
    key(
        "headers",
        ValueKind::TextTable,
        Value("{}"),
        "Headers for every request to `url`: `{ Authorization = \"Bearer ${file:token}\" }`. \
         They are sent to that origin only.",
    )
    .with_url()
    .restarts(of!(remote.headers)),
    key(
        "forward_headers",
        ValueKind::Texts,
        Value("[]"),
        "Headers of a client's own request over HTTP that the server at `url` gets with the \
         calls of that request, in place of those of `headers` of the same name. Results of \
         this server are never cached then.",
    )
    .with_url()
    .at_once(of!(remote.forward_headers)),
    key(
        "proxy",
        ValueKind::Text,
        Unset,
        "The proxy through which the server at `url` is reached, or `none`. Unset: as the \
         top-level `proxy` says.",
    )
    .with_url()
    .restarts(of!(remote.proxying)),
    key(
        "auth",
        ValueKind::Choice(AUTH_TYPES),
        Unset,
        "How callmux proves itself to the server at `url`: one of these texts, or the section \
         `[servers.NAME.auth]` with it as its `type`. Unset: not at all, but \
         `callmux login NAME` works where the server wants that.",
    )
    .restarts(of!(remote.auth)),
    key("args", ValueKind::Texts, Value("[]"), "The program's arguments, one text each.")
        .with_process()
        .restarts(of!(program.args)),
    key(
        "env",
        ValueKind::TextTable,
        Value("{}"),
        "Environment variables for the server. It gets these, those of the top-level `env`, \
         those of `inherit_env`, and PATH, HOME, USER, LOGNAME, SHELL, TERM, LANG, LC_*, TZ, \
         TMPDIR and XDG_RUNTIME_DIR; without systemd also CALLMUX_SERVER_RUN, by which what the \
         server leaves behind is found; nothing else.",
    )
    .with_process()
    .restarts(of!(program.env)),
    key(
        "inherit_env",
        ValueKind::Texts,
        Value("[]"),
        "Names of further variables that are passed on from callmux's own environment.",
    )
    .with_process()
    .restarts(of!(program.inherit_env)),
    key(
        "cwd",
        ValueKind::Text,
        Unset,
        "The server's working directory: an absolute path or one that starts with `~/`. Unset: \
         the home directory.",
    )
    .with_process()
    .restarts(of!(program.cwd)),
    key(
        "scope",
        ValueKind::Choice(&Scope::NAMES),
        Value("\"shared\""),
        "Who shares the server's process. `shared`: all clients. `cwd`: those of one user that work \
         in the same directory, so that there is an instance of the server for each directory, \
         with that as its working directory and in its `CALLMUX_CWD`. The directory is that in which \
         `callmux bridge` was started, or what a client over HTTP says in its header `x-callmux-cwd`. \
         An instance starts with the first call from its directory. What clients are shown is what \
         the instance that runs longest offers; where none ever ran, the server is started in `cwd` \
         to be asked.",
    )
    .with_process()
    .restarts(set!(instances.scope)),
    key(
        "max_instances",
        ValueKind::Number(1, 256),
        Value("8"),
        "The most directories in which the server runs at the same time. For a further one the \
         instance that was not called for longest is ended; a call that would need one while all are \
         in use is not sent.",
    )
    .with_scope("cwd")
    .at_once(set!(instances.max)),
    key(
        "require_cwd",
        ValueKind::Bool,
        Value("false"),
        "What becomes of calls of a client that says no directory. `false`: an instance in `cwd` \
         gets them. `true`: they are refused.",
    )
    .with_scope("cwd")
    .at_once(set!(instances.require_cwd)),
    key(
        "description",
        ValueKind::Text,
        Unset,
        "What the server is, in a line of yours: `callmux status` and `callmux_status` show it, \
         so that two servers of one kind can be told apart.",
    )
    .at_once(of!(description)),
    key("enabled", ValueKind::Bool, Value("true"), "`false` keeps the entry but not the server.")
        .apart(set!(enabled)),
    key(
        "prefix",
        ValueKind::Text,
        Unset,
        "What stands before the server's tool names, followed by `__`. Unset: the server's \
         name. Empty: nothing, so tools keep their own names.",
    )
    .at_once(of!(policy.prefix)),
    key(
        "tools",
        ValueKind::Texts,
        Value("[\"*\"]"),
        "The tools that are shown and can be called, by the server's own names; `*` stands for \
         any characters.",
    )
    .at_once(set!(policy.tools)),
    key(
        "aliases",
        ValueKind::TextTable,
        Value("{}"),
        "Other names for tools: `{ find = \"search_code\" }` shows `search_code` as `find`, \
         after the prefix. The original name can still be called.",
    )
    .at_once(of!(policy.aliases)),
    key(
        "start_timeout",
        ValueKind::Duration,
        Value("\"60s\""),
        "How long the server may take from its start to its answered handshake.",
    )
    .at_once(set!(supervision.start_timeout)),
    key(
        "stop_timeout",
        ValueKind::Duration,
        Value("\"5s\""),
        "How long the server may take to end after its input is closed, and again after \
         SIGTERM, before the next harder step.",
    )
    .at_once(set!(supervision.stop_timeout)),
    key(
        "call_timeout",
        ValueKind::Duration,
        Unset,
        "The longest a call to this server may take. Unset: the top-level `call_timeout`.",
    )
    .at_once(of!(call_timeout)),
    key(
        "max_concurrency",
        ValueKind::Number(1, 4096),
        Unset,
        "The most calls that may be in flight at the server at once. The others wait: users \
         take turns, then the sessions of one user, and within one the oldest call is first. A call \
         whose turn does not come within its `call_timeout` is not sent. Unset: no limit.",
    )
    .at_once(set!(max_concurrency)),
    key(
        "max_message",
        ValueKind::Size,
        Value("\"16MiB\""),
        "The longest message the server may send. A longer one ends the connection.",
    )
    .restarts(set!(max_message)),
    key(
        "lazy",
        ValueKind::Bool,
        Value("false"),
        "`true` starts the server with the first call of one of its tools. Until then its tools \
         are listed as they were when it last ran; a server that never ran is started to ask \
         it.",
    )
    .at_once(set!(supervision.lazy)),
    key(
        "idle_stop",
        ValueKind::Duration,
        Unset,
        "A server that was not called for so long is ended; the next call starts it again. What \
         it keeps in memory is lost. Unset: never, and with `scope = \"cwd\"` 30 minutes.",
    )
    .at_once(set!(supervision.idle_stop)),
    key(
        "trusted",
        ValueKind::Bool,
        Value("false"),
        "Whether the server's own word for its tools is taken (`readOnlyHint`, \
         `idempotentHint`). A call of such a tool is sent again if the server ends before it \
         answers.",
    )
    .at_once(set!(policy.trusted)),
    key(
        "replay",
        ValueKind::Texts,
        Value("[]"),
        "Tools whose calls may be sent again if the server ends before it answers, by the \
         server's own names; `*` stands for anything. Calls of other tools end as \
         `outcome_unknown`.",
    )
    .at_once(set!(policy.replay)),
    key(
        "always_load",
        ValueKind::Texts,
        Value("[]"),
        "Tools that are listed with `exposure = \"hybrid\"` too, by the server's own names; \
         clients that load tools on demand are asked to load these at once.",
    )
    .at_once(set!(policy.always_load)),
    key(
        "pin",
        ValueKind::Choice(&PinPolicy::NAMES),
        Unset,
        "What is done where something of this server is no longer what was accepted. Unset: the \
         top-level `pin`.",
    )
    .at_once(set!(policy.pin)),
    key(
        "cache_ttl",
        ValueKind::Duration,
        Unset,
        "How long results of this server's reading tools are given again. Unset: the top-level \
         `cache_ttl`.",
    )
    .at_once(set!(policy.cache_ttl)),
    key(
        "cache_tools",
        ValueKind::Texts,
        Value("[]"),
        "Tools that only read, so that their results may be given again. With `trusted = true` \
         those with `readOnlyHint` are meant as well. A call of any other tool forgets what is \
         kept of the server.",
    )
    .at_once(set!(policy.cache_tools)),
    key(
        "no_cache_tools",
        ValueKind::Texts,
        Value("[]"),
        "Tools whose results are never given again, whatever else says so.",
    )
    .at_once(set!(policy.no_cache_tools)),
    key(
        "schema_compression",
        ValueKind::Choice(COMPRESSIONS),
        Unset,
        "How this server's definitions are shortened. Unset: as `schema_compression` says for \
         the client.",
    )
    .at_once(set!(policy.schema_compression)),
    key(
        "max_result",
        ValueKind::Size,
        Unset,
        "The largest result of this server that clients get whole. Unset: the top-level \
         `max_result`.",
    )
    .at_once(set!(policy.max_result)),
    key(
        "whole_results",
        ValueKind::Texts,
        Value("[]"),
        "Tools whose results clients always get whole, and as the server wrote them where \
         `output_format` is `json`.",
    )
    .at_once(set!(policy.whole_results)),
    key(
        "memory_max",
        ValueKind::Size,
        Unset,
        "The most memory the server may use; beyond it it is killed and started again \
         (systemd's `MemoryMax=`). This key and the next four need a systemd user manager.",
    )
    .with_process()
    .restarts(set!(program.limits.memory_max)),
    key(
        "tasks_max",
        ValueKind::Number(1, u64::MAX / 2),
        Unset,
        "The most processes and threads the server may have (`TasksMax=`).",
    )
    .with_process()
    .restarts(set!(program.limits.tasks_max)),
    key(
        "cpu_weight",
        ValueKind::Number(1, 10_000),
        Unset,
        "The server's share of the processor when others want it too; 100 is usual \
         (`CPUWeight=`).",
    )
    .with_process()
    .restarts(set!(program.limits.cpu_weight)),
    key(
        "runtime_max",
        ValueKind::Duration,
        Unset,
        "How long the server's process may run before it is ended and started again \
         (`RuntimeMaxSec=`).",
    )
    .with_process()
    .restarts(set!(program.limits.runtime_max)),
    key(
        "log_burst",
        ValueKind::Number(0, 10_000),
        Value("500"),
        "Lines of the server's stderr, of 512 bytes each on average, that callmux writes down at \
         once. Lines beyond that are counted, and it is told how many there were. 0: none is \
         written down, and the last ones are still told when the server fails.",
    )
    .with_process()
    .at_once(set!(program.log.burst)),
    key(
        "log_rate",
        ValueKind::Number(0, 1000),
        Value("20"),
        "Lines of the server's stderr, of 200 bytes each on average, that callmux writes down \
         per second once those of `log_burst` are used up. journald has a limit of its own, for \
         all that a user's programs write (journald.conf(5), `RateLimitBurst=`).",
    )
    .with_process()
    .at_once(set!(program.log.rate)),
    key(
        "sandbox",
        ValueKind::Choice(&["none", "net", "strict"]),
        Value("\"none\""),
        "What the server may reach. `none`: what you may. `net`: the network, its working \
         directory and its program; nothing else of your home, no service's unix socket (such \
         as the bus and docker), and the system read-only. `strict`: the same without the \
         network. Where that cannot be had, the server does not start and says so.",
    )
    .with_process()
    .restarts(set!(program.sandbox)),
    key(
        "secret_args",
        ValueKind::Bool,
        Value("false"),
        "`true` allows `${file:…}`, `${cred:…}` and `${cmd:…}` in `command` and `args`, where \
         every user of the machine can read them.",
    )
    .with_process()
    .for_others(),
];
