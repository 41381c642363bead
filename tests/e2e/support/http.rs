//! A small HTTP client over TCP and unix sockets, which sends what it is told to and no more.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use serde_json::{Value, json};

use super::watch::Heard;
use super::{Daemon, PATIENCE};

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// Closes a connection that somebody else may be reading.
pub type Closer = Box<dyn Fn() + Send>;

/// One connection.
pub struct Http {
    stream: BufReader<Box<dyn Stream>>,
    host: String,
    pub session: Option<String>,
    last_id: u64,
    closer: Option<Closer>,
    pub heard: Arc<Heard>,
}

/// One response.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The message in the body, or in the last event: an answer that takes its time comes in a stream.
    pub fn message(&self) -> String {
        self.events().pop().unwrap_or_else(|| self.body.clone())
    }

    /// The message's JSON.
    pub fn json(&self) -> Value {
        let text = self.message();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The data of each event that has any.
    pub fn events(&self) -> Vec<String> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(str::to_owned).collect()
    }
}

impl Http {
    pub fn tcp(daemon: &Daemon) -> Self {
        Self::connected(TcpStream::connect(&daemon.address).unwrap(), daemon)
    }

    /// Over a connection to the loopback address that there is.
    pub fn connected(stream: TcpStream, daemon: &Daemon) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let other = stream.try_clone().unwrap();
        let closer = Box::new(move || drop(other.shutdown(Shutdown::Both)));
        Self::new(Box::new(stream), daemon.address.clone(), closer, daemon)
    }

    pub fn unix(daemon: &Daemon) -> Self {
        let stream = UnixStream::connect(&daemon.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let other = stream.try_clone().unwrap();
        let closer = Box::new(move || drop(other.shutdown(Shutdown::Both)));
        Self::new(Box::new(stream), "anything".to_owned(), closer, daemon)
    }

    /// At another address, which it calls so. Nothing closes it but its end.
    pub fn at(address: &str, host: &str, daemon: &Daemon) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self::over(stream, host, daemon)
    }

    /// Over a stream that somebody else opened.
    pub fn over(stream: impl Read + Write + Send + 'static, host: &str, daemon: &Daemon) -> Self {
        Self::new(Box::new(stream), host.to_owned(), Box::new(|| {}), daemon)
    }

    fn new(stream: Box<dyn Stream>, host: String, closer: Closer, daemon: &Daemon) -> Self {
        let (stream, closer) = (BufReader::new(stream), Some(closer));
        Self { stream, host, session: None, last_id: 0, closer, heard: daemon.watch.heard.clone() }
    }

    /// What closes the connection while another thread reads it; there is one.
    pub fn closer(&mut self) -> Closer {
        self.closer.take().unwrap()
    }

    /// A legacy session.
    pub fn legacy(mut self, capabilities: &Value) -> Self {
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": { "name": "test", "version": "1" },
        });
        let reply = self.request("initialize", &params);
        assert_eq!(reply.status, 200, "{reply:?}");
        self.session = Some(reply.header("mcp-session-id").unwrap().to_owned());
        self
    }

    /// Sends a head and a body as they are. `headers`: complete lines without their ends.
    pub fn send_raw(&mut self, first: &str, headers: &[String], body: &[u8]) {
        let mut head = format!("{first}\r\n");
        for header in headers {
            head += header;
            head += "\r\n";
        }
        let stream = self.stream.get_mut();
        stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).unwrap();
        stream.flush().unwrap();
    }

    /// Sends what was missing of a body.
    pub fn send_rest(&mut self, rest: &[u8]) {
        let stream = self.stream.get_mut();
        stream.write_all(rest).unwrap();
        stream.flush().unwrap();
    }

    /// POSTs a body with the usual headers and these.
    pub fn post(&mut self, body: &str, more: &[(&str, &str)]) -> Reply {
        self.start_post(body, more);
        self.read()
    }

    /// POSTs and does not wait.
    pub fn start_post(&mut self, body: &str, more: &[(&str, &str)]) {
        self.start_post_to("/mcp", body, more);
    }

    /// POSTs to another path.
    pub fn post_to(&mut self, path: &str, body: &str, more: &[(&str, &str)]) -> Reply {
        self.start_post_to(path, body, more);
        self.read()
    }

    fn start_post_to(&mut self, path: &str, body: &str, more: &[(&str, &str)]) {
        let mut headers = vec![
            format!("Host: {}", self.host),
            "Content-Type: application/json".to_owned(),
            "Accept: application/json, text/event-stream".to_owned(),
            format!("Content-Length: {}", body.len()),
        ];
        headers.extend(self.session.iter().map(|session| format!("Mcp-Session-Id: {session}")));
        for (name, value) in more {
            headers.retain(|header| {
                !header.to_lowercase().starts_with(&format!("{}:", name.to_lowercase()))
            });
            headers.push(format!("{name}: {value}"));
        }
        self.send_raw(&format!("POST {path} HTTP/1.1"), &headers, body.as_bytes());
    }

    /// A request without a body.
    pub fn bare(&mut self, method: &str, path: &str, more: &[(&str, &str)]) -> Reply {
        self.start_bare(method, path, more);
        let reply = self.read();
        self.heard.said(format!("{method} {path}"), &*reply.body);
        reply
    }

    pub fn start_bare(&mut self, method: &str, path: &str, more: &[(&str, &str)]) {
        let mut headers =
            vec![format!("Host: {}", self.host), "Accept: text/event-stream".to_owned()];
        headers.extend(self.session.iter().map(|session| format!("Mcp-Session-Id: {session}")));
        headers.extend(more.iter().map(|(name, value)| format!("{name}: {value}")));
        self.send_raw(&format!("{method} {path} HTTP/1.1"), &headers, b"");
    }

    /// The head of the next response.
    pub fn read_head(&mut self) -> Reply {
        self.try_read_head().expect("a response")
    }

    /// The same; `None` if the connection ends before it.
    pub fn try_read_head(&mut self) -> Option<Reply> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok())?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let reply = Reply { status, headers, body: String::new() };
        reply.header("mcp-session-id").into_iter().for_each(|id| self.heard.session(id));
        Some(reply)
    }

    /// The next response, whole.
    pub fn read(&mut self) -> Reply {
        let head = self.read_head();
        self.read_body(head)
    }

    /// The response that has this head.
    pub fn read_body(&mut self, mut reply: Reply) -> Reply {
        if let Some(length) = reply.header("content-length").and_then(|length| length.parse().ok())
        {
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).unwrap();
            reply.body = String::from_utf8(body).unwrap();
        } else if reply.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.read_chunk() {
                reply.body += &chunk;
            }
        }
        reply
    }

    /// The next chunk of a stream; `None` at its end. Comments, which come when nothing else does for
    /// long, are none.
    pub fn read_chunk(&mut self) -> Option<String> {
        loop {
            let mut size = String::new();
            self.stream.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            self.stream.read_exact(&mut chunk).ok()?;
            chunk.truncate(size);
            match chunk.first() {
                None => return None,
                Some(b':') => {}
                Some(_) => return Some(String::from_utf8(chunk).unwrap()),
            }
        }
    }

    pub fn request(&mut self, method: &str, params: &Value) -> Reply {
        self.last_id += 1;
        let body =
            json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params });
        self.post(&body.to_string(), &[])
    }

    pub fn call(&mut self, tool: &str, arguments: &Value) -> Reply {
        self.request("tools/call", &json!({ "name": tool, "arguments": arguments }))
    }

    /// A request of 2026-07-28.
    pub fn modern(&mut self, method: &str, params: &Value, more: &[(&str, &str)]) -> Reply {
        let body = modern_body(method, params);
        let mut headers = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)];
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        if !name.is_empty() {
            headers.push(("Mcp-Name", &name));
        }
        headers.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        headers.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        self.post(&body, &headers)
    }
}

/// A request with the metadata that 2026-07-28 wants.
pub fn modern_body(method: &str, params: &Value) -> String {
    let mut params = params.clone();
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
    });
    json!({ "jsonrpc": "2.0", "id": "m1", "method": method, "params": params }).to_string()
}
