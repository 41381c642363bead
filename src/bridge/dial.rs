//! Opening a connection to the daemon and turning it into a link.

use std::io;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use super::secure;
use super::token::TokenSource;
use crate::base::Secret;
use crate::peers::tcp_owner;
use crate::wire::Payload;
use crate::wire::lines::LINE_MIN;
use crate::wire::link::frame::{self, FrameKind, FrameReader};
use crate::wire::link::{Hello, PATH, PROTOCOL, Welcome};

/// The longest answer to the upgrade request, in bytes.
const HEAD_MAX: usize = 16 * 1024;

/// What is shown of a refusal, in characters.
const SHOWN_MAX: usize = 200;

/// Where the daemon is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Unix(PathBuf),
    Tcp {
        /// `host:port`
        address: String,
        is_tls: bool,
        token: Option<TokenSource>,
    },
}

/// Why an address leads to no daemon.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("`{0}` must begin with https://, or with http:// for a daemon on this machine")]
    Scheme(String),
    #[error("`{0}` has the path /{1}; the endpoint is /mcp")]
    Path(String, String),
    #[error("`{0}` names no host")]
    Host(String),
}

impl Target {
    /// Reads `http://host:port` or `https://host:port`, with or without `/mcp` behind it.
    pub fn from_url(url: &str, token: Option<TokenSource>) -> Result<Self, TargetError> {
        let (rest, is_tls) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
            (Some(rest), _) => (rest, false),
            (None, Some(rest)) => (rest, true),
            (None, None) => return Err(TargetError::Scheme(url.into())),
        };
        let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !["", "mcp", "mcp/"].contains(&path) {
            return Err(TargetError::Path(url.into(), path.into()));
        }
        if address.is_empty() || address.contains('@') {
            return Err(TargetError::Host(url.into()));
        }
        let bare_v6 = address.ends_with(']');
        let has_port = !bare_v6
            && address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let port = if is_tls { 443 } else { 80 };
        let address = if has_port { address.to_owned() } else { format!("{address}:{port}") };
        Ok(Self::Tcp { address, is_tls, token })
    }
}

impl Target {
    /// Of a unix socket.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => Some(path),
            Self::Tcp { .. } => None,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp { address, is_tls, .. } => {
                write!(f, "http{}://{address}", if *is_tls { "s" } else { "" })
            }
        }
    }
}

/// An open link, greeted.
pub(super) struct Opened {
    pub(super) reader: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) writer: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) frames: FrameReader,
    pub(super) welcome: Welcome,
}

/// Connects, upgrades and says hello.
pub(super) async fn dial(target: &Target, hello: &Hello) -> io::Result<Opened> {
    match target {
        Target::Unix(path) => {
            let (reader, writer) = UnixStream::connect(path).await?.into_split();
            greet(Box::new(reader), Box::new(writer), ("localhost", None), hello).await
        }
        Target::Tcp { address, token, is_tls } => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            if *is_tls {
                let (reader, writer) = tokio::io::split(secure::shake(address, stream).await?);
                let token = token.as_ref().map(given).transpose()?;
                return greet(Box::new(reader), Box::new(writer), (address, token), hello).await;
            }
            check_owner(&stream)?;
            let token = token.as_ref().map(|token| presentable(token, &stream)).transpose()?;
            let (reader, writer) = stream.into_split();
            greet(Box::new(reader), Box::new(writer), (address, token), hello).await
        }
    }
}

/// Whether somebody is there, but is not to be used or has no place: more than that nobody answers.
pub fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ResourceBusy)
}

/// Anybody of this machine may listen at a port of loopback, and would be told everything that is meant
/// for the daemon. So nothing is said before the kernel has said whose it is.
fn check_owner(stream: &TcpStream) -> io::Result<()> {
    let (server, client) = (stream.peer_addr()?, stream.local_addr()?);
    // Other machines prove who they are in other ways, or in none.
    if !server.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    let refuse = |what: String| Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    let own = rustix::process::getuid().as_raw();
    match tcp_owner::owner_of_server(server, client) {
        Ok(owner) if owner == own => Ok(()),
        Ok(owner) => refuse(format!(
            "{server} belongs to user {owner} and not to you (user {own}), so nothing was sent there"
        )),
        Err(tcp_owner::Unowned::Gone) => Err(io::ErrorKind::ConnectionReset.into()),
        Err(error) => {
            refuse(format!("nothing was sent to {server}: {error}; use a unix socket (--socket)"))
        }
    }
}

