//! Asking any MCP server on this machine for its tools, over streamable HTTP with the handshake of the
//! legacy era (2025-11-25, "Streamable HTTP").

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use url::{Host, Url};

use super::exit::Exit;
use super::print;
use super::runtime::runtime;
use crate::admin::ToolReport;
use crate::http::{self, HttpConnection, ResponseBody};

/// What is asked for; the server may answer with another.
const REVISION: &str = "2025-11-25";
/// How long one answer may take.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// The longest answer, in bytes.
const ANSWER_MAX: usize = 64 * 1024 * 1024;
/// The most pages of a list.
const PAGES_MAX: usize = 1000;

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
enum NoList {
    #[error(
        "`{0}` is no address of this machine that begins with http://, such as http://127.0.0.1:4860/mcp"
    )]
    NotHere(String),
    #[error("nothing answers at {0}: {1}")]
    Nothing(String, String),
    #[error("{0} is no MCP server: {1}")]
    NoServer(String, String),
    #[error("no runtime: {0}")]
    Runtime(std::io::Error),
}

/// The tools of the server at `url`. What goes wrong is printed.
pub(super) fn tools(url: &str) -> Result<Vec<ToolReport>, Exit> {
    let listed = address(url).and_then(|url| {
        let runtime = runtime().map_err(NoList::Runtime)?;
        runtime.block_on(async { EndpointSession::new(url).tools().await })
    });
    listed.map_err(|error| {
        print::error(&error.to_string());
        match error {
            NoList::NotHere(_) => Exit::Usage,
            NoList::Nothing(..) => Exit::Unavailable,
            NoList::NoServer(..) => Exit::Failed,
            NoList::Runtime(_) => Exit::System,
        }
    })
}

fn address(text: &str) -> Result<Url, NoList> {
    let is_here = |url: &Url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let url = Url::parse(text).ok();
    let url = url.filter(|url| url.scheme() == "http" && url.username().is_empty() && is_here(url));
    url.ok_or_else(|| NoList::NotHere(text.to_owned()))
}

/// What came back.
struct EndpointAnswer {
    status: StatusCode,
    session: Option<HeaderValue>,
    /// The answer to the last request, if there was one.
    body: Option<Value>,
}

/// What is said with one server.
struct EndpointSession {
    url: Url,
    headers: Vec<(&'static str, HeaderValue)>,
    next_id: u64,
}

impl EndpointSession {
    fn new(url: Url) -> Self {
        Self { url, headers: Vec::new(), next_id: 0 }
    }

    async fn tools(mut self) -> Result<Vec<ToolReport>, NoList> {
        let client = json!({ "name": "callmux-list", "version": env!("CARGO_PKG_VERSION") });
        let params =
            json!({ "protocolVersion": REVISION, "capabilities": {}, "clientInfo": client });
        let greeting = self.request("initialize", &params).await?;
        let revision = greeting["protocolVersion"].as_str().unwrap_or(REVISION);
        if let Ok(revision) = HeaderValue::from_str(revision) {
            self.headers.push(("mcp-protocol-version", revision));
        }
        let told = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.send(&Method::POST, told.to_string()).await?;
        let listed = self.pages().await;
        // It is a courtesy: servers forget sessions by themselves.
        drop(self.send(&Method::DELETE, String::new()).await);
        listed
    }

    async fn pages(&mut self) -> Result<Vec<ToolReport>, NoList> {
        let (mut tools, mut seen, mut params) = (Vec::new(), BTreeSet::new(), json!({}));
        for _ in 0..PAGES_MAX {
            let page = self.request("tools/list", &params).await?;
            let Some(items) = page["tools"].as_array() else {
                return Err(self.no_server("its list of tools is none"));
            };
            tools.extend(items.iter().filter_map(report));
            match page["nextCursor"].as_str() {
                Some(cursor) if seen.insert(cursor.to_owned()) => {
                    params = json!({ "cursor": cursor });
                }
                _ => break,
            }
        }
        Ok(tools)
    }

    async fn request(&mut self, method: &str, params: &Value) -> Result<Value, NoList> {
        self.next_id += 1;
        let id = self.next_id;
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let EndpointAnswer { status, session, body } =
            self.send(&Method::POST, body.to_string()).await?;
        if let Some(session) = session.filter(|_| id == 1) {
            self.headers.push(("mcp-session-id", session));
        }
        if status != StatusCode::OK {
            return Err(self.no_server(&format!("it answers with {status}")));
        }
        let mut answer = body.ok_or_else(|| self.no_server("it gives no answer"))?;
        match answer["error"]["message"].as_str() {
            Some(message) => Err(self.no_server(message)),
            None => Ok(answer["result"].take()),
        }
    }

