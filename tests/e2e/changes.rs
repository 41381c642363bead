//! The config changed through the management API, beside somebody who edits it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::{Daemon, Http, Lines, Sandbox, callmux, is_alive, overwrite, until};

const MAIN: &str = "config/callmux/config.toml";
const COUNTER: &str = "/api/v1/config/servers/counter";

/// A config that a person wrote, with something in it that is a secret.
fn theirs() -> String {
    format!(
        "# All of it is mine.\n\n[servers.counter]   # by hand\ncommand = {:?}\n\
         args = [\"example-server\", \"counter\"]\nenv = {{ API_TOKEN = \"canary-hunter2\", LEVEL = \"1\" }}\n\
         call_timeout = \"5m\"  # slow\n",
        callmux()
    )
}

fn started(sandbox: &Sandbox) -> Daemon {
    sandbox.write(MAIN, &theirs());
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |_| true);
    daemon
}

struct Answer {
    status: u16,
    etag: Option<String>,
    body: Value,
}

fn sent(daemon: &Daemon, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut http = Http::unix(daemon);
    let mut lines = vec!["Host: localhost".to_owned(), format!("Content-Length: {}", body.len())];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    http.send_raw(&format!("{method} {path} HTTP/1.1"), &lines, body.as_bytes());
    let reply = http.read();
    http.heard.said(format!("{method} {path}"), &*reply.body);
    reply
}

fn asked(
    daemon: &Daemon,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let reply = sent(daemon, method, path, headers, &text);
    let etag = reply.header("etag").map(str::to_owned);
    let body = serde_json::from_str(&reply.body).unwrap_or_default();
    Answer { status: reply.status, etag, body }
}

fn got(daemon: &Daemon, path: &str) -> Answer {
    asked(daemon, "GET", path, &[], &Value::Null)
}

/// Changes it as it is now.
fn patched(daemon: &Daemon, path: &str, body: &Value) -> Answer {
    let etag = got(daemon, path).etag.unwrap();
    asked(daemon, "PATCH", path, &[("If-Match", &etag)], body)
}

/// The same where it may not be there for a moment.
fn try_patched(daemon: &Daemon, path: &str, body: &Value) -> u16 {
    let found = got(daemon, path);
    let Some(etag) = found.etag else { return found.status };
    asked(daemon, "PATCH", path, &[("If-Match", &etag)], body).status
}

fn undo(sandbox: &Sandbox) -> bool {
    let done = sandbox.command().args(["config", "undo", "--json"]).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.success(), said.contains("\"done\":true"), "{said}");
    done.status.success()
}

#[test]
fn a_server_is_added_changed_and_taken_away() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    let keys = json!({ "command": callmux(), "args": ["example-server", "notes"] });
    let path = "/api/v1/config/servers/notes";
    let refused = asked(&daemon, "PUT", path, &[], &keys);
    assert_eq!((refused.status, &refused.body["code"]), (428, &json!("precondition_required")));
    let made = asked(&daemon, "PUT", path, &[("If-None-Match", "*")], &keys);
    assert_eq!(
        (made.status, &made.body["plan"]["added"]),
        (200, &json!(["notes"])),
        "{}",
        made.body
    );
    let text = std::fs::read_to_string(sandbox.path("config/callmux/conf.d/notes.toml")).unwrap();
    assert!(text.starts_with("# Written by callmux"), "{text}");
    assert_eq!(got(&daemon, path).body, keys);
    until("its tools", || {
        let answer = client.call("notes__list", &json!({}));
        answer["result"]["content"].is_array().then_some(())
    });
    let again = asked(&daemon, "PUT", path, &[("If-None-Match", "*")], &keys);
    assert_eq!((again.status, &again.body["code"]), (412, &json!("stale")));
    assert_eq!((&again.body["current"], &again.etag), (&keys, &made.etag));
    let pid = daemon.server_pid("notes");
    let gone = asked(&daemon, "DELETE", path, &[("If-Match", &made.etag.unwrap())], &Value::Null);
    assert_eq!((gone.status, &gone.body["plan"]["removed"]), (200, &json!(["notes"])));
    assert!(!sandbox.path("config/callmux/conf.d/notes.toml").exists());
    until("its end", || (!is_alive(pid)).then_some(()));
    assert_eq!(got(&daemon, path).status, 404);
    let changes = daemon.wait_for("config_changed", |fact| {
        fact["change"].as_str().is_some_and(|change| change.starts_with("DELETE"))
    });
    assert!(changes["principal"].as_str().unwrap().starts_with("user"), "{changes}");
    // Somebody who takes both back has what there was.
    assert!(undo(&sandbox) && undo(&sandbox) && !undo(&sandbox));
    assert_eq!(std::fs::read_to_string(sandbox.path(MAIN)).unwrap(), theirs());
}

