//! Answers that all endpoints give.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::desk::Closed;

pub(super) fn no_server(name: &str) -> Response {
    missing(&format!("the config in force has no server `{name}` that is enabled"))
}

pub(super) fn missing(message: &str) -> Response {
    json(StatusCode::NOT_FOUND, &json!({ "error": message }))
}

pub(super) fn gone(closed: Closed) -> Response {
    json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": closed.to_string() }))
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
