//! Every key there is. The reader, the schema, the manual page and `config show` all use this
//! table, so a key that is not here does not exist.

/// The type of a key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A list of texts.
    Texts,
    /// A table from names to texts.
    TextTable,
    Bool,
    /// A text such as `"30s"`, `"1m 30s"`, `"250ms"`.
    Duration,
    /// A text such as `"64KiB"`, `"4MB"`.
    Size,
    /// A whole number in this range.
    Number(u64, u64),
    /// One of these texts.
    Choice(&'static [&'static str]),
}

impl Kind {
    /// The type as a person reads it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Texts => "list of texts",
            Self::TextTable => "table of texts",
            Self::Bool => "true or false",
            Self::Duration => "duration",
            Self::Size => "size",
            Self::Number(..) => "number",
            Self::Choice(_) => "one of a few texts",
        }
    }
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub kind: Kind,
    /// The default as it would be written, or what stands in for one.
    pub default: Unless,
    pub doc: &'static str,
}

/// What holds when a key is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unless {
    /// A TOML value.
    Value(&'static str),
    /// No value; the description says what that means.
    Unset,
}

const fn key(name: &'static str, kind: Kind, default: Unless, doc: &'static str) -> Key {
    Key { name, kind, default, doc }
}

use Unless::{Unset, Value};

/// Keys at the top of the file.
pub const TOP: &[Key] = &[
    key(
        "call_timeout",
        Kind::Duration,
        Value("\"10m\""),
        "The longest a tool call may take. A call that reaches it is cancelled; its server goes on.",
    ),
    key(
        "list_timeout",
        Kind::Duration,
        Value("\"5s\""),
        "How long a client's first `tools/list` waits for servers that are still starting. Later \
         ones are announced by `list_changed`.",
    ),
    key(
        "drain_timeout",
        Kind::Duration,
        Value("\"10s\""),
        "How long calls in flight may go on when the daemon is told to stop, or when their server is \
         removed from the config or changed in it.",
    ),
    key(
        "restart_on_upgrade",
        Kind::Bool,
        Value("false"),
        "`true` lets a daemon started by systemd start itself anew when its program was replaced on \
         disk. Sessions, servers and running calls go on.",
    ),
    key(
        "idle_exit",
        Kind::Duration,
        Unset,
        "A daemon started by systemd that has no bridge, sends no stream of events and was not asked \
         anything for so long ends itself and its servers; the socket starts it again. Unset: never.",
    ),
];

/// Keys of `[http]`.
pub const HTTP: &[Key] = &[
    key(
        "listen",
        Kind::Texts,
        Value("[]"),
        "Loopback addresses such as `127.0.0.1:4860` that `callmux serve` listens on beside its \
         unix socket when systemd passes no sockets.",
    ),
    key(
        "max_body",
        Kind::Size,
        Value("\"4MiB\""),
        "The largest request body. A larger one is answered with status 413.",
    ),
    key(
        "allowed_hosts",
        Kind::Texts,
        Value("[]"),
        "Values of the `Host` header that are accepted beside `localhost`, `127.0.0.1` and `[::1]`.",
    ),
    key(
        "allowed_origins",
        Kind::Texts,
        Value("[]"),
        "Values of the `Origin` header that are accepted. Browsers send one; other clients do not.",
    ),
];

