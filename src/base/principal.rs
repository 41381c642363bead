//! Who is calling.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lock::Lock;

/// Somebody who has proved who they are. Everything stored for a caller is kept under this.
///
/// It is a text, as the journal and the rules name it: `user:1000`, a process of this user by the
/// kernel's word; `token:ci`, whoever holds the token of this name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(Arc<str>);

const USER: &str = "user:";
const TOKEN: &str = "token:";

impl Principal {
    /// The user with this number.
    pub fn user(uid: u32) -> Self {
        Self(format!("{USER}{uid}").into())
    }

    /// Who holds the token of this name.
    pub fn token(name: &str) -> Self {
        Self(format!("{TOKEN}{name}").into())
    }

    /// The user this process runs as.
    pub fn own() -> Self {
        Self::user(rustix::process::getuid().as_raw())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn label(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The name of the token, if it is known by one.
    pub fn token_name(&self) -> Option<&str> {
        self.0.strip_prefix(TOKEN)
    }

    /// Whether it may name a directory of this machine. What a process of the user names it could read
    /// itself; who holds a token may be anybody.
    pub fn names_directories(&self) -> bool {
        self.uid().is_some()
    }

    /// The number of the user, if it is one.
    fn uid(&self) -> Option<u32> {
        self.0.strip_prefix(USER)?.parse().ok()
    }

    /// A number that no other principal has within this process.
    pub fn number(&self) -> u64 {
        static NUMBERS: Lock<Option<HashMap<Principal, u64>>> = Lock::new(None);
        let mut numbers = NUMBERS.lock();
        let numbers = numbers.get_or_insert_default();
        let next = numbers.len() as u64;
        *numbers.entry(self.clone()).or_insert(next)
    }

    /// As it is written; `None` if that is nobody.
    pub fn parse(text: &str) -> Option<Self> {
        let principal = Self(text.into());
        let is_token = principal.token_name().is_some_and(|name| !name.is_empty());
        (is_token || principal.uid().is_some()).then_some(principal)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As a number, if it is a user: so it was written when there were no others.
impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.uid() {
            Some(uid) => serializer.serialize_u32(uid),
            None => serializer.serialize_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Principal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a principal, such as `user:1000`")
            }

            fn visit_u64<E: de::Error>(self, uid: u64) -> Result<Principal, E> {
                u32::try_from(uid).map(Principal::user).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Principal, E> {
                Principal::parse(text)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Written)
    }
}

#[cfg(test)]
mod tests {
    use super::Principal;

    #[test]
    fn it_reads_as_it_was_written() {
        for (written, read) in [
            ("\"user:7\"", Some(Principal::user(7))),
            ("7", Some(Principal::user(7))),
            ("\"token:ci\"", Some(Principal::token("ci"))),
            ("\"token:\"", None),
            ("\"user:x\"", None),
            ("\"ci\"", None),
            ("4294967296", None),
        ] {
            assert_eq!(serde_json::from_str::<Principal>(written).ok(), read, "{written}");
        }
        assert_eq!(serde_json::to_string(&Principal::user(7)).unwrap(), "7");
        assert_eq!(serde_json::to_string(&Principal::token("ci")).unwrap(), "\"token:ci\"");
    }

    #[test]
    fn equal_ones_have_one_number() {
        let [one, other] = [Principal::user(1), Principal::token("1")];
        assert_ne!(one.number(), other.number());
        assert_eq!(one.number(), Principal::user(1).number());
    }
}
