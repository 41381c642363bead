//! A package that was added runs without the registry that it came from.

use std::process::Output;

use serde_json::json;

use crate::support::far::{Far, Out, Seen};
use crate::support::{Daemon, Sandbox, callmux, is_here, skipped};

const MANIFEST: &str =
    r#"{"name":"@acme/notes-mcp","version":"1.0.0","bin":{"notes-mcp":"run.js"}}"#;

/// The package as npm packs it.
fn packed(sandbox: &Sandbox) -> Vec<u8> {
    let run = format!(
        "#!/usr/bin/env node\nconst {{ spawn }} = require('child_process');\n\
         spawn({:?}, ['example-server', 'notes'], {{ stdio: 'inherit' }}).on('exit', (code) => process.exit(code));\n",
        callmux()
    );
    sandbox.write("package/package.json", MANIFEST);
    sandbox.write("package/run.js", &run);
    let mut tar = sandbox.program("tar");
    let packed = tar.args(["-czf", "notes.tgz", "package"]).status().unwrap();
    assert!(packed.success());
    std::fs::read(sandbox.path("notes.tgz")).unwrap()
}

fn registry(archive: Vec<u8>) -> Far {
    let manifest: serde_json::Value = serde_json::from_str(MANIFEST).unwrap();
    Far::start(move |seen: &Seen, out: &mut Out| {
        let host = seen.header("host").unwrap_or_default();
        let mut version = manifest.clone();
        version["dist"] = json!({ "tarball": format!("http://{host}/notes.tgz") });
        match seen.path.to_ascii_lowercase().as_str() {
            "/@acme%2fnotes-mcp/latest" => out.json(&version.to_string()),
            "/@acme%2fnotes-mcp" => out.json(
                &json!({ "name": "@acme/notes-mcp", "dist-tags": { "latest": "1.0.0" },
                    "versions": { "1.0.0": version } })
                .to_string(),
            ),
            "/notes.tgz" => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", archive.len());
                out.raw(&[head.as_bytes(), &archive].concat());
            }
            _ => out.whole("404 Not Found", &[], ""),
        }
    })
}

#[test]
fn an_npm_package_starts_again_without_its_registry() {
    if !is_here("npx") || !is_here("tar") {
        return skipped("there is no npx, or no tar");
    }
    let sandbox = Sandbox::new();
    let far = registry(packed(&sandbox));
    let at = format!("http://{}", far.address);
    let mut command = sandbox.command();
    let env = format!("npm_config_registry={at}");
    command.env("npm_config_registry", &at);
    let args =
        ["server", "add", "npm:@acme/notes-mcp", "-e", &env, "-e", "npm_config_fetch_retries=0"];
    let Output { status, stdout, stderr } = command.args(args).output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(status.success() && stdout.contains("ready: "), "{stdout}{stderr}");
    let asked = far.seen().len();
    assert!(far.seen().iter().any(|seen| seen.path == "/notes.tgz"), "it was fetched for that");

    // It is there, and nobody asks it.
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "notes");
    drop(daemon);
    assert_eq!(far.seen().len(), asked, "{:?}", far.seen().last());
    drop(far);
    // It is gone.
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "notes");
}
