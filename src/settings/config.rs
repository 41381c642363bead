//! The config after reading: complete, typed, with every default filled in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::access::Access;
use super::complaint::Complaint;
use super::network::Listen;
use super::recipe::Recipe;
use super::server::ServerConfig;
use super::view::{ClientConfig, View};
use crate::base::ServerName;
use crate::tls::Certificate;

/// Everything that can be configured. That of `default()` has not even the defaults of its keys.
#[derive(Debug, Clone, Default, PartialEq)]
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
    pub file_roots: Vec<PathBuf>,
    pub fan_out: FanOut,
    pub access: Access,
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

    /// Whether something is said of a client with this `clientInfo`, maybe: most need not be read for that.
    pub fn may_be_known(&self, said: &str) -> bool {
        let is_said = |client: &ClientConfig| !client.is_usual || said.contains(&*client.name);
        self.clients.iter().any(is_said)
    }

    /// The clients that the config itself says something about.
    pub fn said_clients(&self) -> impl Iterator<Item = &ClientConfig> {
        self.clients.iter().filter(|client| !client.is_usual)
    }

    /// What the client of this name is shown.
    pub fn view(&self, name: &str) -> &View {
        self.client(name).map_or(&self.everybody, |index| &self.clients[index].view)
    }
}

/// What one call that makes several may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FanOut {
    /// Calls that run at once.
    pub max_concurrency: usize,
    /// Calls that it may hold.
    pub max_calls: usize,
}

/// `[http]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Http {
    pub listen: Vec<Listen>,
    /// What is shown over TLS, or what is wrong with it.
    pub tls: Option<Result<Certificate, Complaint>>,
    /// Whoever comes over TCP may be somebody else's word.
    pub behind_proxy: bool,
    /// In bytes.
    pub max_body: usize,
    pub allowed_hosts: Vec<String>,
    pub allowed_origins: Vec<String>,
    /// All names of [`Remote::forward_headers`](super::remote::Remote::forward_headers).
    pub forwarded: Vec<String>,
}

/// `[cache]` and `[results]`: sizes in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    pub entries: usize,
    /// Of one entry.
    pub entry_bytes: usize,
    pub total_bytes: usize,
}
