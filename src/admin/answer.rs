//! Answers that all endpoints give.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use super::desk::Closed;
use crate::api::problem::MEDIA_TYPE;
use crate::api::{ProblemCode, ProblemDetails};
use crate::base::quoted;

pub(super) fn no_server(name: &str) -> Response {
    let name = quoted(name);
    let detail = format!("the config in force has no server `{name}` that is enabled");
    let fix = "`callmux status` lists those that there are";
    problem(&ProblemDetails::new(ProblemCode::UnknownServer, detail).fixed_by(fix))
}

pub(super) fn no_tool(name: &str) -> Response {
    let detail = format!("there is no tool `{}`", quoted(name));
    let fix = "`callmux tools` lists those that there are";
    problem(&ProblemDetails::new(ProblemCode::UnknownTool, detail).fixed_by(fix))
}

pub(super) fn gone(closed: Closed) -> Response {
    problem(&ProblemDetails::new(ProblemCode::Draining, closed.to_string()).fixed_by("ask again"))
}

/// A body that is not what its endpoint reads. `why`: what is wrong with it.
pub(super) fn bad_body(why: &str) -> Response {
    let detail = format!("the body is not what belongs there: {}", quoted(why));
    let fix = "`GET /api/v1/openapi.json` says what does";
    problem(&ProblemDetails::new(ProblemCode::BadBody, detail).fixed_by(fix))
}

pub(super) fn too_large() -> Response {
    let detail = "it has more than 1 MiB".to_owned();
    problem(&ProblemDetails::new(ProblemCode::TooLarge, detail).fixed_by("send less at once"))
}

/// What is answered where nothing came of it.
pub(super) fn problem(problem: &ProblemDetails) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    written(status, MEDIA_TYPE, problem)
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    written(status, "application/json", body)
}

/// What is looked at changes, and is for who asked alone.
fn written(status: StatusCode, media_type: &'static str, body: &impl Serialize) -> Response {
    let mut response = Response::new(match serde_json::to_vec(body) {
        Ok(bytes) => Body::from(bytes),
        Err(_) => Body::empty(),
    });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
