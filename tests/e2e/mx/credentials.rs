//! Rows about tokens that are given or printed.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{echo, far_echo, started, text};
use crate::support::far::{Far, Seen, modern};
use crate::support::oauth::{Guarded, log_in};
use crate::support::{Daemon, Lines, Sandbox, canary, until};

/// A server whose token a shell script prints, which notes each run in the file `runs`.
fn printed(url: &str, script: &str, more: &str) -> String {
    let script = format!("echo >> \"$HOME/runs\"; {script}");
    let command = format!("command = [\"sh\", \"-c\", {script:?}]");
    format!("[servers.far]\nurl = {url:?}\nauth = {{ type = \"command\", {command}{more} }}\n")
}

fn runs(sandbox: &Sandbox) -> usize {
    std::fs::read_to_string(sandbox.path("runs")).unwrap_or_default().len()
}

#[test]
fn mx23_each_way_of_proof_is_what_the_server_sees() {
    let (sandbox, far) = (Sandbox::new(), far_echo());
    let base = format!("http://{}", far.address);
    let tables = format!(
        "[servers.none]\nurl = \"{base}/none\"\n\
         [servers.bearer]\nurl = \"{base}/bearer\"\nauth = {{ type = \"bearer\", token = \"canary7-token\" }}\n\
         [servers.header]\nurl = \"{base}/header\"\nheaders = {{ X-Key = \"canary7-key\" }}\n"
    );
    let names = ["none", "bearer", "header"];
    let _daemon = started(&sandbox, &tables, &names);
    let mut bridge = Lines::bridge(&sandbox);
    for name in names {
        text(&bridge.call(&format!("{name}__echo"), &json!({})));
    }
    for (path, authorization, key) in [
        ("/none", None, None),
        ("/bearer", Some("Bearer canary7-token"), None),
        ("/header", None, Some(canary!("-key"))),
    ] {
        let seen: Vec<Seen> = far.seen().into_iter().filter(|seen| seen.path == path).collect();
        assert!(seen.iter().any(|seen| seen.method() == "tools/call"), "{path}");
        for seen in seen {
            let shown = (seen.header("authorization"), seen.header("x-key"));
            assert_eq!(shown, (authorization, key), "{path}");
        }
    }
}

