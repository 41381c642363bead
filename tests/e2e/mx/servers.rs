//! Rows about how servers come, go and are told apart.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{echo, far_echo, started, status, text, tools};
use crate::support::far::{Far, Out, Seen, legacy, modern, said, vacant};
use crate::support::{Daemon, Http, Lines, Sandbox, callmux, config, descendants, until};

fn counter() -> String {
    config(&[("counter", &[callmux(), "example-server", "counter"])])
}

/// An address where nobody listens.
fn nowhere() -> String {
    format!("http://{}/mcp", vacant())
}

#[test]
fn mx17_equal_tools_of_two_servers_are_two_tools() {
    let (sandbox, one, other) = (Sandbox::new(), far_echo(), far_echo());
    let urls = [("one", one.url()), ("other", other.url())];
    let tables = urls.map(|(name, url)| format!("[servers.{name}]\nurl = {url:?}\n")).concat();
    let _daemon = started(&sandbox, &tables, &["one", "other"]);
    let mut bridge = Lines::bridge(&sandbox);
    let names = tools(&mut bridge);
    assert!(["one__echo", "other__echo"].iter().all(|name| names.contains(*name)), "{names:?}");
    for (tool, far, neighbour) in [("one__echo", &one, &other), ("other__echo", &other, &one)] {
        let before = neighbour.count("tools/call");
        assert!(text(&bridge.call(tool, &json!({ "n": 7 }))).contains(r#""name":"echo""#));
        assert_eq!(far.wait_for("tools/call").body["params"]["arguments"]["n"], 7);
        assert_eq!(neighbour.count("tools/call"), before);
    }
}

#[test]
fn mx20_one_bad_server_is_not_fatal() {
    let (sandbox, good) = (Sandbox::new(), far_echo());
    let sick = Far::start(|_: &Seen, out: &mut Out| out.whole("500 No", &[], ""));
    let tables = [("good", good.url()), ("sick", sick.url()), ("gone", nowhere())]
        .map(|(name, url)| format!("[servers.{name}]\nurl = {url:?}\n"));
    let daemon = started(&sandbox, &tables.concat(), &["good"]);
    for (name, words) in [("sick", "HTTP status 500"), ("gone", "cannot be reached")] {
        daemon.wait_for("server_failed", |fact| {
            fact["server"] == name && fact["reason"].as_str().unwrap().contains(words)
        });
    }
    let mut bridge = Lines::bridge(&sandbox);
    assert!(tools(&mut bridge).contains("good__echo"));
    text(&bridge.call("good__echo", &json!({})));
    let told = status(&sandbox);
    let phase = |name: &str| {
        let servers = told["servers"].as_array().unwrap();
        let server = servers.iter().find(|server| server["name"] == name).unwrap();
        server["phase"].as_str().unwrap().to_owned()
    };
    assert_eq!(phase("good"), "ready");
    for name in ["sick", "gone"] {
        assert!(["waiting", "starting"].contains(&&*phase(name)), "{told}");
    }
}

#[test]
fn mx48_a_server_that_never_answers_is_given_up_in_time_and_tried_again() {
    let sandbox = Sandbox::new();
    let silent = Far::start(|_: &Seen, out: &mut Out| out.wait_for_close());
    let table = format!(
        "{}[servers.far]\nurl = {:?}\nstart_timeout = \"300ms\"\n",
        counter(),
        silent.url()
    );
    let daemon = started(&sandbox, &table, &["counter"]);
    let failed = daemon.wait_for("server_failed", |fact| fact["server"] == "far");
    assert!(failed["reason"].to_string().contains("not ready within 300ms"), "{failed}");
    daemon.wait_for_count("server_failed", 2, |fact| fact["server"] == "far");
    let answer = Lines::bridge(&sandbox).call("counter__increment", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 1);
}

#[test]
fn mx49_a_server_that_was_killed_is_started_again() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox, &counter(), &["counter"]);
    let mut bridge = Lines::bridge(&sandbox);
    bridge.call("counter__increment", &json!({}));
    let pid = daemon.server_pid("counter");
    let raw = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(raw, Signal::KILL).unwrap();
    daemon.wait_for("server_failed", |fact| fact["server"] == "counter");
    let answer = bridge.call("counter__value", &json!({}));
    assert_eq!(answer["result"]["structuredContent"]["value"], 0, "{answer}");
    until("another process", || (daemon.server_pid("counter") != pid).then_some(()));
}

#[test]
fn mx50_a_remote_server_that_restarts_gets_the_token_it_had() {
    let (sandbox, far) = (Sandbox::new(), Far::at(vacant(), modern(echo)));
    let (address, url) = (far.address, far.url());
    let program = "echo >> \"$HOME/runs\"; echo canary7-token";
    let table = format!(
        "[servers.far]\nurl = {url:?}\nauth = {{ type = \"command\", command = [\"sh\", \"-c\", {program:?}] }}\n"
    );
    let daemon = started(&sandbox, &table, &["far"]);
    let mut bridge = Lines::bridge(&sandbox);
    text(&bridge.call("far__echo", &json!({})));
    drop(far);
    let id = bridge.start_call("far__echo", &json!({}));
    daemon.wait_for("server_failed", |_| true);
    let far = Far::at(address, modern(echo));
    text(&bridge.answer(id));
    assert_eq!(far.wait_for("tools/call").header("authorization"), Some("Bearer canary7-token"));
    assert_eq!(std::fs::read_to_string(sandbox.path("runs")).unwrap(), "\n");
}

