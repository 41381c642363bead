//! How an endpoint of the table is written.

use super::endpoint::{Endpoint, Method, Operation, QueryKey};

const OF_CHANGE: &[&str] = &[
    "unknown_section",
    "bad_section",
    "bad_body",
    "config_invalid",
    "precondition_required",
    "stale",
    "read_only",
    "conflict",
];

pub(super) const fn get(
    operation: Operation,
    path: &'static str,
    answer: &'static str,
    about: &'static str,
) -> Endpoint {
    let (method, query, problems, body) = (Method::Get, &[], &[], None);
    Endpoint { operation, method, path, about, query, body, answer: (200, answer), problems }
}

pub(super) const fn post(
    operation: Operation,
    path: &'static str,
    answer: &'static str,
    about: &'static str,
) -> Endpoint {
    Endpoint { method: Method::Post, ..get(operation, path, answer, about) }
}

pub(super) const fn write(
    (method, operation): (Method, Operation),
    path: &'static str,
    body: Option<&'static str>,
    about: &'static str,
) -> Endpoint {
    Endpoint { method, body, ..with(get(operation, path, "ChangeDone", about), OF_CHANGE) }
}

pub(super) const fn delete(
    operation: Operation,
    path: &'static str,
    answer: &'static str,
    about: &'static str,
) -> Endpoint {
    Endpoint { method: Method::Delete, ..get(operation, path, answer, about) }
}

pub(super) const fn with(endpoint: Endpoint, problems: &'static [&'static str]) -> Endpoint {
    Endpoint { problems, ..endpoint }
}

pub(super) const fn asked_by(endpoint: Endpoint, query: &'static [QueryKey]) -> Endpoint {
    Endpoint { query, ..endpoint }
}
