//! Every method of either era with parameters that are wrong: the error that the specification names,
//! no server hears of it, and the session goes on.

use std::path::PathBuf;

use crate::support::speaker::{Era, Speaker, modern_meta};
use crate::support::wires::{Streamable, mirrored};
use crate::support::{Daemon, Http, Lines, Sandbox, every, raw, until};

/// A method, its `params`, and the code.
type Row = (&'static str, &'static str, i64);

/// Up to 2025-11-25 a resource that is unknown has a code of its own.
const NO_RESOURCE: i64 = -32002;
const BAD: i64 = -32602;
const NO_METHOD: i64 = -32601;
/// JSON-RPC 2.0, section 4.2: parameters are a structure.
const NO_MESSAGE: i64 = -32600;

/// What is wrong in both eras. `M` stands for the members that the era wants in each `_meta`.
const BOTH: &[Row] = &[
    ("no/such", "{M}", NO_METHOD),
    ("", "{M}", NO_METHOD),
    ("Tools/List", "{M}", NO_METHOD),
    ("notifications/progress", "{M}", NO_METHOD),
    ("tools/list", r#"{"cursor":7,M}"#, BAD),
    ("tools/list", r#"{"cursor":"bm9uZQ","x":1,M}"#, BAD),
    ("tools/list", r#"{"cursor":{},M}"#, BAD),
    ("prompts/list", r#"{"cursor":"x",M}"#, BAD),
    ("prompts/list", r#"{"cursor":[],M}"#, BAD),
    ("resources/list", r#"{"cursor":"x",M}"#, BAD),
    ("resources/templates/list", r#"{"cursor":true,M}"#, BAD),
    ("tools/call", "{M}", BAD),
    ("tools/call", r#"{"name":7,M}"#, BAD),
    ("tools/call", r#"{"name":null,M}"#, BAD),
    ("tools/call", r#"{"name":"",M}"#, BAD),
    ("tools/call", r#"{"name":"old__",M}"#, BAD),
    ("tools/call", r#"{"name":"old__none",M}"#, BAD),
    ("tools/call", r#"{"name":"none__echo",M}"#, BAD),
    // Both servers have it.
    ("tools/call", r#"{"name":"echo",M}"#, BAD),
    ("tools/call", r#"{"name":"old__echo","arguments":[7],M}"#, BAD),
    ("tools/call", r#"{"name":"old__echo","arguments":"{}",M}"#, BAD),
    ("tools/call", r#"{"name":"old__echo","arguments":7,M}"#, BAD),
    ("tools/call", r#"{"name":"old__echo","name":"new__echo",M}"#, BAD),
    ("tools/call", r#"{"name":"old__echo","Name":"new__echo",M}"#, BAD),
    ("prompts/get", "{M}", BAD),
    ("prompts/get", r#"{"name":[],M}"#, BAD),
    ("prompts/get", r#"{"name":"old__none",M}"#, BAD),
    ("prompts/get", r#"{"name":"greet",M}"#, BAD),
    ("prompts/get", r#"{"name":"old__greet","arguments":7,M}"#, BAD),
    ("resources/read", "{M}", BAD),
    ("resources/read", r#"{"uri":7,M}"#, BAD),
    ("resources/read", r#"{"uri":"none://x",M}"#, NO_RESOURCE),
    ("resources/read", r#"{"uri":"callmux://none/every://a",M}"#, NO_RESOURCE),
    // Both servers have it.
    ("resources/read", r#"{"uri":"every://a",M}"#, NO_RESOURCE),
    ("resources/read", r#"{"uri":"",M}"#, NO_RESOURCE),
    ("completion/complete", "{M}", BAD),
    ("completion/complete", r#"{"ref":7,M}"#, BAD),
    ("completion/complete", r#"{"ref":{},M}"#, BAD),
    ("completion/complete", r#"{"ref":{"type":"ref/tool","name":"old__echo"},M}"#, BAD),
    ("completion/complete", r#"{"ref":{"type":"ref/prompt"},M}"#, BAD),
    ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":7},M}"#, BAD),
    (
        "completion/complete",
        r#"{"ref":{"type":"ref/prompt","name":"old__none"},"argument":{"name":"who","value":""},M}"#,
        BAD,
    ),
    ("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"old__greet"},M}"#, BAD),
    (
        "completion/complete",
        r#"{"ref":{"type":"ref/prompt","name":"old__greet"},"argument":7,M}"#,
        BAD,
    ),
    (
        "completion/complete",
        r#"{"ref":{"type":"ref/prompt","name":"old__greet"},"argument":{"name":"who"},M}"#,
        BAD,
    ),
    (
        "completion/complete",
        r#"{"ref":{"type":"ref/prompt","name":"old__greet"},"argument":{"name":7,"value":""},M}"#,
        BAD,
    ),
    (
        "completion/complete",
        r#"{"ref":{"type":"ref/resource","uri":"none://{x}"},"argument":{"name":"x","value":""},M}"#,
        BAD,
    ),
    ("tasks/get", "{M}", BAD),
    ("tasks/get", r#"{"taskId":7,M}"#, BAD),
    ("tasks/get", r#"{"taskId":"none",M}"#, BAD),
    ("tasks/get", r#"{"taskId":"none:1",M}"#, BAD),
    // A server that has no tasks.
    ("tasks/get", r#"{"taskId":"old:1",M}"#, BAD),
    ("tasks/cancel", r#"{"taskId":"new:1",M}"#, BAD),
    ("tasks/cancel", "{M}", BAD),
];

const LEGACY: &[Row] = &[
    ("tools/call", r#"{"name":"old__echo","task":7}"#, BAD),
    ("tools/list", "[7]", BAD),
    ("tools/list", "7", NO_MESSAGE),
    ("tools/call", "\"x\"", NO_MESSAGE),
    ("initialize", "{}", BAD),
    ("initialize", r#"{"protocolVersion":7}"#, BAD),
    ("ping", "[7]", BAD),
    ("tools/call", r#"{"name":"old__echo","_meta":[7]}"#, BAD),
    ("tools/call", r#"{"name":"old__echo","_meta":7}"#, BAD),
    ("tools/call", r#"{"name":"old__echo","_meta":{"progressToken":{}}}"#, BAD),
    ("tools/call", r#"{"name":"old__echo","_meta":{"progressToken":true}}"#, BAD),
    ("logging/setLevel", "{}", BAD),
    ("logging/setLevel", r#"{"level":7}"#, BAD),
    ("logging/setLevel", r#"{"level":"loud"}"#, BAD),
    ("logging/setLevel", r#"{"level":"ERROR"}"#, BAD),
    ("resources/subscribe", "{}", BAD),
    ("resources/subscribe", r#"{"uri":[]}"#, BAD),
    ("resources/subscribe", r#"{"uri":"none://x"}"#, NO_RESOURCE),
    ("resources/unsubscribe", "{}", BAD),
    ("resources/unsubscribe", r#"{"uri":7}"#, BAD),
    ("tasks/list", r#"{"cursor":"x"}"#, BAD),
    ("tasks/list", r#"{"cursor":7}"#, BAD),
    ("tasks/result", r#"{"taskId":"none:1"}"#, BAD),
    ("tasks/result", r#"{"taskId":"old:1"}"#, BAD),
    ("tasks/update", r#"{"taskId":"old:1"}"#, NO_METHOD),
    ("subscriptions/listen", r#"{"notifications":{}}"#, NO_METHOD),
];

const MODERN: &[Row] = &[
    // What 2026-07-28 removed.
    ("initialize", r#"{"protocolVersion":"2025-11-25","capabilities":{},M}"#, NO_METHOD),
    ("ping", "{M}", NO_METHOD),
    ("logging/setLevel", r#"{"level":"error",M}"#, NO_METHOD),
    ("resources/subscribe", r#"{"uri":"every://a",M}"#, NO_METHOD),
    ("resources/unsubscribe", r#"{"uri":"every://a",M}"#, NO_METHOD),
    ("tasks/list", "{M}", NO_METHOD),
    ("tasks/result", r#"{"taskId":"old:1",M}"#, NO_METHOD),
    ("tasks/update", "{M}", BAD),
    ("tasks/update", r#"{"taskId":"none:1",M}"#, BAD),
    ("subscriptions/listen", "{M}", BAD),
    ("subscriptions/listen", r#"{"notifications":[],M}"#, BAD),
    ("subscriptions/listen", r#"{"notifications":{"toolsListChanged":7},M}"#, BAD),
    ("subscriptions/listen", r#"{"notifications":{"resourceSubscriptions":"x"},M}"#, BAD),
    ("subscriptions/listen", r#"{"notifications":{"resourceSubscriptions":[7]},M}"#, BAD),
    ("tools/call", r#"{"name":"old__sample","requestState":7,M}"#, BAD),
    ("tools/call", r#"{"name":"old__sample","requestState":"x","inputResponses":{},M}"#, BAD),
    (
        "tools/call",
        r#"{"name":"old__sample","requestState":"callmux:0","inputResponses":{},M}"#,
        BAD,
    ),
    ("tools/call", r#"{"name":"new__sample","inputResponses":[],M}"#, BAD),
    ("tools/call", r#"{"name":"new__sample","inputResponses":7,M}"#, BAD),
    ("prompts/get", r#"{"name":"new__greet","requestState":[],M}"#, BAD),
    ("resources/read", r#"{"uri":"callmux://new/every://a","inputResponses":"x",M}"#, BAD),
];

/// A daemon with a legacy and a modern server, which count what they hear.
struct Scene {
    sandbox: Sandbox,
    daemon: Daemon,
    ledgers: [PathBuf; 2],
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let ledgers = [sandbox.path("old"), sandbox.path("new")];
        let path = every();
        let words = |flag: &'static str, ledger: usize| {
            [path.to_str().unwrap(), flag, "--ledger", ledgers[ledger].to_str().unwrap()]
        };
        let (old, new) = (words("--legacy", 0), words("--modern", 1));
        let daemon = Daemon::with(&sandbox, &[("old", &old), ("new", &new)]);
        let scene = Self { sandbox, daemon, ledgers };
        // The last that callmux itself says to a modern server.
        until("the modern server is listened to", || {
            scene.heard().iter().any(|line| line.contains("subscriptions/listen")).then_some(())
        });
        scene
    }

    /// What the servers were asked so far.
    fn heard(&self) -> Vec<String> {
        let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
        self.ledgers
            .iter()
            .flat_map(|path| read(path).lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }
}

fn message(era: Era, method: &str, params: &str) -> String {
    let meta = match era {
        Era::Legacy => r#""_meta":{}"#.to_owned(),
        Era::Modern => format!(r#""_meta":{{{}}}"#, modern_meta()),
    };
    let params = params.replace('M', &meta);
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

/// POSTs a message. A stream of events, which may have no end, is not read: it is no refusal.
fn post(http: &mut Http, message: &str, headers: &[(&str, &str)]) -> (u16, String) {
    http.start_post(message, headers);
    let head = http.read_head();
    if head.header("content-type") == Some("text/event-stream") {
        return (head.status, "a stream of events".to_owned());
    }
    (head.status, http.read_body(head).body)
}

fn code(answer: &str) -> i64 {
    let code = raw::get(answer, &["error", "code"]).and_then(|code| code.parse().ok());
    code.unwrap_or_default()
}

#[test]
fn wrong_parameters_reach_no_server() {
    let scene = Scene::new();
    let mut wrong = Vec::new();
    for (era, own) in [(Era::Legacy, LEGACY), (Era::Modern, MODERN)] {
        let is_modern = era == Era::Modern;
        let mut http = Http::tcp(&scene.daemon);
        let mut command = scene.sandbox.command();
        command.arg("bridge");
        let mut bridge = Lines::start(command);
        if !is_modern {
            http = http.legacy(&serde_json::json!({}));
            bridge.greet(&serde_json::json!({}));
        }
        for (method, params, expected) in BOTH.iter().chain(own) {
            let expected = match (era, *expected) {
                (Era::Modern, NO_RESOURCE) => BAD,
                (_, expected) => expected,
            };
            let status = match (era, expected) {
                (Era::Legacy, NO_MESSAGE) => vec![400],
                (Era::Legacy, _) => vec![200],
                (Era::Modern, NO_METHOD) => vec![404],
                // The transport leaves it open for parameters that are wrong.
                (Era::Modern, _) => vec![200, 400],
            };
            let (before, message) = (scene.heard(), message(era, method, params));
            let headers = if is_modern { mirrored(&message) } else { Vec::new() };
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            if is_modern {
                http = Http::tcp(&scene.daemon);
            }
            let (found, body) = post(&mut http, &message, &headers);
            // A name that is no text has no header that could repeat it.
            let is_header = code(&body) == -32020 && found == 400;
            if !is_header && (code(&body) != expected || !status.contains(&found)) {
                wrong.push(format!("{era:?} {method} {params}: {found} {body}"));
            }
            bridge.write(&message);
            let answer = bridge.next();
            if code(&answer) != expected {
                wrong.push(format!("{era:?} {method} {params}: over the bridge {answer}"));
            }
            let heard = scene.heard();
            if heard != before {
                let last = heard.last().unwrap();
                wrong.push(format!("{era:?} {method} {params}: a server heard, such as {last}"));
            }
        }
        // It has done the sessions no harm.
        let echo = message(era, "tools/call", r#"{"name":"old__echo",M}"#);
        let headers = if is_modern { mirrored(&echo) } else { Vec::new() };
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert!(http.post(&echo, &headers).message().contains("écho"), "{era:?}");
        bridge.write(&echo);
        assert!(bridge.next().contains("écho"), "{era:?}");
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn bad_metadata_is_refused_before_anything_else() {
    const VERSION: &str = r#""io.modelcontextprotocol/protocolVersion""#;
    const CAPABILITIES: &str = r#""io.modelcontextprotocol/clientCapabilities""#;
    const INFO: &str = r#""io.modelcontextprotocol/clientInfo""#;
    const LEVEL: &str = r#""io.modelcontextprotocol/logLevel""#;
    let good = format!(r#"{VERSION}:"2026-07-28",{CAPABILITIES}:{{}}"#);
    let rows = [
        ("null".to_owned(), -32602),
        ("[]".to_owned(), -32602),
        ("7".to_owned(), -32602),
        ("{}".to_owned(), -32602),
        (format!("{{{CAPABILITIES}:{{}}}}"), -32602),
        (format!("{{{VERSION}:7,{CAPABILITIES}:{{}}}}"), -32602),
        (format!(r#"{{{VERSION}:"2026-07-28"}}"#), -32602),
        (format!(r#"{{{VERSION}:"2026-07-28",{CAPABILITIES}:[]}}"#), -32602),
        (format!("{{{good},{INFO}:7}}"), -32602),
        (format!(r#"{{{good},{LEVEL}:"loud"}}"#), -32602),
        (format!("{{{good},{LEVEL}:7}}"), -32602),
        (format!(r#"{{{good},"progressToken":[]}}"#), -32602),
        // The header says another version.
        (format!(r#"{{{VERSION}:"2027-01-01",{CAPABILITIES}:{{}}}}"#), -32020),
        (format!(r#"{{{VERSION}:"2025-11-25",{CAPABILITIES}:{{}}}}"#), -32020),
    ];
    let scene = Scene::new();
    let before = scene.heard();
    let mut wrong = Vec::new();
    for (meta, expected) in rows {
        for (method, members) in [
            ("tools/list", ""),
            ("tools/call", r#""name":"new__echo","#),
            ("server/discover", ""),
            ("subscriptions/listen", r#""notifications":{},"#),
        ] {
            let message = format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{members}"_meta":{meta}}}}}"#
            );
            let headers = mirrored(&message);
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let (status, body) = post(&mut Http::unix(&scene.daemon), &message, &headers);
            if (status, code(&body)) != (400, expected) {
                wrong.push(format!("{method} {meta}: {status} {body}"));
            }
        }
    }
    assert_eq!(scene.heard(), before);
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn headers_that_do_not_repeat_the_body_are_refused() {
    let scene = Scene::new();
    let before = scene.heard();
    let call = message(Era::Modern, "tools/call", r#"{"name":"old__echo",M}"#);
    let read = message(Era::Modern, "resources/read", r#"{"uri":"callmux://old/every://a",M}"#);
    let post = |body: &str, change: (&str, Option<&str>)| {
        let mut headers = mirrored(body);
        headers.retain(|(name, _)| *name != change.0);
        let mut headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend(change.1.map(|value| (change.0, value)));
        let reply = Http::tcp(&scene.daemon).post(body, &headers);
        (reply.status, code(&reply.body))
    };
    for (body, change) in [
        (&call, ("Mcp-Method", None)),
        (&call, ("Mcp-Method", Some("tools/list"))),
        (&call, ("Mcp-Method", Some("TOOLS/CALL"))),
        (&call, ("Mcp-Name", None)),
        (&call, ("Mcp-Name", Some(""))),
        (&call, ("Mcp-Name", Some("new__echo"))),
        (&call, ("Mcp-Name", Some("=?base64?b2xkX19lY2hv"))),
        (&call, ("Mcp-Name", Some("=?base64?!?="))),
        (&call, ("MCP-Protocol-Version", None)),
        (&call, ("MCP-Protocol-Version", Some("2025-11-25"))),
        (&call, ("MCP-Protocol-Version", Some("1999-01-01"))),
        (&read, ("Mcp-Name", None)),
        (&read, ("Mcp-Name", Some("callmux://new/every://a"))),
    ] {
        assert_eq!(post(body, change), (400, -32020), "{change:?}");
    }
    assert_eq!(post(&call, ("Content-Type", Some("text/plain"))), (415, -32600));
    assert_eq!(post(&call, ("Content-Type", Some("application/jsonp"))), (415, -32600));
    assert_eq!(post(&call, ("Content-Encoding", Some("gzip"))), (415, -32600));
    assert_eq!(scene.heard(), before, "a server heard of it");
    assert_eq!(post(&call, ("Mcp-Name", Some("=?base64?b2xkX19lY2hv?="))), (200, 0));
    assert_eq!(post(&call, ("Accept", Some("application/json"))), (200, 0));
}

#[test]
fn a_state_serves_the_call_it_was_given_to_and_once() {
    let scene = Scene::new();
    let ask = |client: &mut Speaker<'_>| {
        let result = client.call("old__elicit", "{}").unwrap();
        assert_eq!(raw::text(&result, &["resultType"]), "input_required", "{result}");
        raw::text(&result, &["requestState"])
    };
    let wire = || Box::new(Streamable::tcp(&scene.daemon, true));
    let mut one = Speaker::greet(wire(), Era::Modern).unwrap();
    let mut other = Speaker::greet(wire(), Era::Modern).unwrap();
    let (state, others) = (ask(&mut one), ask(&mut other));
    assert_ne!(state, others);
    let before = scene.heard();
    let go_on = |client: &mut Speaker<'_>, method: &str, name: &str, state: &str| {
        let answer = r#""inputResponses":{"question":{"action":"decline"}}"#;
        let params = format!(r#""name":"{name}","requestState":"{state}",{answer}"#);
        client.request(method, &params).unwrap()
    };
    for (method, name, state) in [
        ("tools/call", "old__sample", state.as_str()),
        ("tools/call", "new__elicit", &state),
        ("prompts/get", "old__greet", &state),
        ("tools/call", "old__elicit", &state.to_uppercase()),
        ("tools/call", "old__elicit", &state[..state.len() - 1]),
        ("tools/call", "old__elicit", "callmux:"),
    ] {
        assert_eq!(code(&go_on(&mut one, method, name, state)), -32602, "{name} {state}");
    }
    assert_eq!(scene.heard(), before, "a server heard of it");
    for state in [&state, &others] {
        let answer = go_on(&mut one, "tools/call", "old__elicit", state);
        assert!(answer.contains(r#""answer":{"action":"decline"}"#), "{answer}");
        assert_eq!(code(&go_on(&mut one, "tools/call", "old__elicit", state)), -32602, "again");
    }
}
