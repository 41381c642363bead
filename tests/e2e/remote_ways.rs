//! Ways to a remote server: over a unix socket.

use serde_json::json;

use crate::remote::{config, echo, text};
use crate::support::far::{Far, Out, Seen, Stream, legacy, modern, older, said};
use crate::support::{Daemon, Lines, Sandbox};

fn start_with(sandbox: &Sandbox, url: &str, lines: &str) -> Daemon {
    sandbox.write("config/callmux/config.toml", &format!("{}{lines}\n", config(url)));
    Daemon::start(sandbox)
}

#[test]
fn a_server_is_reached_over_a_unix_socket() {
    type Answer = Box<dyn Fn(&Seen, &mut Out) + Send + Sync>;
    let there = |seen: &Seen, out: &mut Out, stream: &Stream| {
        out.whole("202 Accepted", &[], "");
        stream.event(&seen.result(&said(&seen.text)));
    };
    let kinds: [(Answer, &str); 3] = [
        (Box::new(modern(echo)), "modern"),
        (Box::new(legacy(echo)), "legacy"),
        (Box::new(older(Stream::default(), there)), "legacy"),
    ];
    for (answer, era) in kinds {
        let sandbox = Sandbox::new();
        let far = Far::on(&sandbox.path("far.sock"), answer);
        let mut daemon = start_with(&sandbox, "http://tools/mcp?k=1", "socket = \"~/far.sock\"");
        assert_eq!(daemon.wait_for("server_ready", |_| true)["era"], era);
        let mut bridge = Lines::bridge(&sandbox);
        assert!(text(&bridge.call("far__echo", &json!({}))).contains("tools/call"));
        let first = &far.seen()[0];
        assert_eq!((first.path.as_str(), first.header("host")), ("/mcp?k=1", Some("tools")));
        assert_eq!(daemon.stop(), Some(0));
    }
}

#[test]
fn a_socket_that_is_not_there_is_waited_for() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("far.sock");
    let lines = format!("socket = {path:?}");
    let daemon = start_with(&sandbox, "http://tools/mcp", &lines);
    daemon.wait_for("server_failed", |fact| {
        fact["reason"].as_str().unwrap().starts_with("it cannot be reached: ")
    });
    let _far = Far::on(&path, modern(echo));
    daemon.wait_for("server_ready", |_| true);
    text(&Lines::bridge(&sandbox).call("far__echo", &json!({})));
}
