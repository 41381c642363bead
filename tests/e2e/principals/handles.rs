//! What leads to somebody's sessions, calls, results and streams leads nobody else there.

use serde_json::{Value, json};

use super::{Dice, HERS, TRIES, token};
use crate::access::Holder;
use crate::support::{Daemon, Http, Sandbox, every, raw, tools, until};

const RULES: &str = r#"
[access.limits]
approval_timeout = "1h"
[[access.rules]]
principals = ["token:alice"]
tools = ["hers__mutate"]
effect = "ask"

[[access.rules]]
principals = ["token:alice"]
servers = ["hers", "hersasks", "both"]
effect = "allow"

[[access.rules]]
principals = ["token:bob"]
servers = ["his", "both"]
effect = "allow"
"#;

/// What only she is asked.
const QUESTION: &str = "Round 1?";
/// The id and the progress token of a call of hers that goes on all the while.
const REQUEST: &str = "request-of-alice";

/// Everything by which what is hers is known.
struct Handles {
    session: String,
    state: String,
    approval: String,
    event: String,
    reference: String,
}

fn start(sandbox: &Sandbox) -> Daemon {
    let tool_server = |name: &str| {
        let (tools, log) = (tools().display().to_string(), sandbox.path(&format!("{name}.log")));
        format!(
            "[servers.{name}]\ncommand = {tools:?}\nargs = [\"--log\", {:?}, \"--name\", {name:?}]\n\
             cache_tools = [\"*\"]\ncache_ttl = \"1h\"\n",
            log.display().to_string()
        )
    };
    let servers = ["hers", "his", "both"].map(tool_server).concat();
    let asks = format!(
        "[servers.hersasks]\ncommand = {:?}\nargs = [\"--legacy\"]\n",
        every().display().to_string()
    );
    sandbox.write("config/callmux/config.toml", &format!("{servers}{asks}{RULES}"));
    let daemon = Daemon::start(sandbox);
    for server in ["hers", "hersasks", "his", "both"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    daemon
}

/// A request of 2026-07-28, whose client can be asked.
fn modern(holder: &mut Holder, tool: &str, more: &Value) -> String {
    let mut params = json!({ "name": tool, "arguments": {} });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } },
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
    });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let session = holder.http.session.take();
    let headers = [
        ("Authorization", &*holder.proof),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/call"),
        ("Mcp-Name", tool),
    ];
    let reply = holder.http.post(&body.to_string(), &headers);
    holder.http.session = session;
    reply.message()
}

fn told(answer: &Value) -> Value {
    let text = answer["result"]["content"][0]["text"].as_str();
    serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap()
}

/// Her stream of events, and the id of its first one.
fn listen(daemon: &Daemon, alice: &Holder) -> (Http, String) {
    let mut stream = Http::tcp(daemon);
    stream.session.clone_from(&alice.http.session);
    stream.start_bare("GET", "/mcp", &[("Authorization", &alice.proof)]);
    assert_eq!(stream.read_head().status, 200);
    let first = stream.read_chunk().unwrap();
    let id = first.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    (stream, id)
}

/// What he sends, and what he is told.
struct Attempt {
    sent: String,
    got: String,
}

impl Attempt {
    fn of(sent: impl Into<String>, got: String) -> Self {
        Self { sent: sent.into(), got }
    }
}

