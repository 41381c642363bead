//! What the README shows is true.

use std::path::Path;

use crate::support::{Sandbox, callmux, page};

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The blocks of code in this language.
fn blocks(language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    page::blocks(&path, language).into_iter().map(|block| block.text).collect()
}

#[test]
fn its_configs_are_accepted() {
    for block in blocks("toml") {
        let sandbox = Sandbox::new();
        sandbox.write("config/callmux/config.toml", &block);
        let output = sandbox.command().args(["config", "check"]).output().unwrap();
        assert!(output.status.success(), "{block}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn its_client_entry_starts_a_bridge() {
    let entries = blocks("json");
    assert_eq!(entries.len(), 1);
    let entry: serde_json::Value = serde_json::from_str(&entries[0]).unwrap();
    let server = &entry["mcpServers"]["callmux"];
    assert_eq!(server["command"], "callmux");
    let args: Vec<&str> =
        server["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let sandbox = Sandbox::new();
    // Without a client there is nothing to do: it ends with its input.
    let status = sandbox.command().args(args).stdin(std::process::Stdio::null()).status().unwrap();
    assert!(status.success());
}

#[test]
fn its_clients_are_known() {
    let text = readme();
    let names = text.split("`callmux client attach ").skip(1);
    let names: Vec<&str> = names.map(|rest| rest.split('`').next().unwrap()).collect();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let sandbox = Sandbox::new();
        let output = sandbox.command().args(["client", "print", name]).output().unwrap();
        assert!(output.status.success(), "{name}");
    }
}

#[test]
fn its_commands_exist() {
    let blocks = blocks("sh");
    let seen = blocks.iter().flat_map(|block| block.lines()).filter(|line| page::exists(line));
    assert!(seen.count() > 10);
    for field in ["CALLMUX_TOOL", "-t callmux"] {
        assert!(readme().contains(field));
    }
}

#[test]
fn it_is_installed_as_shown() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("home");
    std::fs::create_dir_all(&home).unwrap();
    let line = blocks("sh")
        .iter()
        .flat_map(|block| block.lines())
        .map(str::to_owned)
        .find(|line| line.contains("packaging/stage"));
    let line = line.unwrap().replace("target/release/callmux", callmux());
    let mut shell = sandbox.program("sh");
    shell.args(["-c", &line]).env("HOME", &home).current_dir(env!("CARGO_MANIFEST_DIR"));
    assert!(shell.status().unwrap().success());
    // Where systemd looks for a user's units (systemd.unit(5)).
    let units = home.join(".local/share/systemd/user");
    for unit in ["callmux.socket", "callmux.service", "callmux-http.socket"] {
        assert!(units.join(unit).exists(), "{unit}");
    }
    let service = std::fs::read_to_string(units.join("callmux.service")).unwrap();
    let program = home.join(".local/bin/callmux");
    assert!(service.contains(&format!("ExecStart={} serve", program.display())), "{service}");
    let version = sandbox.program(program.to_str().unwrap()).arg("--version").output().unwrap();
    assert!(version.status.success());
}

#[test]
fn its_table_of_keys_is_fresh() {
    let sandbox = Sandbox::new();
    let output = sandbox.command().args(["config", "keys"]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let text = readme();
    let (before, rest) = text.split_once("<!-- generated: keys -->\n").unwrap();
    let (kept, after) = rest.split_once("<!-- end -->").unwrap();
    if std::env::var_os("UPDATE").is_some() {
        let fresh = format!("{before}<!-- generated: keys -->\n{table}<!-- end -->{after}");
        crate::support::overwrite(&Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"), &fresh);
    } else {
        assert!(
            kept == table,
            "the table of keys in README.md is stale; run `UPDATE=1 cargo test`"
        );
    }
}
