//! One server, as it is wanted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::auth::Auth;
use super::complaint::Complaint;
use super::tool_names::ToolNames;
use crate::base::Secret;
use crate::render::Compression;

/// `[servers.NAME]`
#[derive(Debug, Clone, PartialEq)]
pub struct ServerConfig {
    /// Empty, if the server has a `url`.
    pub command: Secret,
    pub args: Vec<Secret>,
    pub env: BTreeMap<String, Secret>,
    pub inherit_env: Vec<String>,
    pub cwd: Option<PathBuf>,
    /// Where a remote server is: `http` or `https`, with a host, without user and password.
    pub url: Option<Secret>,
    /// `None`: streamable HTTP, and HTTP with SSE where that is not spoken.
    pub transport: Option<Transport>,
    /// The unix socket on which the server at `url` listens; absolute.
    pub socket: Option<PathBuf>,
    /// Sent with every request to `url`; the names are in lower case.
    pub headers: BTreeMap<String, Secret>,
    /// Which of a client's own headers the server at `url` gets; in lower case.
    pub forward_headers: Vec<String>,
    /// How we prove ourselves to the server at `url`.
    pub auth: Auth,
    pub enabled: bool,
    /// `None`: the server's name.
    pub prefix: Option<String>,
    pub tools: ToolNames,
    /// The server's own tool name → the name it is shown under.
    pub aliases: BTreeMap<String, String>,
    pub start_timeout: Duration,
    pub stop_timeout: Duration,
    pub call_timeout: Duration,
    /// In bytes.
    pub max_message: usize,
    /// Started with its first call.
    pub lazy: bool,
    /// Ended when it was not called for so long.
    pub idle_stop: Option<Duration>,
    /// Whether the annotations of its tools are believed.
    pub trusted: bool,
    /// Tools whose calls may be sent twice.
    pub replay: ToolNames,
    pub always_load: ToolNames,
    /// `None`: nothing is kept.
    pub cache_ttl: Option<Duration>,
    pub cache_tools: ToolNames,
    pub no_cache_tools: ToolNames,
    /// `None`: as the client's view says.
    pub schema_compression: Option<Compression>,
    /// In bytes; `None`: as the client's view says.
    pub max_result: Option<usize>,
    /// Tools whose results are never shortened.
    pub whole_results: ToolNames,
    pub limits: Limits,
    pub sandbox: Sandbox,
    /// Why the server cannot be started: references that could not be resolved.
    pub unresolved: Vec<Complaint>,
}

/// What a remote server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    StreamableHttp,
    /// That of revision 2024-11-05.
    Sse,
}

impl Transport {
    pub const ALL: [Self; 2] = [Self::StreamableHttp, Self::Sse];
}

/// What a server may use; only a systemd manager can see to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// In bytes.
    pub memory_max: Option<u64>,
    pub tasks_max: Option<u64>,
    /// 1 to 10000.
    pub cpu_weight: Option<u64>,
    pub runtime_max: Option<Duration>,
}

/// What a server may reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sandbox {
    #[default]
    None,
    /// Its working directory, its program and the network.
    Net,
    /// Its working directory and its program.
    Strict,
}

impl Sandbox {
    pub const ALL: [Self; 3] = [Self::None, Self::Net, Self::Strict];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Net => "net",
            Self::Strict => "strict",
        }
    }
}
