//! What `initialize` says, and what it says next to a server that refused it.
//!
//! By the specification a server that does not know our revision answers with one of its own, and ignores
//! what it does not know of a client ("Lifecycle", up to 2025-11-25). Some refuse, end or fall silent
//! instead.

use serde::{Deserialize, Serialize};

use crate::wire::Revision;

/// What `initialize` says of elicitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Elicitation {
    /// With its modes, as 2025-11-25 has it.
    Modes,
    /// An empty object, as 2025-06-18 has it.
    Plain,
    None,
}

/// What `initialize` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// A legacy one.
    pub revision: Revision,
    pub elicitation: Elicitation,
}

impl Manner {
    /// What every server is told first.
    pub const FIRST: Self = Self::of(Revision::NEWEST_LEGACY);
    /// For a server that says why it refuses, or at least that it does: each try costs a message.
    const FINE: [Self; 7] = [
        Self::FIRST,
        Self { revision: Revision::V2025_11_25, elicitation: Elicitation::Plain },
        Self { revision: Revision::V2025_11_25, elicitation: Elicitation::None },
        Self::of(Revision::V2025_06_18),
        Self { revision: Revision::V2025_06_18, elicitation: Elicitation::None },
        Self::of(Revision::V2025_03_26),
        Self::of(Revision::V2024_11_05),
    ];
    /// For a server that ends or is silent: each try costs a process, or a while.
    pub const COARSE: [Self; 4] = [
        Self::FIRST,
        Self::of(Revision::V2025_06_18),
        Self::of(Revision::V2025_03_26),
        Self::of(Revision::V2024_11_05),
    ];

    /// What a client of this revision says.
    const fn of(revision: Revision) -> Self {
        let elicitation = match revision {
            Revision::V2024_11_05 | Revision::V2025_03_26 => Elicitation::None,
            Revision::V2025_06_18 => Elicitation::Plain,
            Revision::V2025_11_25 | Revision::V2026_07_28 => Elicitation::Modes,
        };
        Self { revision, elicitation }
    }

    /// The params of `initialize`; `us`: see [`super::identity::client_info`].
    pub fn params(self, us: &str) -> String {
        let elicitation = match self.elicitation {
            Elicitation::Modes => r#","elicitation":{"form":{},"url":{}}"#,
            Elicitation::Plain => r#","elicitation":{}"#,
            Elicitation::None => "",
        };
        format!(
            r#"{{"protocolVersion":"{}","capabilities":{{"roots":{{"listChanged":true}},"sampling":{{}}{elicitation}}},"clientInfo":{us}}}"#,
            self.revision,
        )
    }
}

/// How a server showed that it does not want what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// It answered.
    Message,
    /// It ended, or said nothing.
    Process,
}

/// The manners that were refused.
#[derive(Debug, Default)]
pub struct Refusals(Vec<Manner>);

impl Refusals {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What to say after `refused` was refused with these words; nothing, if everything was. Each is said
    /// once.
    pub fn next(&mut self, refused: Manner, words: &str, cost: Cost) -> Option<Manner> {
        self.0.push(refused);
        let words = words.to_ascii_lowercase();
        let named = Revision::ALL.into_iter().filter(|revision| self.is_offered(*revision, &words));
        let is_about_elicitation = words.contains("elicitation") || words.contains("\"form\"");
        let is_about_revision = !is_about_elicitation && words.contains("version");
        let order: &[Manner] = match cost {
            Cost::Message => &Manner::FINE,
            Cost::Process => &Manner::COARSE,
        };
        let older = order.iter().filter(|manner| manner.revision < refused.revision);
        let fitting = named
            .map(Manner::of)
            .chain(older.filter(|_| is_about_revision).copied())
            .chain(order.iter().copied());
        let mut fitting = fitting.filter(|manner| !self.0.contains(manner));
        fitting.next()
    }

    /// Whether the words of a refusal name this legacy revision, and it was not what was refused.
    fn is_offered(&self, revision: Revision, words: &str) -> bool {
        revision <= Revision::NEWEST_LEGACY
            && words.contains(revision.as_str())
            && self.0.iter().all(|refused| refused.revision != revision)
    }
}

#[cfg(test)]
mod tests;
