//! Large inputs and large results at callmux's own tools: what comes back, what goes on to a server
//! and what it takes are bounded.

use serde_json::json;

use super::rig::Rig;
use crate::support::{Daemon, Lines, Sandbox, every};

/// More than any name, path or query has.
const LARGE: usize = 1_000_000;

#[test]
fn a_name_that_leads_nowhere_is_quoted_in_short() {
    let mut rig = Rig::new();
    let name = "\u{1b}[2J".to_owned() + &"x".repeat(LARGE);
    for (method, params) in [
        ("tools/call", json!({ "name": name })),
        ("prompts/get", json!({ "name": name })),
        ("resources/read", json!({ "uri": name })),
        ("resources/subscribe", json!({ "uri": name })),
        ("tasks/get", json!({ "taskId": name })),
        (&name, json!({})),
    ] {
        let answer = rig.client.request(method, &params);
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.len() < 5000 && answer.to_string().len() < 10_000, "{method:.20}");
    }
    let of_daemon = rig.daemon.told();
    assert!(of_daemon.len() < 500_000, "{}", of_daemon.len());
}

#[test]
fn the_uris_that_a_client_subscribes_to_are_short_and_few() {
    let sandbox = Sandbox::new();
    let command = every().display().to_string();
    let _daemon = Daemon::with(&sandbox, &[("old", &[&command])]);
    let mut client = Lines::bridge(&sandbox);
    let mut subscribe = |uri: &str| client.request("resources/subscribe", &json!({ "uri": uri }));
    let uri = |name: &str, len: usize| format!("every://item/{name}{}", "x".repeat(len));
    assert!(subscribe(&uri("a", 8000))["error"].is_null());
    let answer = subscribe(&uri("b", 3_900_000));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("at most 8192") && message.len() < 1000, "{message}");
    let refused = (0..64).find_map(|index| {
        let answer = subscribe(&uri(&index.to_string(), 8000));
        answer["error"]["message"].as_str().map(|message| (index, message.to_owned()))
    });
    let (index, message) = refused.unwrap();
    assert!(index < 33 && message.contains("too many resources"), "{index}: {message}");
    // One that is known is no further one.
    assert!(subscribe(&uri("a", 8000))["error"].is_null());
}