/// One thing that could lead him to something of hers.
#[expect(clippy::too_many_lines, reason = "it is a list of what is tried")]
fn attempt(dice: &mut Dice, daemon: &Daemon, bob: &mut Holder, hers: &Handles) -> Attempt {
    let ask = |bob: &mut Holder, method: &str, params: Value| {
        let got = bob.ask(method, &params).body;
        Attempt::of(format!("{method} {params}"), got)
    };
    let call = |bob: &mut Holder, tool: &str, arguments: Value| {
        ask(bob, "tools/call", json!({ "name": tool, "arguments": arguments }))
    };
    let post = |bob: &mut Holder, body: Value| {
        let got = bob.http.post(&body.to_string(), &[("Authorization", &bob.proof)]).body;
        Attempt::of(body.to_string(), got)
    };
    let note = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "method": method, "params": params });
    let answers = json!({ "question": { "action": "accept", "content": { "decision": "always" } },
        "callmux-approval": { "action": "accept", "content": { "decision": "always" } } });
    let approval = format!("callmux-approval-{}", hers.approval);
    match dice.roll(15) {
        0 => post(bob, note("notifications/cancelled", json!({ "requestId": REQUEST }))),
        1 => post(
            bob,
            note("notifications/progress", json!({ "progressToken": REQUEST, "progress": 1 })),
        ),
        2 => {
            let id = dice.one_of(&[&*approval, REQUEST, "1", "question é 1"]);
            post(bob, json!({ "jsonrpc": "2.0", "id": id, "result": answers["question"] }))
        }
        3 => {
            let tool = dice.one_of(&["hersasks__elicit", "his__ping", "both__echo"]);
            let more = json!({ "requestState": hers.state, "inputResponses": answers });
            let got = modern(bob, tool, &more);
            Attempt::of(format!("{tool} {more}"), got)
        }
        4 => {
            let state = format!("callmux-approval:0:{}", hers.approval);
            let tool = dice.one_of(&["hers__mutate", "both__ping"]);
            let more = json!({ "requestState": state, "inputResponses": answers });
            Attempt::of(more.to_string(), modern(bob, tool, &more)).named(tool)
        }
        5 => {
            let (his, proof) = (bob.http.session.clone(), bob.proof.clone());
            bob.http.session = Some(hers.session.clone());
            let reply = bob.http.bare("DELETE", "/mcp", &[("Authorization", &proof)]);
            bob.http.session = his;
            assert_eq!(reply.status, 404, "{reply:?}");
            Attempt::of("DELETE", reply.body)
        }
        6 => {
            let body = json!({ "id": hers.approval, "decision": "always" }).to_string();
            let path = dice.one_of(&["/api/v1/approvals", "/api/v1/calls", "/api/v1/status"]);
            let proof = [("Authorization", &*bob.proof)];
            let reply = bob.http.post_to(path, &body, &proof);
            assert!((400..500).contains(&reply.status), "{reply:?}");
            Attempt::of(path, reply.body)
        }
        7 => call(
            bob,
            "callmux_get_result",
            json!({ "ref": hers.reference, "offset": dice.roll(9) }),
        ),
        8 => call(bob, "his__echo", json!({ "text": { "$ref": hers.reference } })),
        9 => {
            let method =
                dice.one_of(&["resources/subscribe", "resources/read", "resources/unsubscribe"]);
            ask(bob, method, json!({ "uri": "every://b" }))
        }
        10 => call(bob, "both__counter", json!({})),
        11 => {
            let id = dice.one_of(&["1", "hers:1", REQUEST, "hersasks:1"]);
            let method = dice.one_of(&["tasks/get", "tasks/result", "tasks/cancel"]);
            ask(bob, method, json!({ "taskId": id }))
        }
        12 => {
            let list = dice.one_of(&["tools/list", "prompts/list", "resources/list"]);
            let cursor = dice.one_of(&[&*hers.reference, &*hers.state, &*hers.event, "1"]);
            ask(bob, list, json!({ "cursor": cursor }))
        }
        13 => ask(
            bob,
            "completion/complete",
            json!({
                "ref": { "type": "ref/prompt", "name": "hersasks__greet" },
                "argument": { "name": "who", "value": "" },
            }),
        ),
        // Each takes a connection of its own.
        _ if dice.roll(10) == 0 => events(dice, daemon, bob, hers),
        _ => call(bob, "callmux_status", json!({ "descriptions": true })),
    }
}

impl Attempt {
    fn named(self, tool: &str) -> Self {
        Self { sent: format!("{tool} {}", self.sent), ..self }
    }
}

/// He asks for the rest of a stream of hers, in her session or his.
fn events(dice: &mut Dice, daemon: &Daemon, bob: &Holder, hers: &Handles) -> Attempt {
    let mut stream = Http::tcp(daemon);
    let is_hers = dice.roll(2) == 0;
    stream.session = if is_hers { Some(hers.session.clone()) } else { bob.http.session.clone() };
    let last = dice.one_of(&[&*hers.event, "1-0", "1-1", "2-0"]);
    stream.start_bare("GET", "/mcp", &[("Authorization", &bob.proof), ("Last-Event-ID", last)]);
    let head = stream.read_head();
    assert_eq!(head.status == 404, is_hers, "{head:?}");
    // A stream of his own goes on for as long as he reads it.
    let got = if head.status == 200 { String::new() } else { stream.read_body(head).body };
    Attempt::of(format!("GET {last}"), got)
}

