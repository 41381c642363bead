//! The content of a response: its type, its bytes, the messages in it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde_json::value::RawValue;

use super::failure::RequestFailure;
use crate::connection::route::OwnStream;
use crate::connection::state::Connection;
use crate::http::{self, ResponseBody};

/// Whether the content is of this type.
pub(super) fn is(headers: &HeaderMap, kind: &str) -> bool {
    let found = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let essence = found.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(kind)
}

/// Routes a message, or each of a batch (2025-03-26 only).
pub(super) fn take_in(connection: &Arc<Connection>, bytes: &Bytes, on: OwnStream<'_>) {
    if bytes.trim_ascii_start().starts_with(b"[")
        && let Ok(batch) = serde_json::from_slice::<Vec<&RawValue>>(bytes)
    {
        for item in batch {
            connection.take_in(&Bytes::copy_from_slice(item.get().as_bytes()), on);
        }
        return;
    }
    connection.take_in(bytes, on);
}

/// The body, if it has at most `cap` bytes.
pub(super) async fn whole(mut body: ResponseBody, cap: usize) -> Result<Bytes, RequestFailure> {
    let too_long = || {
        RequestFailure::lost(format!(
            "it sent an answer longer than {cap} bytes; raise `max_message` if that is right"
        ))
    };
    if body.size_hint().lower() > cap as u64 {
        return Err(too_long());
    }
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let why = http::reason(&error);
            RequestFailure::lost(format!("its connection broke in the middle of an answer: {why}"))
        })?;
        if let Ok(data) = frame.into_data() {
            if all.len() + data.len() > cap {
                return Err(too_long());
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(all.freeze())
}
