//! Forty secrets at once, in all places where one can stand, with `audit.arguments = "redacted"`: none is found in
//! a file of the daemon's, in what it says or in what the verbs of operators show. The kit searches all of
//! that at the end, plain, in hexadecimal, base64 and percent-encoding.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::far::{Far, Out, Seen, modern, said};
use crate::support::{CANARY, Daemon, Http, Sandbox, callmux, canary, hostile, tables, until};

const MAIN: &str = "config/callmux/config.toml";
/// One of the config, with what percent-encoding changes.
const KNOWN: &str = canary!("/known one+1");

/// What was planted so far.
#[derive(Default)]
struct Planted(BTreeSet<String>);

impl Planted {
    /// A new one.
    fn one(&mut self, name: &str) -> String {
        let secret = format!("{CANARY}-{name}");
        assert!(self.0.insert(secret.clone()), "{name} is there already");
        secret
    }
}

/// The config: a server that has secrets and tells them on stderr, and one far away that answers with some.
fn config(sandbox: &Sandbox, planted: &mut Planted, far: &Far) -> String {
    for name in ["file", "bearer", "url"] {
        sandbox.write(&format!("config/callmux/{name}"), &(planted.one(name) + "\n"));
    }
    sandbox.write("creds/cred", &planted.one("cred"));
    planted.0.insert(KNOWN.to_owned());
    let script = "echo \"starting with $LITERAL_TOKEN and $KNOWN_TOKEN\" >&2; exec \"$0\"";
    let path = hostile();
    let words = ["sh", "-c", script, path.to_str().unwrap()];
    let near = tables(&[("near", &words), ("counter", &[callmux(), "example-server", "counter"])]);
    let near = near.replacen(
        "[servers.counter]",
        &format!(
            "env = {{ LITERAL_TOKEN = {:?}, KNOWN_TOKEN = {KNOWN:?}, FILE = \"${{file:file}}\", CRED = \"${{cred:cred}}\", \
             VARIABLE = \"${{PLANTED_VARIABLE}}\" }}\n[servers.counter]",
            planted.one("literal")
        ),
        1,
    );
    format!(
        "[audit]\nfile = true\narguments = \"redacted\"\n[metrics]\nenabled = true\n\
         {near}[servers.far]\nurl = \"{}?key=${{file:url}}\"\n\
         headers = {{ X-Key = {:?} }}\nforward_headers = [\"x-planted\"]\n\
         auth = {{ type = \"bearer\", token = \"${{file:bearer}}\" }}\n",
        far.url(),
        planted.one("header"),
    )
}

/// Arguments with a secret each, which its name, its looks or the config give away.
fn arguments(planted: &mut Planted) -> Vec<Value> {
    let named = [
        "password",
        "token",
        "apiKey",
        "api_key",
        "Authorization",
        "clientSecret",
        "cookie",
        "private_key",
        "credentials",
        "passwd",
        "jwt",
        "dsn",
    ];
    let mut all: Vec<Value> = named
        .iter()
        .map(|name| {
            let secret = planted.one(&format!("argument-{name}"));
            json!({ "value": { "content": [], "deep": [{ *name: secret }] } })
        })
        .collect();
    let looks = [
        ("openai", "sk-"),
        ("github", "ghp_"),
        ("slack", "xoxb-"),
        ("google", "AIza"),
        ("gitlab", "glpat-"),
        ("jwt", "eyJhbGciOiJub25lIn0."),
        ("url", "postgres://me:"),
        ("bearer", "say Bearer sk-"),
        ("pem", "-----BEGIN PRIVATE KEY-----\n"),
    ];
    all.extend(looks.iter().map(|(name, start)| {
        let end = match *name {
            "url" => "@host/db",
            "pem" => "\n-----END PRIVATE KEY-----",
            _ => "",
        };
        let text = format!("{start}{}{end}", planted.one(&format!("looks-{name}")));
        json!({ "value": { "content": [], "note": text } })
    }));
    let hex = KNOWN.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    });
    let percent = KNOWN.replace('/', "%2F").replace(' ', "%20").replace('+', "%2B");
    let base64 = STANDARD.encode(format!("me:{KNOWN}"));
    for form in [KNOWN.to_owned(), hex, percent, base64] {
        all.push(json!({ "value": { "content": [], "note": format!("it is {form}, they say") } }));
    }
    all
}

/// What the server far away answers: results and errors with secrets in them.
fn answers(planted: &mut Planted) -> Vec<Value> {
    let mut one = |name: &str| planted.one(&format!("answer-{name}"));
    vec![
        said(&one("text")),
        json!({ "resultType": "complete", "content": [], "structuredContent": { "a": one("structured") } }),
        json!({ "resultType": "complete", "isError": true, "content": [{ "type": "text", "text": one("failure") }] }),
        json!({ "resultType": "complete", "content": [], "_meta": { "x/y": one("meta") } }),
        json!({ "error": { "code": -32000, "message": one("message") } }),
        json!({ "error": { "code": -32602, "message": "no", "data": { "token": one("data") } } }),
    ]
}

