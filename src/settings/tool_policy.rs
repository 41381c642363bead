//! What is made of a server's tools.

use std::collections::BTreeMap;
use std::time::Duration;

use super::name_patterns::NamePatterns;
use crate::compression::Compression;

/// What is made of a server's tools.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolPolicy {
    /// `None`: the server's name.
    pub prefix: Option<String>,
    pub tools: NamePatterns,
    /// The server's own tool name → the name it is shown under.
    pub aliases: BTreeMap<String, String>,
    /// Whether the annotations of its tools are believed.
    pub trusted: bool,
    /// Tools whose calls may be sent twice.
    pub replay: NamePatterns,
    pub always_load: NamePatterns,
    /// `None`: nothing is done.
    pub pin: Option<PinPolicy>,
    /// `None`: nothing is kept.
    pub cache_ttl: Option<Duration>,
    pub cache_tools: NamePatterns,
    pub no_cache_tools: NamePatterns,
    /// `None`: as the client's view says.
    pub schema_compression: Option<Compression>,
    /// In bytes; `None`: as the client's view says.
    pub max_result: Option<usize>,
    /// Tools whose results are never shortened.
    pub whole_results: NamePatterns,
}

/// What is done about definitions that are no longer those that were accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PinPolicy {
    Off,
    /// It is told.
    #[default]
    Warn,
    /// They are kept from clients, too.
    Hold,
}

impl PinPolicy {
    pub const ALL: [Self; 3] = [Self::Off, Self::Warn, Self::Hold];

    /// Their names, in the same order.
    pub const NAMES: [&str; 3] = ["off", "warn", "hold"];
}

impl ToolPolicy {
    /// Whether definitions are held against those that were accepted.
    pub fn is_pinned(&self) -> bool {
        matches!(self.pin, Some(PinPolicy::Warn | PinPolicy::Hold))
    }

    /// Whether those that differ are kept from clients.
    pub fn holds(&self) -> bool {
        self.pin == Some(PinPolicy::Hold)
    }
}
