//! The management API of the npm callmux, as its clients ask it.

use serde_json::{Value, json};

use crate::support::{Daemon, Http, Lines, Sandbox, callmux, operators};

const MAIN: &str = "config/callmux/config.toml";
const CHANGED: &str = "config/callmux/conf.d/extra.toml";

fn config(more: &str) -> String {
    format!(
        "# mine\n[servers.counter]\ncommand = {:?}\nargs = [\"example-server\", \"counter\"]\n\
         env = {{ API_TOKEN = \"canary-hunter2\", PLACE = \"${{HOME}}/x\" }}\n{more}",
        callmux()
    )
}

fn started(sandbox: &Sandbox, more: &str) -> Daemon {
    sandbox.write(MAIN, &config(more));
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "counter");
    daemon
}

fn read(sandbox: &Sandbox, path: &str) -> String {
    std::fs::read_to_string(sandbox.path(path)).unwrap()
}

fn asked(daemon: &Daemon, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut http = Http::unix(daemon);
    let lines = ["Host: localhost".to_owned(), format!("Content-Length: {}", body.len())];
    http.send_raw(&format!("{method} /management/v1{path} HTTP/1.1"), &lines, body.as_bytes());
    let reply = http.read();
    assert_eq!(reply.header("content-type"), Some("application/json"), "{method} {path}");
    assert!(!reply.body.contains("canary-hunter2"), "{method} {path}: {}", reply.body);
    (reply.status, serde_json::from_str(&reply.body).unwrap())
}

fn got(daemon: &Daemon, path: &str) -> Value {
    let (status, body) = asked(daemon, "GET", path, &Value::Null);
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// A server of this name in an answer.
fn server(body: &Value, name: &str) -> Value {
    let found = body["servers"].as_array().unwrap().iter().find(|server| server["name"] == name);
    found.cloned().unwrap_or_default()
}

fn notes() -> Value {
    json!({ "command": callmux(), "args": ["example-server", "notes"], "callTimeoutMs": 90000 })
}

#[test]
fn a_server_is_added_changed_restarted_and_taken_away() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox, "");
    let before = read(&sandbox, MAIN);
    let dry = json!({ "name": "extra", "config": notes(), "dryRun": true });
    let (status, body) = asked(&daemon, "POST", "/servers", &dry);
    assert_eq!(
        (status, &body["dryRun"], &body["action"]),
        (200, &json!(true), &json!("add_server"))
    );
    assert_eq!(body["plan"]["plan"]["added"], json!(["extra"]), "{body}");
    assert!(!sandbox.path(CHANGED).exists());
    let wanted = json!({ "name": "extra", "config": notes() });
    let (status, body) = asked(&daemon, "POST", "/servers", &wanted);
    assert_eq!((status, &body["action"], &body["server"]), (201, &json!("added"), &json!("extra")));
    assert_eq!(body["notes"][0]["key"], "callTimeoutMs", "{body}");
    daemon.wait_for("server_ready", |fact| fact["server"] == "extra");
    let written = read(&sandbox, CHANGED);
    assert!(
        written.contains("call_timeout = \"90s\"") || written.contains("call_timeout = \"1m"),
        "{written}"
    );
    let (status, body) = asked(&daemon, "POST", "/servers", &wanted);
    assert_eq!((status, &body["code"]), (409, &json!("conflict")), "{body}");

    let extra = server(&got(&daemon, "/servers"), "extra");
    assert_eq!((&extra["managed"], &extra["config"]["command"]), (&json!(true), &json!(callmux())));
    assert!(extra["tools"].as_array().unwrap().iter().any(|tool| tool == "extra__add"), "{extra}");
    assert_eq!(extra["runtime"]["name"], "extra");
    let (_, body) = asked(&daemon, "PATCH", "/servers/extra", &json!({ "tools": ["add", "list"] }));
    assert_eq!(body["action"], "updated", "{body}");
    asked(&daemon, "PATCH", "/servers/extra", &json!({ "removeTools": ["add"] }));
    let extra = server(&got(&daemon, ""), "extra");
    assert_eq!(extra["config"]["tools"], json!(["list"]), "{extra}");
    let (status, _) =
        asked(&daemon, "PATCH", "/servers/extra", &json!({ "removeTools": ["list"] }));
    assert_eq!(status, 400, "none would be left");
    let (status, body) = asked(&daemon, "POST", "/servers/extra/restart", &Value::Null);
    assert_eq!((status, &body["action"]), (200, &json!("restarted")), "{body}");
    asked(&daemon, "PATCH", "/servers/extra", &json!({ "disabled": true }));
    assert_eq!(server(&got(&daemon, "/servers"), "extra")["config"]["disabled"], true);
    let (status, body) = asked(&daemon, "POST", "/servers/extra/restart", &Value::Null);
    assert_eq!((status, &body["code"]), (409, &json!("conflict")), "{body}");

    let (_, body) = asked(&daemon, "DELETE", "/servers/extra?dryRun=true", &Value::Null);
    assert_eq!((&body["dryRun"], &body["action"]), (&json!(true), &json!("delete_server")));
    assert!(sandbox.path(CHANGED).exists());
    let (status, _) = asked(&daemon, "DELETE", "/servers/extra?dryrun=true", &Value::Null);
    assert_eq!(status, 400, "a query that is not known");
    assert!(sandbox.path(CHANGED).exists());
    let (status, body) = asked(&daemon, "DELETE", "/servers/extra", &Value::Null);
    assert_eq!((status, &body["action"]), (200, &json!("deleted")), "{body}");
    assert_eq!(server(&got(&daemon, "/servers"), "extra"), Value::Null);
    assert_eq!(read(&sandbox, MAIN), before);
}

