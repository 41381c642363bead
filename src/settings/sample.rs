//! What is wanted where nothing is said, for tests of rooms that read no config.

use std::collections::BTreeMap;
use std::time::Duration;

use super::config::{Caps, Config, FanOut, Http};
use super::program::{Limits, Program, Sandbox};
use super::remote::Remote;
use super::server::{ServerConfig, Supervision};
use super::tool_names::ToolNames;
use super::tool_policy::ToolPolicy;
use super::view::{Exposure, View};
use crate::base::Secret;
use crate::render::{Compression, TextFormat};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A config without servers.
pub fn config() -> Config {
    Config {
        call_timeout: Duration::from_mins(10),
        list_timeout: Duration::from_secs(5),
        drain_timeout: Duration::from_secs(10),
        idle_exit: None,
        restart_on_upgrade: false,
        http: Http {
            listen: Vec::new(),
            max_body: 4 * MIB,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
        },
        everybody: View {
            exposure: Exposure::Full,
            meta_tools: ToolNames::all(),
            schema_compression: Compression::Off,
            max_description: 160,
            output_format: TextFormat::Json,
            structured_content: true,
            max_result: 64 * KIB,
        },
        clients: Vec::new(),
        cache: Caps { entries: 1000, entry_bytes: 8 * MIB, total_bytes: 64 * MIB },
        results: Caps { entries: 1000, entry_bytes: 64 * MIB, total_bytes: 256 * MIB },
        forwarded: Vec::new(),
        file_roots: Vec::new(),
        fan_out: FanOut { max_concurrency: 128, max_calls: 1000 },
        recipes: BTreeMap::new(),
        servers: BTreeMap::new(),
    }
}

/// A server whose program is the first of these words; the others are its arguments.
pub fn server(words: &[&str]) -> ServerConfig {
    let none = || ToolNames::new(Vec::new());
    let mut words = words.iter().map(|word| Secret::new((*word).to_owned()));
    ServerConfig {
        enabled: true,
        description: None,
        program: Program {
            command: words.next().unwrap(),
            args: words.collect(),
            env: BTreeMap::new(),
            inherit_env: Vec::new(),
            cwd: None,
            limits: Limits::default(),
            sandbox: Sandbox::None,
        },
        remote: Remote::default(),
        supervision: Supervision {
            start_timeout: Duration::from_mins(1),
            stop_timeout: Duration::from_secs(5),
            lazy: false,
            idle_stop: None,
        },
        policy: ToolPolicy {
            prefix: None,
            tools: ToolNames::all(),
            aliases: BTreeMap::new(),
            trusted: false,
            replay: none(),
            always_load: none(),
            cache_ttl: None,
            cache_tools: none(),
            no_cache_tools: none(),
            schema_compression: None,
            max_result: None,
            whole_results: none(),
        },
        call_timeout: Duration::from_mins(10),
        max_concurrency: None,
        max_message: 16 * MIB,
        unresolved: Vec::new(),
    }
}
