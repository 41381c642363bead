//! What of a config is a secret.

use std::collections::BTreeMap;

use super::auth::Auth;
use super::config::Config;
use super::server::ServerConfig;
use crate::base::Secret;
use crate::base::secret::{looks_secret, may_name_secret};

impl Config {
    /// The values that their names or their looks tell to be secrets, of all servers.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.servers.values().flat_map(|server| server.secrets())
    }
}

impl ServerConfig {
    /// Those of one server.
    pub fn secrets(&self) -> Vec<&str> {
        of_server(self)
    }
}

fn of_server(server: &ServerConfig) -> Vec<&str> {
    let (program, remote) = (&server.program, &server.remote);
    let by_looks = program.args.iter().chain(&remote.url).map(Secret::expose);
    let mut secrets: Vec<&str> = by_looks.filter(|text| looks_secret(text)).collect();
    secrets.extend(named(&program.env));
    // `Bearer SECRET`
    secrets.extend(named(&remote.headers).map(|value| value.rsplit(' ').next().unwrap_or(value)));
    match &remote.auth {
        Auth::Bearer(token) => secrets.push(token.expose()),
        Auth::Oauth(oauth) => secrets.extend(oauth.client_secret.as_ref().map(Secret::expose)),
        Auth::Unsaid | Auth::None | Auth::Command { .. } => {}
    }
    secrets
}

fn named(values: &BTreeMap<String, Secret>) -> impl Iterator<Item = &str> {
    let values = values.iter().map(|(name, value)| (name, value.expose()));
    values
        .filter(|(name, value)| may_name_secret(name) || looks_secret(value))
        .map(|(_, value)| value)
}