#[test]
fn a_servers_own_file_stays_and_what_is_hidden_comes_back() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox, "call_timeout = \"5m\"\n");
    let before = read(&sandbox, MAIN);
    let counter = server(&got(&daemon, "/servers"), "counter");
    assert_eq!(
        (&counter["managed"], &counter["config"]["env"]["API_TOKEN"]),
        (&json!(false), &json!("(hidden)"))
    );
    // What was told is what can be sent: it changes nothing.
    let (status, body) =
        asked(&daemon, "PATCH", "/servers/counter", &json!({ "config": counter["config"] }));
    assert_eq!(status, 200, "{body}");
    assert_eq!(server(&got(&daemon, "/servers"), "counter"), counter);
    let mut other = counter["config"].clone();
    other["callTimeoutMs"] = 1000.into();
    other.as_object_mut().unwrap().remove("call_timeout");
    let (status, body) = asked(&daemon, "PATCH", "/servers/counter", &json!({ "config": other }));
    assert_eq!(status, 200, "{body}");
    let status = got(&daemon, "/status");
    assert_eq!(status["management"]["overlayServers"], json!(["counter"]));
    assert_eq!(status["management"]["persistent"], true);
    assert_eq!(server(&status, "counter")["config"]["call_timeout"], "1s", "{status}");
    assert_eq!(
        got(&daemon, "/config/effective")["servers"]["counter"]["env"]["PLACE"],
        "${HOME}/x"
    );
    assert_eq!(read(&sandbox, MAIN), before);
    let mut client = Lines::bridge(&sandbox);
    assert_eq!(client.call("counter__increment", &json!({}))["result"]["isError"], false);
}

