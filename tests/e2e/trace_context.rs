//! What says of which trace a request is a part (W3C Trace Context, Baggage) reaches the server untouched.

use serde_json::{Value, json};

use crate::remote::{config, echo};
use crate::support::far::{Far, legacy, modern};
use crate::support::{Daemon, Http, Lines, Sandbox};

/// As only somebody writes it by hand: with escapes, and with what no standard has.
const CONTEXT: &str = r#""traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","tracestate":"a=1,\u0062=2", "baggage" : "k=v;p=\"q\"""#;
/// The same with no white space between.
const MEMBERS: [&str; 3] = [
    r#""traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01""#,
    r#""tracestate":"a=1,\u0062=2""#,
    r#""baggage":"k=v;p=\"q\"""#,
];
const MODERN: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},"#;

fn call(meta: &str, name: &str, arguments: &Value) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":"c1","method":"tools/call","params":{{"name":"{name}","arguments":{arguments},"_meta":{{{meta}{CONTEXT}}}}}}}"#
    )
}

#[track_caller]
fn has_context(line: &str) {
    for member in MEMBERS {
        let (name, value) = member.split_once(':').unwrap();
        let spaced = format!("{name} : {value}");
        assert!(line.contains(member) || line.contains(&spaced), "{member}: {line}");
        assert_eq!(line.matches(name).count(), 1, "{name}: {line}");
    }
}

#[test]
fn a_trace_goes_on_behind_callmux_whatever_eras_both_ends_speak() {
    for (far, era) in [(Far::start(modern(echo)), "modern"), (Far::start(legacy(echo)), "legacy")] {
        let sandbox = Sandbox::new();
        sandbox.write("config/callmux/config.toml", &config(&far.url()));
        let daemon = Daemon::start(&sandbox);
        assert_eq!(daemon.wait_for("server_ready", |_| true)["era"], era);
        let mut bridge = Lines::bridge(&sandbox);
        let mut old = Http::tcp(&daemon).legacy(&json!({}));
        let mut new = Http::tcp(&daemon);
        let inner = json!({ "tool": "far__echo", "arguments": {} });
        let several = json!({ "calls": [inner, inner] });
        let tools =
            [("far__echo", &json!({})), ("callmux_call", &inner), ("callmux_parallel", &several)];
        for (tool, arguments) in tools {
            let headers = [
                ("MCP-Protocol-Version", "2026-07-28"),
                ("Mcp-Method", "tools/call"),
                ("Mcp-Name", tool),
            ];
            bridge.write(&call("", tool, arguments));
            bridge.next();
            assert_eq!(old.post(&call("", tool, arguments), &[]).status, 200);
            assert_eq!(new.post(&call(MODERN, tool, arguments), &headers).status, 200);
        }
        let seen: Vec<_> =
            far.seen().into_iter().filter(|it| it.method() == "tools/call").collect();
        assert_eq!(seen.len(), 3 * (1 + 1 + 2), "of three clients");
        for it in &seen {
            has_context(&it.text);
        }
        // A legacy server gets nothing of what 2026-07-28 alone has in `_meta`: that is made anew, too.
        let whole = if era == "modern" { 3 } else { 2 };
        let found = seen.iter().filter(|it| it.text.contains(CONTEXT));
        assert_eq!(found.count(), whole, "what is not made anew is as it was written");
    }
}