/// Requests over HTTP with secrets beside the call: in headers, in addresses, in names that there are not.
fn beside_calls(daemon: &Daemon, planted: &mut Planted) {
    let (call, none) = (json!({ "name": "counter__value", "arguments": {} }), json!({}));
    let mut ask = |name: &str, header: &str, before: &str| {
        let value = format!("{before}{}", planted.one(name));
        Http::tcp(daemon).modern("tools/call", &call, &[(header, &value)]);
    };
    ask("foreign-token", "Authorization", "Bearer ");
    ask("our-token", "Authorization", "Bearer cmx_");
    ask("basic", "Authorization", "Basic ");
    ask("cookie", "Cookie", "id=");
    ask("forwarded", "X-Planted", "");
    ask("session", "Mcp-Session-Id", "");
    ask("request", "X-Api-Key", "");
    let query = format!("/mcp?access_token={}", planted.one("query"));
    Http::tcp(daemon).post_to(&query, "{}", &[]);
    Http::tcp(daemon).bare("GET", &format!("/{}", planted.one("path")), &[]);
    let traced = json!({
        "name": "counter__value", "arguments": {},
        "_meta": { "tracestate": planted.one("trace"), "baggage": format!("a={}", planted.one("baggage")) },
    });
    Http::tcp(daemon).legacy(&none).request("tools/call", &traced);
}

/// What operators see of all that.
fn verbs(sandbox: &Sandbox, daemon: &Daemon) {
    let heard = &sandbox.watch.heard;
    for args in [
        &["audit"][..],
        &["audit", "--json"],
        &["audit", "--ocsf"],
        &["status"],
        &["status", "--json"],
        &["doctor", "--json"],
        &["config", "show"],
        &["list", "-d"],
    ] {
        let mut command = sandbox.command();
        command.args(args).env("CREDENTIALS_DIRECTORY", sandbox.path("creds"));
        let output = command.env("PLANTED_VARIABLE", canary!("-variable")).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        assert!(!text.is_empty(), "{args:?}");
        heard.said(format!("{args:?}"), String::from_utf8(text).unwrap());
    }
    for mut http in [Http::unix(daemon), Http::tcp(daemon)] {
        let reply = http.bare("GET", "/metrics", &[]);
        heard.said("the metrics", reply.body);
    }
    heard.said("the audit file", audit_file(sandbox));
}

fn audit_file(sandbox: &Sandbox) -> String {
    let dir = std::fs::read_dir(sandbox.path(".local/state/callmux/audit")).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default()
    };
    dir.map(read).collect()
}

#[test]
fn of_forty_secrets_none_is_found() {
    let (sandbox, mut planted) = (Sandbox::new(), Planted::default());
    let answers = answers(&mut planted);
    let far = Far::start(modern(move |seen: &Seen, out: &mut Out| {
        let at = seen.body["params"]["arguments"]["at"].as_u64().unwrap_or_default();
        let answer = &answers[usize::try_from(at).unwrap() % answers.len()];
        match answer.get("error") {
            None => out.json(&seen.result(answer)),
            Some(error) => {
                let id = &seen.body["id"];
                out.json(&json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string());
            }
        }
    }));
    let text = config(&sandbox, &mut planted, &far);
    sandbox.write(MAIN, &text);
    let variable = planted.one("variable");
    let creds = sandbox.path("creds");
    let variables =
        [("CREDENTIALS_DIRECTORY", creds.to_str().unwrap()), ("PLANTED_VARIABLE", &*variable)];
    let mut daemon = Daemon::start_with(&sandbox, &variables);
    for name in ["near", "far", "counter"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    daemon.wait_for("server_wrote", |fact| {
        fact["message"] == "starting with (hidden) and (hidden)" && fact["server"] == "near"
    });
    let arguments = arguments(&mut planted);
    let mut client = Http::tcp(&daemon).legacy(&json!({}));
    for given in &arguments {
        let answer =
            client.request("tools/call", &json!({ "name": "near__mirror", "arguments": given }));
        // Each came to the server as it was: what is hidden is hidden in records alone.
        assert_eq!(answer.json()["result"], given["value"], "{given}");
    }
    for at in 0..6 {
        let call = json!({ "name": "far__echo", "arguments": { "at": at } });
        assert!(client.request("tools/call", &call).body.contains(canary!("-answer-")), "{at}");
    }
    beside_calls(&daemon, &mut planted);
    let shown = far.seen().pop().unwrap();
    assert_eq!(shown.path, format!("/mcp?key={}", canary!("-url")));
    assert_eq!(shown.header("authorization"), Some(concat!("Bearer ", canary!("-bearer"))));
    assert!(planted.0.len() >= 40, "{}", planted.0.len());

    // Of each call there is a record, with its arguments as far as they may be seen.
    let calls = arguments.len() + 6;
    until("their records", || {
        let of = |line: &&str| line.contains("near__mirror") || line.contains("far__echo");
        (audit_file(&sandbox).lines().filter(of).count() >= calls).then_some(())
    });
    let records = audit_file(&sandbox);
    for words in ["(hidden)", "they say", "deep", "it is "] {
        assert!(records.contains(words), "{words}: {records}");
    }
    verbs(&sandbox, &daemon);
    assert_eq!(daemon.stop(), Some(0));
}
