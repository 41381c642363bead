//! Headers of a client's own request that a remote server is to get.

use serde_json::json;

use crate::remote::text;
use crate::support::far::{Far, legacy, said};
use crate::support::{Daemon, Http, Lines, Sandbox, canary};

#[test]
fn each_call_has_the_headers_of_its_own_request() {
    let sandbox = Sandbox::new();
    let far = Far::start(legacy(|seen, out| {
        let user = seen.header("x-user").unwrap_or("nobody").to_owned();
        out.json(&seen.result(&said(&user)));
    }));
    let keys = "forward_headers = [\"X-User\"]\nheaders = { X-User = \"canary7-static\" }\ncache_tools = [\"*\"]\n";
    let config = format!("cache_ttl = \"1h\"\n[servers.far]\nurl = {:?}\n{keys}", far.url());
    sandbox.write("config/callmux/config.toml", &config);
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut one = Http::tcp(&daemon).legacy(&json!({}));
    let mut two = Http::tcp(&daemon).legacy(&json!({}));
    let call = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call",
        "params": { "name": "far__echo", "arguments": {} } })
    .to_string();
    for _ in 0..3 {
        let seen =
            one.post(&call, &[("X-User", canary!("-alice")), ("X-Team", canary!("-team"))]).json();
        assert_eq!(text(&seen), canary!("-alice"));
        assert_eq!(text(&two.post(&call, &[("x-user", canary!("-bob"))]).json()), canary!("-bob"));
        // A request without it has what the config says.
        assert_eq!(text(&one.post(&call, &[]).json()), canary!("-static"));
    }
    let inner = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call",
        "params": { "name": "callmux_parallel", "arguments": { "calls": [{ "tool": "far__echo" }] } } });
    let seen = two.post(&inner.to_string(), &[("X-User", canary!("-bob"))]).json();
    assert_eq!(seen["result"]["structuredContent"]["results"][0]["result"], canary!("-bob"));
    // Another way in has no headers.
    let mut bridge = Lines::bridge(&sandbox);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), canary!("-static"));
    // Nothing but a client's call has them, and they are written nowhere, see the kit.
    let others = far.seen().into_iter().filter(|seen| seen.method() != "tools/call");
    for seen in others {
        assert_eq!(seen.header("x-user"), Some(canary!("-static")));
    }
    assert!(far.seen().iter().all(|seen| seen.header("x-team").is_none()));
}

#[test]
fn what_is_between_the_client_and_us_is_not_passed_on() {
    let sandbox = Sandbox::new();
    for name in ["Authorization", "Cookie", "Host", "Mcp-Session-Id", "a b"] {
        let config =
            format!("[servers.far]\nurl = \"http://127.0.0.1:1/\"\nforward_headers = [{name:?}]\n");
        sandbox.write("config/callmux/config.toml", &config);
        let output = sandbox.command().args(["config", "check"]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let is_refused = output.status.code() == Some(65);
        assert!(is_refused && stderr.contains("forward_headers"), "{name}: {stderr}");
    }
}
