//! Severities of log messages (RFC 5424, as `logging/setLevel` uses them).

use super::message::Message;
use super::object;

/// From the most talkative to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LogLevel {
    Debug = 1,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// Reads a JSON string.
    pub fn parse(json: &str) -> Option<Self> {
        Self::of_name(&object::string(json)?)
    }

    /// The level that MCP calls so.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }

    /// The level of a `notifications/message`. One without a known level is the most important.
    pub fn of(message: &Message) -> Self {
        let level = message.params().and_then(|params| object::get(params, "level"));
        level.and_then(Self::parse).unwrap_or(Self::Emergency)
    }
}
