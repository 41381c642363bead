//! Two principals of one daemon: nothing of the one's is seen by the other, whatever it tries.

mod handles;

use serde_json::{Value, json};

use crate::access::Holder;
use crate::support::{Daemon, Http, Sandbox, tools, until};

/// Requests that are tried.
const TRIES: u32 = 10_000;
/// What is in everything of hers.
const HERS: &str = "canary-of-alice";

const RULES: &str = r#"
[[access.rules]]
principals = ["token:alice"]
servers = ["hers"]
effect = "allow"

[[access.rules]]
principals = ["token:bob"]
servers = ["his"]
effect = "allow"
"#;

/// A cheap generator, seeded: a run that fails does so again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    fn one_of<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.roll(of.len())]
    }
}

/// A new token that the daemon knows.
fn token(sandbox: &Sandbox, daemon: &Daemon, name: &str) -> String {
    let before = daemon.count("config_reloaded", |_| true);
    let output = sandbox.command().args(["token", "new", name]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn holder(sandbox: &Sandbox, daemon: &Daemon, name: &str) -> Holder {
    Holder::new(Http::tcp(daemon), &token(sandbox, daemon, name))
}

/// A request that could show something of hers.
fn attempt(dice: &mut Dice, reference: &str) -> (String, Value) {
    let names = ["hers__echo", "hers__ping", "echo", "hers__bigtext", "his__echo", "ping"];
    let name = dice.one_of(&names);
    let call = json!({ "tool": name, "arguments": { "text": "x" } });
    let own = |tool: &str, arguments: Value| {
        ("tools/call".to_owned(), json!({ "name": tool, "arguments": arguments }))
    };
    let server = dice.one_of(&["hers", "his"]);
    match dice.roll(16) {
        0 => own(name, json!({ "text": "x" })),
        1 => own("callmux_call", call),
        2 => own("callmux_call", json!({ "tool": "echo", "server": server, "arguments": {} })),
        3 => own("callmux_parallel", json!({ "calls": [call, call] })),
        4 => own("callmux_batch", json!({ "tool": name, "items": [{ "arguments": {} }] })),
        5 => own("callmux_pipeline", json!({ "steps": [call] })),
        6 => own("callmux_get_result", json!({ "ref": reference })),
        7 => own("his__echo", json!({ "text": { "$ref": reference } })),
        8 => own("callmux_search_tools", json!({ "query": "echo the text", "limit": 50 })),
        9 => own("callmux_status", json!({ "descriptions": true })),
        10 => own("callmux_dry_run", call),
        11 => own("callmux_cache_clear", json!({ "tool": name })),
        12 => ("prompts/get".to_owned(), json!({ "name": name })),
        13 => ("resources/read".to_owned(), json!({ "uri": format!("{server}://a") })),
        14 => {
            (dice.one_of(&["tools/list", "prompts/list", "resources/list"]).to_owned(), json!({}))
        }
        _ => ("tasks/list".to_owned(), json!({})),
    }
}

#[test]
fn nothing_of_the_one_is_seen_by_the_other() {
    let sandbox = Sandbox::new();
    let log = |name: &str| sandbox.path(&format!("{name}.log"));
    let server = |name: &str| {
        let (tools, log) = (tools().display().to_string(), log(name).display().to_string());
        format!(
            "[servers.{name}]\ncommand = {tools:?}\nargs = [\"--log\", {log:?}, \"--name\", {name:?}]\n\
             cache_tools = [\"*\"]\ncache_ttl = \"1h\"\n"
        )
    };
    let config = format!("{}{}{RULES}", server("hers"), server("his"));
    sandbox.write("config/callmux/config.toml", &config);
    let daemon = Daemon::start(&sandbox);
    for server in ["hers", "his"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    let carried_out = || {
        let text = std::fs::read_to_string(log("hers")).unwrap_or_default();
        text.lines().filter(|line| line.contains("\"tool\"")).count()
    };
    let mut alice = holder(&sandbox, &daemon, "alice");
    let small = alice.call("hers__echo", &json!({ "text": HERS }));
    assert!(small.to_string().contains(HERS), "{small}");
    let large = alice.call("hers__echo", &json!({ "text": HERS.repeat(20_000) }));
    let said = large["result"]["content"][0]["text"].as_str().unwrap();
    let said: Value = serde_json::from_str(said).unwrap();
    let reference = said["_callmux"]["ref"].as_str().unwrap();
    until("her calls at her server", || (carried_out() == 2).then_some(()));

    let mut bob = holder(&sandbox, &daemon, "bob");
    let (his, hers) = (bob.http.session.clone(), alice.http.session.clone());
    let mut dice = Dice(0x5eed);
    for number in 0..TRIES {
        bob.http.session = if dice.roll(4) == 0 { hers.clone() } else { his.clone() };
        let (method, params) = attempt(&mut dice, reference);
        let reply = bob.ask(&method, &params);
        let sent = params.to_string();
        assert!(!reply.body.contains(HERS), "{number} {method} {sent}: {}", reply.body);
        let is_hers = bob.http.session == hers;
        assert_eq!(reply.status == 404, is_hers, "{number} {method} {sent}: {reply:?}");
        // What he does not name himself, nobody names to him.
        let names_her = reply.body.contains("hers") && !sent.contains("hers");
        assert!(!names_her, "{number} {method} {sent}: {}", reply.body);
    }
    assert_eq!(carried_out(), 2, "nothing of his came to her server");
    let read = alice.call("callmux_get_result", &json!({ "ref": reference }));
    assert!(read.to_string().contains(HERS), "she has what was hers: {read}");
}

/// A server that says something of its own accord once there is a file.
const TALKER: &str = r#"
answer() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"; }
(while [ ! -e "$1" ]; do sleep 0.05; done
 printf '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"%s"}}\n' "$2"
 printf '{"jsonrpc":"2.0","method":"notifications/other","params":{"data":"%s"}}\n' "$2") &
while read -r line; do
  id=$(printf %s "$line" | sed -n 's/.*"id":\([^,}]*\).*/\1/p')
  case "$line" in
    *server/discover*) answer '"error":{"code":-32601,"message":"no"}' ;;
    *initialize\"*) answer '"result":{"protocolVersion":"2025-06-18","capabilities":{"logging":{},"tools":{}},"serverInfo":{"name":"n","version":"1"}}' ;;
    *tools/list*) answer '"result":{"tools":[]}' ;;
    *'"id"'*) answer '"result":{}' ;;
  esac
