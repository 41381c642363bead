//! What proves callmux to remote servers: the real daemon, and a small authorization server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use url::Url;

use crate::support::far::{Far, Out, Seen, modern, said};
use crate::support::{Daemon, Lines, Sandbox, callmux, config, until};

/// What is in every token and must be found nowhere.
const CANARY: &str = "canary";

/// What the authorization server knows and is to do.
#[derive(Default)]
struct Book {
    /// Tokens that were given out; only the newest is good.
    tokens: usize,
    refreshes: usize,
    registrations: usize,
    /// The life of the next token, in seconds.
    life: u64,
    /// The newest token is good no more.
    is_revoked: bool,
    /// Refresh tokens are refused.
    is_strict: bool,
    /// How a wish to revoke a token is answered; without it there is no endpoint for that.
    revokes: Option<&'static str>,
    /// The forms that came there.
    revoked: Vec<String>,
}

/// A server that wants tokens, and its authorization server, at one address.
struct Guarded {
    far: Far,
    book: Arc<Mutex<Book>>,
}

impl Guarded {
    fn start() -> Self {
        let book = Arc::new(Mutex::new(Book { life: 3600, ..Book::default() }));
        let serves = modern(|seen, out| out.json(&seen.result(&said("served"))));
        let shared = book.clone();
        let far = Far::start(move |seen, out| answer(&shared, &serves, seen, out));
        Self { far, book }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    fn config(&self) -> String {
        let other = config(&[("counter", &[callmux(), "example-server", "counter"])]);
        format!("{other}[servers.far]\nurl = {:?}\nauth = \"oauth\"\n", self.far.url())
    }
}

fn answer(book: &Mutex<Book>, serves: &impl Fn(&Seen, &mut Out), seen: &Seen, out: &mut Out) {
    let base = format!("http://{}", seen.header("host").unwrap());
    let mut book = book.lock().unwrap();
    match seen.path.as_str() {
        "/mcp" => {
            let good = format!("Bearer {CANARY}-{}", book.tokens);
            let is_good = !book.is_revoked && seen.header("authorization") == Some(&good);
            drop(book);
            if is_good {
                return serves(seen, out);
            }
            let about = format!("resource_metadata=\"{base}/resource\", scope=\"s\"");
            out.whole("401 Unauthorized", &[&format!("WWW-Authenticate: Bearer {about}")], "");
        }
        "/resource" => {
            let resource = format!("{base}/mcp");
            let metadata = json!({ "resource": resource, "authorization_servers": [base] });
            out.json(&metadata.to_string());
        }
        "/.well-known/oauth-authorization-server" => {
            let mut metadata = json!({ "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
                "token_endpoint": format!("{base}/token"),
                "registration_endpoint": format!("{base}/register"),
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": true });
            if book.revokes.is_some() {
                metadata["revocation_endpoint"] = format!("{base}/revoke").into();
            }
            out.json(&metadata.to_string());
        }
        "/revoke" => {
            book.revoked.push(seen.text.clone());
            out.whole(book.revokes.unwrap_or("404 Not Found"), &[], "");
        }
        "/register" => {
            book.registrations += 1;
            let client = json!({ "client_id": "c-1", "redirect_uris": seen.body["redirect_uris"] });
            out.whole("201 Created", &["Content-Type: application/json"], &client.to_string());
        }
        "/token" => give(&mut book, seen, out),
        _ => out.whole("404 Not Found", &[], ""),
    }
}

fn give(book: &mut Book, seen: &Seen, out: &mut Out) {
    let is_refresh = seen.text.contains("grant_type=refresh_token");
    let is_known = seen.text.contains(&format!("refresh_token={CANARY}-r-{}", book.tokens));
    book.refreshes += usize::from(is_refresh);
    if is_refresh && (book.is_strict || !is_known) {
        let error = json!({ "error": "invalid_grant" }).to_string();
        return out.whole("400 Bad Request", &["Content-Type: application/json"], &error);
    }
    assert!(is_refresh || seen.text.contains("code_verifier="), "{}", seen.text);
    (book.tokens, book.is_revoked) = (book.tokens + 1, false);
    let (n, life) = (book.tokens, std::mem::replace(&mut book.life, 3600));
    let token = json!({ "access_token": format!("{CANARY}-{n}"), "token_type": "Bearer",
        "expires_in": life, "refresh_token": format!("{CANARY}-r-{n}") });
    out.json(&token.to_string());
}

/// `callmux login`, waiting for its address to be opened.
struct LoggingIn {
    child: Child,
    url: Url,
}

impl LoggingIn {
    fn begin(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command();
        command.args(["login", "far", "--no-browser"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find(|line| line.starts_with("  http")).expect("an address");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: Url::parse(address.trim()).unwrap() }
    }

    fn parameter(&self, name: &str) -> String {
        let mut pairs = self.url.query_pairs();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// Where the browser is sent to, with this instead of what comes of a consent.
    fn back_with(&self, pairs: &[(&str, &str)]) -> Url {
        let mut back = Url::parse(&self.parameter("redirect_uri")).unwrap();
        back.query_pairs_mut().extend_pairs(pairs);
        back
    }

    /// Where the browser is sent to once the person has consented.
    fn back(&self) -> Url {
        let (state, issuer) = (self.parameter("state"), self.url.origin().ascii_serialization());
        self.back_with(&[("code", "the-code"), ("state", &state), ("iss", &issuer)])
    }

    /// Whether it succeeded, and what it said on stderr.
    fn end(mut self) -> (bool, String) {
        let status = until("the end of the login", || self.child.try_wait().unwrap());
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (status.success(), said)
    }
}

/// What a browser is shown at this address.
fn visit(url: &Url) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
    let target = &url[url::Position::BeforePath..];
    write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

fn log_in(sandbox: &Sandbox) {
    let login = LoggingIn::begin(sandbox);
    assert_eq!(login.parameter("code_challenge_method"), "S256");
    assert_eq!(login.parameter("scope"), "s");
    let page = visit(&login.back());
    assert!(page.contains("logged in") && !page.contains(CANARY), "{page}");
    let (fine, said) = login.end();
    assert!(fine, "{said}");
}

fn started(sandbox: &Sandbox, guarded: &Guarded) -> Daemon {
    sandbox.write("config/callmux/config.toml", &guarded.config());
    let daemon = Daemon::start(sandbox);
    daemon.wait_for("server_unusable", |fact| {
        fact["reason"] == "login needed: run `callmux login far`"
    });
    daemon
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"))
}

/// Nothing that anybody can read shows a token.
fn assert_hidden(sandbox: &Sandbox, daemon: &Daemon) {
    let status = sandbox.command().args(["status", "--json"]).output().unwrap();
    let of_process = |name: &str| {
        let bytes = std::fs::read(format!("/proc/{}/{name}", daemon.pid())).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let status = String::from_utf8(status.stdout).unwrap();
    for shown in [daemon.told(), status, of_process("cmdline"), of_process("environ")] {
        assert!(!shown.contains(CANARY) && !shown.contains("the-code"), "{shown}");
    }
}

#[test]
fn a_login_is_asked_for_once_and_outlives_the_daemon() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let mut daemon = started(&sandbox, &guarded);
    let mut bridge = Lines::bridge(&sandbox);
    let other = bridge.call("counter__increment", &json!({ "by": 1 }));
    assert_eq!(other["result"]["structuredContent"]["value"], 1, "{other}");
    let tools = bridge.request("tools/list", &json!({})).to_string();
    assert!(!tools.contains("far__echo"), "{tools}");
    log_in(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    bridge.take("the news", |line| line.contains("notifications/tools/list_changed"));
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "served");
    let path = sandbox.path(".local/state/callmux/credentials/far.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&path).unwrap().contains("canary-r-1"));
    assert_hidden(&sandbox, &daemon);
    drop(bridge);
    assert_eq!(daemon.stop(), Some(0));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut bridge = Lines::bridge(&sandbox);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "served");
    assert_eq!(guarded.book().tokens, 1);
    assert_eq!(guarded.book().registrations, 1);
    assert_hidden(&sandbox, &daemon);
    let logout = sandbox.command().args(["logout", "far"]).output().unwrap();
    assert!(logout.status.success(), "{logout:?}");
    let told = String::from_utf8(logout.stderr).unwrap();
    assert!(told.contains("forgotten here, but they were not revoked: "), "{told}");
    daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
    assert!(!path.exists());
    let answer = bridge.call("far__echo", &json!({}));
    let failure = &answer["result"]["_meta"]["callmux/failure"];
    assert_eq!(failure["outcome"], "not_sent", "{answer}");
    assert!(text(&answer).contains("run `callmux login far`"), "{answer}");
}

#[test]
fn many_calls_at_the_end_of_a_token_renew_it_once() {
    const CALLS: usize = 200;
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let daemon = started(&sandbox, &guarded);
    let life = Duration::from_secs(3);
    guarded.book().life = life.as_secs();
    log_in(&sandbox);
    let began = Instant::now();
    daemon.wait_for("server_ready", |fact| fact["server"] == "far");
    let mut bridge = Lines::bridge(&sandbox);
    let mut call_all = || {
        let ids: Vec<_> = (0..CALLS).map(|_| bridge.start_call("far__echo", &json!({}))).collect();
        for id in ids {
            assert_eq!(text(&bridge.answer(id)), "served");
        }
    };
    until("the end of the token", || (began.elapsed() > life).then_some(()));
    call_all();
    assert_eq!(guarded.book().refreshes, 1, "it was over");
    guarded.book().is_revoked = true;
    call_all();
    assert_eq!(guarded.book().refreshes, 2, "it was refused");
    assert_eq!(daemon.count("server_failed", |_| true), 0);
    assert_hidden(&sandbox, &daemon);
}

#[test]
fn a_refresh_token_that_is_refused_asks_for_a_login() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let daemon = started(&sandbox, &guarded);
    log_in(&sandbox);
    let mut bridge = Lines::bridge(&sandbox);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "served");
    {
        let mut book = guarded.book();
        (book.is_revoked, book.is_strict) = (true, true);
    }
    let answer = bridge.call("far__echo", &json!({}));
    assert!(text(&answer).contains("run `callmux login far`"), "{answer}");
    until("the second refusal", || {
        (daemon.count("server_unusable", |fact| fact["server"] == "far") == 2).then_some(())
    });
    let answer = bridge.call("far__echo", &json!({}));
    assert!(text(&answer).contains("run `callmux login far`"), "{answer}");
    assert_eq!(guarded.book().refreshes, 1, "it is not tried again");
    guarded.book().is_strict = false;
    log_in(&sandbox);
    assert_eq!(text(&bridge.call("far__echo", &json!({}))), "served");
    assert_eq!(guarded.book().registrations, 1, "the client is known");
    assert_hidden(&sandbox, &daemon);
}

#[test]
fn only_the_right_address_ends_a_login() {
    let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
    let _daemon = started(&sandbox, &guarded);
    let login = LoggingIn::begin(&sandbox);
    let state = login.parameter("state");
    let guessed = login.back_with(&[("code", "x"), ("state", "guessed")]);
    assert!(visit(&guessed).contains("No login waits for this"));
    let evil = [("code", "x"), ("state", &*state), ("iss", "https://evil.example")];
    let page = visit(&login.back_with(&evil));
    assert!(page.contains("issuer mismatch"), "{page}");
    let (fine, said) = login.end();
    assert!(!fine && said.contains("issuer mismatch"), "{said}");
    let login = LoggingIn::begin(&sandbox);
    let state = login.parameter("state");
    let no = [("error", "access_denied"), ("error_description", "<b>no</b>"), ("state", &*state)];
    let page = visit(&login.back_with(&no));
    assert!(page.contains("access_denied: &lt;b&gt;no"), "{page}");
    assert!(!login.end().0);
    assert_eq!(guarded.book().tokens, 0);
    // From a browser on another machine.
    let mut login = LoggingIn::begin(&sandbox);
    let back = login.back();
    writeln!(login.child.stdin.as_mut().unwrap(), "{back}").unwrap();
    let (fine, said) = login.end();
    assert!(fine, "{said}");
}

#[test]
fn tokens_that_are_given_or_printed_are_sent() {
    let sandbox = Sandbox::new();
    let served = modern(|seen, out| out.json(&seen.result(&said("served"))));
    let good = Arc::new(Mutex::new("canary-1".to_owned()));
    let shared = good.clone();
    let far = Far::start(move |seen, out| {
        let wanted = format!("Bearer {}", shared.lock().unwrap());
        if seen.header("authorization") == Some(&wanted) {
            served(seen, out);
        } else {
            out.whole("401 Unauthorized", &["WWW-Authenticate: Bearer"], "");
        }
    });
    sandbox.write("config/callmux/token", "canary-1\n");
    let url = far.url();
    let program = "echo >> \"$HOME/runs\"; cat \"$HOME/config/callmux/token\"";
    let both = format!(
        "[servers.given]\nurl = {url:?}\nauth = {{ type = \"bearer\", token = \"${{file:token}}\" }}\n\
         [servers.printed]\nurl = {url:?}\n\
         auth = {{ type = \"command\", command = [\"sh\", \"-c\", {program:?}] }}\n"
    );
    sandbox.write("config/callmux/config.toml", &both);
    let daemon = Daemon::start(&sandbox);
    for name in ["given", "printed"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == name);
    }
    let runs = || std::fs::read_to_string(sandbox.path("runs")).unwrap().len();
    let mut bridge = Lines::bridge(&sandbox);
    assert_eq!(text(&bridge.call("given__echo", &json!({}))), "served");
    assert_eq!(text(&bridge.call("printed__echo", &json!({}))), "served");
    assert_eq!(runs(), 1);
    "canary-2".clone_into(&mut good.lock().unwrap());
    let answer = bridge.call("printed__echo", &json!({}));
    assert!(text(&answer).contains("401") && runs() == 2, "{answer}");
    sandbox.write("config/callmux/token", "canary-2\n");
    assert_eq!(text(&bridge.call("printed__echo", &json!({}))), "served");
    assert_eq!(runs(), 3);
    assert_hidden(&sandbox, &daemon);
}

#[test]
fn a_logout_revokes_the_tokens_first() {
    for (answer, words) in [("200 OK", ""), ("503 Service Unavailable", "answers with 503")] {
        let (sandbox, guarded) = (Sandbox::new(), Guarded::start());
        guarded.book().revokes = Some(answer);
        let daemon = started(&sandbox, &guarded);
        log_in(&sandbox);
        let logout = sandbox.command().args(["logout", "far"]).output().unwrap();
        assert!(logout.status.success(), "{logout:?}");
        let told = String::from_utf8(logout.stderr).unwrap();
        assert!(told.contains(words) && told.is_empty() == words.is_empty(), "{told}");
        let expected = [
            format!("token={CANARY}-r-1&token_type_hint=refresh_token&client_id=c-1"),
            format!("token={CANARY}-1&token_type_hint=access_token&client_id=c-1"),
        ];
        assert_eq!(guarded.book().revoked, expected);
        daemon.wait_for("server_unusable", |fact| fact["server"] == "far");
        assert!(!sandbox.path(".local/state/callmux/credentials/far.json").exists());
        // There is nothing left to revoke.
        sandbox.command().args(["logout", "far"]).output().unwrap();
        assert_eq!(guarded.book().revoked.len(), 2);
    }
}