#[test]
fn no_handle_of_the_one_leads_the_other_anywhere() {
    let sandbox = Sandbox::new();
    let daemon = start(&sandbox);
    let [of_alice, of_bob] = ["alice", "bob"].map(|name| token(&sandbox, &daemon, name));
    let mut alice = Holder::new(Http::tcp(&daemon), &of_alice);
    let mut bob = Holder::new(Http::tcp(&daemon), &of_bob);

    let large = alice.call("hers__echo", &json!({ "text": HERS.repeat(20_000) }));
    let (_stream, event) = listen(&daemon, &alice);
    let subscribed = alice.ask("resources/subscribe", &json!({ "uri": "every://b" })).json();
    assert!(subscribed["result"].is_object(), "{subscribed}");
    let asked = modern(&mut alice, "hersasks__elicit", &json!({}));
    assert!(asked.contains(QUESTION), "{asked}");
    let unapproved = told(&alice.call("hers__mutate", &json!({})));
    let hers = Handles {
        session: alice.http.session.clone().unwrap(),
        state: raw::text(&asked, &["result", "requestState"]),
        approval: unapproved["error"]["details"]["approval"].as_str().unwrap().to_owned(),
        event,
        reference: told(&large)["_callmux"]["ref"].as_str().unwrap().to_owned(),
    };
    let counted =
        |holder: &mut Holder| told(&holder.call("both__counter", &json!({})))["calls"].clone();
    assert_eq!([counted(&mut alice), counted(&mut alice)], [1, 1], "it is kept for her");

    // A call of hers goes on.
    let mut holding = Holder { http: Http::tcp(&daemon), proof: alice.proof.clone() };
    holding.http.session.clone_from(&alice.http.session);
    let body = json!({ "jsonrpc": "2.0", "id": REQUEST, "method": "tools/call", "params": {
        "name": "hers__hold", "arguments": { "key": HERS }, "_meta": { "progressToken": REQUEST },
    } });
    holding.http.start_post(&body.to_string(), &[("Authorization", &holding.proof)]);
    let log = || std::fs::read_to_string(sandbox.path("hers.log")).unwrap_or_default();
    until("her call", || log().contains(r#""tool":"hold""#).then_some(()));
    let before = log();

    let mut dice = Dice(0xca11);
    for number in 0..TRIES {
        let Attempt { sent, got } = attempt(&mut dice, &daemon, &mut bob, &hers);
        for secret in [HERS, QUESTION, &*hers.session] {
            assert!(!got.contains(secret), "{number} {sent}: {got}");
        }
        let names = ["hers__", "hersasks", "\"hers\"", "`hers`", "server hers"];
        let names_her = !sent.contains("hers") && names.iter().any(|name| got.contains(name));
        assert!(!names_her, "{number} {sent}: {got}");
        if sent.contains("both__counter") {
            assert!(got.contains(r#"\"calls\":2"#), "what is kept for her is not his: {got}");
        }
    }
    assert_eq!(log(), before, "nothing of his came to her server");

    // All of it is hers still.
    let read = alice.call("callmux_get_result", &json!({ "ref": hers.reference }));
    assert!(read.to_string().contains(HERS), "{read}");
    assert_eq!(counted(&mut alice), 1);
    let answers = json!({ "question": { "action": "decline" } });
    let done = modern(
        &mut alice,
        "hersasks__elicit",
        &json!({ "requestState": hers.state, "inputResponses": answers }),
    );
    assert!(done.contains(r#""action":"decline""#), "{done}");
    let waiting = sandbox.command().args(["approvals", "--json"]).output().unwrap();
    let waiting = String::from_utf8(waiting.stdout).unwrap();
    assert!(waiting.contains(&hers.approval), "nobody answered: {waiting}");
    alice.call("hers__release", &json!({ "key": HERS }));
    let held = holding.http.read();
    assert!(held.body.contains("met"), "nobody cancelled it: {held:?}");
}
