//! `callmux server add` of what registries describe: documents, names, packages.

mod offline;
mod updates;

use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::canary::CANARY;
use crate::support::far::{Far, Out, Seen};
use crate::support::{Sandbox, callmux};

type Ran = (Option<i32>, String, String);

/// What runs packages; each is a server of ours that takes any arguments.
const RUNNERS: [&str; 5] = ["npx", "uvx", "docker", "dnx", "node"];

/// Puts runners where the `PATH` of [`add`] looks.
fn runners(sandbox: &Sandbox) {
    for name in RUNNERS {
        let path = format!("bin/{name}");
        sandbox.write(&path, &format!("#!/bin/sh\nexec {} example-server notes\n", callmux()));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(sandbox.path(&path), mode).unwrap();
    }
}

fn add_with(sandbox: &Sandbox, env: &[(&str, &str)], args: &[&str]) -> Ran {
    let mut command = sandbox.command();
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    command.env("PATH", &path).args(["server", "add"]).args(args);
    for (name, value) in env {
        command.env(name, value);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn add(sandbox: &Sandbox, args: &[&str]) -> Ran {
    add_with(sandbox, &[], args)
}

fn data(name: &str) -> String {
    format!("{}/tests/data/server-json/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

/// What runs the package of most documents.
const NOTES: &str = "args = [\"-y\", \"--prefer-offline\", \"@acme/notes-mcp@1.4.0\"]";

/// A document, what is said beside it, and what is then in the file.
type Expected<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

fn all_added(sandbox: &Sandbox, table: &[Expected<'_>]) {
    for (name, args, expected) in table {
        let path = data(name);
        let args = [&[path.as_str(), "--dry-run"][..], args].concat();
        let (code, stdout, stderr) = add(sandbox, &args);
        assert_eq!(code, Some(0), "{name}: {stderr}");
        for words in *expected {
            assert!(stdout.contains(words), "{name}: {words}\n{stdout}{stderr}");
        }
        assert!(!stdout.contains("canary7"), "{name}: {stdout}");
    }
    assert!(!sandbox.path("config/callmux/conf.d").exists(), "nothing was written");
}

#[test]
fn documents_of_every_date_are_added() {
    let sandbox = Sandbox::new();
    runners(&sandbox);
    let notes = NOTES;
    let root = sandbox.path("").display().to_string();
    let at_root = format!("root={root}");
    let table: &[Expected<'_>] = &[
        ("2025-07-09/plain", &[], &["[servers.plain]\ncommand = \"", "/npx\"\n", notes]),
        ("2025-09-16/plain", &[], &[notes]),
        ("2025-12-11/plain", &[], &[notes, "# From npm: @acme/notes-mcp 1.4.0."]),
        ("2025-12-11/answered", &[], &[notes]),
        ("draft/plain", &[], &[notes]),
        ("2025-07-09/python", &[], &["/uvx\"\n", "args = [\"weather-mcp@0.5.0\"]"]),
        ("2025-09-29/plain", &[], &["args = [\"--python\", \"3.12\", \"weather-mcp@0.5.0\"]"]),
        (
            "2025-07-09/secret",
            &["--set", "ACME_API_KEY=canary7"],
            &["ACME_API_KEY = \"${file:secrets/secret-ACME_API_KEY}\"", "ACME_REGION = \"eu\""],
        ),
        ("2025-07-09/secret", &["-e", "ACME_API_KEY=${cmd:pass acme}"], &["\"${cmd:pass acme}\""]),
        ("2025-07-09/arguments", &["--set", &at_root], &[&root, "\"--depth\", \"3\"]"]),
        (
            "2025-07-09/remote",
            &[],
            &["url = \"https://mcp.acme.example/mcp\"\ntransport = \"streamable-http\""],
        ),
        ("2025-07-09/old-transport", &[], &["transport = \"sse\""]),
    ];
    all_added(&sandbox, table);
}

#[test]
fn documents_are_added_as_their_questions_are_answered() {
    let sandbox = Sandbox::new();
    runners(&sandbox);
    let notes = NOTES;
    let root = sandbox.path("").display().to_string();
    let image = format!("docker.io/acme/files-mcp@sha256:{}", "ab".repeat(32));
    let mounted = format!(
        "args = [\"run\", \"-i\", \"--rm\", \"--mount\", \"type=bind,src={root},dst=/data\", \"-e\", \"ACME_TOKEN\", \"{image}\"]"
    );
    let source = format!("source={root}");
    let table: &[Expected<'_>] = &[
        ("2025-09-16/choices", &["--set", "LEVEL=low"], &["LEVEL = \"low\""]),
        (
            "2025-09-16/runtime",
            &["--set", &source, "--set", "token=canary7"],
            &[&mounted, "ACME_TOKEN = \"${file:secrets/runtime-token}\""],
        ),
        ("2025-09-16/both", &[], &[notes]),
        ("2025-09-16/both", &["--transport", "http"], &["url = \"https://mcp.acme.example/mcp\""]),
        ("2025-09-16/both", &["--transport", "sse"], &["url = \"https://mcp.acme.example/sse\""]),
        (
            "2025-09-29/headers",
            &["--set", "token=canary7"],
            &["headers = { Authorization = \"Bearer ${file:secrets/headers-token}\" }"],
        ),
        (
            "2025-09-29/flags",
            &[],
            &[
                "args = [\"-y\", \"--prefer-offline\", \"@acme/notes-mcp@1.4.0\", \"--stdio\", \"serve\"]",
            ],
        ),
        (
            "2025-09-29/flags",
            &["--set", "verbose=true", "--set", "token=canary7"],
            &[
                "\"--verbose\", \"--token\", \"${file:secrets/flags-token}\", \"serve\"]",
                "secret_args = true",
            ],
        ),
        ("2025-09-29/fallback", &[], &[notes]),
        ("2025-09-29/nuget", &[], &["args = [\"Acme.Mcp@2.1.0\", \"--yes\", \"--\", \"start\"]"]),
        (
            "2025-12-11/tenant",
            &["--set", "tenant=blue"],
            &["url = \"https://blue.acme.example/mcp\""],
        ),
        ("2025-12-11/number", &["--set", "PORT=81"], &["PORT = \"81\"", "DEBUG = \"false\""]),
        // What others write is no reference.
        ("2025-12-11/reference", &[], &["GREETING = \"$${cmd:touch /tmp/evil}\""]),
    ];
    all_added(&sandbox, table);
}

#[test]
fn documents_are_refused_with_what_to_do() {
    let sandbox = Sandbox::new();
    runners(&sandbox);
    let table: &[(&str, &[&str], &str)] = &[
        ("2025-07-09/deleted", &[], "was taken out of the registry"),
        (
            "2025-07-09/secret",
            &[],
            "it needs ACME_API_KEY (A key of your account); give it with --set ACME_API_KEY=VALUE",
        ),
        ("2025-07-09/arguments", &[], "--set root=VALUE"),
        ("2025-09-16/choices", &[], "one of low, high; give it with --set LEVEL=VALUE"),
        ("2025-09-16/choices", &["--set", "LEVEL=mid"], "LEVEL has to be one of low, high"),
        ("2025-09-16/privileged", &[], "`--privileged`"),
        ("2025-09-16/socket", &[], "docker.sock"),
        ("2025-09-16/listens", &[], "start it, and add that address"),
        ("2025-09-29/cargo", &[], "install it, and add its command"),
        ("2025-09-29/inject", &[], "is no package"),
        ("2025-09-29/other-package", &[], "`--package`"),
        ("2025-12-11/preload", &[], "LD_PRELOAD"),
        ("2025-12-11/plain-http", &[], "is not https"),
        ("2025-12-11/empty", &[], "neither a package nor an address"),
        ("2025-12-11/number", &["--set", "PORT=x"], "PORT has to be a number"),
        ("2025-12-11/tenant", &["--transport", "stdio"], "nothing of that --transport"),
    ];
    for (name, args, expected) in table {
        let path = data(name);
        let args = [&[path.as_str(), "--dry-run"][..], args].concat();
        let (code, _, stderr) = add(&sandbox, &args);
        assert_eq!(code, Some(1), "{name}: {stderr}");
        assert!(stderr.contains(expected), "{name}: {stderr}");
    }
    // Where nothing runs it.
    let mut command = sandbox.command();
    command.env("PATH", "/none").args(["server", "add", &data("2025-12-11/plain")]);
    let Output { status, stderr, .. } = command.output().unwrap();
    let (code, stderr) = (status.code(), String::from_utf8(stderr).unwrap());
    assert_eq!(code, Some(1));
    assert!(stderr.contains("there is no npx here: install it"), "{stderr}");
}

/// Every registry at once: of MCP servers, npm, PyPI, images.
fn registries() -> Far {
    let listed: Value =
        serde_json::from_str(&std::fs::read_to_string(data("2025-12-11/plain")).unwrap()).unwrap();
    let listed = json!({ "server": listed });
    let manifest = Arc::new("{\"schemaVersion\":2}".to_owned());
    Far::start(move |seen: &Seen, out: &mut Out| match seen.path.as_str() {
        "/v0.1/servers/io.github.acme%2Fplain/versions/latest"
        | "/v0.1/servers/io.github.acme%2Fplain/versions/1.4.0"
        | "/files/server.json" => out.json(&listed.to_string()),
        "/@acme%2Fnotes-mcp/latest" => {
            out.json(
                &json!({ "version": "2.0.1", "dist": { "integrity": "sha512-abc" } }).to_string(),
            );
        }
        "/@acme%2Fevil/latest" => out.json(&json!({ "version": "1.0.0 --registry=x" }).to_string()),
        "/pypi/weather-mcp/json" => {
            out.json(&json!({ "info": { "version": "0.6.0" } }).to_string());
        }
        "/pypi/gone-mcp/json" => {
            out.json(&json!({ "info": { "version": "0.6.0", "yanked": true } }).to_string());
        }
        "/v2/acme/files/manifests/1.0" => match seen.header("authorization") {
            Some("Bearer pass") => out.whole("200 OK", &[], &manifest),
            _ => {
                let host = seen.header("host").unwrap_or_default();
                let challenge = format!(
                    "WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"s\",scope=\"repository:acme/files:pull\""
                );
                out.whole("401 Unauthorized", &[&challenge], "");
            }
        },
        "/token?scope=repository%3Aacme%2Ffiles%3Apull&service=s" => {
            out.json(&json!({ "token": "pass" }).to_string());
        }
        "/v2/acme/wrong/manifests/1" => {
            let digest = format!("Docker-Content-Digest: sha256:{}", "00".repeat(32));
            out.whole("200 OK", &[&digest], &manifest);
        }
        "/moved/server.json" => out.whole("302 Found", &["Location: /files/server.json"], ""),
        "/away/server.json" => {
            out.whole("302 Found", &["Location: http://a.example/server.json"], "");
        }
        "/broken/server.json" => out.json("{"),
        _ => out.whole("404 Not Found", &[], ""),
    })
}

#[test]
fn names_are_looked_up_and_pinned() {
    let sandbox = Sandbox::new();
    runners(&sandbox);
    let far = registries();
    let at = format!("http://{}", far.address);
    let env = [("CALLMUX_REGISTRY", &*at), ("npm_config_registry", &*at), ("CALLMUX_PYPI", &*at)];
    let image = format!("oci:{}/acme/files:1.0", far.address);
    let (served, moved) = (format!("{at}/files/server.json"), format!("{at}/moved/server.json"));
    let table = [
        (
            "io.github.acme/plain",
            "args = [\"-y\", \"--prefer-offline\", \"@acme/notes-mcp@1.4.0\"]",
        ),
        (
            "io.github.acme/plain@1.4.0",
            "args = [\"-y\", \"--prefer-offline\", \"@acme/notes-mcp@1.4.0\"]",
        ),
        (&*served, "args = [\"-y\", \"--prefer-offline\", \"@acme/notes-mcp@1.4.0\"]"),
        (&*moved, "args = [\"-y\", \"--prefer-offline\", \"@acme/notes-mcp@1.4.0\"]"),
        (
            "npm:@acme/notes-mcp",
            "# From npm: @acme/notes-mcp 2.0.1 (sha512-abc).\n[servers.notes]\n",
        ),
        ("npm:@acme/notes-mcp", "args = [\"-y\", \"--prefer-offline\", \"@acme/notes-mcp@2.0.1\"]"),
        (
            "npm:@acme/notes-mcp@1.0.0",
            "args = [\"-y\", \"--prefer-offline\", \"@acme/notes-mcp@1.0.0\"]",
        ),
        ("pypi:weather-mcp", "args = [\"weather-mcp@0.6.0\"]"),
        ("pypi:weather-mcp@0.4.2", "args = [\"weather-mcp@0.4.2\"]"),
        (&*image, "/acme/files@sha256:"),
    ];
    for (what, expected) in table {
        let (code, stdout, stderr) = add_with(&sandbox, &env, &[what, "--dry-run"]);
        assert_eq!(code, Some(0), "{what}: {stderr}");
        assert!(stdout.contains(expected), "{what}: {stdout}");
    }
    let (wrong, away, broken) = (
        format!("oci:{}/acme/wrong:1", far.address),
        format!("{at}/away/server.json"),
        format!("{at}/broken/server.json"),
    );
    let none = format!("oci:{}/acme/none:1", far.address);
    for (what, expected, words) in [
        ("io.github.acme/none", 1, "the registry has no server io.github.acme/none"),
        ("npm:none-such", 1, "there is no package `none-such`"),
        ("npm:@acme/evil", 1, "names no version"),
        ("pypi:gone-mcp", 1, "was withdrawn"),
        (&*wrong, 69, "what came is not what its digest says"),
        (&*none, 1, "oci:IMAGE@sha256:"),
        (&*away, 69, "only fetched over https"),
        (&*broken, 69, "it is no JSON"),
        ("http://a.example/server.json", 69, "only fetched over https"),
    ] {
        let (code, _, stderr) = add_with(&sandbox, &env, &[what, "--dry-run"]);
        assert_eq!(code, Some(expected), "{what}: {stderr}");
        assert!(stderr.contains(words), "{what}: {stderr}");
    }
    // It is added, and started once; the next start asks nobody.
    let (code, stdout, stderr) = add_with(&sandbox, &env, &["npm:@acme/notes-mcp"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("added notes: ") && stdout.contains("ready: "), "{stdout}");
    drop(far);
    let (code, _, stderr) = add_with(&sandbox, &env, &["npm:other-mcp"]);
    assert_eq!(code, Some(69), "{stderr}");
}

/// A bundle whose program is a server of ours.
fn bundle() -> Vec<u8> {
    let manifest = json!({
        "manifest_version": "0.3", "name": "acme-notes", "version": "1.0.0",
        "server": { "type": "binary", "entry_point": "server/run", "mcp_config": {
            "command": "${__dirname}/server/run", "args": [],
            "env": { "ACME_KEY": "${user_config.key}" },
        } },
        "user_config": { "key": { "type": "string", "title": "Key", "sensitive": true, "required": true } },
    });
    let run = format!(
        "#!/bin/sh\n[ \"$ACME_KEY\" = {CANARY} ] && exec {} example-server notes\n",
        callmux()
    );
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in [("manifest.json", manifest.to_string()), ("server/run", run)] {
        zip.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_bundle_runs_and_goes_without_a_trace() {
    let sandbox = Sandbox::new();
    let bytes = bundle();
    let served = bytes.clone();
    let far = Far::start(move |seen: &Seen, out: &mut Out| match seen.path.as_str() {
        "/acme.mcpb" => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", served.len());
            out.raw(&[head.as_bytes(), &served].concat());
        }
        _ => out.whole("404 Not Found", &[], ""),
    });
    let url = format!("http://{}/acme.mcpb", far.address);
    let data = sandbox.path("data");
    let env = [("XDG_DATA_HOME", data.to_str().unwrap())];
    let (code, _, stderr) = add_with(&sandbox, &env, &[&url]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("it needs key (Key, string); give it with --set key=VALUE"),
        "{stderr}"
    );
    let key = format!("key={CANARY}");
    let (code, stdout, stderr) = add_with(&sandbox, &env, &[&url, "--set", &key, "--dry-run"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stdout.contains(CANARY), "{stdout}");
    let unpacked = data.join("callmux/bundles");
    assert_eq!(std::fs::read_dir(&unpacked).unwrap().count(), 0, "nothing is left of a look");
    let (code, stdout, stderr) = add_with(&sandbox, &env, &[&url, "--set", &key]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("added acme-notes: ") && stdout.contains("ready: "), "{stdout}");
    assert!(unpacked.join("acme-notes").is_dir());
    let mut remove = sandbox.command();
    remove.env("XDG_DATA_HOME", &data).args(["server", "remove", "acme-notes"]);
    let Output { status, stderr, .. } = remove.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(status.success() && stderr.contains("secrets/acme-notes-key"), "{stderr}");
    assert!(!unpacked.join("acme-notes").exists());
}

/// What is pasted without quotes, what comes on stdin, and several in one.
#[test]
fn what_is_pasted_is_added() {
    let sandbox = Sandbox::new();
    runners(&sandbox);
    let line = [
        "claude",
        "mcp",
        "add",
        "-s",
        "user",
        "-e",
        "A=b",
        "notes",
        "--",
        "npx",
        "-y",
        "notes-mcp",
    ];
    let (code, stdout, stderr) = add(&sandbox, &[]);
    assert_eq!((code, stdout.as_str()), (Some(64), ""), "{stderr}");
    let before = [&["--dry-run"][..], &line].concat();
    let (code, stdout, stderr) = add(&sandbox, &before);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("[servers.notes]") && stdout.contains("A = \"b\""), "{stdout}");
    let far = [
        "claude",
        "mcp",
        "add",
        "--transport",
        "http",
        "far",
        "https://far.example/mcp",
        "--dry-run",
    ];
    let (code, stdout, stderr) = add(&sandbox, &far);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("[servers.far]\nurl = \"https://far.example/mcp\""), "{stdout}");
    let (code, _, stderr) = add(&sandbox, &["one", "two", "three"]);
    assert_eq!(code, Some(64));
    assert!(stderr.contains("put quotes around a line"), "{stderr}");
    let text = r#"```json
{
  "inputs": [{"type": "promptString", "id": "key", "password": true}],
  "servers": {
    "one": {"command": "npx"},
    "two": {"command": "npx", "env": {"API_KEY": "${input:key}"}}
  }
}
```
"#;
    sandbox.write("readme.md", text);
    let mut command = sandbox.command();
    let path = format!("{}:/usr/bin:/bin", sandbox.path("bin").display());
    command.env("PATH", &path).args([
        "server",
        "add",
        "-",
        "--json",
        "--set",
        &format!("key={CANARY}"),
    ]);
    command.stdin(std::fs::File::open(sandbox.path("readme.md")).unwrap());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(0), "{stdout}{stderr}");
    let said: Value = serde_json::from_str(&stdout).unwrap();
    let names: Vec<&Value> = said.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, [&json!("one"), &json!("two")]);
    assert!(said[1]["state"]["ready"]["tools"].is_u64(), "{said}");
    let secret = sandbox.path("config/callmux/secrets/input-key");
    assert_eq!(std::fs::read_to_string(&secret).unwrap().trim_end(), CANARY);
    assert_eq!(secret.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}
