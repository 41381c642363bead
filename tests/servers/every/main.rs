//! A server with a bit of everything that the protocol has, in one era. It speaks raw lines, so it is
//! bound by nobody's idea of the protocol, and it is strict: what does not belong to its era, it refuses.
//!
//! `every-server --legacy | --modern [--name NAME] [--ledger FILE]`; the ledger gets one line for each
//! message that came in and one for each call that was taken back.

#![expect(clippy::unwrap_used, reason = "a test's far end fails by panicking")]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Write};

use serde_json::value::RawValue;

mod asks;
mod calls;
mod lists;
mod odd;

use asks::Asking;
use odd::ODD;

/// An object's members as they are written.
pub type Members<'a> = HashMap<String, &'a RawValue>;

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// The members of an object; none of anything else.
pub fn members(json: &str) -> Members<'_> {
    serde_json::from_str(json).unwrap_or_default()
}

pub fn text(json: Option<&&RawValue>) -> String {
    json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
}

/// One request.
#[derive(Debug)]
pub struct Request<'a> {
    /// As it is written.
    pub id: &'a str,
    pub params: Members<'a>,
    pub meta: Members<'a>,
}

/// An open `subscriptions/listen`.
#[derive(Debug)]
struct Stream {
    id: String,
    filter: String,
    uris: Vec<String>,
}

/// What went wrong: code and message.
pub type Refusal = (i64, String);

#[derive(Debug)]
pub struct Server {
    pub is_modern: bool,
    name: String,
    ledger: Option<String>,
    pub tools: Vec<String>,
    pub prompts: Vec<String>,
    pub resources: Vec<String>,
    subscribed: HashSet<String>,
    streams: Vec<Stream>,
    /// Our questions to the client, by their ids as they are written.
    pub asking: HashMap<String, Asking>,
    pub asked: u64,
    /// Calls that wait to be taken back.
    pub slow: HashSet<String>,
}

fn main() {
    let (mut is_modern, mut name, mut ledger) = (false, "every".to_owned(), None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--legacy" => is_modern = false,
            "--modern" => is_modern = true,
            "--name" => name = words.next().unwrap(),
            "--ledger" => ledger = words.next(),
            other => panic!("no such option: {other}"),
        }
    }
    let mut server = Server {
        is_modern,
        name,
        ledger,
        tools: Vec::new(),
        prompts: Vec::new(),
        resources: Vec::new(),
        subscribed: HashSet::new(),
        streams: Vec::new(),
        asking: HashMap::new(),
        asked: 0,
        slow: HashSet::new(),
    };
    for line in std::io::stdin().lock().lines() {
        server.take(&line.unwrap());
    }
}

pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

