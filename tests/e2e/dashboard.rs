//! The dashboard over raw HTTP: who gets in, by what, and what they may do there.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::{Daemon, Http, Sandbox, callmux, tables, until};

const MAIN: &str = "config/callmux/config.toml";
const ENABLED: &str = "[dashboard]\nenabled = true\n";
const COUNTER: (&str, &[&str]) = ("counter", &["example-server", "counter"]);
/// What our own page says of itself.
const MARK: (&str, &str) = ("X-Callmux", "1");
const SAME: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

fn start(sandbox: &Sandbox, config: &str) -> Daemon {
    let (name, arguments) = COUNTER;
    let counter = tables(&[(name, &[&[callmux()], arguments].concat())]);
    sandbox.write(MAIN, &format!("{config}{counter}"));
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_ready", |_| true);
    daemon
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn code(daemon: &Daemon) -> String {
    let reply = Http::unix(daemon).bare("POST", "/api/v1/dashboard/code", &[]);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["code"].as_str().unwrap().to_owned()
}

fn origin(daemon: &Daemon) -> String {
    format!("http://{}", daemon.address)
}

fn enter(daemon: &Daemon, code: &str, more: &[(&str, &str)]) -> Reply {
    let body = json!({ "code": code }).to_string();
    Http::tcp(daemon).post_to("/ui/session", &body, more)
}

/// `NAME=VALUE` of the cookie that an answer sets.
fn cookie(reply: &Reply) -> String {
    let set = reply.header("set-cookie").unwrap_or_else(|| panic!("{reply:?}"));
    set.split(';').next().unwrap().to_owned()
}

fn visit(daemon: &Daemon) -> String {
    let own = origin(daemon);
    let reply = enter(daemon, &code(daemon), &[("Origin", &own), SAME]);
    assert_eq!(reply.status, 204, "{reply:?}");
    cookie(&reply)
}

fn look(daemon: &Daemon, cookie: &str) -> u16 {
    Http::tcp(daemon).bare("GET", "/api/v1/status", &[("Cookie", cookie), SAME]).status
}

fn refused(daemon: &Daemon, cause: &str) {
    daemon.wait_for("peer_refused", |fact| fact["cause"] == cause);
}

/// What a request says of itself.
type Headers<'a> = &'a [(&'a str, &'a str)];

#[test]
fn there_is_none_unless_it_is_wanted() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "");
    let closed = |is_closed: bool| {
        for path in ["/ui", "/ui/", "/ui/app.js", "/ui/plain", "/ui/none"] {
            let reply = Http::tcp(&daemon).bare("GET", path, &[]);
            assert!(!is_closed || reply.status == 404, "{path}: {reply:?}");
            assert_eq!(reply.header("set-cookie"), None);
        }
        let expected = if is_closed { 404 } else { 200 };
        assert_eq!(Http::tcp(&daemon).bare("GET", "/ui/", &[]).status, expected);
    };
    closed(true);
    assert_eq!(enter(&daemon, "x", &[]).status, 404);
    assert_eq!(Http::tcp(&daemon).bare("GET", "/api/v1/status", &[]).status, 404);
    // A code is given over the unix socket alone.
    assert_eq!(Http::tcp(&daemon).bare("POST", "/api/v1/dashboard/code", &[]).status, 404);
    let cookie = visit(&daemon);
    closed(false);
    assert_eq!(look(&daemon, &cookie), 200);
    let gone = Http::unix(&daemon).bare("DELETE", "/api/v1/dashboard/sessions", &[]);
    assert_eq!(gone.json(), json!({ "codes": 0, "visits": 1 }));
    closed(true);
    // The key opens it without a restart.
    let (name, arguments) = COUNTER;
    let counter = tables(&[(name, &[&[callmux()], arguments].concat())]);
    sandbox.write(MAIN, &format!("{ENABLED}{counter}"));
    until("the page", || (Http::tcp(&daemon).bare("GET", "/ui/", &[]).status == 200).then_some(()));
}

