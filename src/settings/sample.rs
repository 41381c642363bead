//! What is wanted where nothing is said, for tests of rooms that read no config. What has no default
//! need not be named here.

use std::time::Duration;

use super::access::{Access, Audited, HistorySettings};
use super::config::{Caps, Config, FanOut, Http};
use super::name_patterns::NamePatterns;
use super::program::{LogLimits, Program};
use super::server::{Instancing, ServerConfig, Supervision};
use super::tool_policy::{PinPolicy, ToolPolicy};
use super::view::{ClientConfig, View};
use crate::audit::ArgumentsKept;
use crate::base::Secret;
use crate::compression::Compression;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A config without servers.
pub fn config() -> Config {
    let everybody = View {
        meta_tools: NamePatterns::all(),
        schema_compression: Compression::Off,
        max_description: 160,
        structured_content: None,
        max_result: 16 * KIB,
        ..View::default()
    };
    let clients = vec![ClientConfig::of_shell(), ClientConfig::of_deferring(&everybody)];
    Config {
        call_timeout: Duration::from_mins(10),
        list_timeout: Duration::from_secs(5),
        drain_timeout: Duration::from_secs(10),
        http: Http { max_body: 4 * MIB, ..Http::default() },
        everybody,
        cache: Caps { entries: 1000, entry_bytes: 8 * MIB, total_bytes: 64 * MIB },
        results: Caps { entries: 1000, entry_bytes: 64 * MIB, total_bytes: 256 * MIB },
        access: Access {
            audited: Audited {
                file: false,
                required: false,
                arguments: ArgumentsKept::None,
                max_total: 256 * MIB,
                keep: Duration::from_hours(2160),
            },
            history: HistorySettings {
                enabled: false,
                max_rows: 100_000,
                keep: Duration::from_hours(720),
                max_bytes: 64 * MIB,
                arguments: ArgumentsKept::None,
            },
            ..Access::default()
        },
        fan_out: FanOut { max_concurrency: 128, max_calls: 1000 },
        clients,
        ..Config::default()
    }
}

/// A server whose program is the first of these words; the others are its arguments.
pub fn server(words: &[&str]) -> ServerConfig {
    let mut words = words.iter().map(|word| Secret::new((*word).to_owned()));
    ServerConfig {
        enabled: true,
        program: Program {
            command: words.next().unwrap(),
            args: words.collect(),
            log: LogLimits { burst: 500, rate: 20 },
            ..Program::default()
        },
        supervision: Supervision {
            start_timeout: Duration::from_mins(1),
            stop_timeout: Duration::from_secs(5),
            ..Supervision::default()
        },
        instances: Instancing { max: 8, ..Instancing::default() },
        policy: ToolPolicy {
            tools: NamePatterns::all(),
            pin: Some(PinPolicy::Warn),
            ..ToolPolicy::default()
        },
        call_timeout: Duration::from_mins(10),
        max_message: 16 * MIB,
        ..ServerConfig::default()
    }
}
