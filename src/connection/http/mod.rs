//! A remote server: streamable HTTP as a client speaks it, in both eras, and the older HTTP with SSE.
//!
//! Every message is a POST of its own. Requests run side by side, each in a task; a notification or
//! a response is delivered before anything later is begun. What comes back is routed as if it had
//! been read from a pipe, with the request on whose stream it came.
//!
//! [`send`] takes messages off the queue, [`post`] sends one request and [`answer`] reads what comes
//! back; [`server_stream`] is the stream that a legacy server may talk on unasked, [`subscription`] the one of
//! a modern server. [`hide`] keeps what the server is shown out of what is written about it.
//! [`sse`] is the one stream of HTTP with SSE, [`later`] what a busy server is given.

mod answer;
mod headers;
mod hide;
mod post;
mod retry_after;
pub(super) mod send;
mod server_stream;
mod sse;
mod stream;
mod subscription;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, MutexGuard, OnceLock};
use std::time::Duration;

use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, StatusCode, Uri};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::Connection;
use super::opening::Address;
use crate::base::Lock;
use crate::credentials::Credential;
use crate::http::{self, Client};
use crate::wire::mirror::Mirror;
use hide::Hidden;

/// Requests that are under way at the same time; further ones wait in the queue.
const REQUESTS_MAX: usize = 256;
/// How long the end of a session may take to be told.
const PART_WITHIN: Duration = Duration::from_secs(2);

/// Tools and what of their arguments is repeated in headers.
pub type Mirrors = HashMap<Arc<str>, Arc<[Mirror]>>;

/// A remote server, and what was agreed on with it: what a connection over HTTP has beside what every
/// connection has.
pub struct Remote {
    client: Client,
    url: Uri,
    /// Those of every request, with what the user wants to be sent.
    headers: HeaderMap,
    credential: Option<Arc<Credential>>,
    max_message: usize,
    streamable: bool,
    sse: bool,
    /// Where messages go in HTTP with SSE; its being there means that this is spoken.
    endpoint: OnceLock<Uri>,
    session: Lock<Session>,
    hidden: Lock<Hidden>,
    room: Arc<Semaphore>,
    /// Everything that was to be sent before the end was sent and answered.
    drained: CancellationToken,
}

/// Neither the URL, which may hold a secret, nor the session's id, which is one.
impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").finish_non_exhaustive()
    }
}

/// What was agreed on with the server.
#[derive(Default)]
struct Session {
    /// The session's id, if the server gave one.
    id: Option<HeaderValue>,
    /// The revision that a legacy server chose; its being there makes the server a legacy one.
    revision: Option<HeaderValue>,
    mirrors: Mirrors,
    /// Why a request waits to be sent again, for people.
    delay: Option<String>,
}

/// Why there is no usable response.
#[derive(Debug)]
pub(super) struct Failure {
    reason: String,
    /// How far the request came.
    reached: Reached,
}

/// How far a request came that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// There was no connection.
    Nothing,
    /// The server, which surely did not carry it out.
    Refused,
    /// A server that does not speak streamable HTTP, but perhaps HTTP with SSE.
    Misplaced,
    /// Perhaps the server.
    Unknown,
}

impl Failure {
    fn refused(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), reached: Reached::Refused }
    }

    /// It is the second of two ways that failed.
    fn after(self, first: &str) -> Self {
        let second = &self.reason;
        let reason =
            format!("it speaks neither streamable HTTP ({first}) nor HTTP with SSE ({second})");
        Self { reason, ..self }
    }

    /// Whether there was any response.
    fn is_answered(&self) -> bool {
        self.reached != Reached::Nothing
    }

    fn lost(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), reached: Reached::Unknown }
    }
}

impl From<http::Error> for Failure {
    fn from(error: http::Error) -> Self {
        let reason = error.to_string();
        match error {
            http::Error::NoCertificates(_)
            | http::Error::NoServer
            | http::Error::Unreachable(_) => Self { reason, reached: Reached::Nothing },
            http::Error::Broken(_) => Self::lost(reason),
        }
    }
}

