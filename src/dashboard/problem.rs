//! Errors for who asks an endpoint of operators over TCP (RFC 9457).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header as names};
use serde_json::json;

/// One kind of error.
#[derive(Debug, Clone, Copy)]
pub struct ProblemKind {
    pub status: StatusCode,
    /// In one word.
    pub code: &'static str,
    pub title: &'static str,
    /// What can be done about it, in one sentence.
    pub fix: &'static str,
}

impl ProblemKind {
    /// The answer. `detail`: what it is this time.
    pub fn response(self, detail: &str) -> Response<Body> {
        let Self { status, code, title, fix } = self;
        let body = json!({
            "type": format!("about:blank#{code}"), "title": title, "detail": detail,
            "status": status.as_u16(), "code": code, "fix": fix,
        });
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(names::CONTENT_TYPE, problem);
        headers.insert(names::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// A request of a page that is not ours.
pub const FOREIGN: ProblemKind = ProblemKind {
    status: StatusCode::FORBIDDEN,
    code: "foreign_page",
    title: "This is for the dashboard's own page",
    fix: "open the dashboard by itself: run `callmux dashboard`",
};

/// Somebody without a visit.
pub const NO_VISIT: ProblemKind = ProblemKind {
    status: StatusCode::UNAUTHORIZED,
    code: "no_visit",
    title: "This is for the dashboard of this daemon",
    fix: "run `callmux dashboard`",
};
/// A token where it is written down.
pub const IN_URL: ProblemKind = ProblemKind {
    status: StatusCode::BAD_REQUEST,
    code: "token_in_url",
    title: "A token does not belong in the URL",
    fix: "run `callmux dashboard`, whose link has its code where nobody writes it down",
};
/// A code that opens nothing.
pub const BAD_CODE: ProblemKind = ProblemKind {
    status: StatusCode::UNAUTHORIZED,
    code: "bad_code",
    title: "This link opens nothing",
    fix: "run `callmux dashboard` again",
};
/// What is no code at all.
pub const BAD_BODY: ProblemKind = ProblemKind {
    status: StatusCode::BAD_REQUEST,
    code: "bad_body",
    title: "This is no code",
    fix: "run `callmux dashboard`",
};
/// What a visit may not do.
pub const ELSEWHERE: ProblemKind = ProblemKind {
    status: StatusCode::FORBIDDEN,
    code: "not_on_the_page",
    title: "This is not done from the dashboard",
    fix: "do it with `callmux` in a terminal",
};
