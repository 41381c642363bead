//! The load: sessions that each call, wait for the answer and call again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::subject;

/// How a session reaches what it calls.
#[derive(Debug, Clone)]
pub enum Way {
    Tcp(String),
    Unix(PathBuf),
    /// A bridge of its own to the daemon at this socket.
    Bridge(PathBuf),
    /// A server of its own.
    Server(Vec<String>),
}

impl Way {
    pub fn is_open(&self) -> bool {
        match self {
            Self::Tcp(address) => std::net::TcpStream::connect(address).is_ok(),
            Self::Unix(path) => std::os::unix::net::UnixStream::connect(path).is_ok(),
            Self::Bridge(_) | Self::Server(_) => true,
        }
    }
}

type Reader = Box<dyn AsyncRead + Unpin>;
type Writer = Box<dyn AsyncWrite + Unpin>;

/// One session, greeted.
pub struct Session {
    reader: Reader,
    writer: Writer,
    buffer: BytesMut,
    /// HTTP, with these headers; lines otherwise.
    http: Option<String>,
    pub child: Option<Child>,
}

const GREETING: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;

impl Session {
    pub async fn open(way: &Way) -> Self {
        let mut session = match way {
            Way::Tcp(address) => {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (reader, writer) = stream.into_split();
                Self::http(Box::new(reader), Box::new(writer), address)
            }
            Way::Unix(path) => {
                let (reader, writer) = UnixStream::connect(path).await.unwrap().into_split();
                Self::http(Box::new(reader), Box::new(writer), "localhost")
            }
            Way::Bridge(socket) => {
                let mut command = Command::new(subject::callmux());
                command.arg("bridge").arg("--socket").arg(socket);
                Self::child(command)
            }
            Way::Server(words) => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                Self::child(command)
            }
        };
        session.greet().await;
        session
    }

    fn http(reader: Reader, writer: Writer, host: &str) -> Self {
        let headers = format!(
            "POST /mcp HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\naccept: application/json, text/event-stream\r\n"
        );
        Self {
            reader,
            writer,
            buffer: BytesMut::with_capacity(8192),
            http: Some(headers),
            child: None,
        }
    }

    fn child(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let writer =
            tokio::net::unix::pipe::Sender::from_owned_fd(child.stdin.take().unwrap().into())
                .unwrap();
        let reader =
            tokio::net::unix::pipe::Receiver::from_owned_fd(child.stdout.take().unwrap().into())
                .unwrap();
        let (reader, writer) = (Box::new(reader), Box::new(writer));
        Self {
            reader,
            writer,
            buffer: BytesMut::with_capacity(8192),
            http: None,
            child: Some(child),
        }
    }

    async fn greet(&mut self) {
        self.send(GREETING).await;
        let head = self.receive().await;
        let session = head
            .to_lowercase()
            .split("mcp-session-id: ")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next().map(str::to_owned));
        if let (Some(http), Some(session)) = (&mut self.http, session) {
            *http += &format!("mcp-session-id: {session}\r\n");
        }
    }

    pub async fn send(&mut self, body: &str) {
        let message = match &self.http {
            Some(headers) => format!("{headers}content-length: {}\r\n\r\n{body}", body.len()),
            None => format!("{body}\n"),
        };
        self.writer.write_all(message.as_bytes()).await.unwrap();
    }

    /// Reads one answer whole; returns the head of an HTTP response.
    pub async fn receive(&mut self) -> String {
        if self.http.is_some() { self.receive_http().await } else { self.receive_line().await }
    }

    async fn more(&mut self) {
        assert!(
            self.reader.read_buf(&mut self.buffer).await.unwrap() > 0,
            "the other side is gone"
        );
    }

    async fn receive_line(&mut self) -> String {
        let mut searched = 0;
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[searched..]) {
                drop(self.buffer.split_to(searched + end + 1));
                return String::new();
            }
            searched = self.buffer.len();
            self.more().await;
        }
    }

    async fn receive_http(&mut self) -> String {
        loop {
            if let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end + 2]).into_owned();
                drop(self.buffer.split_to(end + 4));
                assert!(head.starts_with("HTTP/1.1 20"), "{head}");
                match head.to_lowercase().split("content-length: ").nth(1) {
                    Some(rest) => {
                        let length: usize = rest.split("\r\n").next().unwrap().parse().unwrap();
                        while self.buffer.len() < length {
                            self.more().await;
                        }
                        drop(self.buffer.split_to(length));
                    }
                    None => self.receive_chunks().await,
                }
                return head;
            }
            self.more().await;
        }
    }

    /// A stream of events, to its end.
    async fn receive_chunks(&mut self) {
        loop {
            if let Some(end) = memchr::memmem::find(&self.buffer, b"0\r\n\r\n") {
                drop(self.buffer.split_to(end + 5));
                return;
            }
            self.more().await;
        }
    }
}

/// What a window of load showed.
#[derive(Debug, Clone, Default)]
pub struct Load {
    pub calls: usize,
    pub took: Duration,
    /// Sorted.
    pub latencies: Vec<Duration>,
}

impl Load {
    pub fn quantile(&self, q: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let at = (last as f64 * q) as usize;
        self.latencies.get(at).copied().unwrap_or_default()
    }

    pub fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
        let calls = self.calls as f64;
        calls / self.took.as_secs_f64()
    }
}

/// Lets `sessions` send `body` again and again for `window`, each waiting for its answer.
pub async fn load(sessions: Vec<Session>, body: &str, window: Duration) -> (Vec<Session>, Load) {
    let began = Instant::now();
    let body: std::rc::Rc<str> = body.into();
    let work = sessions.into_iter().map(|mut session| {
        let body = body.clone();
        tokio::task::spawn_local(async move {
            let mut latencies = Vec::with_capacity(4096);
            while began.elapsed() < window {
                let sent = Instant::now();
                session.send(&body).await;
                session.receive().await;
                latencies.push(sent.elapsed());
            }
            (session, latencies)
        })
    });
    let work: Vec<_> = work.collect();
    let (mut sessions, mut latencies) = (Vec::new(), Vec::new());
    for task in work {
        let (session, seen) = task.await.unwrap();
        sessions.push(session);
        latencies.extend(seen);
    }
    let took = began.elapsed();
    latencies.sort_unstable();
    (sessions, Load { calls: latencies.len(), took, latencies })
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
