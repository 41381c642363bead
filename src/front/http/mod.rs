//! Streamable HTTP on `/mcp`, in both eras, HTTP with SSE ([`sse`]), and the two health endpoints.
//!
//! Legacy (2025-03-26 to 2025-11-25, "Streamable HTTP"): `initialize` opens a session, POST sends,
//! GET opens a stream of events, DELETE ends the session. Modern (2026-07-28): every POST stands
//! alone. A response is JSON unless something comes before it or it takes long; then it becomes a
//! stream of events with the response as its last.

mod answer;
mod asked;
mod batch;
mod body;
mod get;
mod guard;
mod post;
mod sse;
pub mod stream;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::http::header::{self as names, AsHeaderName, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::routing::{get, post as posted};
use hyper::body::Incoming;
use tokio::sync::Notify;
use tower::ServiceExt;

use super::sessions::{NoSession, SESSIONS_MAX};
use super::{Front, link, listen};
use crate::access::Principal;
use crate::access::connections::Activity;
use crate::access::peer::{Refusal, TcpClient};
use crate::base::SessionId;
use crate::client::session::{Carriage, Session};
use crate::wire::error::code::INVALID_REQUEST;
use crate::wire::{Payload, RpcError, headers};

use asked::Asked;
use body::{Body, Sent};

pub use answer::PendingStream;
pub use sse::SseSessions;

/// What we answer.
type Response = axum::http::Response<Body>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A name that was looked at before is found faster than a text.
const SESSION_ID: HeaderName = HeaderName::from_static(headers::SESSION_ID);
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static(headers::PROTOCOL_VERSION);

/// Who is at the other end of a connection, and how it came.
#[derive(Debug, Clone)]
pub struct Peer {
    pub principal: Principal,
    /// Over a unix socket, where Host means nothing.
    pub is_unix: bool,
    /// Over TCP, who is asked about again before the first request.
    pub tcp: Option<TcpClient>,
}

/// The other end of one connection.
#[derive(Debug)]
pub struct Caller {
    peer: Peer,
    activity: Arc<Activity>,
    /// The client was there when its first request was read.
    is_checked: AtomicBool,
    /// Notified when a request begins; holds on to the first notice.
    began: Notify,
    /// What a modern client is to us: it has no session, but its connection is its own.
    modern: OnceLock<Arc<Session>>,
}

impl Caller {
    fn modern_session(&self) -> Arc<Session> {
        let open =
            || Session::new(SessionId::random(), self.peer.principal.clone(), Carriage::Http, None);
        self.modern.get_or_init(open).clone()
    }

    /// Ends the connection as it is.
    fn give_up(&self) {
        self.activity.close();
    }

    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Once per connection, when the first request was read and before anything of it is done:
    /// whoever sent it must still be there.
    fn check(&self) -> Result<(), Refusal> {
        match &self.peer.tcp {
            Some(client) if !self.is_checked.swap(true, Ordering::Relaxed) => client.check_again(),
            _ => Ok(()),
        }
    }

    /// Completes once the first request has begun.
    pub async fn began(&self) {
        self.began.notified().await;
    }
}

/// One connection's requests. The one that matters for speed is matched by hand; the router has
/// the others.
#[derive(Debug, Clone)]
pub struct Service {
    front: Arc<Front>,
    router: Router,
    caller: Arc<Caller>,
}

impl Service {
    pub fn new(front: Arc<Front>, router: &Router, peer: Peer, activity: Arc<Activity>) -> Self {
        let (is_checked, began, modern) = (AtomicBool::new(false), Notify::new(), OnceLock::new());
        let caller = Caller { peer, activity, is_checked, began, modern };
        Self { front, router: router.clone(), caller: Arc::new(caller) }
    }

    pub fn caller(&self) -> Arc<Caller> {
        self.caller.clone()
    }

    /// What happens rarely is in boxes of its own: every request would have to carry the room for it.
    async fn answer(self, request: Request<Incoming>) -> Result<Response, Infallible> {
        if let Err(refusal) = self.caller.check() {
            self.front.hub.recorder.record(listen::refused(&refusal, None));
            self.caller.give_up();
            return std::future::pending().await;
        }
        let activity = self.caller.activity.clone();
        let request = request.map(|body| Asked::new(body, activity));
        if let Err(response) = guard::check(&self.front, &self.caller.peer, &request) {
            return Ok(response);
        }
        if request.method() == Method::POST && request.uri().path() == "/mcp" {
            // Nothing but the headers and the body is kept of what lies in the connection's buffer.
            let (headers, body) = {
                let (head, body) = request.into_parts();
                (head.headers, body)
            };
            return Ok(post::take_in(&self.front, &self.caller, headers, body).await);
        }
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(self.caller.peer.principal.clone());
        request.extensions_mut().insert(self.caller.peer.clone());
        request.extensions_mut().insert(self.caller.clone());
        let response = Box::pin(self.router.oneshot(request)).await?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            self.caller.activity.becomes_link();
        }
        Ok(response.map(Body::Routed))
    }
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = axum::http::Response<Sent>;
    type Error = Infallible;
    // In a box of its own: between requests a connection holds nothing.
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.caller.began.notify_one();
        self.front.hub.touch();
        let (running, answer) = (self.caller.activity.begin(), self.clone().answer(request));
        Box::pin(async move { Ok(answer.await?.map(|body| Sent::new(body, running))) })
    }
}

