//! Rows about more than there is room for.

use std::collections::BTreeSet;
use std::os::unix::net::UnixStream;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};

use super::{MAIN, counters};
use crate::support::far::{Far, Out, Seen, modern, said};
use crate::support::{Daemon, Http, Sandbox, is_alive};

#[test]
fn e07_without_descriptors_those_who_are_there_are_served_and_others_later() {
    let sandbox = Sandbox::new();
    sandbox.write(MAIN, &counters(&["counter".to_owned()]));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    let mut client = Http::unix(&daemon).legacy(&json!({}));
    let mut counted = || {
        let answer = client.call("counter__increment", &json!({})).json();
        answer["result"]["structuredContent"]["value"].as_u64().unwrap()
    };
    let pid = Pid::from_raw(daemon.pid().cast_signed()).unwrap();
    let few = u64::try_from(daemon.descriptors()).unwrap() + 8;
    let limit = Rlimit { current: Some(few), maximum: Some(few) };
    prlimit(Some(pid), Resource::Nofile, limit).unwrap();
    // They wait in the queue of the socket, or are accepted and say nothing.
    let idle: Vec<UnixStream> =
        (0..60).map(|_| UnixStream::connect(&daemon.socket).unwrap()).collect();
    for n in 1..=100 {
        assert_eq!(counted(), n);
    }
    let server = daemon.server_pid("counter");
    drop(idle);
    let mut later = Http::unix(&daemon).legacy(&json!({}));
    assert_eq!(later.request("ping", &json!({})).status, 200);
    assert_eq!(counted(), 101);
    assert!(is_alive(server) && daemon.count("server_failed", |_| true) == 0);
}

const SERVERS: usize = 50;
const TOOLS: usize = 200;

/// A list of many tools, each with a schema of some 2 KiB. All servers have the same.
fn many() -> Far {
    let properties: Value = (0..20)
        .map(|n| {
            let about = format!("What number {n} is for, in {}", "words and words ".repeat(5));
            (format!("p{n}"), json!({ "type": "string", "description": about }))
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    let tool = |n: usize| {
        let schema = json!({ "type": "object", "properties": properties });
        json!({ "name": format!("t{n}"), "description": "Does it", "inputSchema": schema })
    };
    let tools: Vec<Value> = (0..TOOLS).map(tool).collect();
    let list =
        json!({ "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "tools": tools });
    let rest = modern(|seen: &Seen, out: &mut Out| out.json(&seen.result(&said(&seen.path))));
    Far::start(move |seen, out| match seen.method() {
        "tools/list" => out.json(&seen.result(&list)),
        _ => rest(seen, out),
    })
}

#[test]
fn e17_ten_thousand_tools_are_listed_found_and_called() {
    let (sandbox, far) = (Sandbox::new(), many());
    let mut text = "exposure = \"full\"\nlist_timeout = \"10m\"\n".to_owned();
    for n in 0..SERVERS {
        text += &format!("[servers.s{n}]\nurl = \"http://{}/s{n}\"\n", far.address);
    }
    sandbox.write(MAIN, &text);
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for_count("server_ready", SERVERS, |_| true);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let (mut theirs, mut params) = (BTreeSet::new(), json!({}));
    loop {
        let page = client.request("tools/list", &params).json()["result"].clone();
        let names = page["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str());
        theirs.extend(names.map(|name| name.unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => params = json!({ "cursor": next }),
            None => break,
        }
    }
    theirs.retain(|name| !name.starts_with("callmux_"));
    assert_eq!(theirs.len(), SERVERS * TOOLS);
    let wanted = json!({ "query": "s31__t177", "limit": 1 });
    let found = client.call("callmux_search_tools", &wanted).json();
    assert_eq!(found["result"]["structuredContent"]["results"][0]["tool"], "s31__t177");
    let answer = client.call("s31__t177", &json!({})).json();
    assert_eq!(answer["result"]["content"][0]["text"], "/s31", "{answer}");
    // The definitions are some 22 MiB.
    let memory = daemon.memory_kib();
    assert!(memory < 400 << 10, "{memory} KiB");
}
