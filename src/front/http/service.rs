//! The requests of one connection, each to where it belongs.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, Method, Request, StatusCode, header as names};
use axum::middleware::{self, Next};
use axum::routing::{MethodRouter, get, post as posted};
use hyper::body::Incoming;
use tower::ServiceExt;

use super::asked::TimedBody;
use super::authenticate::Who;
use super::body::{Body, Sent, Unanswered};
use super::peer::{Arrival, Caller, Peer, refused};
use super::post::Sender;
use super::response::{REQUEST_ID, Response, empty, json, not_here, request_id, shut_out};
use super::{authenticate, get, guard, post, sse, visit, well_known};
use crate::base::Principal;
use crate::front::{Front, link};
use crate::peers::connections::Activity;
use crate::peers::peer::{AtOtherEnd, Refusal};

/// What comes of a request.
type Answered =
    Pin<Box<dyn Future<Output = Result<axum::http::Response<Sent>, Infallible>> + Send>>;

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
        Self { front, router: router.clone(), caller: Arc::new(Caller::new(peer, activity)) }
    }

    pub fn caller(&self) -> Arc<Caller> {
        self.caller.clone()
    }

    /// Whose request it is, if nothing is wrong with how it comes.
    #[expect(clippy::result_large_err, reason = "the error is the response, and is sent at once")]
    fn let_in(&self, request: &Request<TimedBody>) -> Result<Who, Response> {
        guard::check(&self.front, &self.caller.peer, request)?;
        if let Some(document) = well_known::answer(&self.front, request) {
            return Err(document);
        }
        if let Some(asked) = visit::asked(&self.front, &self.caller.peer, request) {
            return asked;
        }
        authenticate::principal(&self.front, &self.caller.peer, request)
    }

    /// Goes on with a request of somebody.
    fn go_on(
        &self,
        principal: Principal,
        under_way: Unanswered,
        request: Request<TimedBody>,
    ) -> Answered {
        let principal = self.caller.asking(&self.front, principal, request.headers());
        if request.method() == Method::POST && matches!(request.uri().path(), "/mcp" | "/mcp/") {
            // Nothing but the headers and the body is kept of what lies in the connection's buffer.
            let (head, body) = request.into_parts();
            let (front, caller) = (self.front.clone(), self.caller.clone());
            let sender = Sender { front, caller, principal };
            return Box::pin(post::serve(sender, under_way, head.headers, body));
        }
        self.go_to_router(Some(principal), under_way, request)
    }

    fn go_to_router(
        &self,
        principal: Option<Principal>,
        under_way: Unanswered,
        request: Request<TimedBody>,
    ) -> Answered {
        let routed = self.clone().route(principal, request);
        Box::pin(async move { Ok(under_way.answered(routed.await?)) })
    }

    /// What the router has.
    async fn route(
        self,
        principal: Option<Principal>,
        request: Request<TimedBody>,
    ) -> Result<Response, Infallible> {
        let mut request = request.map(axum::body::Body::new);
        if let Some(principal) = principal {
            request.extensions_mut().insert(principal);
        }
        request.extensions_mut().insert(visit::came_by(&self.caller.peer));
        request.extensions_mut().insert(self.caller.clone());
        request.extensions_mut().insert(AtOtherEnd(self.caller.peer.process.clone()));
        let response = self.router.oneshot(request).await?;
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
    type Future = Answered;

    /// Whoever comes from far may come through programs that know their requests by ids.
    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let id = match self.caller.peer.arrival {
            Arrival::Far { .. } => request_id(request.headers()),
            Arrival::Unix | Arrival::Near => None,
        };
        let answered = self.answer(request);
        let Some(id) = id else { return answered };
        Box::pin(async move {
            let mut response = answered.await?;
            response.headers_mut().insert(REQUEST_ID, id);
            Ok(response)
        })
    }
}

