//! `callmux server update`.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::{Ran, add_with, data, runners};
use crate::support::far::{Far, Out, Seen};
use crate::support::{Daemon, Sandbox, callmux, until};

/// What runs packages: of the second version other tools come, the third does not start.
fn versions(sandbox: &Sandbox) {
    runners(sandbox);
    let notes = format!("{} example-server notes", callmux());
    let other = "s/\"name\":\"list\"/\"name\":\"all\"/; s/Keeps a note/Keeps one note\\\\u001b[2J/; s/\"query\"/\"text\"/g";
    for name in ["npx", "uvx", "docker"] {
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in\n*2.0.1*|*{NEW_IMAGE}*) {notes} | sed -u '{other}' ;;\n\
             *3.0.0*) echo it is broken >&2; exit 3 ;;\n*) exec {notes} ;;\nesac\n"
        );
        let path = format!("bin/{name}");
        sandbox.write(&path, &script);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(sandbox.path(&path), mode).unwrap();
    }
}

/// The digest of `{"schemaVersion":2,"config":2}`.
const NEW_IMAGE: &str = "d6a50243";

type Version = Arc<Mutex<&'static str>>;

/// Registries whose newest version is this.
fn newest(version: &Version) -> Far {
    let version = version.clone();
    let listed: Value =
        serde_json::from_str(&std::fs::read_to_string(data("2025-12-11/plain")).unwrap()).unwrap();
    Far::start(move |seen: &Seen, out: &mut Out| {
        let version = *version.lock().unwrap();
        match seen.path.as_str() {
            "/v0.1/servers/io.github.acme%2Fplain/versions/latest" => {
                let mut listed = listed.clone();
                listed["version"] = json!(version);
                listed["packages"][0]["version"] = json!(version);
                out.json(&json!({ "server": listed }).to_string());
            }
            "/@acme%2Fnotes-mcp/latest" => out.json(&json!({ "version": version }).to_string()),
            "/pypi/notes-mcp/json" => {
                out.json(&json!({ "info": { "version": version } }).to_string());
            }
            _ => out.whole("404 Not Found", &[], ""),
        }
    })
}