#[test]
fn a_persons_config_is_byte_for_byte_theirs_after_fifty_changes_and_back() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox);
    for n in 0..50 {
        let body = match n % 4 {
            0 => json!({ "env": { "LEVEL": n.to_string() } }),
            1 => json!({ "call_timeout": null, "lazy": false }),
            2 => json!({ "call_timeout": format!("{n}m"), "env": { "MORE": "x" } }),
            _ => json!({ "env": { "MORE": null }, "description": format!("the {n}th") }),
        };
        let done = patched(&daemon, COUNTER, &body);
        assert_eq!(done.status, 200, "{n}: {}", done.body);
        assert_eq!(std::fs::read_to_string(sandbox.path(MAIN)).unwrap(), theirs(), "{n}");
    }
    let versions = got(&daemon, "/api/v1/versions").body;
    assert_eq!(versions.as_array().unwrap().len(), 20);
    let shown = sandbox.command().args(["config", "show"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let line = shown.lines().find(|line| line.starts_with("description =")).unwrap();
    assert!(line.contains("patch.d/servers.counter.toml:"), "{line}");
    let mut taken_back = 0;
    while undo(&sandbox) {
        taken_back += 1;
        assert_eq!(std::fs::read_to_string(sandbox.path(MAIN)).unwrap(), theirs());
    }
    assert_eq!(taken_back, 20);
    // What is left is taken away as a whole.
    std::fs::remove_file(sandbox.path("config/callmux/patch.d/servers.counter.toml")).unwrap();
    until("what they wrote, in force", || {
        let now = got(&daemon, COUNTER).body;
        (now["call_timeout"] == "5m" && now["env"]["LEVEL"] == "(hidden)").then_some(())
    });
}

#[test]
fn two_pages_and_an_editor_at_once_lose_nothing() {
    const EACH: usize = 12;
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox);
    let done = AtomicUsize::new(0);
    let page = |name: &str| {
        for n in 0..EACH {
            let body = json!({ "env": { (format!("{name}_{n}")): "x" } });
            done.fetch_add(1, Ordering::Relaxed);
            // A file that is being written is no config for a moment, or one without that server.
            until("a change that is made", || match try_patched(&daemon, COUNTER, &body) {
                200 => Some(()),
                404 | 409 | 412 | 422 => None,
                other => panic!("{other}"),
            });
        }
    };
    std::thread::scope(|scope| {
        let pages = ["A", "B"].map(|name| scope.spawn(move || page(name)));
        let mut edits = 0;
        let mut seen = 0;
        while !pages.iter().all(ScopedJoinHandle::is_finished) {
            // Nobody saves faster than anybody else can change anything.
            let now = done.load(Ordering::Relaxed);
            if now == seen {
                std::thread::yield_now();
                continue;
            }
            seen = now;
            edits += 1;
            overwrite(&sandbox.path(MAIN), &theirs().replace("5m", &format!("{edits}m")));
        }
        for page in pages {
            page.join().unwrap();
        }
        let written = std::fs::read_to_string(sandbox.path(MAIN)).unwrap();
        assert_eq!(
            written,
            theirs().replace("5m", &format!("{edits}m")),
            "the editor's is the editor's"
        );
        let now = got(&daemon, COUNTER).body;
        assert_eq!(now["call_timeout"], format!("{edits}m"));
        assert_eq!(now["env"].as_object().unwrap().len(), 2 + 2 * EACH, "{now}");
    });
}

