//! Tokens of operators, and the rules about them.

use super::{Daemon, Sandbox};

/// `token:reader` may look, `token:manager` may change, and whoever comes as a user may do everything.
const RULES: &str = r#"
[[access.rules]]
id = "watching"
principals = ["token:reader"]
endpoints = ["admin:read"]
effect = "allow"

[[access.rules]]
id = "managing"
principals = ["token:manager"]
endpoints = ["admin"]
effect = "allow"

[[access.rules]]
id = "mine"
principals = ["user:*"]
effect = "allow"
"#;

/// A new token of this name, which the daemon knows.
pub fn token(sandbox: &Sandbox, daemon: &Daemon, name: &str) -> String {
    let before = daemon.count("config_reloaded", |_| true);
    let made = sandbox.command().args(["token", "new", name]).output().unwrap();
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// From now on the rules hold, and these before them.
pub fn govern(sandbox: &Sandbox, daemon: &Daemon, first: &str) {
    let before = daemon.count("config_reloaded", |_| true);
    sandbox.write("config/callmux/conf.d/rules.toml", &format!("{first}{RULES}"));
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
}
