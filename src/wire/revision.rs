//! MCP's dated revisions and the two eras they fall into.

use std::fmt;

/// The two ways MCP is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Era {
    /// `initialize`, sessions, server-to-client requests: revisions up to 2025-11-25.
    Legacy,
    /// Stateless, metadata with every request: from 2026-07-28 on.
    Modern,
}

impl Era {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}

/// A published revision of the specification, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Revision {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

impl Revision {
    /// All revisions we speak, newest first, as `server/discover` lists them.
    pub const ALL: [Self; 5] = [
        Self::V2026_07_28,
        Self::V2025_11_25,
        Self::V2025_06_18,
        Self::V2025_03_26,
        Self::V2024_11_05,
    ];

    /// The newest revision that begins with `initialize`.
    pub const NEWEST_LEGACY: Self = Self::V2025_11_25;
    /// The revision our modern side speaks.
    pub const MODERN: Self = Self::V2026_07_28;

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    pub fn era(self) -> Era {
        if self >= Self::V2026_07_28 { Era::Modern } else { Era::Legacy }
    }

    /// What we answer an `initialize` that asks for `asked`: the same revision if `initialize`
    /// exists in it, else the newest in which it does (lifecycle, "Version Negotiation").
    pub fn negotiate(asked: &str) -> Self {
        Self::parse(asked).filter(|r| r.era() == Era::Legacy).unwrap_or(Self::NEWEST_LEGACY)
    }

    /// Only 2025-03-26 has JSON-RPC batches; later revisions removed them.
    pub fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Revision;

    #[test]
    fn negotiation_never_leaves_the_legacy_era() {
        let check = |asked, answer| assert_eq!(Revision::negotiate(asked).as_str(), answer);
        check("2024-11-05", "2024-11-05");
        check("2025-06-18", "2025-06-18");
        check("2026-07-28", "2025-11-25");
        check("2030-01-01", "2025-11-25");
        check("", "2025-11-25");
    }
}
