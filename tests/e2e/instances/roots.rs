//! The directory of a client over HTTP that has roots.

use std::path::Path;

use serde_json::{Value, json};

use super::{call, daemon, dir, place, teller};
use crate::directories::{again, of_roots};
use crate::support::{Daemon, Http, Sandbox};

/// Where an instance works whose client is asked for its roots and names this directory.
fn rooted(daemon: &Daemon, client: &mut Http, dir: &Path) -> Value {
    asked_for_roots(daemon, client, dir, &json!({ "name": "x__environment", "arguments": {} }))
}

/// The answer of a call whose client is asked for its roots and names this directory.
pub fn asked_for_roots(daemon: &Daemon, client: &mut Http, dir: &Path, params: &Value) -> Value {
    let mut calling = Http::tcp(daemon);
    calling.session.clone_from(&client.session);
    let body = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params });
    calling.start_post(&body.to_string(), &[]);
    calling.read_head();
    let mut seen = String::new();
    let mut next = |words: &str| loop {
        let found = seen.lines().find(|line| line.starts_with("data: ") && line.contains(words));
        if let Some(data) = found {
            break serde_json::from_str::<Value>(&data["data: ".len()..]).unwrap();
        }
        seen += &calling.read_chunk().unwrap_or_else(|| panic!("no {words}"));
    };
    let question = next("roots/list");
    let uri = url::Url::from_directory_path(dir).unwrap();
    let roots =
        json!({ "roots": [{ "uri": "https://h/x" }, { "uri": uri.as_str(), "name": "mine" }] });
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": roots });
    assert_eq!(client.post(&answer.to_string(), &[]).status, 202);
    next("\"result\"")
}

#[test]
fn a_client_over_http_works_in_its_first_root() {
    let sandbox = Sandbox::new();
    let [one, two, three] = ["my files", "two", "three"].map(|name| dir(&sandbox, name));
    let daemon = daemon(&sandbox, &teller(""));
    let mut client = Http::tcp(&daemon).legacy(&json!({ "roots": { "listChanged": true } }));
    assert_eq!(place(&rooted(&daemon, &mut client, &one)).0, one.to_str().unwrap());
    // It is asked once, until it says that they are others.
    let again = client.call("x__environment", &json!({})).json();
    assert_eq!(place(&again).0, one.to_str().unwrap());
    let changed = r#"{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}"#;
    assert_eq!(client.post(changed, &[]).status, 202);
    assert_eq!(place(&rooted(&daemon, &mut client, &two)).0, two.to_str().unwrap());
    // What the header says counts more.
    let said = call(&mut client, &three, "x__environment", &json!({}));
    assert_eq!(place(&said).0, three.to_str().unwrap());
    // A root that is no directory is as wrong as a header that names none.
    let mut other = Http::tcp(&daemon).legacy(&json!({ "roots": {} }));
    let answer = rooted(&daemon, &mut other, &sandbox.path("gone"));
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("not_sent: ") && text.contains("does not exist"), "{answer}");
}

#[test]
fn a_modern_client_works_in_its_first_root() {
    let sandbox = Sandbox::new();
    let one = dir(&sandbox, "my files");
    let daemon = daemon(&sandbox, &teller(""));
    let mut client = Http::tcp(&daemon);
    let params = json!({ "name": "x__environment", "arguments": {} });
    let uri = url::Url::from_directory_path(&one).unwrap();
    let roots = json!({ "roots": [{ "uri": uri.as_str() }] });
    let asked = of_roots(&mut client, &params);
    let answer = of_roots(&mut client, &again(&params, &asked, &roots));
    assert_eq!(place(&answer).0, one.to_str().unwrap());
}
