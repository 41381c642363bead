//! What separates the config in force from another one: which servers come and go, which must be
//! started anew, and what takes effect without that.
//!
//! A plan names servers and keys, never values: it can be shown to anybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::program::Program;
use super::remote::Remote;
use super::server::{ServerConfig, Supervision};
use super::tool_policy::ToolPolicy;
use crate::base::ServerName;

/// What a change of the config does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub added: Vec<ServerName>,
    pub removed: Vec<ServerName>,
    /// Servers that get another process.
    pub restarted: Vec<Changed>,
    /// Servers that go on, and are treated differently from now on.
    pub adjusted: Vec<Changed>,
    pub unchanged: Vec<ServerName>,
    /// Keys outside of `[servers]` that take effect at once.
    pub settings: Vec<String>,
    /// Keys that take effect when the daemon is started anew.
    pub at_next_start: Vec<String>,
}

/// A server and those of its keys that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub server: ServerName,
    pub keys: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        let Self { added, removed, restarted, adjusted, unchanged: _, settings, at_next_start } =
            self;
        added.is_empty()
            && removed.is_empty()
            && restarted.is_empty()
            && adjusted.is_empty()
            && settings.is_empty()
            && at_next_start.is_empty()
    }
}

/// What has to be done to get from `old` to `new`. A server that is not enabled is as good as none.
pub fn plan(old: &Config, new: &Config) -> Plan {
    let mut plan = Plan::default();
    let (before, after) = (enabled(old), enabled(new));
    for (name, server) in &after {
        let name = (*name).clone();
        match before.get(&name) {
            None => plan.added.push(name),
            Some(old) => {
                let restart = needing_a_start(old, server);
                let adjust = adjustable(old, server);
                match (restart.is_empty(), adjust.is_empty()) {
                    (true, true) => plan.unchanged.push(name),
                    (true, false) => plan.adjusted.push(Changed { server: name, keys: adjust }),
                    (false, _) => {
                        let keys = [restart, adjust].concat();
                        plan.restarted.push(Changed { server: name, keys });
                    }
                }
            }
        }
    }
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    plan.removed = gone.map(|name| (*name).clone()).collect();
    plan.settings = settings(old, new);
    plan.at_next_start = names([("http.listen", old.http.listen != new.http.listen)]);
    plan
}

fn enabled(config: &Config) -> BTreeMap<&ServerName, &Arc<ServerConfig>> {
    config.servers.iter().filter(|(_, server)| server.enabled).collect()
}

fn names<const N: usize>(keys: [(&str, bool); N]) -> Vec<String> {
    keys.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}

fn settings(old: &Config, new: &Config) -> Vec<String> {
    let Config {
        call_timeout,
        list_timeout,
        drain_timeout,
        idle_exit,
        restart_on_upgrade,
        http,
        everybody,
        clients,
        cache,
        results,
        forwarded: _,
        file_roots,
        fan_out,
        recipes,
        servers: _,
    } = old;
    let (view, other) = (everybody, &new.everybody);
    names([
        ("exposure", view.exposure != other.exposure),
        ("meta_tools", view.meta_tools != other.meta_tools),
        ("schema_compression", view.schema_compression != other.schema_compression),
        ("max_description", view.max_description != other.max_description),
        ("output_format", view.output_format != other.output_format),
        ("structured_content", view.structured_content != other.structured_content),
        ("max_result", view.max_result != other.max_result),
        ("clients", *clients != new.clients),
        ("cache", *cache != new.cache),
        ("results", *results != new.results),
        ("file_roots", *file_roots != new.file_roots),
        ("max_concurrency", fan_out.max_concurrency != new.fan_out.max_concurrency),
        ("max_calls", fan_out.max_calls != new.fan_out.max_calls),
        ("recipes", *recipes != new.recipes),
        ("call_timeout", *call_timeout != new.call_timeout),
        ("list_timeout", *list_timeout != new.list_timeout),
        ("drain_timeout", *drain_timeout != new.drain_timeout),
        ("restart_on_upgrade", *restart_on_upgrade != new.restart_on_upgrade),
        ("idle_exit", *idle_exit != new.idle_exit),
        ("http.max_body", http.max_body != new.http.max_body),
        ("http.allowed_hosts", http.allowed_hosts != new.http.allowed_hosts),
        ("http.allowed_origins", http.allowed_origins != new.http.allowed_origins),
    ])
}