    /// Sends a message, and reads what comes back up to the answer to the last request.
    async fn send(&self, method: &Method, body: String) -> Result<EndpointAnswer, NoList> {
        match tokio::time::timeout(ANSWER_WITHIN, self.exchange(method, body)).await {
            Ok(done) => done,
            Err(_) => Err(self.nothing("it takes too long")),
        }
    }

    async fn exchange(&self, method: &Method, body: String) -> Result<EndpointAnswer, NoList> {
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = self.url.port_or_known_default().unwrap_or(80);
        let stream = TcpStream::connect((host, port))
            .await
            .map_err(|error| self.nothing(&error.to_string()))?;
        let opened = HttpConnection::open(TokioIo::new(stream)).await;
        let connection = opened.map_err(|error| self.nothing(&error.to_string()))?;
        let mut request = Request::builder()
            .method(method)
            .uri(self.url.as_str())
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Bytes::from(body).into());
        let mut request = request.map_err(|error| self.nothing(&error.to_string()))?;
        http::address(&mut request);
        let response =
            connection.send(request).await.map_err(|error| self.nothing(&error.to_string()))?;
        let status = response.status();
        let session = response.headers().get("mcp-session-id").cloned();
        Ok(EndpointAnswer { status, session, body: answer(response, self.next_id).await })
    }

    fn nothing(&self, why: &str) -> NoList {
        NoList::Nothing(self.url.to_string(), why.to_owned())
    }

    fn no_server(&self, why: &str) -> NoList {
        NoList::NoServer(self.url.to_string(), why.to_owned())
    }
}

/// The answer with this id, in a response that is one, or a stream of events with one among them.
async fn answer(response: Response<ResponseBody>, id: u64) -> Option<Value> {
    let content = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_stream = content.is_some_and(|content| content.starts_with("text/event-stream"));
    let mut body = response.into_body();
    let mut got = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        got.extend_from_slice(&data);
        if got.len() > ANSWER_MAX {
            return None;
        }
        while is_stream && let Some(event) = take_event(&mut got) {
            let found = serde_json::from_str::<Value>(&event).ok().filter(|body| body["id"] == id);
            if found.is_some() {
                return found;
            }
        }
    }
    serde_json::from_slice(&got).ok()
}

/// Takes the first whole event, and returns its data.
fn take_event(got: &mut Vec<u8>) -> Option<String> {
    let end = |pattern: &[u8]| memchr::memmem::find(got, pattern).map(|at| at + pattern.len());
    let end = [end(b"\n\n"), end(b"\r\n\r\n")].into_iter().flatten().min()?;
    let event: Vec<u8> = got.drain(..end).collect();
    let event = String::from_utf8_lossy(&event);
    let data = event.lines().filter_map(|line| line.strip_prefix("data:"));
    Some(data.map(|data| data.strip_prefix(' ').unwrap_or(data)).collect::<Vec<_>>().join("\n"))
}

fn report(tool: &Value) -> Option<ToolReport> {
    let name = tool["name"].as_str()?.to_owned();
    let server = name.split_once("__").map(|(server, _)| server.to_owned());
    Some(ToolReport { server, description: tool["description"].as_str().map(str::to_owned), name })
}

#[cfg(test)]
mod tests {
    use super::{address, take_event};

    #[test]
    fn only_this_machine_is_asked() {
        for url in ["http://127.0.0.1:1/mcp", "http://localhost/mcp?x=1", "http://[::1]:1"] {
            assert!(address(url).is_ok(), "{url}");
        }
        for url in ["https://127.0.0.1/mcp", "http://example.com/", "http://a@localhost/", "x"] {
            assert!(address(url).is_err(), "{url}");
        }
    }

    #[test]
    fn events_are_taken_one_by_one() {
        let mut got = b": hi\n\nid: 1\r\ndata: {\r\ndata:}\r\n\r\ndata: x".to_vec();
        assert_eq!(take_event(&mut got).as_deref(), Some(""));
        assert_eq!(take_event(&mut got).as_deref(), Some("{\n}"));
        assert_eq!(take_event(&mut got), None);
    }
}