#[test]
fn a_link_opens_once() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, ENABLED);
    let own = origin(&daemon);
    let link = code(&daemon);
    let first = enter(&daemon, &link, &[("Origin", &own), SAME]);
    assert_eq!(first.status, 204);
    let set = first.header("set-cookie").unwrap();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
    let again = enter(&daemon, &link, &[("Origin", &own), SAME]);
    assert_eq!((again.status, &again.json()["code"]), (401, &json!("bad_code")));
    assert_eq!(again.json()["fix"], "run `callmux dashboard` again");
    assert_eq!(again.header("content-type"), Some("application/problem+json"));
    refused(&daemon, "ui_code");
    // Behind a proxy it lies below a path, where its cookie belongs.
    let body = json!({ "code": code(&daemon), "path": "/mux/" }).to_string();
    let below = Http::tcp(&daemon).post_to("/ui/session", &body, &[("Origin", &own)]);
    assert!(below.header("set-cookie").unwrap().contains("; Path=/mux/; "), "{below:?}");
    // What was taken back opens nothing, and neither does what another daemon gave.
    let (link, visit) = (code(&daemon), visit(&daemon));
    let (status, stdout, _) = run(&sandbox, &["dashboard", "--revoke"]);
    assert_eq!((status, &*stdout), (Some(0), "links taken back: 1; browsers that are out: 3\n"));
    assert_eq!(enter(&daemon, &link, &[]).status, 401);
    assert_eq!(look(&daemon, &visit), 401);
    refused(&daemon, "ui_visit");
    let other_home = Sandbox::new();
    let other = start(&other_home, ENABLED);
    assert_eq!(enter(&daemon, &code(&other), &[]).status, 401);
    let foreign = self::visit(&other);
    assert_eq!(look(&other, &foreign), 200);
    assert_eq!(look(&daemon, &foreign), 401);
    refused(&daemon, "ui_other_daemon");
    for body in ["", "{}", "[]", "{\"code\": 7}", &"x".repeat(5000)] {
        let reply = Http::tcp(&daemon).post_to("/ui/session", body, &[]);
        assert_eq!(reply.status, 400, "{body:.20}");
    }
    let form = [("Content-Type", "text/plain")];
    assert_eq!(enter(&daemon, &code(&daemon), &form).status, 400);
}

#[test]
fn the_verb_prints_a_link() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, "");
    let (status, stdout, stderr) = run(&sandbox, &["dashboard", "--print"]);
    assert_eq!(status, Some(0), "{stderr}");
    let start = format!("{}/ui/#code=", origin(&daemon));
    let code = stdout.trim_end().strip_prefix(&start).unwrap();
    assert_eq!(enter(&daemon, code, &[]).status, 204);
    // Nothing of it is told.
    assert!(!daemon.told().contains(code));
}

#[test]
fn where_no_browser_can_come_the_verb_says_what_to_do() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, ENABLED);
    let mut command = sandbox.command();
    command.args(["serve", "--log-format", "json"]);
    let mut daemon = command.spawn_heard();
    let (status, stdout, stderr) = until("the daemon", || {
        let said = run(&sandbox, &["dashboard", "--print"]);
        said.2.contains("over TCP").then_some(said)
    });
    _ = (daemon.kill(), daemon.wait());
    assert_eq!((status, &*stdout), (Some(1), ""), "{stderr}");
    for part in [
        "the daemon answers no HTTP over TCP",
        "listen = [\"127.0.0.1:4860\"]",
        "callmux-http.socket",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
}

/// The events of a visit, once they have begun.
fn stream(daemon: &Daemon, cookie: &str) -> Http {
    let mut http = Http::tcp(daemon);
    http.start_bare("GET", "/api/v1/events", &[("Cookie", cookie), SAME]);
    let head = http.read_head();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    assert!(http.read_chunk().unwrap().starts_with("retry: "));
    http
}

