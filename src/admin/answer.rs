//! Answers that all endpoints give.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Serialize;

use super::desk::Closed;
use crate::api::Failure;

pub(super) fn no_server(name: &str) -> Response {
    missing(format!("the config in force has no server `{name}` that is enabled"))
}

pub(super) fn missing(error: String) -> Response {
    failure(StatusCode::NOT_FOUND, error)
}

pub(super) fn gone(closed: Closed) -> Response {
    failure(StatusCode::SERVICE_UNAVAILABLE, closed.to_string())
}

pub(super) fn failure(status: StatusCode, error: String) -> Response {
    json(status, &Failure { error })
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = Response::new(match serde_json::to_vec(body) {
        Ok(bytes) => Body::from(bytes),
        Err(_) => Body::empty(),
    });
    *response.status_mut() = status;
    let value = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
