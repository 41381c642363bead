//! One client's way in, whatever carries it: it sends messages and hears messages, as texts.

use super::http::Closer;
use super::{Daemon, Http, Lines, PATIENCE, raw};
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};

/// A way in.
pub trait Wire {
    fn send(&mut self, message: &str);
    /// The next message; `None` if none comes in time.
    fn next(&mut self) -> Option<String>;
    /// Takes back the request with this id.
    fn cancel(&mut self, id: &str) {
        self.send(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        ));
    }
}

impl Wire for Lines {
    fn send(&mut self, message: &str) {
        self.write(message);
    }

    fn next(&mut self) -> Option<String> {
        self.next_within(PATIENCE)
    }
}

/// Streamable HTTP; each request has a connection of its own, so that none waits for another.
pub struct Streamable<'a> {
    dial: Box<dyn Fn() -> Http + 'a>,
    is_modern: bool,
    session: Option<String>,
    sink: Sender<String>,
    inbox: Receiver<String>,
    /// What closes the connections of requests, by their ids.
    open: HashMap<String, Closer>,
}

impl<'a> Streamable<'a> {
    pub fn tcp(daemon: &'a Daemon, is_modern: bool) -> Self {
        Self::new(Box::new(|| Http::tcp(daemon)), is_modern)
    }

    pub fn unix(daemon: &'a Daemon, is_modern: bool) -> Self {
        Self::new(Box::new(|| Http::unix(daemon)), is_modern)
    }

    fn new(dial: Box<dyn Fn() -> Http + 'a>, is_modern: bool) -> Self {
        let (sink, inbox) = channel();
        Self { dial, is_modern, session: None, sink, inbox, open: HashMap::new() }
    }

    fn dial(&self) -> Http {
        let mut http = (self.dial)();
        http.session.clone_from(&self.session);
        http
    }

    /// The stream for what belongs to no request.
    fn listen(&mut self) {
        let mut http = self.dial();
        let closer = http.closer();
        http.start_bare("GET", "/mcp", &[("MCP-Protocol-Version", "2025-11-25")]);
        let head = http.read_head();
        assert_eq!(head.status, 200, "{head:?}");
        let sink = self.sink.clone();
        std::thread::spawn(move || pour(&mut http, &sink));
        self.open.insert("GET".to_owned(), closer);
    }
}

/// The headers that repeat what a modern message says.
pub fn mirrored(message: &str) -> Vec<(&'static str, String)> {
    let method = raw::text(message, &["method"]);
    let member = if method == "resources/read" { "uri" } else { "name" };
    let mut headers =
        vec![("MCP-Protocol-Version", "2026-07-28".to_owned()), ("Mcp-Method", method.clone())];
    if ["tools/call", "prompts/get", "resources/read"].contains(&method.as_str()) {
        headers.push(("Mcp-Name", raw::text(message, &["params", member])));
    }
    headers
}

/// Passes on what comes in events until their stream ends.
fn pour(http: &mut Http, sink: &Sender<String>) {
    let mut text = String::new();
    while let Some(chunk) = http.read_chunk() {
        text += &chunk;
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let data = event.lines().filter_map(|line| line.strip_prefix("data: "));
            for data in data.filter(|data| !data.is_empty()) {
                drop(sink.send(data.to_owned()));
            }
        }
    }
}

impl Wire for Streamable<'_> {
    fn send(&mut self, message: &str) {
        let mut http = self.dial();
        let headers = if self.is_modern {
            mirrored(message)
        } else if self.session.is_some() {
            vec![("MCP-Protocol-Version", "2025-11-25".to_owned())]
        } else {
            Vec::new()
        };
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let method = raw::text(message, &["method"]);
        let id = raw::get(message, &["id"]).filter(|_| !method.is_empty()).map(str::to_owned);
        let closer = http.closer();
        http.start_post(message, &headers);
        if method == "initialize" || id.is_none() {
            let reply = http.read();
            if let Some(session) = reply.header("mcp-session-id") {
                self.session = Some(session.to_owned());
            }
            if id.is_none() {
                assert_eq!((reply.status, &*reply.body), (202, ""), "{reply:?}");
            } else {
                drop(self.sink.send(reply.body));
            }
            if method == "notifications/initialized" {
                self.listen();
            }
            return;
        }
        self.open.extend(id.map(|id| (id, closer)));
        let sink = self.sink.clone();
        std::thread::spawn(move || {
            let Some(head) = http.try_read_head() else { return };
            if head.header("content-type") == Some("text/event-stream") {
                return pour(&mut http, &sink);
            }
            let body = http.read_body(head).body;
            if !body.is_empty() {
                drop(sink.send(body));
            }
        });
    }

    fn next(&mut self) -> Option<String> {
        self.inbox.recv_timeout(PATIENCE).ok()
    }

    fn cancel(&mut self, id: &str) {
        if self.is_modern {
            // The end of the response is the way to take it back.
            return self.open.remove(id).unwrap()();
        }
        self.send(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
        ));
    }
}

impl Drop for Streamable<'_> {
    fn drop(&mut self) {
        self.open.values().for_each(|close| close());
        if self.session.is_some() {
            self.dial().bare("DELETE", "/mcp", &[]);
        }
    }
}

/// HTTP with SSE, the transport of 2024-11-05.
pub struct Sse {
    sending: Http,
    endpoint: String,
    inbox: Receiver<String>,
    close: Closer,
}

impl Sse {
    pub fn open(daemon: &Daemon) -> Self {
        let mut stream = Http::tcp(daemon);
        let close = stream.closer();
        stream.start_bare("GET", "/sse", &[]);
        assert_eq!(stream.read_head().status, 200);
        let (sink, inbox) = channel();
        std::thread::spawn(move || pour(&mut stream, &sink));
        let endpoint: String = inbox.recv_timeout(PATIENCE).unwrap();
        daemon.watch.heard.session(endpoint.rsplit('=').next().unwrap());
        Self { sending: Http::tcp(daemon), endpoint, inbox, close }
    }

    /// POSTs a message; the status of the reply, and its body.
    pub fn post(&mut self, message: &str) -> (u16, String) {
        let reply = self.sending.post_to(&self.endpoint, message, &[]);
        (reply.status, reply.body)
    }
}

impl Wire for Sse {
    fn send(&mut self, message: &str) {
        assert_eq!(self.post(message), (202, String::new()), "{message}");
    }

    fn next(&mut self) -> Option<String> {
        self.inbox.recv_timeout(PATIENCE).ok()
    }
}

impl Drop for Sse {
    fn drop(&mut self) {
        (self.close)();
    }
}
