//! Why nothing came of it, as programs of the npm callmux read it.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::{ProblemCode, ProblemDetails};

/// See the file.
#[derive(Debug)]
pub(super) enum Refusal {
    /// An endpoint of ours says so.
    Problem(Box<ProblemDetails>),
    /// What was sent is not understood, or cannot be done: why, and what to do.
    Bad {
        why: String,
        fix: &'static str,
    },
    /// The server is there already, or is disabled: why, and what to do.
    Conflict {
        why: String,
        fix: &'static str,
    },
    NotFound,
    /// The path takes other methods.
    Method,
    TooLarge,
    /// An endpoint of ours answered something else than it does.
    Unreadable,
}

impl From<ProblemDetails> for Refusal {
    fn from(problem: ProblemDetails) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl Refusal {
    pub(super) fn bad(why: impl Into<String>, fix: &'static str) -> Self {
        Self::Bad { why: why.into(), fix }
    }

    pub(super) fn is(&self, code: &ProblemCode) -> bool {
        matches!(self, Self::Problem(problem) if problem.code == *code)
    }

    /// The status and the members of the body. Statuses are those that the npm callmux has; the code tells more.
    fn told(self) -> (StatusCode, Value) {
        let say = |status, why: &str, code: &str, fix: &str| {
            (status, json!({ "error": why, "code": code, "fix": fix }))
        };
        match self {
            Self::Problem(problem) => of_problem(&problem),
            Self::Bad { why, fix } => say(StatusCode::BAD_REQUEST, &why, "bad_body", fix),
            Self::Conflict { why, fix } => say(StatusCode::CONFLICT, &why, "conflict", fix),
            Self::NotFound => {
                let fix = "docs/api.md has the paths of the npm callmux that are served";
                say(StatusCode::NOT_FOUND, "Not found", "not_found", fix)
            }
            Self::Method => {
                let (why, fix) = ("Method not allowed", "`Allow` says what this path takes");
                say(StatusCode::METHOD_NOT_ALLOWED, why, "method_not_allowed", fix)
            }
            Self::TooLarge => {
                let why = "the body has more than 1 MiB";
                say(StatusCode::PAYLOAD_TOO_LARGE, why, "too_large", "send less at once")
            }
            Self::Unreadable => {
                let fix = "look into the journal: `journalctl --user -u callmux.service`";
                say(StatusCode::INTERNAL_SERVER_ERROR, "the daemon cannot say", "internal", fix)
            }
        }
    }
}

fn of_problem(problem: &ProblemDetails) -> (StatusCode, Value) {
    let status = match problem.status {
        status @ (401 | 403 | 404 | 409 | 413 | 429 | 503) => status,
        412 => 409,
        _ => 400,
    };
    let mut body = serde_json::to_value(problem).unwrap_or_default();
    // The first mistake says more than how many there are.
    let why = problem.complaints.first().map_or(&problem.detail, |complaint| &complaint.message);
    body["error"] = why.as_str().into();
    body["status"] = status.into();
    (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), body)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, body) = self.told();
        answered(status, &body)
    }
}

pub(super) fn answered(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
