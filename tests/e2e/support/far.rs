//! A remote MCP server that answers as a test tells it to.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use super::{CANARY, canary, until};

/// An address where nobody listens, and which nobody else is given: what wants any port gets it
/// elsewhere, and so do the clients' ends of connections.
pub fn vacant() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let port = NEXT.fetch_add(1, Ordering::Relaxed);
    SocketAddr::from(([127, 64 | (high & 63), middle, low], port))
}

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub verb: String,
    /// Path and query.
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: Value,
    /// The body as it came in.
    pub text: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The method of the message; the verb of a request without one.
    pub fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or(&self.verb)
    }

    /// A response with this result.
    pub fn result(&self, result: &Value) -> String {
        json!({ "jsonrpc": "2.0", "id": self.body["id"], "result": result }).to_string()
    }

    pub fn error(&self, code: i64) -> String {
        let error = json!({ "code": code, "message": "no" });
        json!({ "jsonrpc": "2.0", "id": self.body["id"], "error": error }).to_string()
    }
}

/// Where the response is written. Of a unix socket it is one all the same: what is done with it does
/// not depend on the kind.
pub struct Out(TcpStream);

impl Out {
    fn write(&mut self, text: &str) -> bool {
        self.0.write_all(text.as_bytes()).is_ok()
    }

    /// A whole response. `status`: code and reason.
    pub fn whole(&mut self, status: &str, headers: &[&str], body: &str) {
        let headers = [headers, &[""]].concat().join("\r\n");
        let length = body.len();
        self.write(&format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        ));
    }

    pub fn json(&mut self, body: &str) {
        self.whole("200 OK", &["Content-Type: application/json"], body);
    }

    /// Begins a stream of events.
    pub fn stream(&mut self) {
        let kind = "Content-Type: text/event-stream";
        self.write(&format!("HTTP/1.1 200 OK\r\n{kind}\r\nTransfer-Encoding: chunked\r\n\r\n"));
    }

    /// A part of a stream, as it is; `false` once nobody reads it.
    pub fn part(&mut self, text: &str) -> bool {
        self.write(&format!("{:x}\r\n{text}\r\n", text.len()))
    }

    pub fn event(&mut self, message: &str) -> bool {
        self.part(&format!("data: {message}\n\n"))
    }

    /// Ends a stream in order.
    pub fn end(&mut self) {
        self.write("0\r\n\r\n");
    }

    /// Ends the connection in the middle of what it is.
    pub fn cut(&mut self) {
        drop(self.0.shutdown(Shutdown::Both));
    }

    /// These bytes as they are; `false` once nobody reads them.
    pub fn raw(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// Ends the connection with a reset.
    pub fn reset(&mut self) {
        reset(&self.0);
    }

    /// Waits until the client closes the connection.
    pub fn wait_for_close(&mut self) {
        drop(self.0.read(&mut [0]));
    }
}

/// The server; it ends when dropped.
pub struct Far {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    over: Arc<AtomicBool>,
    /// A new connection is reset before anything of its first request is read.
    pub resets: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
    knock: Box<dyn Fn() -> bool>,
    accepting: Option<JoinHandle<()>>,
}

impl Far {
    /// Starts a server on a unix socket; its `address` is nobody's.
    pub fn on(path: &Path, answer: impl Fn(&Seen, &mut Out) + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let path = path.to_owned();
        let accept = move || Some(TcpStream::from(OwnedFd::from(listener.accept().ok()?.0)));
        let knock = move || UnixStream::connect(&path).is_ok();
        Self::serve("127.0.0.1:1".parse().unwrap(), accept, knock, answer)
    }