/// Keys of `[servers.NAME]`.
pub const SERVER: &[Key] = &[
    key(
        "command",
        Kind::Text,
        Unset,
        "The program: an absolute path, a path that starts with `~/`, or a name that is looked up \
         in `PATH`. No shell is involved. A server has either this or `url`.",
    ),
    key(
        "url",
        Kind::Text,
        Unset,
        "The address of a remote server that speaks streamable HTTP: `http://…` or `https://…`. What \
         is about a process (`args`, `env`, `cwd`, limits, `sandbox`) does not go with it.",
    ),
    key(
        "headers",
        Kind::TextTable,
        Value("{}"),
        "Headers for every request to `url`: `{ Authorization = \"Bearer ${file:token}\" }`. They are \
         sent to that origin only.",
    ),
    key(
        "auth",
        Kind::Choice(AUTH_TYPES),
        Value("\"none\""),
        "How callmux proves itself to the server at `url`: one of these texts, or the section \
         `[servers.NAME.auth]` with it as its `type`.",
    ),
    key("args", Kind::Texts, Value("[]"), "The program's arguments, one text each."),
    key(
        "env",
        Kind::TextTable,
        Value("{}"),
        "Environment variables for the server. It gets these, those of `inherit_env`, and PATH, \
         HOME, USER, LOGNAME, LANG, LC_*, TZ, TMPDIR and XDG_RUNTIME_DIR; nothing else.",
    ),
    key(
        "inherit_env",
        Kind::Texts,
        Value("[]"),
        "Names of further variables that are passed on from callmux's own environment.",
    ),
    key(
        "cwd",
        Kind::Text,
        Unset,
        "The server's working directory: an absolute path or one that starts with `~/`. Unset: the \
         home directory.",
    ),
    key("enabled", Kind::Bool, Value("true"), "`false` keeps the entry but not the server."),
    key(
        "prefix",
        Kind::Text,
        Unset,
        "What stands before the server's tool names, followed by `__`. Unset: the server's name. \
         Empty: nothing, so tools keep their own names.",
    ),
    key(
        "tools",
        Kind::Texts,
        Value("[\"*\"]"),
        "The tools that are shown and can be called, by the server's own names; `*` stands for any \
         characters.",
    ),
    key(
        "aliases",
        Kind::TextTable,
        Value("{}"),
        "Other names for tools: `{ find = \"search_code\" }` shows `search_code` as `find`, after \
         the prefix. The original name can still be called.",
    ),
    key(
        "start_timeout",
        Kind::Duration,
        Value("\"60s\""),
        "How long the server may take from its start to its answered handshake.",
    ),
    key(
        "stop_timeout",
        Kind::Duration,
        Value("\"5s\""),
        "How long the server may take to end after its input is closed, and again after SIGTERM, \
         before the next harder step.",
    ),
    key(
        "call_timeout",
        Kind::Duration,
        Unset,
        "The longest a call to this server may take. Unset: the top-level `call_timeout`.",
    ),
    key(
        "max_message",
        Kind::Size,
        Value("\"16MiB\""),
        "The longest message the server may send. A longer one ends the connection.",
    ),
    key(
        "lazy",
        Kind::Bool,
        Value("false"),
        "`true` starts the server with the first call of one of its tools. Until then its tools are \
         listed as they were when it last ran; a server that never ran is started to ask it.",
    ),
    key(
        "idle_stop",
        Kind::Duration,
        Unset,
        "A server that was not called for so long is ended; the next call starts it again. What it \
         keeps in memory is lost. Unset: never.",
    ),
    key(
        "trusted",
        Kind::Bool,
        Value("false"),
        "Whether the server's own word for its tools is taken (`readOnlyHint`, `idempotentHint`). A \
         call of such a tool is sent again if the server ends before it answers.",
    ),
    key(
        "replay",
        Kind::Texts,
        Value("[]"),
        "Tools whose calls may be sent again if the server ends before it answers, by the server's \
         own names; `*` stands for anything. Calls of other tools end as `outcome_unknown`.",
    ),
    key(
        "memory_max",
        Kind::Size,
        Unset,
        "The most memory the server may use; beyond it it is killed and started again (systemd's \
         `MemoryMax=`). This key and the next four need a systemd user manager.",
    ),
    key(
        "tasks_max",
        Kind::Number(1, u64::MAX / 2),
        Unset,
        "The most processes and threads the server may have (`TasksMax=`).",
    ),
    key(
        "cpu_weight",
        Kind::Number(1, 10_000),
        Unset,
        "The server's share of the processor when others want it too; 100 is usual (`CPUWeight=`).",
    ),
    key(
        "runtime_max",
        Kind::Duration,
        Unset,
        "How long the server's process may run before it is ended and started again \
         (`RuntimeMaxSec=`).",
    ),
    key(
        "sandbox",
        Kind::Choice(&["none", "net", "strict"]),
        Value("\"none\""),
        "What the server may reach. `none`: what you may. `net`: the network, its working directory \
         and its program; nothing else of your home, and the system read-only. `strict`: the same \
         without the network. Where that cannot be had, the server does not start and says so.",
    ),
    key(
        "secret_args",
        Kind::Bool,
        Value("false"),
        "`true` allows `${file:…}` and `${cred:…}` in `command` and `args`, where every user of the \
         machine can read them.",
    ),
];