impl Service {
    /// What can be said at once is said before there is a future: the box of a message has room for
    /// nothing else, and a small one costs less.
    fn answer(&self, request: Request<Incoming>) -> Answered {
        self.caller.begins();
        self.front.hub.touch();
        let counted = self.front.counts.begin(request.method().as_str(), request.uri().path());
        let under_way = Unanswered::new(self.caller.activity.begin(), counted);
        if let Err(refusal) = self.caller.check(request.headers()) {
            self.front.hub.recorder.record(refused(&refusal, self.caller.peer.address));
            if let Refusal::SentOn = refusal {
                let response = under_way.answered(shut_out(&refusal));
                return Box::pin(std::future::ready(Ok(response)));
            }
            self.caller.give_up();
            return Box::pin(std::future::pending());
        }
        let activity = self.caller.activity.clone();
        let request = request.map(|body| TimedBody::new(body, activity));
        let (prover, token) = match self.let_in(&request) {
            Ok(Who::Known(principal)) => return self.go_on(principal, under_way, request),
            Ok(Who::Anybody) => return self.go_to_router(None, under_way, request),
            Ok(Who::Proves(prover, token)) => (prover, token),
            Err(response) => {
                let response = visit::as_operators_read_it(request.uri().path(), response);
                let response = under_way.answered(response);
                return Box::pin(std::future::ready(Ok(response)));
            }
        };
        let service = self.clone();
        Box::pin(async move {
            let (front, peer) = (&service.front, &service.caller.peer);
            match authenticate::proved(front, peer, &prover, token).await {
                Ok(principal) => service.go_on(principal, under_way, request).await,
                Err(response) => {
                    let path = request.uri().path();
                    Ok(under_way.answered(visit::as_operators_read_it(path, response)))
                }
            }
        })
    }
}

/// Everything but POST to `/mcp`. Each endpoint is there with a slash at its end, too: people write one
/// into the configs of their clients.
pub fn router(front: Arc<Front>) -> Router {
    let routed = |response: Response| response.map(axum::body::Body::new);
    let endpoints = [
        ("/mcp", only("GET, POST, DELETE", get(get::open).delete(get::close))),
        (sse::STREAM, only("GET", get(sse::open))),
        (sse::MESSAGES, posted(sse::post)),
        (crate::wire::link::PATH, only("GET", get(link::upgrade))),
        ("/health", get(async move || routed(health()))),
        ("/ready", get(async move |State(front)| routed(ready(front)))),
    ];
    let mut router = Router::new();
    for (path, endpoint) in endpoints {
        router = router.route(path, endpoint.clone()).route(&format!("{path}/"), endpoint);
    }
    router.fallback(async move || routed(not_here())).with_state(front)
}

/// `/metrics` as operators have it, for who comes over TCP: as if it were not there unless the config wants it.
pub fn metrics(front: Arc<Front>, endpoint: Router) -> Router {
    endpoint.layer(middleware::from_fn_with_state(front, only_if_wanted))
}

async fn only_if_wanted(
    State(front): State<Arc<Front>>,
    request: axum::extract::Request,
    next: Next,
) -> axum::response::Response {
    if front.hub.world().config.access.counted.enabled {
        return next.run(request).await;
    }
    not_here().map(axum::body::Body::new)
}

/// An endpoint that takes these methods. HEAD would do what GET does (RFC 9110, section 9.3.2), and
/// there it does something.
fn only(allowed: &'static str, endpoint: MethodRouter<Arc<Front>>) -> MethodRouter<Arc<Front>> {
    let refuse = async move || not_allowed(allowed);
    endpoint.head(refuse).fallback(refuse)
}

/// The answer to another method (RFC 9110, section 15.5.6).
fn not_allowed(allowed: &'static str) -> axum::response::Response {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED).map(axum::body::Body::new);
    response.headers_mut().insert(names::ALLOW, HeaderValue::from_static(allowed));
    response
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