fn update(sandbox: &Sandbox, far: &str, args: &[&str]) -> Ran {
    let mut command = sandbox.command();
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    command.env("PATH", &path).env("XDG_DATA_HOME", sandbox.path("data"));
    for name in ["CALLMUX_REGISTRY", "npm_config_registry", "CALLMUX_PYPI"] {
        command.env(name, far);
    }
    let Output { status, stdout, stderr } =
        command.args(["server", "update"]).args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn added(sandbox: &Sandbox, far: &str, what: &[&str]) {
    let names = ["CALLMUX_REGISTRY", "npm_config_registry", "CALLMUX_PYPI"];
    let data = sandbox.path("data");
    let mut env: Vec<(&str, &str)> = names.iter().map(|name| (*name, far)).collect();
    env.push(("XDG_DATA_HOME", data.to_str().unwrap()));
    let (code, _, stderr) = add_with(sandbox, &env, what);
    assert_eq!(code, Some(0), "{what:?}: {stderr}");
}

#[test]
fn what_is_newer_is_shown_and_only_its_version_is_exchanged() {
    let sandbox = Sandbox::new();
    versions(&sandbox);
    let version: Version = Arc::new(Mutex::new("1.0.0"));
    let far = newest(&version);
    let at = format!("http://{}", far.address);
    added(&sandbox, &at, &["npm:@acme/notes-mcp"]);
    let path = sandbox.path("config/callmux/conf.d/notes.toml");
    let text = std::fs::read_to_string(&path).unwrap() + "# By hand: @acme/notes-mcp@1.0.0\n";
    sandbox.write("config/callmux/conf.d/notes.toml", &text);
    let read = || std::fs::read_to_string(&path).unwrap();

    let (code, stdout, stderr) = update(&sandbox, &at, &["--check"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stdout, "notes: npm @acme/notes-mcp 1.0.0 is the newest\n");
    let (code, _, stderr) = update(&sandbox, &at, &[]);
    assert!(code == Some(64) && stderr.contains("say --check"), "{stderr}");

    *version.lock().unwrap() = "2.0.1";
    let (code, stdout, stderr) = update(&sandbox, &at, &["--check"]);
    assert_eq!(code, Some(100), "{stdout}{stderr}");
    for line in [
        "notes: npm @acme/notes-mcp 1.0.0, newest 2.0.1\n",
        "  gained: all\n  lost: list\n",
        "  changed: add: description\n    was: Keeps a note and returns its number.\n",
        "     is: Keeps one note\\u{1b}[2J and returns its number.\n",
        "  changed: search: inputSchema (+text, -query, !text)\n",
    ] {
        assert!(stdout.contains(line), "{line}\n{stdout}");
    }
    let (code, stdout, _) = update(&sandbox, &at, &["--check", "--json"]);
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &said[0]["state"]), (Some(100), &json!("outstanding")), "{said}");
    assert_eq!(said[0]["tools"]["gained"], json!(["all"]), "{said}");
    assert_eq!(read(), text, "a look changes nothing");

    let daemon = Daemon::start(&sandbox);
    let (code, stdout, stderr) = update(&sandbox, &at, &["notes", "--yes"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("updated notes: ") && stdout.contains("gained: all"), "{stdout}");
    let expected = text
        .replace("\"@acme/notes-mcp@1.0.0\"", "\"@acme/notes-mcp@2.0.1\"")
        .replace("# From npm: @acme/notes-mcp 1.0.0.", "# From npm: @acme/notes-mcp 2.0.1.");
    assert_eq!(read(), expected);
    until("the daemon to have the new tool", || {
        let output = sandbox.command().args(["tools", "--json"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains("notes__all").then_some(())
    });
    drop(daemon);
    assert_eq!(update(&sandbox, &at, &["--yes"]).0, Some(0));
    // A version that was taken back is nothing to go back to unasked.
    *version.lock().unwrap() = "1.9.0";
    assert_eq!(update(&sandbox, &at, &["--check"]).0, Some(0));

    *version.lock().unwrap() = "3.0.0";
    let (code, stdout, stderr) = update(&sandbox, &at, &["--yes"]);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stderr.contains("not switched: the newer one is not ready: "), "{stderr}");
    assert!(stderr.contains("it is broken"), "{stderr}");
    assert_eq!(read(), expected);
    drop(far);
    let (code, _, stderr) = update(&sandbox, &at, &["--check"]);
    assert_eq!(code, Some(69), "{stderr}");
}

#[test]
fn each_is_looked_up_where_it_came_from() {
    let sandbox = Sandbox::new();
    versions(&sandbox);
    let version: Version = Arc::new(Mutex::new("1.0.0"));
    let far = newest(&version);
    let at = format!("http://{}", far.address);
    added(&sandbox, &at, &["weather", "pypi:notes-mcp"]);
    added(&sandbox, &at, &["listed", "io.github.acme/plain"]);
    added(&sandbox, &at, &["loose", "--", callmux(), "example-server", "notes"]);
    *version.lock().unwrap() = "2.0.1";
    let (code, stdout, stderr) = update(&sandbox, &at, &["--yes"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(!stdout.contains("loose"), "what has no version is no matter of this: {stdout}");
    let read = |name: &str| {
        let path = sandbox.path(&format!("config/callmux/conf.d/{name}.toml"));
        std::fs::read_to_string(path).unwrap()
    };
    let weather = read("weather");
    assert!(weather.contains("# From PyPI: notes-mcp 2.0.1.\n"), "{weather}");
    assert!(weather.contains("args = [\"notes-mcp@2.0.1\"]"), "{weather}");
    let listed = read("listed");
    assert!(listed.contains("# From server.json of io.github.acme/plain 2.0.1.\n"), "{listed}");
    assert!(listed.contains("@acme/notes-mcp@2.0.1\"]"), "{listed}");
    let (code, _, stderr) = update(&sandbox, &at, &["loose", "--check"]);
    assert!(code == Some(1) && stderr.contains("loose is not pinned: "), "{stderr}");
    let (code, _, stderr) = update(&sandbox, &at, &["nobody", "--check"]);
    assert!(code == Some(1) && stderr.contains("no server nobody"), "{stderr}");
}

#[test]
fn an_image_is_as_new_as_its_tag() {
    let sandbox = Sandbox::new();
    versions(&sandbox);
    let manifest = Arc::new(Mutex::new("{\"schemaVersion\":2}".to_owned()));
    let served = manifest.clone();
    let far = Far::start(move |seen: &Seen, out: &mut Out| match seen.path.as_str() {
        "/v2/acme/notes/manifests/1" => out.json(&served.lock().unwrap()),
        _ => out.whole("404 Not Found", &[], ""),
    });
    let at = format!("http://{}", far.address);
    let image = format!("oci:{}/acme/notes:1", far.address);
    added(&sandbox, &at, &["notes", &image]);
    assert_eq!(update(&sandbox, &at, &["--check"]).0, Some(0));
    *manifest.lock().unwrap() = "{\"schemaVersion\":2,\"config\":2}".to_owned();
    let (code, stdout, stderr) = update(&sandbox, &at, &["--yes"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let text = std::fs::read_to_string(sandbox.path("config/callmux/conf.d/notes.toml")).unwrap();
    let named = format!("{}/acme/notes@sha256:", far.address);
    assert_eq!(text.matches(&named).count(), 2, "in the argument and in the line of ours: {text}");
    let digests: Vec<&str> = text.split(&named).skip(1).map(|rest| &rest[..64]).collect();
    assert_eq!(digests[0], digests[1], "{text}");
    assert_eq!(update(&sandbox, &at, &["--check"]).0, Some(0));
}

fn bundle(version: &str, more: &str) -> Vec<u8> {
    let manifest = json!({
        "manifest_version": "0.3", "name": "acme-notes", "version": version,
        "server": { "type": "binary", "entry_point": "run", "mcp_config": {
            "command": "${__dirname}/run", "args": ["--in", "${__dirname}"], "env": { "MORE": more },
        } },
    });
    let run = format!("#!/bin/sh\n# {version}\nexec {} example-server notes\n", callmux());
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in [("manifest.json", manifest.to_string()), ("run", run)] {
        zip.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_bundle_is_unpacked_beside_the_one_that_is_used() {
    let sandbox = Sandbox::new();
    let archive = Arc::new(Mutex::new(bundle("1.0.0", "")));
    let served = archive.clone();
    let far = Far::start(move |seen: &Seen, out: &mut Out| match seen.path.as_str() {
        "/notes.mcpb" => {
            let bytes = served.lock().unwrap();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
            out.raw(&[head.as_bytes(), &bytes].concat());
        }
        _ => out.whole("404 Not Found", &[], ""),
    });
    let at = format!("http://{}", far.address);
    added(&sandbox, &at, &["notes", &format!("{at}/notes.mcpb")]);
    let home = sandbox.path("data/callmux/bundles/notes");
    let unpacked = || std::fs::read_dir(&home).unwrap().count();
    assert_eq!(update(&sandbox, &at, &["--check"]).0, Some(0));
    for (version, left) in [("1.1.0", 2), ("1.2.0", 2)] {
        *archive.lock().unwrap() = bundle(version, "");
        let (code, stdout, stderr) = update(&sandbox, &at, &["--check"]);
        assert_eq!(code, Some(100), "{stdout}{stderr}");
        assert!(unpacked() < 3, "nothing is left of a look");
        let (code, stdout, stderr) = update(&sandbox, &at, &["--yes"]);
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        assert_eq!(unpacked(), left, "the one before stays");
        let text =
            std::fs::read_to_string(sandbox.path("config/callmux/conf.d/notes.toml")).unwrap();
        assert_eq!(text.matches(&format!("/v{version}-")).count(), 2, "{text}");
        assert!(text.contains(&format!("# From bundle: acme-notes {version}, SHA-256 ")), "{text}");
    }
    // What is started otherwise was never agreed to.
    *archive.lock().unwrap() = bundle("2.0.0", "x");
    let (code, _, stderr) = update(&sandbox, &at, &["--yes"]);
    assert!(code == Some(1) && stderr.contains("add it anew with --force"), "{stderr}");
}