#[test]
fn who_is_out_is_shown_nothing_more() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, ENABLED);
    let own = origin(&daemon);
    let (leaving, staying) = (visit(&daemon), visit(&daemon));
    let (mut left, mut goes_on) = (stream(&daemon, &leaving), stream(&daemon, &staying));
    // Whoever comes without a visit is not asked for one.
    let mut near = Http::unix(&daemon);
    near.start_bare("GET", "/api/v1/events", &[]);
    assert_eq!(near.read_head().status, 200);
    near.read_chunk();
    let headers = [("Cookie", leaving.as_str()), ("Origin", &own), SAME];
    assert_eq!(Http::tcp(&daemon).bare("DELETE", "/ui/session", &headers).status, 204);
    until("the end of the stream of who left", || left.read_chunk().is_none().then_some(()));
    let mut agent = Http::tcp(&daemon).legacy(&json!({}));
    agent.call("counter__increment", &json!({}));
    until("a call", || goes_on.read_chunk().unwrap().contains("counter__increment").then_some(()));
    let (status, stdout, _) = run(&sandbox, &["dashboard", "--revoke"]);
    assert_eq!((status, &*stdout), (Some(0), "links taken back: 0; browsers that are out: 1\n"));
    until("the end of the other", || goes_on.read_chunk().is_none().then_some(()));
    assert_eq!(look(&daemon, &staying), 401);
    agent.call("counter__increment", &json!({}));
    until("a call", || near.read_chunk().unwrap().contains("counter__increment").then_some(()));
}

#[test]
fn only_our_own_page_writes() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, ENABLED);
    let (own, cookie) = (origin(&daemon), visit(&daemon));
    let own = ("Origin", own.as_str());
    let port = ("Origin", "http://127.0.0.1:1");
    let none = ("Origin", "null");
    let site = |what| ("Sec-Fetch-Site", what);
    let (get, post, delete) = ("GET", "POST", "DELETE");
    let (status, retry, events) = ("/api/v1/status", "/api/v1/retry", "/api/v1/events");
    let cases: &[(&str, &str, Headers, u16)] = &[
        (get, status, &[], 200),
        (get, status, &[SAME], 200),
        (get, status, &[site("none")], 200),
        (get, status, &[site("same-site")], 403),
        (get, status, &[site("cross-site"), MARK], 403),
        (get, status, &[port], 403),
        (get, status, &[port, MARK], 403),
        (post, retry, &[own, SAME], 200),
        (post, retry, &[own, MARK], 200),
        (post, retry, &[own], 403),
        (post, retry, &[SAME], 403),
        (post, retry, &[SAME, MARK], 403),
        (post, retry, &[own, site("same-site"), MARK], 403),
        (post, retry, &[own, site("none"), MARK], 403),
        (post, retry, &[none, SAME], 403),
        (post, retry, &[port, SAME], 403),
        (get, events, &[], 403),
        (get, events, &[site("same-site")], 403),
        (delete, "/ui/session", &[], 403),
        (delete, "/ui/session", &[own, site("cross-site")], 403),
    ];
    for (method, path, headers, expected) in cases {
        let all = [&[("Cookie", cookie.as_str())], *headers].concat();
        let reply = Http::tcp(&daemon).bare(method, path, &all);
        assert_eq!(reply.status, *expected, "{method} {path} {headers:?}: {reply:?}");
    }
    refused(&daemon, "ui_origin");
    refused(&daemon, "ui_site");
    // Whose name a page has bound to this address stays out, cookie or not.
    let mut rebound = Http::at(&daemon.address, "evil.example", &daemon);
    let reply = rebound.bare("GET", "/api/v1/status", &[("Cookie", &cookie), SAME]);
    assert_eq!(reply.status, 403);
    refused(&daemon, "ui_host");
    // A page of another origin brings no code either.
    for foreign in [port, site("cross-site"), site("none")] {
        assert_eq!(enter(&daemon, &code(&daemon), &[foreign]).status, 403, "{foreign:?}");
    }
    let left = Http::tcp(&daemon).bare("DELETE", "/ui/session", &[("Cookie", &cookie), own, SAME]);
    assert_eq!(left.status, 204);
    assert!(left.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(look(&daemon, &cookie), 401);
}

