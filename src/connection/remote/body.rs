//! The content of a response as a whole, and the messages in it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;

use super::failure::RequestFailure;
use crate::connection::route::OwnStream;
use crate::connection::state::Connection;
use crate::http::Content;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

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

/// The content, if it has at most `cap` bytes.
pub(super) async fn whole(mut content: Content, cap: usize) -> Result<Bytes, RequestFailure> {
    let too_long = || {
        RequestFailure::lost(format!(
            "it sent an answer longer than {cap} bytes; raise `max_message` if that is right"
        ))
    };
    if content.size() > cap as u64 {
        return Err(too_long());
    }
    let mut all = BytesMut::new();
    while let Some(data) = content.next().await {
        let data = data?;
        if all.len() + data.len() > cap {
            return Err(too_long());
        }
        all.extend_from_slice(&data);
    }
    let all = all.freeze();
    // A reader may ignore it (RFC 8259, section 8.1).
    Ok(if all.starts_with(BYTE_ORDER_MARK) { all.slice(BYTE_ORDER_MARK.len()..) } else { all })
}