#[test]
fn what_a_change_would_do_is_told_first_without_secrets() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox);
    let _client = Lines::bridge(&sandbox);
    let plan = |changes: Value| {
        let body = json!({ "changes": changes });
        asked(&daemon, "POST", "/api/v1/plan", &[], &body)
    };
    let new = json!({ "command": callmux(), "args": ["example-server", "notes"] });
    let told = plan(json!([
        { "kind": "servers", "name": "counter", "delete": true },
        { "kind": "servers", "name": "notes", "put": new },
    ]));
    assert_eq!(told.status, 200, "{}", told.body);
    let body = told.body;
    assert_eq!(body["plan"]["removed"], json!(["counter"]));
    assert_eq!(
        (&body["plan"]["added"], &body["tools_unknown"]),
        (&json!(["notes"]), &json!(["notes"]))
    );
    let lost = body["tools_lost"].as_array().unwrap();
    assert!(lost.contains(&json!("counter__increment")), "{body}");
    let tokens = &body["list_tokens"];
    assert!(tokens["after"].as_u64() < tokens["before"].as_u64(), "{tokens}");
    assert_eq!(body["files"].as_array().unwrap().len(), 2);
    // Nothing of it was done.
    assert!(!sandbox.path("config/callmux/patch.d").exists());
    let env = json!({ "env": { "API_TOKEN": "canary-new-secret" } });
    let told = plan(json!([{ "kind": "servers", "name": "counter", "patch": env }]));
    let text = told.body.to_string();
    assert!(text.contains("env") && !text.contains("canary"), "{text}");
    assert_eq!(told.body["plan"]["restarted"][0]["server"], "counter");
    for (changes, status) in [
        (json!([{ "kind": "servers", "name": "counter" }]), 400),
        (json!([{ "kind": "servers", "name": "counter", "delete": true, "put": {} }]), 400),
        (json!([{ "kind": "servers", "name": "none", "delete": true }]), 404),
        (json!([{ "kind": "secrets", "name": "none", "delete": true }]), 404),
        (json!([{ "kind": "servers", "name": "a.b", "delete": true }]), 422),
        (json!([{ "kind": "servers", "name": "x", "put": { "comand": "x" } }]), 422),
    ] {
        assert_eq!(plan(changes.clone()).status, status, "{changes}");
    }
}

#[test]
fn what_is_hidden_is_never_told_and_sent_back_stays() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox);
    let found = got(&daemon, COUNTER);
    assert_eq!(found.body["env"]["API_TOKEN"], "(hidden)");
    let etag = found.etag.unwrap();
    let mut keys = found.body;
    keys["call_timeout"] = "7m".into();
    let done = asked(&daemon, "PUT", COUNTER, &[("If-Match", &etag)], &keys);
    assert_eq!(
        (done.status, &done.body["plan"]["adjusted"][0]["server"]),
        (200, &json!("counter"))
    );
    assert_eq!(done.body["plan"]["restarted"], json!([]), "its environment is what it was");
    let patch =
        std::fs::read_to_string(sandbox.path("config/callmux/patch.d/servers.counter.toml"));
    assert!(!patch.unwrap().contains("canary"));
    keys["env"]["OTHER"] = "(hidden)".into();
    let etag = done.etag.unwrap();
    let refused = asked(&daemon, "PUT", COUNTER, &[("If-Match", &etag)], &keys);
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (422, &json!("bad_section")),
        "{}",
        refused.body
    );
    let long = json!({ "description": "x".repeat(1 << 20) });
    let refused = asked(&daemon, "PATCH", COUNTER, &[("If-Match", &etag)], &long);
    assert_eq!((refused.status, &refused.body["code"]), (413, &json!("too_large")));
    let refused = sent(&daemon, "PATCH", COUNTER, &[("If-Match", &etag)], "{");
    assert_eq!(refused.status, 400, "{}", refused.body);
}

#[test]
fn what_is_not_ours_to_write_is_left() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox);
    // A file of somebody's in the place where ours would be.
    sandbox
        .write("config/callmux/patch.d/servers.counter.toml", "[servers.counter]\nlazy = false\n");
    let refused = patched(&daemon, COUNTER, &json!({ "lazy": true }));
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (409, &json!("conflict")),
        "{}",
        refused.body
    );
    // A patch of what is gone changes nothing, and is told.
    sandbox.write("config/callmux/patch.d/other.toml", "[servers.gone]\nenabled = false\n");
    let check = sandbox.command().args(["config", "check"]).output().unwrap();
    let said = String::from_utf8(check.stderr).unwrap();
    assert!(check.status.success() && said.contains("patch.d/other.toml"), "{said}");
}