done
"#;

#[test]
fn what_a_server_says_to_everybody_is_for_who_may_have_it() {
    let sandbox = Sandbox::new();
    let server = |name: &str| {
        let file = sandbox.path(name).display().to_string();
        format!(
            "[servers.{name}]\ncommand = \"sh\"\nargs = [\"-c\", '''{TALKER}''', \"sh\", {file:?}, \"of {name}\"]\n"
        )
    };
    let config = format!("{}{}{RULES}", server("hers"), server("his"));
    sandbox.write("config/callmux/config.toml", &config);
    let daemon = Daemon::start(&sandbox);
    for server in ["hers", "his"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    let listening = |name: &str| {
        let holder = holder(&sandbox, &daemon, name);
        let mut stream = Http::tcp(&daemon);
        stream.session.clone_from(&holder.http.session);
        stream.start_bare("GET", "/mcp", &[("Authorization", &holder.proof)]);
        assert_eq!(stream.read_head().status, 200);
        stream
    };
    let (mut alice, mut bob) = (listening("alice"), listening("bob"));
    let next = |stream: &mut Http| loop {
        let chunk = stream.read_chunk().expect("the stream goes on");
        if chunk.contains("of his") || chunk.contains("of hers") {
            break chunk;
        }
    };
    sandbox.write("hers", "now");
    let heard = [next(&mut alice), next(&mut alice)];
    assert!(heard.iter().all(|chunk| chunk.contains("of hers")), "{heard:?}");
    sandbox.write("his", "now");
    let heard = next(&mut bob);
    assert!(heard.contains("of his"), "the first that he hears is his: {heard}");
}
