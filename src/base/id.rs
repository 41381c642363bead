//! Ids we hand out. None is ever used twice.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::{fingerprint, random};

/// A session's id: 128 random bits, written as 32 lower-case hex digits.
///
/// It is a handle, not a credential: it works only together with the principal it was given to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(u128);

impl SessionId {
    pub fn random() -> Self {
        Self(u128::from_be_bytes(random::bytes()))
    }

    /// Reads the form that [`fmt::Display`] writes; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hex { u128::from_str_radix(text, 16).ok().map(Self) } else { None }
    }

    /// What stands for it in files that may be given away: with an id that works, whoever has the file could go on
    /// with the session.
    pub fn mark(self) -> String {
        format!("{:016x}", fingerprint(self.to_string().bytes()))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no id of a session"))
    }
}

/// One tool call's id, as the journal and error texts show it: `6f1c2a-42`.
///
/// The first half is random per process, so ids of two runs of the daemon differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId {
    run: u32,
    number: u64,
}

static NEXT_CALL: AtomicU64 = AtomicU64::new(1);
static RUN: LazyLock<u32> = LazyLock::new(|| u32::from_ne_bytes(random::bytes()) >> 8);

impl CallId {
    pub fn next() -> Self {
        Self { run: *RUN, number: NEXT_CALL.fetch_add(1, Ordering::Relaxed) }
    }

    /// Reads the form that [`fmt::Display`] writes; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (run, number) = text.split_once('-')?;
        let run = u32::from_str_radix(run, 16).ok()?;
        Some(Self { run, number: number.parse().ok()? })
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}-{}", self.run, self.number)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for CallId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CallId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no id of a call"))
    }
}

#[cfg(test)]
mod tests {
    use super::{CallId, SessionId};

    #[test]
    fn a_session_id_reads_back_only_in_its_own_form() {
        let id = SessionId::random();
        assert_eq!(SessionId::parse(&id.to_string()), Some(id));
        for bad in [
            "",
            "x",
            &id.to_string().to_uppercase()[..31],
            &format!("{id}0"),
            "+0000000000000000000000000000000",
        ] {
            assert_eq!(SessionId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_id_of_a_call_reads_back() {
        let id = CallId::next();
        assert_eq!(CallId::parse(&id.to_string()), Some(id));
        for bad in ["", "-", "6f1c2a", "6f1c2a-", "-42", "x-1", "6f1c2a-42-1"] {
            assert_eq!(CallId::parse(bad), None, "{bad:?}");
        }
    }
}