#[test]
fn mx24_no_credential_follows_a_redirect() {
    let other = far_echo();
    // Another name of this machine is another host, another port another origin.
    let elsewhere = [other.url(), format!("http://localhost:{}/mcp", other.address.port())];
    let locations = elsewhere.clone().map(|url| format!("Location: {url}?key={}", canary!()));
    let redirect = move |seen: &Seen, out: &mut crate::support::far::Out| {
        let arguments = &seen.body["params"]["arguments"];
        let location = &locations[usize::from(arguments["by_name"] == true)];
        out.whole(&format!("{} Moved", arguments["status"]), &[location], "");
    };
    let guarded = Guarded::serving(modern(redirect.clone()));
    let far = Far::start(modern(redirect));
    let (sandbox, url) = (Sandbox::new(), far.url());
    let tables = printed(&url, "echo canary7-token", "").replace("servers.far", "servers.command")
        + &format!(
            "[servers.bearer]\nurl = {url:?}\nauth = {{ type = \"bearer\", token = \"canary7-token\" }}\n"
        )
        + &format!(
            "[servers.header]\nurl = {url:?}\nheaders = {{ Authorization = \"canary7-token\" }}\n"
        )
        + &format!("[servers.far]\nurl = {:?}\nauth = \"oauth\"\n", guarded.far.url());
    let daemon = started(&sandbox, &tables, &["command", "bearer", "header"]);
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut bridge = Lines::bridge(&sandbox);
    for name in ["command", "bearer", "header", "far"] {
        for status in [301, 302, 303, 307, 308] {
            for by_name in [false, true] {
                let arguments = json!({ "status": status, "by_name": by_name });
                let answer = bridge.call(&format!("{name}__echo"), &arguments);
                let failure = &answer["result"]["_meta"]["callmux/failure"];
                assert_eq!(failure["outcome"], "not_sent", "{name} {status}: {answer}");
            }
        }
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn mx26_a_printed_token_is_used_as_long_as_it_holds() {
    for (ttl, is_kept) in [("1h", true), ("1ns", false)] {
        let (sandbox, far) = (Sandbox::new(), far_echo());
        let table = printed(&far.url(), "echo canary7-token", &format!(", ttl = {ttl:?}"));
        let _daemon = started(&sandbox, &table, &["far"]);
        let mut bridge = Lines::bridge(&sandbox);
        let before = runs(&sandbox);
        for _ in 0..5 {
            text(&bridge.call("far__echo", &json!({})));
        }
        assert_eq!(runs(&sandbox) - before, if is_kept { 0 } else { 5 }, "{ttl}");
        assert!(!is_kept || before == 1, "{before} runs");
    }
}

#[test]
fn mx27_a_jwt_says_itself_how_long_it_holds() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Within 30 s of its end it is not used again, whatever `ttl` says.
    for (exp, ttl, is_kept) in [(now + 3600, "1ns", true), (now + 20, "1h", false)] {
        let (sandbox, far) = (Sandbox::new(), far_echo());
        let claims = URL_SAFE_NO_PAD.encode(json!({ "exp": exp }).to_string());
        let script = format!("echo e30.{claims}.canary7-signature");
        let table = printed(&far.url(), &script, &format!(", ttl = {ttl:?}"));
        let _daemon = started(&sandbox, &table, &["far"]);
        let mut bridge = Lines::bridge(&sandbox);
        let before = runs(&sandbox);
        for _ in 0..5 {
            text(&bridge.call("far__echo", &json!({})));
        }
        assert_eq!(runs(&sandbox) - before, if is_kept { 0 } else { 5 }, "{exp}");
    }
}

#[test]
fn mx28_a_refused_token_is_printed_anew_and_tried_once_more() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let (sandbox, good) = (Sandbox::new(), Arc::new(Mutex::new(canary!("-1").to_owned())));
        let (shared, serves) = (good.clone(), modern(echo));
        let far = Far::start(move |seen, out| {
            let wanted = format!("Bearer {}", shared.lock().unwrap());
            if seen.header("authorization") == Some(&wanted) {
                serves(seen, out);
            } else {
                out.whole(status, &[], "");
            }
        });
        sandbox.write("token", concat!(canary!("-1"), "\n"));
        let table = printed(&far.url(), "cat \"$HOME/token\"", "");
        let _daemon = started(&sandbox, &table, &["far"]);
        let mut bridge = Lines::bridge(&sandbox);
        canary!("-2").clone_into(&mut good.lock().unwrap());
        sandbox.write("token", concat!(canary!("-2"), "\n"));
        text(&bridge.call("far__echo", &json!({})));
        assert_eq!((runs(&sandbox), far.count("tools/call")), (2, 2), "{status}");
        canary!("-3").clone_into(&mut good.lock().unwrap());
        let answer = bridge.call("far__echo", &json!({}));
        let failure = &answer["result"]["_meta"]["callmux/failure"];
        assert!(failure["outcome"] == "not_sent", "{answer}");
        assert!(failure["reason"].as_str().unwrap().contains(status), "{answer}");
        assert_eq!((runs(&sandbox), far.count("tools/call")), (3, 4), "{status}");
    }
}

#[test]
fn mx29_a_program_that_prints_no_token_is_told_without_its_words() {
    for (script, words) in [
        ("echo canary7; echo canary7 >&2; exit 3", "failed with exit status: 3"),
        ("true", "printed nothing"),
        ("printf 'canary7\\001'", "no text that a header can hold"),
        ("kill -9 $$", "failed with signal: 9"),
    ] {
        let (sandbox, far) = (Sandbox::new(), far_echo());
        let daemon = started(&sandbox, &printed(&far.url(), script, ""), &[]);
        let fact = until("the failure", || {
            let told = daemon.told();
            told.lines().find(|line| line.contains(words)).map(str::to_owned)
        });
        assert!(fact.contains("server_"), "{fact}");
        assert!(far.seen().is_empty(), "nothing is sent without what it needs");
        is_told(&sandbox, &daemon, words);
    }
}

/// A client that calls reads why it cannot.
fn is_told(sandbox: &Sandbox, daemon: &Daemon, words: &str) {
    assert_eq!(daemon.count("server_ready", |_| true), 0);
    let status = sandbox.command().args(["status", "--json"]).output().unwrap();
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains(words), "{status}");
}