#[test]
fn a_cookie_is_needed_and_is_no_more_than_that() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, ENABLED);
    let without = Http::tcp(&daemon).bare("GET", "/api/v1/status", &[SAME]);
    assert_eq!((without.status, &without.json()["code"]), (401, &json!("no_visit")));
    assert_eq!(without.json()["fix"], "run `callmux dashboard`");
    refused(&daemon, "ui_no_visit");
    let cookie = visit(&daemon);
    let (name, value) = cookie.split_once('=').unwrap();
    for wrong in [format!("{name}="), format!("{name}=x"), format!("{name}={value}x")] {
        assert_eq!(look(&daemon, &wrong), 401, "{wrong}");
    }
    let own = origin(&daemon);
    let with = |method: &str, path: &str| {
        let headers = [("Cookie", cookie.as_str()), ("Origin", &own), SAME];
        Http::tcp(&daemon).bare(method, path, &headers)
    };
    assert_eq!(with("GET", "/api/v1/tools").header("cache-control"), Some("no-store"));
    assert_eq!(with("POST", "/api/v1/servers/counter/restart").status, 200);
    assert_eq!(with("POST", "/api/v1/reload").status, 200);
    // To approve wants more than a browser has, and links are given where the user is known.
    for (method, path) in [
        ("POST", "/api/v1/approvals/1/once"),
        ("POST", "/api/v1/servers/counter/login"),
        ("POST", "/api/v1/dashboard/code"),
        ("DELETE", "/api/v1/dashboard/sessions"),
    ] {
        assert!([403, 404].contains(&with(method, path).status), "{method} {path}");
    }
    assert_eq!(look(&daemon, &cookie), 200);
    // It is nothing for those who speak MCP, and none of their sessions is of it.
    let mut agent = Http::tcp(&daemon).legacy(&json!({}));
    let list = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/list" }).to_string();
    let plain = agent.post(&list, &[]).message();
    assert_eq!(agent.post(&list, &[("Cookie", &cookie)]).message(), plain);
    // A token is a token, whatever cookie comes with it.
    let wrong = format!("Bearer cmx_x_{}", "1".repeat(40));
    let both = [("Cookie", cookie.as_str()), SAME, ("Authorization", &wrong)];
    assert_eq!(Http::tcp(&daemon).bare("GET", "/api/v1/status", &both).status, 401);
    for query in ["access_token=x", "t=cmx_x_y"] {
        let reply = Http::tcp(&daemon).bare("GET", &format!("/ui/?{query}"), &[]);
        assert_eq!((reply.status, reply.header("set-cookie")), (400, None), "{query}");
    }
    let in_url = format!("/ui/?code={}", code(&daemon));
    assert_eq!(Http::tcp(&daemon).bare("GET", &in_url, &[]).header("set-cookie"), None);
}

#[test]
fn every_file_says_what_it_is() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, ENABLED);
    let get = |path: &str, more: &[(&str, &str)]| Http::tcp(&daemon).bare("GET", path, more);
    let there = get("/ui", &[]);
    assert_eq!((there.status, there.header("location")), (308, Some("ui/")));
    let page = get("/ui/", &[]).body;
    let (mut found, mut at) = (vec![String::new()], 0);
    while let Some(path) = found.get(at).cloned() {
        at += 1;
        let reply = get(&format!("/ui/{path}"), &[]);
        assert_eq!(reply.status, 200, "{path}");
        is_strict(&reply);
        assert_eq!(reply.header("cache-control"), Some("no-cache"));
        let etag = reply.header("etag").unwrap();
        let known = get(&format!("/ui/{path}"), &[("If-None-Match", etag)]);
        assert_eq!((known.status, &*known.body), (304, ""), "{path}");
        assert_eq!(known.header("etag"), Some(etag));
        let imports = reply.body.split(" from \"./").skip(1);
        let of_page = if path.is_empty() { &*page } else { "" };
        let named = of_page.split("src=\"").skip(1);
        let links = of_page.split("href=\"").skip(1);
        for more in imports.chain(named).chain(links) {
            let name = more.split('"').next().unwrap();
            if !name.starts_with('#') && name != "plain" && !found.iter().any(|it| it == name) {
                found.push(name.to_owned());
            }
        }
    }
    assert!(found.len() > 10, "{found:?}");
    assert_eq!(get("/ui/../config.toml", &[]).status, 404);
    assert_eq!(get("/ui/none.js", &[]).status, 404);
}

