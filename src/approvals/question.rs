//! A question to a person, and what may be said to it.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::call::AskedCall;
use super::process_tree::AskingProcess;
use crate::base::Principal;

/// Who wants the calls, and why somebody is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    pub principal: Principal,
    /// What the client calls itself.
    pub client: Box<str>,
    /// The directory it works in.
    pub cwd: Option<Box<str>>,
    /// The access rule that wants it.
    pub rule: Box<str>,
    /// The processes of the client, where they are known.
    pub processes: Vec<AskingProcess>,
}

impl Asking {
    /// Whether both are of one agent, as far as it says: what a person allows one of theirs, another of the same
    /// principal may not.
    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        let of =
            |asking: &Self| (asking.principal.clone(), asking.client.clone(), asking.cwd.clone());
        of(self) == of(other)
    }
}

/// Calls that wait for a person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Eight hexadecimal digits.
    pub id: Box<str>,
    pub asking: Asking,
    pub calls: Vec<AskedCall>,
    pub asked: SystemTime,
    /// Then nobody has answered, and the calls are refused.
    pub until: SystemTime,
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// These calls, once each.
    Once,
    /// Whatever calls of the same come within an hour.
    Hour,
    Deny,
}

impl Decision {
    pub const ALL: [Self; 3] = [Self::Once, Self::Hour, Self::Deny];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Hour => "hour",
            Self::Deny => "deny",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == text)
    }

    /// For how long it holds.
    pub(super) fn holds(self) -> Duration {
        match self {
            // So long an agent may take to make the call again.
            Self::Once => Duration::from_mins(10),
            Self::Hour => Duration::from_hours(1),
            // Whoever asks again at once is not asked about again.
            Self::Deny => Duration::from_mins(2),
        }
    }
}

/// What a client says of a question.
#[derive(Debug)]
pub struct SaidByClient {
    /// Of the question.
    pub id: Box<str>,
    pub decision: Decision,
}
