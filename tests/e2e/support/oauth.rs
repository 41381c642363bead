//! A server that wants tokens, with its authorization server, and a person who logs in to it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use serde_json::{Value, json};
use url::Url;

use super::far::{Far, Out, Seen, modern, said};
use super::processes::{Owners, look_at};
use super::watch::{Heard, was_proven};
use super::{CANARY, Sandbox, callmux, canary, config, until};

/// What comes of a consent.
pub const CODE: &str = canary!("-code");

/// How much the authorization server says.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    #[default]
    Usual,
    /// A registration is answered with no more than it must be.
    Terse,
    /// It says nothing of itself, and registers nobody.
    Silent,
}

/// What the authorization server knows and is to do.
#[derive(Default)]
pub struct Book {
    /// Tokens that were given out; only the newest is good.
    pub tokens: usize,
    pub refreshes: usize,
    pub registrations: usize,
    /// The life of the next token, in seconds.
    pub life: u64,
    /// The newest token is good no more.
    pub is_revoked: bool,
    /// Refresh tokens are refused.
    pub is_strict: bool,
    /// Codes are refused, too.
    pub is_closed: bool,
    /// What a client that registers has to prove itself with.
    pub client_secret: Option<&'static str>,
    /// How a wish to revoke a token is answered; without it there is no endpoint for that.
    pub revokes: Option<&'static str>,
    /// The forms that came there.
    pub revoked: Vec<String>,
    /// Members of the metadata that are not as usual.
    pub metadata: serde_json::Map<String, Value>,
    /// The same of tokens.
    pub token: serde_json::Map<String, Value>,
    pub manner: Manner,
    /// How often it is too busy to give a token.
    pub busy: usize,
    /// In place of any further token, with status 200.
    pub refusal: Option<Value>,
}

/// A server that wants tokens, and its authorization server, at one address.
pub struct Guarded {
    pub far: Far,
    book: Arc<Mutex<Book>>,
}

impl Guarded {
    pub fn start() -> Self {
        Self::serving(modern(|seen, out| out.json(&seen.result(&said("served")))))
    }

    /// `serves` answers who has a token.
    pub fn serving(serves: impl Fn(&Seen, &mut Out) + Send + Sync + 'static) -> Self {
        let book = Arc::new(Mutex::new(Book { life: 3600, ..Book::default() }));
        let shared = book.clone();
        let far = Far::start(move |seen, out| answer(&shared, &serves, seen, out));
        Self { far, book }
    }

    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    pub fn config(&self) -> String {
        let other = config(&[("counter", &[callmux(), "example-server", "counter"])]);
        format!("{other}[servers.far]\nurl = {:?}\nauth = \"oauth\"\n", self.far.url())
    }

