//! The management API, asked by its own document.

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::{Daemon, Http, Lines, Sandbox, callmux, operators, until};

fn counter(sandbox: &Sandbox) -> Daemon {
    let daemon = Daemon::with(sandbox, &[("counter", &[callmux(), "example-server", "counter"])]);
    daemon.wait_for("server_ready", |_| true);
    daemon
}

fn get(daemon: &Daemon, path: &str) -> (u16, String, Value) {
    let reply = Http::unix(daemon).bare("GET", path, &[]);
    let kind = reply.header("content-type").unwrap_or_default().to_owned();
    (reply.status, kind, serde_json::from_str(&reply.body).unwrap_or_default())
}

fn head(daemon: &Daemon, path: &str, more: &[(&str, &str)]) -> u16 {
    let mut http = Http::unix(daemon);
    http.start_bare("HEAD", path, more);
    http.read_head().status
}

/// A path of the document with something that is there in its places.
fn filled(path: &str) -> Option<String> {
    let filled = path
        .replace("/servers/{name}", "/servers/counter")
        .replace("/tools/{name}", "/tools/counter__increment");
    (!filled.contains('{')).then_some(filled)
}

#[test]
fn every_endpoint_answers_as_the_document_says() {
    let sandbox = Sandbox::new();
    sandbox.write("config/callmux/conf.d/history.toml", "[history]\nenabled = true\n");
    let daemon = counter(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    client.call("counter__increment", &json!({}));
    let (status, _, document) = get(&daemon, "/api/v1/openapi.json");
    assert_eq!((status, &document["openapi"]), (200, &json!("3.1.0")));
    let mut answered = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let is_stream = path.ends_with("/events");
        let Some(asked) = filled(path).filter(|_| methods.get("get").is_some() && !is_stream)
        else {
            continue;
        };
        let asked = if path.ends_with("/arguments") || path.ends_with("/access/test") {
            format!("{asked}?tool=counter__increment")
        } else {
            asked
        };
        let (status, kind, body) = get(&daemon, &asked);
        assert_eq!((status, kind.as_str()), (200, "application/json"), "{asked}: {body}");
        let mut schema =
            methods["get"]["responses"]["200"]["content"]["application/json"]["schema"].clone();
        schema["components"] = document["components"].clone();
        let errors: Vec<String> = jsonschema::validator_for(&schema)
            .unwrap()
            .iter_errors(&body)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{asked}: {errors:?}: {body}");
        assert_eq!(head(&daemon, &asked, &[]), 200, "{asked}");
        answered += 1;
    }
    assert!(answered >= 17, "{answered}");
}

#[test]
fn what_goes_wrong_is_a_problem_with_a_code_and_a_remedy() {
    let sandbox = Sandbox::new();
    let daemon = counter(&sandbox);
    let cases = [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/v1/", 404, "not_found"),
        ("GET", "/api/v1/servers/counter/explode", 404, "not_found"),
        ("GET", "/api/v1/status?x=1", 400, "bad_query"),
        ("GET", "/api/v1/calls?since=never", 400, "bad_query"),
        ("POST", "/api/v1/reload?wait=maybe", 400, "bad_query"),
        ("GET", "/api/v1/servers/none", 404, "unknown_server"),
        ("GET", "/api/v1/servers/%1b%5b2J", 404, "unknown_server"),
        ("POST", "/api/v1/servers/none/restart", 404, "unknown_server"),
        ("GET", "/api/v1/tools/none", 404, "unknown_tool"),
        ("GET", "/api/v1/arguments?tool=none", 404, "unknown_tool"),
        ("GET", "/api/v1/arguments", 400, "bad_query"),
        ("GET", "/api/v1/access/test?tool=none", 404, "unknown_tool"),
        ("GET", "/api/v1/access/test", 400, "bad_query"),
        ("GET", "/api/v1/access/test?tool=counter__reset&principal=me", 400, "bad_query"),
        ("POST", "/api/v1/approvals/none/deny", 404, "unknown_approval"),
        ("POST", "/api/v1/servers/counter/login", 409, "conflict"),
        ("DELETE", "/api/v1/status", 405, "method_not_allowed"),
        ("POST", "/api/v1/servers/counter", 405, "method_not_allowed"),
    ];
    for (method, path, status, code) in cases {
        let reply = Http::unix(&daemon).bare(method, path, &[]);
        let problem = reply.json();
        assert_eq!((reply.status, &problem["code"]), (status, &json!(code)), "{method} {path}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(
            (&problem["status"], &problem["type"]),
            (&json!(status), &json!(format!("about:blank#{code}")))
        );
        assert!(!reply.body.contains('\u{1b}'), "{path}");
        assert_eq!(reply.header("allow").is_some(), status == 405, "{path}");
    }
    let reply = Http::unix(&daemon).bare("DELETE", "/api/v1/status", &[]);
    assert_eq!(reply.header("allow"), Some("GET, HEAD"));
    // A mistake in the config is told with its place, and changes nothing.
    sandbox.write("config/callmux/config.toml", "[servers.counter]\ncommand = 7\n");
    let problem = Http::unix(&daemon).bare("GET", "/api/v1/plan", &[]).json();
    assert_eq!(
        (&problem["code"], &problem["complaints"][0]["line"]),
        (&json!("config_invalid"), &json!(2))
    );
}

