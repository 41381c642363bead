//! A remote server, and what was agreed on with it. It knows nothing of what is asked there.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, OnceLock};

use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{StatusCode, Uri};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::base::Lock;
use crate::credentials::Credential;
use crate::credentials::redact::Redaction;
use crate::credentials::{Address, BadAddress};
use crate::http::{self, Client};
use crate::wire::mirror::Mirror;

/// Requests that are under way at the same time; further ones wait in the queue.
const REQUESTS_MAX: usize = 256;

/// Tools and what of their arguments is repeated in headers.
pub type Mirrors = HashMap<Arc<str>, Arc<[Mirror]>>;

/// A remote server, and what was agreed on with it: what a connection over HTTP has beside what every
/// connection has.
pub struct Remote {
    pub(super) client: Client,
    pub(super) url: Uri,
    /// Those of every request, with what the user wants to be sent.
    pub(super) headers: HeaderMap,
    pub(super) credential: Option<Arc<Credential>>,
    pub(super) max_message: usize,
    /// Whether it may speak streamable HTTP, and whether HTTP with SSE.
    pub(super) streamable: bool,
    sse: bool,
    /// Where messages go in HTTP with SSE; its being there means that this is spoken.
    pub(super) endpoint: OnceLock<Uri>,
    /// Whether there was any response of HTTP.
    pub(super) responded: AtomicBool,
    session: Lock<RemoteSession>,
    redaction: Lock<Redaction>,
    room: Arc<Semaphore>,
    /// Everything that was to be sent before the end was sent and answered.
    pub(super) drained: CancellationToken,
}

/// Neither the URL, which may hold a secret, nor the session's id, which is one.
impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").finish_non_exhaustive()
    }
}

/// What was agreed on with the server.
#[derive(Default)]
pub(super) struct RemoteSession {
    /// The session's id, if the server gave one.
    pub(super) id: Option<HeaderValue>,
    /// The revision that a legacy server chose; its being there makes the server a legacy one.
    pub(super) revision: Option<HeaderValue>,
    pub(super) mirrors: Mirrors,
    /// Why a request waits to be sent again, for people.
    pub(super) delay: Option<String>,
}

impl Remote {
    /// What is said with the server at that address.
    pub fn new(address: &Address) -> Result<Self, BadAddress> {
        // The URL may hold a secret.
        let url: Uri = address.url.expose().parse().map_err(|_| BadAddress::Url)?;
        let mut headers = HeaderMap::from_iter([(USER_AGENT, http::US)]);
        for (name, value) in &address.headers {
            let key = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| BadAddress::HeaderName(name.clone()))?;
            let mut value = HeaderValue::from_str(value.expose())
                .map_err(|_| BadAddress::HeaderValue(name.clone()))?;
            value.set_sensitive(true);
            headers.insert(key, value);
        }
        if let Some(host) = http::host(&url) {
            headers.entry(HOST).or_insert(host);
        }
        Ok(Self {
            redaction: Lock::new(Redaction::new(&url, &headers)),
            client: Client::new(&url, address.socket.as_deref(), &address.proxies)?,
            url,
            streamable: address.streamable,
            sse: address.sse,
            endpoint: OnceLock::new(),
            headers,
            credential: address.credential.clone(),
            max_message: address.max_message,
            responded: AtomicBool::new(false),
            session: Lock::default(),
            room: Arc::new(Semaphore::new(REQUESTS_MAX)),
            drained: CancellationToken::new(),
        })
    }

    /// Gives up HTTP connections that were idle for long; never ends.
    pub(in crate::connection) async fn expire(&self) {
        self.client.expire().await;
    }

    /// The place of one more request, if there is one.
    pub(super) fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.room.clone().try_acquire_owned().ok()
    }

    /// Whether it is of no use until a person logs in.
    pub(super) fn needs_login(&self) -> bool {
        self.credential.as_ref().is_some_and(|credential| credential.login_needed().is_some())
    }

    pub(super) fn session(&self) -> MutexGuard<'_, RemoteSession> {
        self.session.lock()
    }

    pub(super) fn redaction(&self) -> MutexGuard<'_, Redaction> {
        self.redaction.lock()
    }

    /// Words that may be the server's own, without what it was shown.
    pub(in crate::connection) fn redact(&self, text: &str) -> String {
        self.redaction().redact(text)
    }

    /// Notes the legacy revision that the server chose.
    pub(in crate::connection) fn agree(&self, revision: &str) {
        self.session().revision = HeaderValue::from_str(revision).ok();
    }

    /// Whether the server agreed on a legacy revision.
    pub(in crate::connection) fn is_legacy(&self) -> bool {
        self.session().revision.is_some()
    }

    /// Whether there was any response of HTTP.
    pub(in crate::connection) fn has_responded(&self) -> bool {
        self.responded.load(Ordering::Relaxed)
    }

    /// Whether HTTP with SSE is spoken.
    pub(in crate::connection) fn is_sse(&self) -> bool {
        self.endpoint.get().is_some()
    }

    /// Whether a server that answers `initialize` so may be one that speaks HTTP with SSE only
    /// (2025-11-25, "Backwards Compatibility").
    pub(super) fn may_be_older(&self, status: StatusCode) -> bool {
        let statuses =
            [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        self.sse && !self.is_sse() && statuses.contains(&status)
    }

    /// Whether this status says that the session we name is not (any more) known (2025-11-25,
    /// "Session Management"). If so it is forgotten. In HTTP with SSE its name is in the endpoint.
    pub(super) fn forgets_session(&self, status: StatusCode) -> bool {
        status == StatusCode::NOT_FOUND && (self.session().id.take().is_some() || self.is_sse())
    }

    pub(in crate::connection) fn mirror(&self, mirrors: Mirrors) {
        self.session().mirrors = mirrors;
    }

    /// Why a request waits to be sent again, if one does.
    pub(in crate::connection) fn delay(&self) -> Option<String> {
        self.session().delay.clone()
    }

    /// Completes when what was to be sent before the end is sent and clients' calls are answered.
    pub(in crate::connection) async fn drained(&self) {
        self.drained.cancelled().await;
    }
}
