//! What of a result's white space an agent reads.

use serde_json::{Value, json};

use crate::support::far::{Far, Out, Seen, modern, said};
use crate::support::{Daemon, Lines, Sandbox};

/// A server whose tools answer with the text, `read` of a file and `find` of a query.
fn answering(text: &'static str) -> Far {
    let rest = modern(move |seen: &Seen, out: &mut Out| out.json(&seen.result(&said(text))));
    let tool = |name: &str, argument: &str| {
        let schema = json!({ "type": "object", "properties": { argument: { "type": "string" } } });
        json!({ "name": name, "inputSchema": schema })
    };
    let tools = [tool("read", "path"), tool("find", "query")];
    let list =
        json!({ "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "tools": tools });
    Far::start(move |seen, out| match seen.method() {
        "tools/list" => out.json(&seen.result(&list)),
        _ => rest(seen, out),
    })
}

fn client(top: &str, far: &Far) -> (Sandbox, Daemon, Lines) {
    let sandbox = Sandbox::new();
    let text = format!("exposure = \"full\"\n{top}\n[servers.far]\nurl = {:?}\n", far.url());
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let client = Lines::bridge(&sandbox);
    (sandbox, daemon, client)
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn json_has_no_white_space_but_where_an_edit_needs_it() {
    let pretty: &'static str = Box::leak(
        serde_json::to_string_pretty(&json!({ "rows": vec![json!({ "a": 1.5 }); 30] }))
            .unwrap()
            .into_boxed_str(),
    );
    let compact = serde_json::from_str::<Value>(pretty).unwrap().to_string();
    let far = answering(pretty);
    let (sandbox, daemon, mut client) = client("", &far);
    assert_eq!(text(&client.call("far__find", &json!({}))), compact);
    assert_eq!(text(&client.call("far__read", &json!({}))), pretty);
    let by_name = |tool: &str| json!({ "tool": tool });
    assert_eq!(text(&client.call("callmux_call", &by_name("far__find"))), compact);
    assert_eq!(text(&client.call("callmux_call", &by_name("far__read"))), pretty);
    drop((daemon, sandbox));
    let (_sandbox, _daemon, mut client) = self::client("output_format = \"verbatim\"", &far);
    assert_eq!(text(&client.call("far__find", &json!({}))), pretty);
}