/// Keys that differ and that a process or its connection got at its start.
fn needing_a_start(old: &ServerConfig, new: &ServerConfig) -> Vec<String> {
    let mut keys = names([
        ("command", old.program.command != new.program.command),
        ("args", old.program.args != new.program.args),
        ("env", old.program.env != new.program.env),
        ("inherit_env", old.program.inherit_env != new.program.inherit_env),
        ("cwd", old.program.cwd != new.program.cwd),
        ("url", old.remote.url != new.remote.url),
        ("transport", old.remote.transport != new.remote.transport),
        ("socket", old.remote.socket != new.remote.socket),
        ("headers", old.remote.headers != new.remote.headers),
        ("proxy", old.remote.proxying != new.remote.proxying),
        ("auth", old.remote.auth != new.remote.auth),
        ("max_message", old.max_message != new.max_message),
        ("memory_max", old.program.limits.memory_max != new.program.limits.memory_max),
        ("tasks_max", old.program.limits.tasks_max != new.program.limits.tasks_max),
        ("cpu_weight", old.program.limits.cpu_weight != new.program.limits.cpu_weight),
        ("runtime_max", old.program.limits.runtime_max != new.program.limits.runtime_max),
        ("sandbox", old.program.sandbox != new.program.sandbox),
    ]);
    if keys.is_empty() && old.unresolved != new.unresolved {
        // It does not run for want of a value; perhaps it can now.
        let both = old.unresolved.iter().chain(&new.unresolved);
        keys.extend(both.map(|missing| missing.key.clone()));
        keys.sort();
        keys.dedup();
    }
    keys
}

/// Keys that differ and that a running server does not notice.
fn adjustable(old: &ServerConfig, new: &ServerConfig) -> Vec<String> {
    // Every key is either here or above; a new one does not compile until it is.
    let ServerConfig {
        enabled: _,
        description,
        program:
            Program { command: _, args: _, env: _, inherit_env: _, cwd: _, limits: _, sandbox: _ },
        remote:
            Remote {
                url: _,
                transport: _,
                socket: _,
                headers: _,
                forward_headers,
                proxying: _,
                auth: _,
            },
        supervision: Supervision { start_timeout, stop_timeout, lazy, idle_stop },
        policy:
            ToolPolicy {
                prefix,
                tools,
                aliases,
                trusted,
                replay,
                always_load,
                cache_ttl,
                cache_tools,
                no_cache_tools,
                schema_compression,
                max_result,
                whole_results,
            },
        call_timeout,
        max_concurrency,
        max_message: _,
        unresolved: _,
    } = old;
    names([
        ("description", *description != new.description),
        ("forward_headers", *forward_headers != new.remote.forward_headers),
        ("always_load", *always_load != new.policy.always_load),
        ("cache_ttl", *cache_ttl != new.policy.cache_ttl),
        ("cache_tools", *cache_tools != new.policy.cache_tools),
        ("no_cache_tools", *no_cache_tools != new.policy.no_cache_tools),
        ("schema_compression", *schema_compression != new.policy.schema_compression),
        ("max_result", *max_result != new.policy.max_result),
        ("whole_results", *whole_results != new.policy.whole_results),
        ("lazy", *lazy != new.supervision.lazy),
        ("idle_stop", *idle_stop != new.supervision.idle_stop),
        ("trusted", *trusted != new.policy.trusted),
        ("replay", *replay != new.policy.replay),
        ("prefix", *prefix != new.policy.prefix),
        ("tools", *tools != new.policy.tools),
        ("aliases", *aliases != new.policy.aliases),
        ("start_timeout", *start_timeout != new.supervision.start_timeout),
        ("stop_timeout", *stop_timeout != new.supervision.stop_timeout),
        ("max_concurrency", *max_concurrency != new.max_concurrency),
        ("call_timeout", *call_timeout != new.call_timeout),
    ])
}