#[test]
fn what_is_wrong_is_told_as_there_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox, "");
    let before = read(&sandbox, MAIN);
    let cases = [
        ("GET", "/nothing", Value::Null, 404),
        ("PUT", "/servers", Value::Null, 405),
        ("POST", "/servers", json!({ "name": "x" }), 400),
        ("POST", "/servers", json!({ "name": "x", "config": notes(), "dry_run": true }), 400),
        ("POST", "/servers", json!({ "name": "a b", "config": notes() }), 400),
        ("POST", "/servers", json!({ "name": "x", "config": {} }), 400),
        (
            "POST",
            "/servers",
            json!({ "name": "x", "config": { "command": "x", "url": "http://x" } }),
            400,
        ),
        (
            "POST",
            "/servers",
            json!({ "name": "x", "config": { "command": "x", "callTimeoutMs": "abc" } }),
            400,
        ),
        (
            "POST",
            "/servers",
            json!({ "name": "x", "config": { "command": "x", "env": ["A"] } }),
            400,
        ),
        (
            "POST",
            "/servers",
            json!({ "name": "x", "config": { "command": "x", "cwd": "here" } }),
            400,
        ),
        (
            "POST",
            "/servers",
            json!({ "name": "x", "config": { "command": "x", "envRefs": { "A": "file:here" } } }),
            400,
        ),
        ("PATCH", "/servers/none", json!({ "disabled": true }), 404),
        ("PATCH", "/servers/counter", json!({ "removeTools": ["x"] }), 400),
        ("PATCH", "/servers/counter", json!({ "disabled": "yes" }), 400),
        ("DELETE", "/servers/none", Value::Null, 404),
        ("POST", "/servers/none/restart", Value::Null, 404),
        ("POST", "/cache/clear", json!({ "server": "none" }), 404),
        ("POST", "/cache/clear", json!({ "tool": "none" }), 404),
    ];
    for (method, path, body, wanted) in cases {
        let (status, answer) = asked(&daemon, method, path, &body);
        assert_eq!(status, wanted, "{method} {path} {body}: {answer}");
        let told = |key: &str| answer[key].as_str().is_some_and(|text| !text.is_empty());
        assert!(told("error") && told("code"), "{method} {path}: {answer}");
        assert!(told("fix"), "{method} {path}: {answer}");
    }
    assert_eq!(read(&sandbox, MAIN), before);
    assert!(!sandbox.path("config/callmux/conf.d").exists());
}

#[test]
fn cached_results_are_forgotten_for_everybody() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox, "cache_ttl = \"1h\"\ncache_tools = [\"value\"]\n");
    let mut client = Lines::bridge(&sandbox);
    let clear = |body: Value| {
        let (status, body) = asked(&daemon, "POST", "/cache/clear", &body);
        assert_eq!((status, &body["action"]), (200, &json!("cache_cleared")), "{body}");
        body["cache"]["cleared"].clone()
    };
    for body in [
        json!({ "tool": "value", "server": "counter" }),
        json!({ "tool": "counter__value" }),
        json!({ "server": "counter" }),
        Value::Null,
    ] {
        client.call("counter__value", &json!({}));
        assert_eq!(clear(json!({ "tool": "increment" })), 0);
        assert_eq!((clear(body.clone()), clear(body)), (json!(1), json!(0)));
    }
}

#[test]
fn a_token_looks_or_changes_as_its_rule_says_by_either_header() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox, "");
    let token = |name| operators::token(&sandbox, &daemon, name);
    let (reader, manager) = (token("reader"), token("manager"));
    operators::govern(&sandbox, &daemon, "");
    let own = "x-callmux-management-token";
    let ask = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let path = format!("/management/v1{path}");
        [Http::unix(&daemon), Http::tcp(&daemon)]
            .map(|mut http| http.bare(method, &path, headers).status)
    };
    let restart = "/servers/counter/restart";
    for (token, change) in [(&reader, 403), (&manager, 200)] {
        let bearer = format!("Bearer {token}");
        for header in [("Authorization", bearer.as_str()), (own, token.as_str())] {
            assert_eq!(ask("GET", "/status", &[header]), [200; 2]);
            assert_eq!(ask("POST", restart, &[header]), [change; 2]);
        }
    }
    let (looks, changes) = (format!("Bearer {reader}"), (own, manager.as_str()));
    assert_eq!(ask("POST", restart, &[("Authorization", &looks), changes]), [200; 2]);
    assert_eq!(ask("GET", "/status", &[(own, "cmx_none")]), [401; 2]);
    assert_eq!(ask("GET", "/status", &[changes, changes]), [401; 2]);
    // It is no header anywhere else, and without a token there is nothing over TCP.
    let elsewhere = Http::tcp(&daemon).bare("GET", "/api/v1/status", &[changes]).status;
    assert_eq!((elsewhere, ask("GET", "/status", &[])), (404, [200, 404]));
    daemon.wait_for("call_finished", |fact| {
        fact["endpoint"] == "/api/v1/servers/counter/restart" && fact["outcome"] == "denied"
    });
}
