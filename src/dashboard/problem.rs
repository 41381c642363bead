//! Why somebody does not get what they ask the dashboard for.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header as names};

use crate::api::problem::MEDIA_TYPE;
use crate::api::{ProblemCode, ProblemDetails};

/// One kind of problem, and what can be done about it, in one sentence.
#[derive(Debug, Clone)]
pub struct ProblemKind {
    code: ProblemCode,
    fix: &'static str,
}

impl ProblemKind {
    /// The answer. `detail`: what it is this time.
    pub fn response(self, detail: &str) -> Response<Body> {
        let problem = ProblemDetails::new(self.code, detail.to_owned()).fixed_by(self.fix);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(names::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(names::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// What somebody is told whom the door does not let in to what operators ask for. `status`: that of the refusal.
pub fn refused(status: StatusCode) -> Option<ProblemKind> {
    let (code, fix) = match status {
        StatusCode::BAD_REQUEST => {
            (ProblemCode::TokenInUrl, "send it as `Authorization: Bearer …`, and make a new one")
        }
        StatusCode::UNAUTHORIZED => {
            (ProblemCode::NoToken, "send a token as `Authorization: Bearer …`")
        }
        StatusCode::FORBIDDEN => {
            (ProblemCode::ShutOut, "`callmux logs` at the daemon says who is not let in and why")
        }
        StatusCode::PAYLOAD_TOO_LARGE => (ProblemCode::TooLarge, "send less"),
        StatusCode::SERVICE_UNAVAILABLE => (ProblemCode::NotYet, "ask again"),
        _ => return None,
    };
    Some(ProblemKind { code, fix })
}

/// A request of a page that is not ours.
pub const FOREIGN: ProblemKind = ProblemKind {
    code: ProblemCode::ForeignPage,
    fix: "open the dashboard by itself: run `callmux dashboard`",
};
/// Somebody without a visit.
pub const NO_VISIT: ProblemKind =
    ProblemKind { code: ProblemCode::NoVisit, fix: "run `callmux dashboard`" };
/// A token where it is written down.
pub const IN_URL: ProblemKind = ProblemKind {
    code: ProblemCode::TokenInUrl,
    fix: "run `callmux dashboard`, whose link has its code where nobody writes it down",
};
/// A code that opens nothing.
pub const BAD_CODE: ProblemKind =
    ProblemKind { code: ProblemCode::BadCode, fix: "run `callmux dashboard` again" };
/// What is no code at all.
pub const BAD_BODY: ProblemKind =
    ProblemKind { code: ProblemCode::BadBody, fix: "run `callmux dashboard`" };
/// What a visit may not do.
pub const ELSEWHERE: ProblemKind =
    ProblemKind { code: ProblemCode::NotOnThePage, fix: "do it with `callmux` in a terminal" };
