//! The directory in which a client over HTTP says that it works.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::instances::roots::asked_for_roots;
use crate::support::far::{Far, modern, said};
use crate::support::http::modern_body;
use crate::support::{Daemon, Http, Lines, Sandbox, hostile};

const CWD: &str = "x-callmux-cwd";

fn read_file() -> Value {
    json!({ "name": "x__mirror", "arguments": { "value": { "content": [
        { "type": "text", "text": { "$file": "name.txt" } }] } } })
}

/// A token that the daemon knows, and a file with it.
fn token(sandbox: &Sandbox, daemon: &Daemon) -> (String, String) {
    let file = sandbox.path("token").display().to_string();
    let made = sandbox.command().args(["token", "new", "ci", "--into", &file]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    daemon.wait_for("config_reloaded", |_| true);
    (format!("Bearer {}", std::fs::read_to_string(&file).unwrap().trim()), file)
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

/// What a modern client that has roots is answered.
pub fn of_roots(client: &mut Http, params: &Value) -> Value {
    proving_roots(client, params, &[])
}

/// The same of one that sends further headers.
fn proving_roots(client: &mut Http, params: &Value, more: &[(&str, &str)]) -> Value {
    let body = modern_body("tools/call", params);
    let body = body.replace("Capabilities\":{}", "Capabilities\":{\"roots\":{}}");
    let name = params["name"].as_str().unwrap();
    let headers = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call")];
    client.post(&body, &[&headers[..], &[("Mcp-Name", name)], more].concat()).json()
}

/// The same request with the answer to what it was asked.
pub fn again(params: &Value, asked: &Value, roots: &Value) -> Value {
    let result = &asked["result"];
    assert_eq!(result["resultType"], "input_required", "{asked}");
    let (key, question) = result["inputRequests"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(question["method"], "roots/list", "{asked}");
    let mut params = params.clone();
    params["inputResponses"] = json!({ key: roots });
    params["requestState"] = result["requestState"].clone();
    params
}

#[test]
fn files_are_read_in_the_first_root_of_a_modern_client() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let daemon = Daemon::with(&sandbox, &[("x", &[path.to_str().unwrap(), "calm"])]);
    daemon.wait_for("server_ready", |_| true);
    sandbox.write("mine/name.txt", "it is mine");
    let uri = url::Url::from_directory_path(sandbox.path("mine")).unwrap();
    let roots = json!({ "roots": [{ "uri": "https://h/x" }, { "uri": uri.as_str() }] });
    let mut client = Http::tcp(&daemon);
    // Nobody is asked for a call that reads no file.
    let params = json!({ "name": "x__mirror", "arguments": { "value": { "content": [] } } });
    assert_eq!(of_roots(&mut client, &params)["result"]["resultType"], "complete");
    let asked = of_roots(&mut client, &read_file());
    let answer = of_roots(&mut client, &again(&read_file(), &asked, &roots));
    assert_eq!(text(&answer), "it is mine", "{answer}");
    // The request stands alone, and so does the next.
    assert_eq!(of_roots(&mut client, &read_file())["result"]["resultType"], "input_required");
    // Who has none is not asked for ever.
    for nothing in [json!({ "roots": [] }), json!({}), json!(7)] {
        let answer = of_roots(&mut client, &again(&read_file(), &asked, &nothing));
        assert!(answer.to_string().contains("argument_resolution_failed"), "{answer}");
    }
    // What was asked by nobody is answered to nobody: the server is legacy, and gives no state.
    for state in ["callmux-roots:0:L2V0Yw", "callmux:0:1", "s"] {
        let mut params = read_file();
        params["requestState"] = state.into();
        let answer = of_roots(&mut client, &params);
        assert!(answer.to_string().contains("`params.requestState` is unknown"), "{answer}");
    }
}

#[test]
fn a_modern_server_sees_nothing_of_what_its_client_was_asked_by_us() {
    // It is a callmux itself, by its state.
    let state = "callmux:0123456789abcdef:\"1\"";
    let far = Far::start(modern(move |seen, out| {
        let params = &seen.body["params"];
        let result = match params["requestState"].as_str() {
            None => json!({ "resultType": "input_required", "requestState": state,
                "inputRequests": { "who": { "method": "roots/list" } } }),
            Some(_) => said(&params.to_string()),
        };
        out.json(&seen.result(&result));
    }));
    let sandbox = Sandbox::new();
    sandbox.write("config/callmux/config.toml", &format!("[servers.far]\nurl = {:?}\n", far.url()));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |_| true);
    sandbox.write("mine/name.txt", "it is mine");
    let uri = url::Url::from_directory_path(sandbox.path("mine")).unwrap();
    let roots = json!({ "roots": [{ "uri": uri.as_str() }] });
    let params =
        json!({ "name": "far__echo", "arguments": { "text": { "$file": "name.txt" }, "n": 1.50 } });
    let mut client = Http::tcp(&daemon);
    let asked = of_roots(&mut client, &params);
    assert_eq!(far.count("tools/call"), 0, "we ask before anything is done");
    let asked_by_server = of_roots(&mut client, &again(&params, &asked, &roots));
    assert_eq!(asked_by_server["result"]["inputRequests"]["who"]["method"], "roots/list");
    let own = json!({ "roots": [{ "uri": "file:///other" }] });
    let answer = of_roots(&mut client, &again(&params, &asked_by_server, &own));
    let calls: Vec<Value> = far
        .seen()
        .into_iter()
        .filter(|seen| seen.method() == "tools/call")
        .map(|seen| seen.body["params"].clone())
        .collect();
    let [first, second] = &calls[..] else { panic!("{calls:?}") };
    for call in [first, second] {
        assert_eq!(call["arguments"], json!({ "text": "it is mine", "n": 1.50 }), "{call}");
    }
    assert!(first["requestState"].is_null() && first["inputResponses"].is_null(), "{first}");
    assert_eq!(second["requestState"], state);
    assert_eq!(second["inputResponses"], json!({ "who": own }));
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
}

/// The daemon could read what its holder could not.
#[test]
fn who_holds_a_token_works_in_no_directory() {
    let sandbox = Sandbox::new();
    let path = hostile();
    let daemon = Daemon::with(&sandbox, &[("x", &[path.to_str().unwrap(), "calm"])]);
    daemon.wait_for("server_ready", |_| true);
    sandbox.write("mine/name.txt", "it is mine");
    let mine = sandbox.path("mine");
    let uri = url::Url::from_directory_path(&mine).unwrap();
    let roots = json!({ "roots": [{ "uri": uri.as_str() }] });
    let (proof, file) = token(&sandbox, &daemon);
    let refused = |answer: &Value| {
        let text = answer.to_string();
        assert!(text.contains("argument_resolution_failed") && !text.contains("mine"), "{text}");
    };
    let proven = ("Authorization", proof.as_str());
    let place = (CWD, mine.to_str().unwrap());

    let mut http = Http::tcp(&daemon);
    refused(&http.modern("tools/call", &read_file(), &[proven, place]).json());
    let rooted = |http: &mut Http, params: &Value| proving_roots(http, params, &[proven]);
    refused(&rooted(&mut http, &read_file()));
    // Not with what another was asked, either.
    let asked = of_roots(&mut Http::tcp(&daemon), &read_file());
    refused(&rooted(&mut http, &again(&read_file(), &asked, &roots)));

    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": { "roots": {} },
        "clientInfo": { "name": "test", "version": "1" } } });
    let reply = http.post(&hello.to_string(), &[proven, place]);
    http.session = Some(reply.header("mcp-session-id").unwrap().to_owned());
    refused(&http.post(&body(&read_file()), &[proven, place]).json());
    refused(&http.post(&body(&read_file()), &[proven]).json());

    let mut command = sandbox.command();
    let url = format!("http://{}", daemon.address);
    command.args(["bridge", "--url", &url, "--token-file", &file]).current_dir(&mine);
    let mut bridge = Lines::start(command);
    bridge.greet(&json!({}));
    refused(&bridge.call("x__mirror", &read_file()["arguments"]));
}
