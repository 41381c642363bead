//! Why a request got no usable response, and how far it came.

use crate::http;

/// Why there is no usable response.
#[derive(Debug)]
pub(super) struct RequestFailure {
    pub(super) reason: String,
    /// How far the request came.
    pub(super) reached: RequestReached,
}

/// How far a request came that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestReached {
    /// There was no connection.
    Nothing,
    /// The server, which surely did not carry it out.
    Refused,
    /// A server that does not speak streamable HTTP, but perhaps HTTP with SSE. `refused`: or it does, and
    /// does not like what is said.
    Misplaced { refused: bool },
    /// Perhaps the server.
    Unknown,
}

impl RequestFailure {
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), reached: RequestReached::Refused }
    }

    pub(super) fn lost(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), reached: RequestReached::Unknown }
    }

    /// It is the second of two ways that failed. `refused`: the first may be the right one.
    pub(super) fn after(self, first: &str, refused: bool) -> Self {
        let second = &self.reason;
        let reason =
            format!("it speaks neither streamable HTTP ({first}) nor HTTP with SSE ({second})");
        let reached = if refused { RequestReached::Unknown } else { self.reached };
        Self { reason, reached }
    }

    /// Whether there was any response.
    pub(super) fn is_answered(&self) -> bool {
        self.reached != RequestReached::Nothing
    }
}

impl From<http::ContentError> for RequestFailure {
    fn from(error: http::ContentError) -> Self {
        match error {
            http::ContentError::Broken(why) => {
                Self::lost(format!("its connection broke in the middle of an answer: {why}"))
            }
            error => Self::lost(error.to_string()),
        }
    }
}

impl From<http::Error> for RequestFailure {
    fn from(error: http::Error) -> Self {
        let reason = error.to_string();
        match error {
            http::Error::NoCertificates(_)
            | http::Error::NoServer
            | http::Error::ProxyScheme(_)
            | http::Error::TooNear
            | http::Error::Unreachable(_) => Self { reason, reached: RequestReached::Nothing },
            http::Error::Broken(_) => Self::lost(reason),
        }
    }
}
