//! The configs of `dist/profiles` are accepted, and decide as they say.

use std::fs;
use std::path::Path;

use crate::support::{Daemon, Lines, Sandbox, tools};

/// What a profile says of each: who, which tool, the verdict.
type Verdicts = &'static [(&'static str, &'static str, &'static str)];

const PROFILES: &[(&str, Verdicts)] = &[
    (
        "laptop.toml",
        &[
            ("user:1000", "files__read_file", "allow"),
            ("user:1000", "files__delete_file", "ask"),
            ("token:ci", "files__read_file", "deny"),
        ],
    ),
    (
        "network.toml",
        &[
            ("token:ci", "files__read_file", "allow"),
            ("token:ci", "files__write_file", "deny"),
            ("token:other", "files__read_file", "deny"),
            ("user:1000", "files__write_file", "allow"),
        ],
    ),
    (
        "shared.toml",
        &[
            ("token:reader", "files__read_file", "allow"),
            ("token:reader", "files__write_file", "deny"),
            ("token:maintainer", "files__write_file", "allow"),
            ("user:1000", "files__read_file", "deny"),
        ],
    ),
];

fn dir() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/profiles")
}

#[test]
fn each_profile_decides_as_it_says() {
    let mut found: Vec<String> = fs::read_dir(dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, PROFILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (name, verdicts) in PROFILES {
        let sandbox = Sandbox::new();
        let text = fs::read_to_string(dir().join(name)).unwrap();
        let mut all = format!("{text}\n[servers.files]\ncommand = \"true\"\n");
        let mut tokens: Vec<_> =
            verdicts.iter().filter_map(|(who, ..)| who.strip_prefix("token:")).collect();
        tokens.dedup();
        for (number, token) in tokens.into_iter().enumerate() {
            all += &format!("[access.tokens.{token}]\nhash = \"sha256:{number:064}\"\n");
        }
        sandbox.write("config/callmux/config.toml", &all);
        let checked = sandbox.command().args(["config", "check"]).output().unwrap();
        assert!(checked.status.success(), "{name}: {}", String::from_utf8_lossy(&checked.stderr));
        for (who, tool, verdict) in *verdicts {
            let args = ["access", "test", tool, "--as", who];
            let output = sandbox.command().args(args).output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            let is_it = said.split_whitespace().any(|word| word == *verdict);
            assert!(is_it, "{name}: {who} {tool}: {said}");
        }
    }
}

/// The one that is meant for everybody, with a server that has no tool to ask about.
#[test]
fn the_profile_of_a_laptop_serves_its_user() {
    let sandbox = Sandbox::new();
    let text = fs::read_to_string(dir().join("laptop.toml")).unwrap();
    let server = format!("\n[servers.one]\ncommand = {:?}\n", tools());
    sandbox.write("config/callmux/config.toml", &format!("{text}{server}"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut client = Lines::bridge(&sandbox);
    let answer = client.call("one__echo", &serde_json::json!({}));
    assert!(answer["result"]["isError"] != true && answer["error"].is_null(), "{answer}");
}