impl Server {
    /// A result, with what this era wants in each. `members` has no braces.
    pub fn answer(&self, id: &str, members: &str) {
        let kind = if self.is_modern { r#""resultType":"complete","# } else { "" };
        say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{{kind}{members}}}}}"#));
    }

    /// The same, with what this era wants in results that may be kept.
    pub fn answer_lasting(&self, id: &str, members: &str) {
        let hints = if self.is_modern { r#","ttlMs":60000,"cacheScope":"private""# } else { "" };
        self.answer(id, &format!("{members}{hints}"));
    }

    pub fn note(&self, line: &str) {
        let Some(ledger) = &self.ledger else { return };
        let mut file = std::fs::File::options().create(true).append(true).open(ledger).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn take(&mut self, line: &str) {
        let message = members(line);
        let method = text(message.get("method"));
        let params = message.get("params").map_or("{}", |params| params.get());
        let params = members(params);
        let id = message.get("id").map(|id| id.get());
        let about = ["name", "uri", "level", "requestId"].map(|name| params.get(name));
        let about = about.into_iter().flatten().next().map_or("", |json| json.get());
        match (id, method.as_str()) {
            (None, method) => {
                self.note(&format!("notification {method} {about}"));
                if method == "notifications/cancelled" {
                    self.cancelled(about);
                }
            }
            (Some(id), "") => self.take_answer(id, &message),
            (Some(id), method) => {
                self.note(&format!("request {method} {about}"));
                let meta = members(params.get("_meta").map_or("{}", |meta| meta.get()));
                let request = Request { id, params, meta };
                let done = self.check(&request, method);
                let done = done.and_then(|()| self.request(method, &request));
                if let Err((code, message)) = done {
                    let message = serde_json::Value::from(message);
                    say(&format!(
                        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{message},"data":{{{ODD}}}}}}}"#
                    ));
                }
            }
        }
    }

    /// Nothing of the other era is let in.
    fn check(&self, request: &Request<'_>, method: &str) -> Result<(), Refusal> {
        if !self.is_modern {
            // A probe is refused for its method.
            let modern = [VERSION, CLIENT_INFO, CAPABILITIES, LOG_LEVEL]
                .into_iter()
                .find(|key| method != "server/discover" && request.meta.contains_key(*key));
            return modern.map_or(Ok(()), |key| Err((-32602, format!("{key} is not of my era"))));
        }
        if method == "initialize" {
            return Err((-32601, "there is no handshake".into()));
        }
        let version = text(request.meta.get(VERSION));
        let has_capabilities =
            request.meta.get(CAPABILITIES).is_some_and(|json| json.get().starts_with('{'));
        if version != "2026-07-28" || !has_capabilities {
            return Err((-32602, format!("{VERSION} or {CAPABILITIES} is missing in _meta")));
        }
        Ok(())
    }

    fn request(&mut self, method: &str, request: &Request<'_>) -> Result<(), Refusal> {
        let id = request.id;
        let listed = |declared: &str| format!(r#"{{"listChanged":true{declared}}}"#);
        let capabilities = format!(
            r#"{{"tools":{},"prompts":{},"resources":{},"completions":{{}},"logging":{{}},{ODD}}}"#,
            listed(""),
            listed(""),
            listed(r#","subscribe":true"#)
        );
        let info = format!(r#"{{"name":"{}","version":"1"}}"#, self.name);
        match (method, self.is_modern) {
            ("initialize", false) => self.answer(
                id,
                &format!(
                    r#""protocolVersion":"2025-11-25","capabilities":{capabilities},"serverInfo":{info},"instructions":"Every thing.""#
                ),
            ),
            ("server/discover", true) => self.answer_lasting(
                id,
                &format!(
                    r#""supportedVersions":["2026-07-28"],"capabilities":{capabilities},"instructions":"Every thing.","_meta":{{"io.modelcontextprotocol/serverInfo":{info}}}"#
                ),
            ),
            ("ping" | "logging/setLevel", false) => self.answer(id, ""),
            ("tools/list", _) => self.list(request, "tools", &self.tool_list()),
            ("prompts/list", _) => self.list(request, "prompts", &self.prompt_list()),
            ("resources/list", _) => self.list(request, "resources", &self.resource_list()),
            ("resources/templates/list", _) => {
                self.list(request, "resourceTemplates", &[lists::template()]);
            }
            ("prompts/get", _) => self.prompt(request)?,
            ("resources/read", _) => self.read(request)?,
            ("completion/complete", _) => self.complete(request)?,
            ("tools/call", _) => self.call(request)?,
            ("resources/subscribe", false) => {
                self.subscribed.insert(text(request.params.get("uri")));
                self.answer(id, "");
            }
            ("resources/unsubscribe", false) => {
                self.subscribed.remove(&text(request.params.get("uri")));
                self.answer(id, "");
            }
            ("subscriptions/listen", true) => self.listen(request)?,
            _ => return Err((-32601, format!("no such method: {method}"))),
        }
        Ok(())
    }

    fn listen(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let filter = request.params.get("notifications").map(|filter| filter.get());
        let filter = filter.ok_or((-32602, "notifications is missing".to_owned()))?;
        let uris = members(filter);
        let uris = uris.get("resourceSubscriptions").map_or("[]", |uris| uris.get());
        let stream = Stream {
            id: request.id.to_owned(),
            filter: filter.to_owned(),
            uris: serde_json::from_str(uris).map_err(|_| (-32602, "bad uris".to_owned()))?,
        };
        say(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"_meta":{{"{SUBSCRIPTION}":{}}},"notifications":{filter}}}}}"#,
            request.id
        ));
        self.streams.push(stream);
        Ok(())
    }

    /// Says that a list changed to whoever wants to hear it. `topic`: tools, prompts or resources.
    pub fn list_changed(&self, topic: &str) {
        let method = format!("notifications/{topic}/list_changed");
        if !self.is_modern {
            return say(&format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#));
        }
        for stream in &self.streams {
            if members(&stream.filter).contains_key(&format!("{topic}ListChanged")) {
                let meta = format!(r#""_meta":{{"{SUBSCRIPTION}":{}}}"#, stream.id);
                say(&format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{{meta}}}}}"#));
            }
        }
    }

    /// Says that a resource changed to whoever wants to hear it.
    pub fn updated(&self, uri: &str) {
        let say = |meta: &str| {
            let uri = serde_json::Value::from(uri);
            say(&format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{{meta}"uri":{uri},{ODD}}}}}"#
            ));
        };
        if self.subscribed.contains(uri) {
            say("");
        }
        for stream in self.streams.iter().filter(|stream| stream.uris.iter().any(|own| own == uri))
        {
            say(&format!(r#""_meta":{{"{SUBSCRIPTION}":{}}},"#, stream.id));
        }
    }

    fn cancelled(&mut self, id: &str) {
        self.streams.retain(|stream| stream.id != id);
        if self.slow.remove(id) {
            self.note("cancelled slow");
        }
        let before = self.asking.len();
        self.asking.retain(|_, asking| asking.call != id);
        if self.asking.len() < before {
            self.note("cancelled asking");
        }
    }
}
