//! What the top of the file says for all servers, where a server may have its own.

use std::collections::BTreeMap;
use std::time::Duration;

use super::proxy;
use crate::base::Secret;
use crate::keys::section::Section;
use crate::settings::PinPolicy;
use crate::settings::proxy::Proxying;
use crate::settings::server::ServerConfig;

#[derive(Debug, Default)]
pub(super) struct Common {
    cache_ttl: Option<Duration>,
    pin: PinPolicy,
    env: BTreeMap<String, Secret>,
    inherit_env: Vec<String>,
    pub(super) proxying: Proxying,
}

impl Common {
    pub(super) fn read(top: &mut Section<'_>) -> Self {
        Self {
            cache_ttl: top.duration("cache_ttl"),
            pin: PinPolicy::ALL[top.choice("pin")],
            env: environment(top),
            inherit_env: names(top, "inherit_env"),
            proxying: proxy::general(top),
        }
    }

    /// The `PATH` of servers that have none of their own.
    pub(super) fn path(&self) -> Option<&Secret> {
        self.env.get("PATH")
    }

    /// Gives a server what it has not got of its own.
    pub(super) fn complete(&self, server: &mut ServerConfig) {
        server.policy.cache_ttl = server.policy.cache_ttl.or(self.cache_ttl);
        server.policy.pin = server.policy.pin.or(Some(self.pin));
        if server.remote.url.is_some() {
            return;
        }
        let program = &mut server.program;
        for (name, value) in &self.env {
            program.env.entry(name.clone()).or_insert_with(|| value.clone());
        }
        for name in &self.inherit_env {
            if !program.inherit_env.contains(name) {
                program.inherit_env.push(name.clone());
            }
        }
    }
}

/// A list of names.
pub(super) fn names(section: &mut Section<'_>, key: &str) -> Vec<String> {
    section.plain_texts(key).unwrap_or_default().into_iter().map(|(name, _)| name).collect()
}

/// The variables of `env`.
pub(super) fn environment(section: &mut Section<'_>) -> BTreeMap<String, Secret> {
    let mut out = BTreeMap::new();
    for (name, (value, at)) in section.text_table("env").unwrap_or_default() {
        let key = format!("env.{name}");
        if name.is_empty() || name.contains(['=', '\0']) {
            section.complain(at, &key, "is no name of an environment variable");
        } else if value.expose().contains('\0') {
            section.complain(at, &key, "must not contain a NUL character");
        } else {
            out.insert(name, value);
        }
    }
    out
}