/// The values of `type` in `[servers.NAME.auth]`.
pub const AUTH_TYPES: &[&str] = &["none", "bearer", "command", "oauth"];

/// Keys of `[servers.NAME.auth]`.
pub const AUTH: &[Key] = &[
    key(
        "type",
        Kind::Choice(AUTH_TYPES),
        Value("\"none\""),
        "`bearer`: `token` is sent. `command`: what a program prints is sent. `oauth`: OAuth 2.1; \
         `callmux login NAME` asks for your consent once. What is sent goes to the origin of `url` only.",
    ),
    key("token", Kind::Text, Unset, "For `bearer`: the token, best as `${file:…}` or `${cred:…}`."),
    key(
        "command",
        Kind::Texts,
        Value("[]"),
        "For `command`: a program and its arguments. What it prints is the token; it may take 30 s. It \
         runs again when the token expires, and once when the server refuses it.",
    ),
    key(
        "ttl",
        Kind::Duration,
        Value("\"5m\""),
        "For `command`: how long a token is used. A JWT says so itself.",
    ),
    key(
        "scopes",
        Kind::Texts,
        Value("[]"),
        "For `oauth`: the scopes to ask for. Empty: those that the server names.",
    ),
    key(
        "client_id",
        Kind::Text,
        Unset,
        "For `oauth`: a client that is registered with the authorization server already. Unset: callmux \
         registers itself.",
    ),
    key("client_secret", Kind::Text, Unset, "For `oauth`: the secret that goes with `client_id`."),
    key(
        "client_metadata_url",
        Kind::Text,
        Unset,
        "For `oauth`: the `https://…` address of a client id metadata document, for authorization \
         servers that take one instead of a registration.",
    ),
    key(
        "grant",
        Kind::Choice(GRANTS),
        Value("\"authorization_code\""),
        "For `oauth`: `authorization_code` needs a login. `client_credentials` needs `client_id` and \
         `client_secret`, and nobody's consent.",
    ),
    key(
        "callback_port",
        Kind::Number(1, 65535),
        Unset,
        "For `oauth`: the port on 127.0.0.1 that the browser comes back to. Unset: any that is free.",
    ),
];

/// The values of `grant`.
pub const GRANTS: &[&str] = &["authorization_code", "client_credentials"];

/// The sections: name in the file, keys, description. `*` stands for a name the user chooses.
pub const SECTIONS: &[(&str, &[Key], &str)] = &[
    ("", TOP, "Settings for everything."),
    ("http", HTTP, "The HTTP side of the daemon."),
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

/// The kind of `name` in `keys`.
pub fn kind_of(keys: &[Key], name: &str) -> Option<Kind> {
    keys.iter().find(|key| key.name == name).map(|key| key.kind)
}

/// The default of `name` in `keys`, as it would be written.
pub fn default_of(keys: &[Key], name: &str) -> Option<&'static str> {
    match keys.iter().find(|key| key.name == name)?.default {
        Value(text) => Some(text),
        Unset => None,
    }
}