/// The token, if it does not go over a network where others can read it.
fn presentable(token: &TokenSource, stream: &TcpStream) -> io::Result<Secret> {
    if !stream.peer_addr()?.ip().to_canonical().is_loopback() {
        let what = "a token is sent over plain HTTP to this machine alone; use https://";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, what));
    }
    given(token)
}

fn given(token: &TokenSource) -> io::Result<Secret> {
    token.read().map_err(|error| {
        io::Error::new(io::ErrorKind::PermissionDenied, format!("the token: {error}"))
    })
}

async fn greet(
    mut reader: Box<dyn AsyncRead + Send + Unpin>,
    mut writer: Box<dyn AsyncWrite + Send + Unpin>,
    (host, token): (&str, Option<Secret>),
    hello: &Hello,
) -> io::Result<Opened> {
    let proof = token.map_or_else(Secret::default, |token| {
        Secret::new(format!("Authorization: Bearer {}\r\n", token.expose()))
    });
    let request = Secret::new(format!(
        "GET {PATH} HTTP/1.1\r\nHost: {host}\r\nConnection: upgrade\r\nUpgrade: {PROTOCOL}\r\n{}\r\n",
        proof.expose()
    ));
    let json = serde_json::to_string(hello)?;
    // The daemon buffers what follows the request, so one round trip is saved.
    let first = frame::write(FrameKind::Hello, 0, hello.seen, Payload::from(json));
    writer.write_all(&[request.expose().as_bytes(), &first.into_bytes()].concat()).await?;
    let rest = read_head(&mut reader).await?;
    let mut frames = FrameReader::new(LINE_MIN);
    frames.room().extend_from_slice(&rest);
    let welcome = loop {
        if let Some(frame) = frames.next().map_err(io::Error::other)? {
            break frame;
        }
        if reader.read_buf(frames.room()).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    if welcome.kind != FrameKind::Welcome {
        return Err(io::Error::other("the daemon did not say welcome"));
    }
    let welcome = serde_json::from_slice(&welcome.payload)?;
    Ok(Opened { reader, writer, frames, welcome })
}

/// Reads the head of the response, which must be 101, and returns what came behind it.
async fn read_head(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<BytesMut> {
    let mut buffer = BytesMut::with_capacity(1024);
    loop {
        if let Some(end) = memchr::memmem::find(&buffer, b"\r\n\r\n") {
            let head = buffer.split_to(end + 4);
            let line =
                String::from_utf8_lossy(head[..].split(|b| *b == b'\r').next().unwrap_or_default())
                    .into_owned();
            let is_switching = line.starts_with("HTTP/1.1 101");
            if is_switching {
                return Ok(buffer);
            }
            let why = read_reason(reader, &head, buffer).await;
            // The daemon is there and has no place: its reason is worth telling.
            let kind = match line.split(' ').nth(1) {
                Some("503") => io::ErrorKind::ResourceBusy,
                Some("401") => io::ErrorKind::PermissionDenied,
                _ => io::ErrorKind::Other,
            };
            return Err(io::Error::new(kind, format!("no link: {}{why}", shown(&line))));
        }
        if buffer.len() > HEAD_MAX || reader.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// What the body of a refusal says, for people.
async fn read_reason(
    reader: &mut (impl AsyncRead + Unpin),
    head: &[u8],
    mut body: BytesMut,
) -> String {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    while body.len() < usize::min(length, HEAD_MAX) {
        match reader.read_buf(&mut body).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    let said = String::from_utf8_lossy(&body);
    if said.is_empty() { String::new() } else { format!(": {}", shown(&said)) }
}

/// Somebody else's words: no more than a line, and nothing that a terminal would act on.
fn shown(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(SHOWN_MAX) {
        match c {
            '"' | '\'' => out.push(c),
            c => out.extend(c.escape_debug()),
        }
    }
    out
}

#[cfg(test)]
mod tests;
