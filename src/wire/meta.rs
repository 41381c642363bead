//! `_meta`, where revision 2026-07-28 carries what older revisions settled in a handshake.

use std::borrow::Cow;

use super::error::RpcError;
use super::log_level::LogLevel;
use super::object;
use super::revision::{Era, Revision};

pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
pub const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// The members of a request's `_meta` that we read.
#[derive(Debug, Clone, Default)]
pub struct Meta<'a> {
    pub version: Option<Cow<'a, str>>,
    /// The version as it is written.
    pub version_at: Option<&'a str>,
    pub client_info: Option<&'a str>,
    pub client_capabilities: Option<&'a str>,
    pub progress_token: Option<&'a str>,
    /// From which level on the client wants log messages about the request.
    pub log_level: Option<LogLevel>,
}

/// The longest progress token, in bytes.
const TOKEN_MAX: usize = 1024;

impl<'a> Meta<'a> {
    /// Reads the text of a `_meta` object.
    pub fn parse(text: &'a str) -> Result<Self, RpcError> {
        const NAMES: [&str; 5] =
            [PROTOCOL_VERSION, CLIENT_INFO, CLIENT_CAPABILITIES, "progressToken", LOG_LEVEL];
        let [version_at, client_info, client_capabilities, progress_token, log_level] =
            object::members(text, NAMES).map_err(|e| invalid("_meta", &e))?;
        let version = match version_at {
            None => None,
            Some(json) => Some(object::string(json).ok_or_else(|| {
                RpcError::invalid_params(format!(
                    "`{PROTOCOL_VERSION}` in `_meta` must be a string"
                ))
            })?),
        };
        let log_level = match log_level {
            None => None,
            Some(json) => Some(LogLevel::parse(json).ok_or_else(|| {
                RpcError::invalid_params(format!("`{LOG_LEVEL}` in `_meta` is no log level"))
            })?),
        };
        let is_token =
            |json: &str| json.len() <= TOKEN_MAX && !json.starts_with(['{', '[', 't', 'f']);
        if !progress_token.is_none_or(is_token) {
            return Err(RpcError::invalid_params(
                "`progressToken` in `_meta` must be a string or a number of at most 1024 bytes",
            ));
        }
        Ok(Self {
            version,
            version_at,
            client_info,
            client_capabilities,
            progress_token,
            log_level,
        })
    }

    /// Checks what 2026-07-28 requires of every request ("Per-request metadata").
    pub fn check_modern(&self) -> Result<(), RpcError> {
        let Some(version) = &self.version else {
            return Err(RpcError::invalid_params(format!("`_meta` lacks `{PROTOCOL_VERSION}`")));
        };
        if Revision::parse(version).is_none_or(|revision| revision.era() == Era::Legacy) {
            return Err(unsupported_version(version));
        }
        if self.client_info.is_some_and(|info| !object::is_object(info)) {
            return Err(RpcError::invalid_params(format!(
                "`{CLIENT_INFO}` in `_meta` must be an object"
            )));
        }
        match self.client_capabilities {
            Some(capabilities) if object::is_object(capabilities) => Ok(()),
            Some(_) => Err(RpcError::invalid_params(format!(
                "`{CLIENT_CAPABILITIES}` in `_meta` must be an object"
            ))),
            None => Err(RpcError::invalid_params(format!("`_meta` lacks `{CLIENT_CAPABILITIES}`"))),
        }
    }
}

/// How much of a version that nobody knows is told, in bytes.
const VERSION_SHOWN_MAX: usize = 64;

/// -32022, with the revisions that would be understood.
pub fn unsupported_version(requested: &str) -> RpcError {
    let requested = &requested[..requested.floor_char_boundary(VERSION_SHOWN_MAX)];
    let supported: Vec<&str> = Revision::ALL.iter().map(|revision| revision.as_str()).collect();
    RpcError::new(
        super::error::code::UNSUPPORTED_VERSION,
        format!("unsupported protocol version `{requested}`"),
    )
    .with_data(&serde_json::json!({ "supported": supported, "requested": requested }))
}

fn invalid(place: &str, error: &serde_json::Error) -> RpcError {
    RpcError::invalid_params(format!("`{place}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::Meta;

    #[test]
    fn a_modern_request_names_version_and_capabilities() {
        let check = |meta: &str, code: Option<i64>| {
            let found = Meta::parse(meta).and_then(|meta| meta.check_modern());
            assert_eq!(found.err().map(|e| e.code), code, "{meta}");
        };
        let version = r#""io.modelcontextprotocol/protocolVersion""#;
        let capabilities = r#""io.modelcontextprotocol/clientCapabilities""#;
        check(&format!(r#"{{{version}:"2026-07-28",{capabilities}:{{}}}}"#), None);
        check(&format!(r#"{{{version}:"2026-07-28"}}"#), Some(-32602));
        check(&format!(r#"{{{version}:"2026-07-28",{capabilities}:[]}}"#), Some(-32602));
        check(&format!(r#"{{{version}:"2025-11-25",{capabilities}:{{}}}}"#), Some(-32022));
        check(&format!(r#"{{{version}:"1900-01-01",{capabilities}:{{}}}}"#), Some(-32022));
        check(&format!(r"{{{version}:7,{capabilities}:{{}}}}"), Some(-32602));
        check(r"{}", Some(-32602));
        check(r"[]", Some(-32602));
        let long = "x".repeat(2_000_000);
        let error = super::unsupported_version(&long);
        assert!(error.to_json().len() < 400, "{}", error.to_json().len());
    }

    /// It is written again with each notification about the request.
    #[test]
    fn a_progress_token_is_short() {
        let parse = |len: usize| {
            let meta = format!(r#"{{"progressToken":"{}"}}"#, "x".repeat(len));
            Meta::parse(&meta).map(|meta| meta.progress_token.map(str::len))
        };
        assert_eq!(parse(1000).unwrap(), Some(1002));
        assert_eq!(parse(1023).unwrap_err().code, -32602);
    }
}