    /// Starts a server anywhere.
    pub fn start(answer: impl Fn(&Seen, &mut Out) + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), answer)
    }

    pub fn at(
        address: SocketAddr,
        answer: impl Fn(&Seen, &mut Out) + Send + Sync + 'static,
    ) -> Self {
        // A program that has just been forked holds what listened here before until execve(2).
        let listener = until("the address to be free", || match TcpListener::bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => None,
            bound => Some(bound.unwrap()),
        });
        let address = listener.local_addr().unwrap();
        let accept = move || Some(listener.accept().ok()?.0);
        Self::serve(address, accept, move || TcpStream::connect(address).is_ok(), answer)
    }

    /// `accept` waits for the next connection; `knock` makes one, if somebody listens.
    fn serve(
        address: SocketAddr,
        accept: impl Fn() -> Option<TcpStream> + Send + 'static,
        knock: impl Fn() -> bool + 'static,
        answer: impl Fn(&Seen, &mut Out) + Send + Sync + 'static,
    ) -> Self {
        let (seen, over, open) =
            (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<AtomicBool>::default(), Arc::default());
        let (resets, knock) = (Arc::<AtomicBool>::default(), Box::new(knock));
        let mut far = Self {
            address,
            seen: seen.clone(),
            over: over.clone(),
            resets: resets.clone(),
            open,
            knock,
            accepting: None,
        };
        let (answer, open) = (Arc::new(answer), far.open.clone());
        far.accepting = Some(std::thread::spawn(move || {
            while let Some(stream) = accept() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                if resets.load(Ordering::SeqCst) {
                    // It has come, and nobody looks at it.
                    drop(stream.peek(&mut [0]));
                    reset(&stream);
                    continue;
                }
                open.lock().unwrap().push(stream.try_clone().unwrap());
                let (answer, seen) = (answer.clone(), seen.clone());
                std::thread::spawn(move || serve(&stream, &*answer, &seen));
            }
        }));
        far
    }

    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.open.lock().unwrap().len()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests with this method, or verb, have come.
    pub fn count(&self, method: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method() == method).count()
    }

    /// The first request so far, or to come, with this method or verb.
    pub fn wait_for(&self, method: &str) -> Seen {
        until(method, || self.seen().into_iter().find(|seen| seen.method() == method))
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for stream in self.open.lock().unwrap().drain(..) {
            drop(stream.shutdown(Shutdown::Both));
        }
        // Wakes the thread that accepts, which closes the socket.
        if (self.knock)() {
            drop(self.accepting.take().unwrap().join());
        }
    }
}

/// What is dissolved on a connected socket is reset (connect(2), `AF_UNSPEC`).
fn reset(stream: &TcpStream) {
    rustix::net::connect_unspec(stream).unwrap();
}

fn serve(stream: &TcpStream, answer: &dyn Fn(&Seen, &mut Out), all: &Mutex<Vec<Seen>>) {
    drop(stream.set_nodelay(true));
    let mut input = BufReader::new(stream.try_clone().unwrap());
    while let Some(seen) = read(&mut input) {
        all.lock().unwrap().push(seen.clone());
        answer(&seen, &mut Out(stream.try_clone().unwrap()));
    }
}

fn read(input: &mut impl BufRead) -> Option<Seen> {
    let mut line = String::new();
    input.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let verb = words.next().filter(|verb| !verb.is_empty())?;
    let path = words.next().unwrap_or_default();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    input.read_exact(&mut body).ok()?;
    // Some compress what they say.
    let text = String::from_utf8_lossy(&body).into_owned();
    Some(Seen { verb, path, headers, body: serde_json::from_str(&text).unwrap_or_default(), text })
}

const TOOLS: &str = r#"[{"name":"echo","inputSchema":{"type":"object","properties":{
    "region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer"}}}},
    {"name":"bad","inputSchema":{"type":"object","properties":{
    "score":{"type":"number","x-mcp-header":"Score"}}}}]"#;

/// The id of every session of [`legacy`].
pub const SESSION: &str = canary!("-session");

/// A legacy server with a session and without a standing stream; `call` answers `tools/call`.
pub fn legacy(call: impl Fn(&Seen, &mut Out)) -> impl Fn(&Seen, &mut Out) {
    move |seen, out| match seen.method() {
        "initialize" => {
            let info = json!({ "name": "far", "version": "1" });
            let result = json!({ "protocolVersion": "2025-06-18", "serverInfo": info,
                "capabilities": { "tools": { "listChanged": true } } });
            let headers = [
                "Content-Type: application/json",
                concat!("Mcp-Session-Id: ", canary!("-session")),
            ];
            out.whole("200 OK", &headers, &seen.result(&result));
        }
        "server/discover" => out.whole("400 Bad Request", &[], "no session"),
        "tools/list" => {
            out.json(
                &seen.result(&json!({ "tools": serde_json::from_str::<Value>(TOOLS).unwrap() })),
            );
        }
        "tools/call" => call(seen, out),
        "GET" => out.whole("405 Method Not Allowed", &[], ""),
        "DELETE" => out.whole("200 OK", &[], ""),
        _ => out.whole("202 Accepted", &[], ""),
    }
}