    /// The requests to this path.
    pub fn asked(&self, path: &str) -> Vec<Seen> {
        self.far.seen().into_iter().filter(|seen| seen.path == path).collect()
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
        "/resource" | "/.well-known/oauth-authorization-server" | "/register"
            if book.manner == Manner::Silent =>
        {
            out.whole("404 Not Found", &[], "");
        }
        "/resource" => {
            let resource = format!("{base}/mcp");
            let metadata = json!({ "resource": resource, "authorization_servers": [base] });
            out.json(&metadata.to_string());
        }
        "/.well-known/oauth-authorization-server" => {
            let mut metadata = json!({
                "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
                "token_endpoint": format!("{base}/token"),
                "registration_endpoint": format!("{base}/register"),
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": true });
            if book.revokes.is_some() {
                metadata["revocation_endpoint"] = format!("{base}/revoke").into();
            }
            metadata.as_object_mut().unwrap().extend(book.metadata.clone());
            out.json(&metadata.to_string());
        }
        "/revoke" => {
            book.revoked.push(seen.text.clone());
            out.whole(book.revokes.unwrap_or("404 Not Found"), &[], &seen.text);
        }
        "/register" => {
            book.registrations += 1;
            let back = &seen.body["redirect_uris"];
            let mut client = json!({ "client_id": "c-1", "redirect_uris": back });
            if book.manner == Manner::Terse {
                client = json!({ "client_id": "c-1" });
            }
            if let Some(secret) = book.client_secret {
                client["client_secret"] = secret.into();
            }
            out.whole("201 Created", &["Content-Type: application/json"], &client.to_string());
        }
        "/token" => give(&mut book, seen, out),
        _ => out.whole("404 Not Found", &[], ""),
    }
}

fn give(book: &mut Book, seen: &Seen, out: &mut Out) {
    if book.busy > 0 {
        book.busy -= 1;
        return out.whole("503 Service Unavailable", &[], "busy");
    }
    if let Some(refusal) = &book.refusal {
        return out.json(&refusal.to_string());
    }
    let is_refresh = seen.text.contains("grant_type=refresh_token");
    let is_known = seen.text.contains(&format!("refresh_token={CANARY}-r-{}", book.tokens));
    book.refreshes += usize::from(is_refresh);
    if !is_refresh {
        let mut pairs = url::form_urlencoded::parse(seen.text.as_bytes());
        let verifier = pairs.find(|(name, _)| name == "code_verifier");
        was_proven(verifier.unwrap_or_else(|| panic!("{}", seen.text)).1.into_owned());
    }
    if book.is_closed || (is_refresh && (book.is_strict || !is_known)) {
        // As servers do that mean well.
        let error = json!({ "error": "invalid_grant", "error_description": seen.text }).to_string();
        return out.whole("400 Bad Request", &["Content-Type: application/json"], &error);
    }
    (book.tokens, book.is_revoked) = (book.tokens + 1, false);
    let (n, life) = (book.tokens, std::mem::replace(&mut book.life, 3600));
    let mut token = json!({ "access_token": format!("{CANARY}-{n}"), "token_type": "Bearer",
        "expires_in": life, "refresh_token": format!("{CANARY}-r-{n}") });
    token.as_object_mut().unwrap().extend(book.token.clone());
    out.json(&token.to_string());
}

/// `callmux login`, waiting for its address to be opened.
pub struct LoggingIn {
    pub child: Child,
    pub url: Url,
    heard: Arc<Heard>,
    /// What it prints after the address.
    rest: Option<JoinHandle<String>>,
}

impl LoggingIn {
    pub fn begin(sandbox: &Sandbox) -> Self {
        Self::to(sandbox, "far")
    }

    pub fn to(sandbox: &Sandbox, server: &str) -> Self {
        let mut command = sandbox.command();
        command.args(["login", server, "--no-browser"]);
        let mut child = command.stdin(Stdio::piped()).spawn_heard();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find(|line| line.starts_with("  http")).expect("an address");
        let nobody = Owners { given: &[], is_inherited: false, servers: HashMap::new() };
        look_at(&sandbox.watch, child.id(), &nobody);
        let mut login = Self::at(&address, child, sandbox.watch.heard.clone());
        login.rest = Some(std::thread::spawn(move || lines.collect::<Vec<_>>().join("\n")));
        login
    }

    /// A login of this process, which wants this address to be opened.
    pub fn at(address: &str, child: Child, heard: Arc<Heard>) -> Self {
        let login = Self { child, url: Url::parse(address.trim()).unwrap(), heard, rest: None };
        login.heard.made(&login.parameter("state"));
        login
    }

    pub fn parameter(&self, name: &str) -> String {
        let mut pairs = self.url.query_pairs();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    /// Where the browser is sent to, with this instead of what comes of a consent.
    pub fn back_with(&self, pairs: &[(&str, &str)]) -> Url {
        let mut back = Url::parse(&self.parameter("redirect_uri")).unwrap();
        back.query_pairs_mut().extend_pairs(pairs);
        back
    }

    /// Where the browser is sent to once the person has consented.
    pub fn back(&self) -> Url {
        let (state, issuer) = (self.parameter("state"), self.url.origin().ascii_serialization());
        self.back_with(&[("code", CODE), ("state", &state), ("iss", &issuer)])
    }

    /// Whether it succeeded, and what it said on stderr.
    pub fn end(mut self) -> (bool, String) {
        let status = until("the end of the login", || self.child.try_wait().unwrap());
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        self.heard.said("the stderr of `callmux login`", &*said);
        let rest = self.rest.take().map(|rest| rest.join().unwrap()).unwrap_or_default();
        self.heard.said("the stdout of `callmux login`", rest);
        (status.success(), said)
    }
}

/// What a browser is shown at this address.
pub fn visit(url: &Url) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
    let target = &url[url::Position::BeforePath..];
    write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(!page.contains(CANARY), "{page}");
    page
}

/// Consents as a person would.
pub fn log_in(sandbox: &Sandbox) {
    let login = LoggingIn::begin(sandbox);
    assert_eq!(login.parameter("code_challenge_method"), "S256");
    assert_eq!(login.parameter("scope"), "s");
    let page = visit(&login.back());
    assert!(page.contains("logged in"), "{page}");
    let (fine, said) = login.end();
    assert!(fine, "{said}");
}