fn is_strict(reply: &Reply) {
    let policy = reply.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(policy.contains("require-trusted-types-for 'script'; trusted-types 'none'"));
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(reply.header("permissions-policy").is_some());
    assert!(["no-referrer", "same-origin"].contains(&reply.header("referrer-policy").unwrap()));
}

/// As lynx does it: forms, a cookie, no script, and not a word of where it comes from.
#[test]
fn without_a_script_there_is_a_table() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox, ENABLED);
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let asked = Http::tcp(&daemon).bare("GET", "/ui/plain", &[]);
    assert!(asked.status == 200 && asked.body.contains("<form method=\"post\""), "{asked:?}");
    assert!(!asked.body.contains("counter"));
    is_strict(&asked);
    let wrong = Http::tcp(&daemon).post_to("/ui/plain", "code=x", &form);
    assert!(wrong.status == 401 && wrong.body.contains("role=\"alert\""), "{wrong:?}");
    let body = format!("code={}", code(&daemon));
    let entered = Http::tcp(&daemon).post_to("/ui/plain", &body, &form);
    assert_eq!((entered.status, entered.header("location")), (303, Some("plain")));
    // It belongs where the browser found the page, which may be below a path of a proxy.
    assert!(!entered.header("set-cookie").unwrap().contains("Path"), "{entered:?}");
    let cookie = cookie(&entered);
    let page = Http::tcp(&daemon).bare("GET", "/ui/plain", &[("Cookie", &cookie)]);
    is_strict(&page);
    assert!(page.body.contains("<th scope=\"row\">counter</th><td>ready</td>"), "{}", page.body);
    assert!(!page.body.contains("<script"));
    let foreign = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "same-site")];
    assert_eq!(Http::tcp(&daemon).bare("GET", "/ui/plain", &foreign).status, 403);
    let left = [("Cookie", cookie.as_str()), form[0]];
    assert_eq!(Http::tcp(&daemon).post_to("/ui/plain", "leave=1", &left).status, 303);
    assert_eq!(look(&daemon, &cookie), 401);
}

/// To deny needs no proof of who does it; to approve does.
#[test]
fn a_question_can_be_denied_from_the_page() {
    let sandbox = Sandbox::new();
    let rule = "[[access.rules]]\nid = \"ask\"\ntools = [\"counter__*\"]\neffect = \"ask\"\n";
    let daemon = start(&sandbox, &format!("{ENABLED}{rule}"));
    let (own, cookie) = (origin(&daemon), visit(&daemon));
    let mut agent = Http::tcp(&daemon).legacy(&json!({}));
    let call = json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": "counter__increment", "arguments": {} },
    });
    agent.start_post(&call.to_string(), &[]);
    let headers = [("Cookie", cookie.as_str()), ("Origin", &own), SAME];
    let id = until("the question", || {
        let reply = Http::tcp(&daemon).bare("GET", "/api/v1/approvals", &headers).json();
        reply["approvals"][0]["id"].as_str().map(str::to_owned)
    });
    for word in ["once", "hour"] {
        let path = format!("/api/v1/approvals/{id}/{word}");
        let reply = Http::tcp(&daemon).bare("POST", &path, &headers);
        assert_eq!((reply.status, &reply.json()["code"]), (403, &json!("not_on_the_page")));
    }
    let denied = Http::tcp(&daemon).bare("POST", &format!("/api/v1/approvals/{id}/deny"), &headers);
    assert_eq!((denied.status, &denied.json()["decision"]), (200, &json!("deny")), "{denied:?}");
    let answer: Value = serde_json::from_str(&agent.read().message()).unwrap();
    assert!(answer["error"].is_object() || answer["result"]["isError"] == true, "{answer}");
}