#[test]
fn what_cannot_be_read_is_a_problem_too() {
    let sandbox = Sandbox::new();
    let daemon = counter(&sandbox);
    let is_problem = |what: &str, reply: &Reply, status: u16, code: &str| {
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (status, &json!(code)),
            "{what}: {reply:?}"
        );
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{what}");
    };
    for (method, path) in [
        ("GET", "/api/v1/tools/%ff"),
        ("GET", "/api/v1/servers/%ff"),
        ("POST", "/api/v1/servers/%ff/start"),
        ("POST", "/api/v1/approvals/%ff/deny"),
    ] {
        let reply = Http::unix(&daemon).bare(method, path, &[]);
        is_problem(path, &reply, 404, "not_found");
    }
    let paste = "/api/v1/servers/counter/login/paste";
    let long = Http::unix(&daemon).post_to(paste, &"x".repeat((1 << 20) + 1), &[]);
    is_problem("a body that is too large", &long, 413, "too_large");
    let short = Http::unix(&daemon).post_to(paste, "x", &[]);
    is_problem("a body that is read", &short, 409, "conflict");
}

/// What is asked for with which headers, the status, and the code of the problem.
type Refusal<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);

/// Who is not let in is told in the form of what they asked for.
#[test]
fn the_door_refuses_operators_as_the_document_says() {
    let sandbox = Sandbox::new();
    let daemon = counter(&sandbox);
    let token = format!("Bearer cmx_x_{}", "1".repeat(40));
    let named = ("Authorization", token.as_str());
    let foreign = ("Origin", "http://evil.example");
    let cases: &[Refusal] = &[
        ("/api/v1/status", &[named], 401, "no_token"),
        ("/api/v1/status", &[("Authorization", "Bearer x"), named], 401, "no_token"),
        ("/api/v1/status", &[foreign, named], 403, "shut_out"),
        ("/api/v1/status?access_token=x", &[named], 400, "token_in_url"),
        ("/api/v1/nothing", &[named], 401, "no_token"),
    ];
    for (path, headers, status, code) in cases {
        let reply = Http::tcp(&daemon).bare("GET", path, headers);
        let problem = reply.json();
        assert_eq!((reply.status, &problem["code"]), (*status, &json!(code)), "{path}: {reply:?}");
        assert!(problem["fix"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        let challenge = reply.header("www-authenticate").unwrap_or_default();
        assert_eq!(challenge.starts_with("Bearer"), *status == 401, "{reply:?}");
    }
    // Whoever speaks MCP is told as MCP has it.
    let other = Http::tcp(&daemon).bare("GET", "/mcp", &[named]);
    assert_eq!((other.status, &other.json()["jsonrpc"]), (401, &json!("2.0")));
}

#[test]
fn a_server_that_fails_is_told_with_what_mends_it() {
    let sandbox = Sandbox::new();
    let broken = "[servers.broken]\ncommand = \"no-such-command\"\n";
    sandbox.write("config/callmux/config.toml", broken);
    let daemon = Daemon::start(&sandbox);
    let told = until("a server that waits", || {
        let (_, _, told) = get(&daemon, "/api/v1/servers/broken");
        (told["health"]["level"] == "bad").then_some(told)
    });
    let action = &told["health"]["action"];
    assert_eq!(
        action["command"],
        json!(format!("callmux {} broken", action["verb"].as_str().unwrap()))
    );
    assert!(told["health"]["detail"].as_str().unwrap().contains("no-such-command"), "{told}");
    let all = get(&daemon, "/api/v1/servers").2;
    assert_eq!(all[0]["health"]["action"], told["health"]["action"], "{all}");
}

#[test]
fn of_a_server_it_is_told_how_often_it_ran_what_it_has_in_memory_and_what_it_said() {
    let sandbox = Sandbox::new();
    let program = callmux();
    let script = format!("echo \"password=hush-hush-hush\" >&2; {program} example-server counter");
    let secret = "[servers.counter.env]\nTOKEN = \"hush-hush-hush\"\n";
    let keys = format!("command = \"sh\"\nargs = [\"-c\", '{script}']\n");
    sandbox.write("config/callmux/config.toml", &format!("[servers.counter]\n{keys}{secret}"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let runs = || get(&daemon, "/api/v1/servers/counter").2["runs"].clone();
    let told = until("its words", || {
        let told = runs();
        told["last_words"].as_array().is_some_and(|lines| !lines.is_empty()).then_some(told)
    });
    assert_eq!(told["count"], 1, "{told}");
    // The shell, which may have become the program that it runs.
    let processes = told["processes"].as_u64().unwrap();
    assert!((1..=2).contains(&processes), "{told}");
    assert!(told["memory_bytes"].as_u64().unwrap() > 1 << 16, "{told}");
    let words = told["last_words"].to_string();
    assert!(words.contains("password=") && !words.contains("hush-hush-hush"), "{words}");
    let again = Http::unix(&daemon).bare("POST", "/api/v1/servers/counter/restart", &[]);
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(runs()["count"], 2);
}

#[test]
fn a_token_looks_or_changes_as_its_rule_says() {
    let sandbox = Sandbox::new();
    let daemon = counter(&sandbox);
    let token = |name| format!("Bearer {}", operators::token(&sandbox, &daemon, name));
    let (reader, manager, other) = (token("reader"), token("manager"), token("other"));
    operators::govern(&sandbox, &daemon, "");
    let ask = |token: &str, method: &str, path: &str| {
        Http::unix(&daemon).bare(method, path, &[("Authorization", token)]).status
    };
    for (token, look, change) in [(&reader, 200, 403), (&manager, 200, 200), (&other, 403, 403)] {
        assert_eq!(ask(token, "GET", "/api/v1/servers"), look);
        assert_eq!(head(&daemon, "/api/v1/status", &[("Authorization", token)]), look);
        assert_eq!(ask(token, "POST", "/api/v1/servers/counter/restart"), change);
        let ended = ask(token, "DELETE", "/api/v1/sessions/none");
        assert_eq!(ended, if change == 200 { 404 } else { 403 });
        assert_eq!(ask(token, "GET", "/metrics"), 403, "that is another endpoint");
    }
    let denied = Http::unix(&daemon).bare("POST", "/api/v1/reload", &[("Authorization", &reader)]);
    assert_eq!(denied.json()["code"], "not_allowed");
    daemon.wait_for("call_finished", |fact| {
        fact["endpoint"] == "/api/v1/reload" && fact["outcome"] == "denied"
    });
}

#[test]
fn what_happens_is_watched_and_goes_on_over_the_death_of_the_daemon() {
    let sandbox = Sandbox::new();
    let mut daemon = counter(&sandbox);
    let mut command = sandbox.command();
    command.args(["watch", "--json"]);
    let watch = Lines::start(command);
    let mut client = Lines::bridge(&sandbox);
    let of_call = |line: &str| line.contains("\"fact\":\"call_finished\"");
    // It has begun once it tells of anything.
    until("the first call that is told", || {
        client.call("counter__increment", &json!({}));
        watch.waiting().into_iter().find(|line| of_call(line))
    });
    let fact: Value = serde_json::from_str(&until("a call", || {
        client.call("counter__value", &json!({}));
        watch.waiting().into_iter().find(|line| of_call(line) && line.contains("counter__value"))
    }))
    .unwrap();
    assert_eq!((&fact["outcome"], &fact["server"]), (&json!("done"), &json!("counter")));
    daemon.kill();
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    until("a call after it", || {
        client.call("counter__increment", &json!({}));
        watch
            .waiting()
            .into_iter()
            .find(|line| of_call(line) && line.contains("counter__increment"))
    });
}

#[test]
fn a_reader_that_comes_back_misses_nothing_or_is_told() {
    let sandbox = Sandbox::new();
    let daemon = counter(&sandbox);
    let mut client = Lines::bridge(&sandbox);
    daemon.wait_for("session_opened", |_| true);
    let open = |last: Option<&str>| {
        let mut http = Http::unix(&daemon);
        let headers: Vec<_> = last.iter().map(|id| ("Last-Event-ID", *id)).collect();
        http.start_bare("GET", "/api/v1/events", &headers);
        let head = http.read_head();
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
        assert_eq!(http.read_chunk().unwrap().lines().next(), Some("retry: 2000"));
        http
    };
    // Until there is one of a call, with its number.
    let next = |http: &mut Http| loop {
        let chunk = http.read_chunk().unwrap();
        let calls = chunk.split("\n\n").filter(|event| event.contains("event: call_finished"));
        if let Some(event) = calls.last() {
            let id = event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
            break (id, event.to_owned());
        }
    };
    let (mut first, _second) = (open(None), open(None));
    client.call("counter__increment", &json!({}));
    let (id, _) = next(&mut first);
    drop(first);
    client.call("counter__value", &json!({}));
    let mut back = open(Some(&id));
    let (_, event) = next(&mut back);
    assert!(event.contains("counter__value"), "{event}");
    // Of a daemon before this one it knows nothing.
    let mut http = Http::unix(&daemon);
    http.start_bare("GET", "/api/v1/events", &[("Last-Event-ID", "0123-7")]);
    http.read_head();
    assert!(http.read_chunk().unwrap().contains("event: reset"));
}