/// Everything but POST to `/mcp`.
pub fn router(front: Arc<Front>) -> Router {
    let routed = |response: Response| response.map(axum::body::Body::new);
    Router::new()
        // HEAD would do what GET does (RFC 9110, section 9.3.2), and these do something.
        .route(
            "/mcp",
            get(get::open).delete(get::close).head(async || no_head("GET, POST, DELETE")),
        )
        .route(sse::STREAM, get(sse::open).head(async || no_head("GET")))
        .route(sse::MESSAGES, posted(sse::post))
        .route(crate::wire::link::PATH, get(link::upgrade).head(async || no_head("GET")))
        .route("/health", get(async move || routed(health())))
        .route("/ready", get(async move |State(front)| routed(ready(front))))
        .fallback(async move || routed(refusal(StatusCode::NOT_FOUND, &not_here())))
        .with_state(front)
}

/// The answer to HEAD where GET is no question (RFC 9110, section 15.5.6).
fn no_head(allowed: &'static str) -> axum::response::Response {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED).map(axum::body::Body::new);
    response.headers_mut().insert(names::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn not_here() -> RpcError {
    let message = "there is nothing here; the endpoints are /mcp, /sse, /health and /ready";
    RpcError::new(INVALID_REQUEST, message)
}

/// The process runs and answers.
fn health() -> Response {
    json(StatusCode::OK, br#"{"status":"ok"}"#.as_slice().into())
}

/// 200 once every server has started or failed at least once; how many are ready is told, which
/// ones is not.
#[expect(clippy::needless_pass_by_value, reason = "a handler is given its state")]
fn ready(front: Arc<Front>) -> Response {
    let world = front.hub.world();
    let ready = world.servers.values().filter(|server| server.status().live.is_some()).count();
    let total = world.servers.len();
    let status = match (world.is_settled(), ready == total) {
        (false, _) => "starting",
        (true, true) => "ok",
        (true, false) => "degraded",
    };
    let code = if world.is_settled() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(code, format!(r#"{{"status":"{status}","servers":{total},"ready":{ready}}}"#).into())
}

fn json(status: StatusCode, body: bytes::Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(names::CONTENT_TYPE, JSON);
    response
}

/// A JSON-RPC message as a whole response.
fn message(status: StatusCode, payload: Payload) -> Response {
    let mut response = Response::new(Body::parts(payload.into_parts()));
    *response.status_mut() = status;
    response.headers_mut().insert(names::CONTENT_TYPE, JSON);
    response
}

/// An error that belongs to no request.
fn refusal(status: StatusCode, error: &RpcError) -> Response {
    json(status, error.response(None))
}

/// A response without a body.
fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn header(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The session a legacy request names: `None` if it names none, `Err` if it is no session's.
fn session_id(request: &HeaderMap) -> Option<Result<SessionId, ()>> {
    let value = request.get(SESSION_ID)?;
    Some(value.to_str().ok().and_then(SessionId::parse).ok_or(()))
}

/// The answer to a request whose session there is not.
fn no_session(why: NoSession) -> (StatusCode, RpcError) {
    let (status, what) = match why {
        NoSession::Unknown => {
            (StatusCode::NOT_FOUND, "no such session; begin one with `initialize`".to_owned())
        }
        NoSession::Full => {
            let what = format!("all {SESSIONS_MAX} sessions are in use; end one with DELETE");
            (StatusCode::SERVICE_UNAVAILABLE, what)
        }
    };
    (status, RpcError::new(INVALID_REQUEST, what))
}

/// Whether the client reads this media type (RFC 9110, section 12.5.1). No header means any.
fn accepts(request: &HeaderMap, media_type: &str) -> bool {
    let Some(accept) = header(request, names::ACCEPT) else { return true };
    if memchr::memmem::find(accept.as_bytes(), media_type.as_bytes()).is_some() {
        return true;
    }
    let general = media_type.split('/').next().unwrap_or_default();
    accept.split(',').any(|item| {
        let item = item.split(';').next().unwrap_or_default().trim();
        item.eq_ignore_ascii_case(media_type)
            || item == "*/*"
            || item.strip_suffix("/*") == Some(general)
    })
}

#[cfg(test)]
mod tests;
