//! What is pinned of a server.

use serde::{Deserialize, Serialize};

/// What a definition is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PinKind {
    Tool,
    Prompt,
    /// What the server wants every agent to know. There is one text, which has no name.
    Instructions,
}

impl PinKind {
    pub const ALL: [Self; 3] = [Self::Tool, Self::Prompt, Self::Instructions];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Instructions => "instructions",
        }
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// One item of it, for people.
    pub fn title(self, name: &str) -> String {
        match self {
            Self::Instructions => self.as_str().to_owned(),
            Self::Tool | Self::Prompt => format!("{} {name}", self.as_str()),
        }
    }
}