#[test]
fn mx53_a_stop_does_not_wait_for_the_next_try() {
    let sandbox = Sandbox::new();
    let table = format!("[servers.far]\nurl = {:?}\n", nowhere());
    let mut daemon = started(&sandbox, &table, &[]);
    let (pause, began) = until("a pause of seconds", || {
        let began = Instant::now();
        let pause = status(&sandbox)["servers"][0]["retry_in_ms"].as_u64().unwrap_or_default();
        (pause > 6000).then_some((Duration::from_millis(pause), began))
    });
    assert_eq!(daemon.stop(), Some(0));
    assert!(began.elapsed() < pause, "{:?} of {pause:?}", began.elapsed());
}

#[test]
fn mx58_all_clients_share_one_process_of_each_server() {
    let sandbox = Sandbox::new();
    let daemon = started(&sandbox, &counter(), &["counter"]);
    let mut bridges: Vec<Lines> = (0..4).map(|_| Lines::bridge(&sandbox)).collect();
    let ids: Vec<_> = bridges
        .iter_mut()
        .map(|bridge| {
            (0..10).map(|_| bridge.start_call("counter__increment", &json!({}))).collect()
        })
        .collect();
    let mut http = Http::tcp(&daemon).legacy(&json!({}));
    http.call("counter__increment", &json!({}));
    for (bridge, ids) in bridges.iter().zip(ids) {
        let ids: Vec<u64> = ids;
        for id in ids {
            bridge.answer(id);
        }
    }
    let value = http.call("counter__value", &json!({})).json();
    assert_eq!(value["result"]["structuredContent"]["value"], 41, "{value}");
    daemon.expect_count("server_started", 1, |fact| fact["server"] == "counter");
    assert_eq!(descendants(daemon.pid()), [daemon.server_pid("counter")]);
}

/// A server with so many tools, fifty on a page; `news` has it announce that they changed.
fn many_tools(tools: Arc<AtomicUsize>, news: mpsc::Receiver<()>) -> Far {
    let (rest, news) = (legacy(echo), Mutex::new(news));
    Far::start(move |seen, out| match seen.method() {
        "tools/list" => {
            let all = tools.load(Ordering::SeqCst);
            let from = seen.body["params"]["cursor"].as_str().map_or(0, |at| at.parse().unwrap());
            let page = (from..all.min(from + 50))
                .map(|n| json!({ "name": format!("t{n}"), "inputSchema": { "type": "object" } }));
            let mut result = json!({ "tools": page.collect::<Vec<_>>() });
            if from + 50 < all {
                result["nextCursor"] = json!((from + 50).to_string());
            }
            out.json(&seen.result(&result));
        }
        "GET" => {
            out.stream();
            out.part(": here\n\n");
            if news.lock().unwrap().recv().is_ok() {
                out.event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
            }
            out.wait_for_close();
        }
        _ => rest(seen, out),
    })
}

#[test]
fn mx59_every_page_of_a_list_is_read_and_every_change_followed() {
    let (sandbox, count) = (Sandbox::new(), Arc::new(AtomicUsize::new(250)));
    let (changed, news) = mpsc::channel();
    let far = many_tools(count.clone(), news);
    let _daemon = started(&sandbox, &format!("[servers.far]\nurl = {:?}\n", far.url()), &["far"]);
    let mut bridge = Lines::bridge(&sandbox);
    let of_far =
        |bridge: &mut Lines| tools(bridge).into_iter().filter(|t| t.starts_with("far__")).count();
    assert_eq!(of_far(&mut bridge), 250);
    count.store(251, Ordering::SeqCst);
    changed.send(()).unwrap();
    bridge.take("the news", |line| line.contains("notifications/tools/list_changed"));
    assert_eq!(of_far(&mut bridge), 251);
    assert!(text(&bridge.call("far__t250", &json!({}))).contains("t250"));
}

#[test]
fn mx44_tools_that_come_later_are_announced() {
    let (sandbox, address) = (Sandbox::new(), vacant());
    let table = format!("{}[servers.far]\nurl = \"http://{address}/mcp\"\n", counter());
    let daemon: Daemon = started(&sandbox, &table, &["counter"]);
    let mut bridge = Lines::bridge(&sandbox);
    assert!(!tools(&mut bridge).contains("far__echo"));
    let _far = Far::at(address, modern(|seen, out| out.json(&seen.result(&said("late")))));
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    bridge.take("the news", |line| line.contains("notifications/tools/list_changed"));
    assert!(tools(&mut bridge).contains("far__echo"));
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "late");
}
