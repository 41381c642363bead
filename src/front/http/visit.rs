//! Requests for the dashboard, and those of its page.

use axum::http::{HeaderValue, Request, header as names};
use tokio::time::Instant;

use super::authenticate::{Who, has_token};
use super::body::Body;
use super::peer::{Arrival, Peer};
use super::response::{RefusalText, Response};
use crate::dashboard::CameBy;
use crate::dashboard::cookie::Carried;
use crate::dashboard::origin::Purpose;
use crate::dashboard::problem::{FOREIGN, IN_URL, NO_VISIT, ProblemKind, refused};
use crate::front::Front;

/// Where the dashboard is.
const UI: &str = "/ui";
/// Where what operators ask for is.
const API: &str = "/api/";
/// The one of it that goes on.
const EVENTS: &str = "/api/v1/events";

/// Whether a path is of the dashboard, or of what its page asks.
pub(super) fn is_meant(path: &str) -> bool {
    let is_page =
        path.strip_prefix(UI).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_page || path.starts_with(API)
}

/// How requests of this peer come.
pub(super) fn came_by(peer: &Peer) -> CameBy {
    let is_secure = matches!(peer.arrival, Arrival::Far { is_secure: true });
    CameBy { address: peer.address, is_secure }
}

/// Whose request it is, if it is for the dashboard, or its page's. `None`: it is another's.
pub(super) fn asked<B>(
    front: &Front,
    peer: &Peer,
    request: &Request<B>,
) -> Option<Result<Who, Response>> {
    let path = request.uri().path();
    if !is_meant(path) {
        return None;
    }
    if !path.starts_with(API) {
        // What it is without a visit is for everybody.
        let in_url = has_token(request.uri());
        return Some(if in_url { Err(told(IN_URL, "")) } else { Ok(Who::Anybody) });
    }
    let headers = request.headers();
    if peer.arrival == Arrival::Unix || headers.contains_key(names::AUTHORIZATION) {
        return None;
    }
    let (door, came) = (&front.dashboard, came_by(peer));
    let refuse = |cause, detail: &str| {
        door.refuse(came, cause, detail);
        Some(Err(told(NO_VISIT, detail)))
    };
    match door.carried(headers) {
        Carried::Own(visit) => {
            let Some(principal) = door.entrances.visitor(visit.expose(), Instant::now()) else {
                return refuse("ui_visit", "this visit has ended");
            };
            let purpose = match (request.method().is_safe(), path) {
                (true, EVENTS) => Purpose::Stream,
                (true, _) => Purpose::Read,
                (false, _) => Purpose::Write,
            };
            Some(match door.check(came, request, purpose) {
                Ok(()) => Ok(Who::Known(principal)),
                Err(foreign) => Err(told(FOREIGN, &foreign.to_string())),
            })
        }
        Carried::Other => {
            refuse("ui_other_daemon", "this visit is of another daemon, or one before it")
        }
        Carried::None if door.is_open(front.hub.world().config.access.dashboard.enabled) => {
            refuse("ui_no_visit", "there is no cookie of a visit")
        }
        Carried::None => None,
    }
}

/// A refusal of what operators ask for, as they are told of problems (RFC 9457). Its headers stay.
pub(super) fn as_operators_read_it(path: &str, response: Response) -> Response {
    let Some(RefusalText(text)) = response.extensions().get() else { return response };
    if !path.starts_with(API) {
        return response;
    }
    let Some(kind) = refused(response.status()) else { return response };
    let mut problem = told(kind, text);
    for (name, value) in response.headers() {
        if name != names::CONTENT_TYPE {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}

fn told(kind: ProblemKind, detail: &str) -> Response {
    let mut response = kind.response(detail);
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(names::X_CONTENT_TYPE_OPTIONS, nosniff);
    response.map(Body::Routed)
}
