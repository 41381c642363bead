//! The directory in which a client over HTTP says that it works.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::instances::roots::asked_for_roots;
use crate::support::{Daemon, Http, Sandbox, hostile};

const CWD: &str = "x-callmux-cwd";

fn read_file() -> Value {
    json!({ "name": "x__mirror", "arguments": { "value": { "content": [
        { "type": "text", "text": { "$file": "name.txt" } }] } } })
}

fn body(params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params }).to_string()
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_default()
}

#[test]
fn files_are_read_where_the_header_says_that_the_client_works() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let mut daemon = Daemon::with(&sandbox, &[("x", &[path.to_str().unwrap(), "calm"])]);
    daemon.wait_for("server_ready", |_| true);
    for name in ["öne", "two"] {
        sandbox.write(&format!("{name}/name.txt"), &format!("it is {name}"));
    }
    let (one, two) = (sandbox.path("öne"), sandbox.path("two"));
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
    let file = body(&read_file());

    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    let nowhere = client.post(&file, &[]).json();
    assert!(nowhere.to_string().contains("argument_resolution_failed"), "{nowhere}");
    // As it is; from then on the session has it.
    assert_eq!(text(&client.post(&file, &[(CWD, one)]).json()), "it is öne");
    assert_eq!(text(&client.post(&file, &[]).json()), "it is öne");
    // Encoded, for clients whose headers hold no such letters.
    let encoded = |dir: &str| format!("utf8b64:{}", URL_SAFE_NO_PAD.encode(dir));
    let mut other = Http::tcp(&daemon).legacy(&json!({}));
    assert_eq!(text(&other.post(&file, &[(CWD, &encoded(one))]).json()), "it is öne");
    assert_eq!(text(&other.post(&file, &[(CWD, two)]).json()), "it is two");
    assert_eq!(text(&client.post(&file, &[]).json()), "it is öne", "each session has its own");

    // A modern request stands alone.
    let mut modern = Http::tcp(&daemon);
    let answer = modern.modern("tools/call", &read_file(), &[(CWD, two)]).json();
    assert_eq!(text(&answer), "it is two", "{answer}");
    let answer = modern.modern("tools/call", &read_file(), &[]).json();
    assert!(answer.to_string().contains("argument_resolution_failed"), "{answer}");

    // What is no directory of this machine is none that anything is read from.
    for nothing in ["relative", "/no/such/dir", "utf8b64:%"] {
        let mut client = Http::tcp(&daemon).legacy(&json!({}));
        let answer = client.post(&file, &[(CWD, nothing)]).json();
        assert!(answer.to_string().contains("argument_resolution_failed"), "{nothing}: {answer}");
    }
    daemon.stop();
}

#[test]
fn files_are_read_in_the_first_root_of_a_client_that_says_nothing_else() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let daemon = Daemon::with(&sandbox, &[("x", &[path.to_str().unwrap(), "calm"])]);
    daemon.wait_for("server_ready", |_| true);
    sandbox.write("mine/name.txt", "it is mine");
    let mut client = Http::tcp(&daemon).legacy(&json!({ "roots": {} }));
    // Nobody is asked for a call that reads no file.
    let params = json!({ "name": "x__mirror", "arguments": { "value": { "content": [] } } });
    let plain = client.request("tools/call", &params).json();
    assert!(plain["result"].is_object(), "{plain}");
    let mine = sandbox.path("mine");
    let answer = asked_for_roots(&daemon, &mut client, &mine, &read_file());
    assert_eq!(text(&answer), "it is mine", "{answer}");
    assert_eq!(text(&client.post(&body(&read_file()), &[]).json()), "it is mine", "asked once");
}
