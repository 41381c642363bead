//! What can be wrong with a message, and JSON-RPC's way of saying so.

use bytes::Bytes;
use serde_json::value::RawValue;

/// JSON-RPC 2.0, section 5.1, and the codes MCP adds to it.
pub mod code {
    pub const PARSE: i64 = -32700;
    pub const INVALID_REQUEST: i64 = -32600;
    pub const METHOD_NOT_FOUND: i64 = -32601;
    pub const INVALID_PARAMS: i64 = -32602;
    pub const INTERNAL: i64 = -32603;
    /// Up to 2025-11-25: there is no resource with this URI. 2026-07-28 has [`INVALID_PARAMS`].
    pub const RESOURCE_NOT_FOUND: i64 = -32002;
    /// 2026-07-28: a header is missing or differs from the body.
    pub const HEADER_MISMATCH: i64 = -32020;
    /// 2026-07-28: the client lacks a capability that the request needs.
    pub const MISSING_CAPABILITY: i64 = -32021;
    /// 2026-07-28: the revision is not supported; `data.supported` lists those that are.
    pub const UNSUPPORTED_VERSION: i64 = -32022;

    /// Whether an error code shows that its sender speaks 2026-07-28 (versioning, "era detection").
    pub fn is_modern(code: i64) -> bool {
        matches!(code, HEADER_MISMATCH | MISSING_CAPABILITY | UNSUPPORTED_VERSION)
    }
}

/// Why a text is no MCP message.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    #[error("not UTF-8: byte {0} starts no character")]
    Utf8(usize),
    #[error("not JSON: {0}")]
    Json(serde_json::Error),
    #[error("a JSON-RPC batch; revision 2025-06-18 removed batches: send each message alone")]
    Batch,
    #[error("not a JSON-RPC 2.0 message: {reason}")]
    Envelope { reason: String, id: Option<Box<str>> },
}

impl Malformed {
    pub(super) fn envelope(reason: impl Into<String>, id: Option<&str>) -> Self {
        Self::Envelope { reason: reason.into(), id: id.map(Into::into) }
    }

    /// The error a sender gets, and the id it is for where one could be read.
    pub fn answer(&self) -> (RpcError, Option<&str>) {
        match self {
            Self::Utf8(_) | Self::Json(_) => (RpcError::new(code::PARSE, self.to_string()), None),
            Self::Batch => (RpcError::new(code::INVALID_REQUEST, self.to_string()), None),
            Self::Envelope { id, .. } => {
                (RpcError::new(code::INVALID_REQUEST, self.to_string()), id.as_deref())
            }
        }
    }
}

/// How long a message of ours may be, in bytes: what it quotes may come from anywhere.
const MESSAGE_MAX: usize = 4096;

/// A JSON-RPC error object, written by us.
#[derive(Debug, Clone)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    pub data: Option<Box<RawValue>>,
}

impl RpcError {
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_MAX));
            message.push('…');
        }
        Self { code, message, data: None }
    }

    pub fn with_data(mut self, data: &serde_json::Value) -> Self {
        self.data = serde_json::value::to_raw_value(data).ok();
        self
    }

    pub fn method_not_found(method: &str) -> Self {
        Self::new(code::METHOD_NOT_FOUND, format!("method not found: {method}"))
    }

    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMS, message)
    }

    /// `{"code":…,"message":…,"data":…}`
    pub fn to_json(&self) -> String {
        let message = serde_json::Value::from(self.message.as_str());
        match &self.data {
            None => format!(r#"{{"code":{},"message":{message}}}"#, self.code),
            Some(data) => {
                format!(r#"{{"code":{},"message":{message},"data":{}}}"#, self.code, data.get())
            }
        }
    }

    /// The whole response. Without an id it carries `null`, as JSON-RPC wants when the request's
    /// id could not be read.
    pub fn response(&self, id: Option<&str>) -> Bytes {
        let id = id.unwrap_or("null");
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{}}}"#, self.to_json()).into()
    }
}