impl Remote {
    /// `Err` says why the server can never be reached so.
    pub fn new(address: &Address) -> Result<Self, String> {
        // The URL may hold a secret.
        let url: Uri =
            address.url.expose().parse().map_err(|_| "its `url` is no URL".to_owned())?;
        let mut headers = HeaderMap::from_iter([(USER_AGENT, http::US)]);
        for (name, value) in &address.headers {
            let wrong = |what| format!("the header `{name}` {what}");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("has no name"))?;
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| wrong("has a value that no header can hold"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        if let Some(host) = http::host(&url) {
            headers.entry(HOST).or_insert(host);
        }
        Ok(Self {
            hidden: Lock::new(Hidden::new(&url, &headers)),
            client: Client::new(&url, address.socket.as_deref())
                .map_err(|error| error.to_string())?,
            url,
            streamable: address.streamable,
            sse: address.sse,
            endpoint: OnceLock::new(),
            headers,
            credential: address.credential.clone(),
            max_message: address.max_message,
            session: Lock::default(),
            room: Arc::new(Semaphore::new(REQUESTS_MAX)),
            drained: CancellationToken::new(),
        })
    }

    /// Gives up HTTP connections that were idle for long; never ends.
    pub(super) async fn expire(&self) {
        self.client.expire().await;
    }

    /// Whether it is of no use until a person logs in.
    fn needs_login(&self) -> bool {
        self.credential.as_ref().is_some_and(|credential| credential.login_needed().is_some())
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock()
    }

    fn hidden(&self) -> MutexGuard<'_, Hidden> {
        self.hidden.lock()
    }

    /// Notes the legacy revision that the server chose.
    pub(super) fn agree(&self, revision: &str) {
        self.session().revision = HeaderValue::from_str(revision).ok();
    }

    /// Whether HTTP with SSE is spoken.
    pub(super) fn is_sse(&self) -> bool {
        self.endpoint.get().is_some()
    }

    /// Whether a server that answers `initialize` so may be one that speaks HTTP with SSE only
    /// (2025-11-25, "Backwards Compatibility").
    fn may_be_older(&self, status: StatusCode) -> bool {
        let statuses =
            [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        self.sse && !self.is_sse() && statuses.contains(&status)
    }

    /// Whether the server agreed on a legacy revision.
    pub(super) fn is_legacy(&self) -> bool {
        self.session().revision.is_some()
    }

    pub(super) fn mirror(&self, mirrors: Mirrors) {
        self.session().mirrors = mirrors;
    }

    /// Completes when what was to be sent before the end is sent and clients' calls are answered.
    pub(super) async fn drained(&self) {
        self.drained.cancelled().await;
    }

    /// Tells the server that its session is over, if it gave one.
    pub(super) async fn part(&self) {
        let headers = {
            let mut session = self.session();
            if session.id.is_none() {
                return;
            }
            let headers = self.headers_in(&session);
            session.id = None;
            headers
        };
        let body = bytes::Bytes::new();
        let request = self.request(Method::DELETE, &headers, &body);
        // Whatever it says: the session is of no more use.
        drop(tokio::time::timeout(PART_WITHIN, request).await);
    }
}

impl Connection {
    /// Whether it is one over HTTP.
    pub fn is_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether it is HTTP with SSE.
    pub fn is_sse(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.is_sse())
    }

    /// Why a request waits to be sent again, if one does.
    pub fn delay(&self) -> Option<String> {
        self.remote.as_ref()?.session().delay.clone()
    }

    /// The server chose a legacy revision.
    pub fn agreed_on(&self, revision: &str) {
        if let Some(remote) = &self.remote {
            remote.agree(revision);
        }
    }

    /// Which arguments of the server's tools are to be repeated in headers.
    pub fn mirror(&self, mirrors: Mirrors) {
        if let Some(remote) = &self.remote {
            remote.mirror(mirrors);
        }
    }

    /// After [`Connection::finish`], over HTTP: waits up to `patience` until what is queued is sent and
    /// clients' calls are answered.
    pub async fn drained(&self, patience: Duration) {
        if let Some(remote) = &self.remote {
            drop(tokio::time::timeout(patience, remote.drained()).await);
        }
    }

    /// Tells a remote server that its session is over.
    pub async fn part(&self) {
        if let Some(remote) = &self.remote {
            remote.part().await;
        }
    }

    /// Whether the request still waits for its answer.
    fn waits_for(&self, id: u64) -> bool {
        self.lock().pending.get(id).is_some()
    }

    /// Ends a request without an answer.
    fn lose(&self, id: u64, failure: Failure) {
        let Failure { reason, reached } = failure;
        let needs_login = self.remote.as_ref().is_some_and(|remote| remote.needs_login());
        // Before anybody asks whether to try again.
        if (reached == Reached::Nothing || needs_login) && !self.has_sent_other_than(id) {
            self.end(reason.clone());
        }
        let Some(cell) = self.lock().pending.remove(id) else { return };
        let reason = match cell.owner() {
            Some(_) => format!("server {}: {reason}", self.server()),
            None => reason,
        };
        cell.lose_as(&reason.into(), reached == Reached::Unknown);
    }

    /// Whether a client's call other than this may still be answered.
    fn has_sent_other_than(&self, id: u64) -> bool {
        let inner = self.lock();
        let mut others = inner.pending.iter().filter(|(other, _)| *other != id);
        others.any(|(_, cell)| cell.owner().is_some() && cell.is_sent())
    }
}