/// The stream of the newest session of a server of HTTP with SSE.
#[derive(Clone, Default)]
pub struct Stream(Arc<Mutex<(usize, Option<Out>)>>);

impl Stream {
    /// A part of the stream, as it is.
    pub fn part(&self, text: &str) {
        self.0.lock().unwrap().1.as_mut().unwrap().part(text);
    }

    pub fn event(&self, message: &str) {
        self.part(&format!("event: message\ndata: {message}\n\n"));
    }

    /// Ends the connection in the middle of what it is.
    pub fn cut(&self) {
        self.0.lock().unwrap().1.as_mut().unwrap().cut();
    }

    /// Begins a session, and serves its stream until the client closes it.
    pub fn serve(&self, out: &mut Out) {
        out.stream();
        {
            let mut newest = self.0.lock().unwrap();
            newest.0 += 1;
            out.part(&format!("event: endpoint\ndata: {}\n\n", endpoint(newest.0)));
            newest.1 = Some(Out(out.0.try_clone().unwrap()));
        }
        out.wait_for_close();
    }

    fn endpoint(&self) -> String {
        endpoint(self.0.lock().unwrap().0)
    }
}

/// Where messages of a session go; who knows its id can speak in it.
fn endpoint(session: usize) -> String {
    format!("/messages?session={CANARY}-{session}")
}

/// A server that speaks only HTTP with SSE; `call` answers `tools/call`.
pub fn older(stream: Stream, call: impl Fn(&Seen, &mut Out, &Stream)) -> impl Fn(&Seen, &mut Out) {
    move |seen, out| {
        let text = match (seen.verb.as_str(), seen.method()) {
            ("GET", _) => return stream.serve(out),
            _ if !seen.path.starts_with("/messages") => {
                return out.whole("405 Method Not Allowed", &[], "");
            }
            _ if seen.path != stream.endpoint() => return out.whole("404 Not Found", &[], ""),
            (_, "tools/call") => return call(seen, out, &stream),
            (_, "initialize") => seen.result(&json!({ "protocolVersion": "2024-11-05",
                "serverInfo": { "name": "far", "version": "1" },
                "capabilities": { "tools": { "listChanged": true } } })),
            (_, "tools/list") => {
                let tools = serde_json::from_str::<Value>(TOOLS).unwrap();
                seen.result(&json!({ "tools": tools }))
            }
            _ => return out.whole("202 Accepted", &[], "Accepted"),
        };
        out.whole("202 Accepted", &[], "Accepted");
        stream.event(&text);
    }
}

/// A modern server.
pub fn modern(call: impl Fn(&Seen, &mut Out)) -> impl Fn(&Seen, &mut Out) {
    move |seen, out| match seen.method() {
        "server/discover" => out.json(&seen.result(&json!({ "resultType": "complete",
            "supportedVersions": ["2026-07-28"], "capabilities": { "tools": {} },
            "ttlMs": 0, "cacheScope": "private" }))),
        "tools/list" => out.json(&seen.result(&json!({ "resultType": "complete", "ttlMs": 0,
            "cacheScope": "private", "tools": serde_json::from_str::<Value>(TOOLS).unwrap() }))),
        "tools/call" => call(seen, out),
        "GET" | "DELETE" => out.whole("405 Method Not Allowed", &[], ""),
        _ => out.whole("404 Not Found", &["Content-Type: application/json"], &seen.error(-32601)),
    }
}

/// The result of a tool that says this.
pub fn said(text: &str) -> Value {
    json!({ "resultType": "complete", "content": [{ "type": "text", "text": text }] })
}
