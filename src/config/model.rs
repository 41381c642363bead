//! The config after reading: complete, typed, with every default filled in.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::complaint::Complaint;
use super::recipe::Recipe;
use super::tool_names::ToolNames;
use super::view::{ClientConfig, View};
use crate::base::{Secret, ServerName};
use crate::render::Compression;

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    pub call_timeout: Duration,
    pub list_timeout: Duration,
    pub drain_timeout: Duration,
    pub idle_exit: Option<Duration>,
    pub restart_on_upgrade: bool,
    pub http: Http,
    /// What clients are shown of whom nothing else is said.
    pub everybody: View,
    pub clients: Vec<ClientConfig>,
    pub cache: Caps,
    pub results: Caps,
    /// All names of [`ServerConfig::forward_headers`].
    pub forwarded: Vec<String>,
    pub file_roots: Vec<PathBuf>,
    /// Calls of one fan-out that run at once.
    pub max_concurrency: usize,
    /// Calls that one fan-out may hold.
    pub max_calls: usize,
    pub recipes: BTreeMap<String, Arc<Recipe>>,
    pub servers: BTreeMap<ServerName, Arc<ServerConfig>>,
}

impl Config {
    /// The place among [`Config::clients`] of what is said about the client of this name: the exact
    /// name before patterns, of those the longest.
    pub fn client(&self, name: &str) -> Option<usize> {
        let fits = |client: &ClientConfig| client.name == name || client.names.allow(name);
        let fitting = self.clients.iter().enumerate().filter(|(_, client)| fits(client));
        let rank = |client: &ClientConfig| (client.name == name, client.name.len());
        fitting.max_by_key(|(_, client)| rank(client)).map(|(index, _)| index)
    }

    /// What the client of this name is shown.
    pub fn view(&self, name: &str) -> &View {
        self.client(name).map_or(&self.everybody, |index| &self.clients[index].view)
    }
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Loopback only.
    pub listen: Vec<SocketAddr>,
    /// In bytes.
    pub max_body: usize,
    pub allowed_hosts: Vec<String>,
    pub allowed_origins: Vec<String>,
}

/// `[cache]` and `[results]`: sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    pub entries: usize,
    /// Of one entry.
    pub entry_bytes: usize,
    pub total_bytes: usize,
}

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

/// `[servers.NAME.auth]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    #[default]
    None,
    /// This token.
    Bearer(Secret),
    /// What this program prints.
    Command {
        /// The program and its arguments.
        words: Vec<Secret>,
        /// How long a token is used that does not say so itself.
        ttl: Duration,
    },
    Oauth(Oauth),
}

/// Keys of `type = "oauth"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oauth {
    /// Empty: those that the server names.
    pub scopes: Vec<String>,
    /// Both are there if `grant` is that of client credentials.
    pub client_id: Option<String>,
    pub client_secret: Option<Secret>,
    /// `https` with a path.
    pub client_metadata_url: Option<String>,
    pub grant: Grant,
    /// `None`: any that is free.
    pub callback_port: Option<u16>,
}

/// How an access token is obtained (RFC 6749, section 1.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Grant {
    #[default]
    AuthorizationCode,
    ClientCredentials,
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
