//! Who is calling.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lock::Lock;
use super::peer_facts::SharedPeer;

/// Somebody who has proved who they are. Everything stored for a caller is kept under this.
///
/// It is a text, as the journal and the rules name it: `user:1000`, a process of this user by the
/// kernel's word; `token:ci`, whoever holds the token of this name; `oidc:alice`, whom an issuer calls so.
/// Two are equal if these texts are: what an issuer says of somebody changes, and they stay who they are.
#[derive(Debug, Clone)]
pub struct Principal {
    label: Arc<str>,
    proof: Option<Arc<Proof>>,
    /// The process that asks, where rules want to know more of it.
    peer: Option<SharedPeer>,
}

/// What an issuer says of somebody, for as long as that holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// All names that rules may know them by, one a line; the first is the principal's own.
    names: Box<str>,
    issuer: Arc<str>,
    /// In seconds since 1970.
    until: u64,
}

const USER: &str = "user:";
const TOKEN: &str = "token:";
const OIDC: &str = "oidc:";
const GROUP: &str = "group:";
const SCOPE: &str = "scope:";
/// Longer names of somebody are not written down, in bytes: the next process knows who it is, no more.
const WRITTEN_MAX: usize = 512;

impl Proof {
    /// The names that rules may know somebody by.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.split('\n')
    }

    /// The same in one text, which tells who is the same to every rule.
    pub fn as_key(&self) -> &str {
        &self.names
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// When it ends.
    pub fn until(&self) -> SystemTime {
        let end = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.until));
        end.unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl Principal {
    fn named(label: Arc<str>) -> Self {
        Self { label, proof: None, peer: None }
    }

    /// The user with this number.
    pub fn user(uid: u32) -> Self {
        Self::named(format!("{USER}{uid}").into())
    }

    /// Who holds the token of this name.
    pub fn token(name: &str) -> Self {
        Self::named(format!("{TOKEN}{name}").into())
    }

    /// Whom this issuer calls so until then (in seconds since 1970), with the groups they are in and what
    /// they were granted. No text has a line break in it: who reads a token refuses those.
    pub fn oidc(
        issuer: &Arc<str>,
        subject: &str,
        groups: &[String],
        scopes: &[String],
        until: u64,
    ) -> Self {
        let label: Arc<str> = format!("{OIDC}{subject}").into();
        let mut names = label.to_string();
        let kinds = [(GROUP, groups), (SCOPE, scopes)];
        for (kind, name) in
            kinds.iter().flat_map(|(kind, all)| all.iter().map(move |one| (kind, one)))
        {
            names += &format!("\n{kind}{name}");
        }
        let proof = Proof { names: names.into(), issuer: issuer.clone(), until };
        Self { proof: Some(Arc::new(proof)), ..Self::named(label) }
    }

    /// The user this process runs as.
    pub fn own() -> Self {
        Self::user(rustix::process::getuid().as_raw())
    }

    pub fn as_str(&self) -> &str {
        &self.label
    }

    pub fn label(&self) -> Arc<str> {
        self.label.clone()
    }

    /// Whether an issuer's word is what it is known by.
    pub fn is_oidc(&self) -> bool {
        self.label.starts_with(OIDC)
    }

    /// What the issuer said, if one did.
    pub fn proof(&self) -> Option<&Proof> {
        self.proof.as_deref()
    }

    /// The same without that, and from wherever it asks: who it is.
    #[must_use]
    pub fn unproved(&self) -> Self {
        Self::named(self.label.clone())
    }

    /// The same as it asks from this process.
    #[must_use]
    pub fn at(self, peer: Option<SharedPeer>) -> Self {
        Self { peer, ..self }
    }

    /// The process that asks, if it is known.
    pub fn peer(&self) -> Option<&SharedPeer> {
        self.peer.as_ref()
    }

    /// Whether it is the same one, of whom the same was said, and asks from the same process.
    pub fn asks_alike(&self, other: &Self) -> bool {
        let is_alike = match (&self.peer, &other.peer) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        is_alike && self.is_proved_alike(other)
    }

    /// Whether it is the same one, of whom the same was said.
    pub fn is_proved_alike(&self, other: &Self) -> bool {
        let is_alike = match (&self.proof, &other.proof) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one == other,
            (one, other) => one.is_none() && other.is_none(),
        };
        is_alike && self == other
    }

    /// The name of the token, if it is known by one.
    pub fn token_name(&self) -> Option<&str> {
        self.label.strip_prefix(TOKEN)
    }

    /// Whether it may name a directory of this machine. What a process of the user names it could read
    /// itself; who holds a token may be anybody.
    pub fn names_directories(&self) -> bool {
        self.uid().is_some()
    }

    /// The number of the user, if it is one.
    fn uid(&self) -> Option<u32> {
        self.label.strip_prefix(USER)?.parse().ok()
    }

    /// A number that no other principal has within this process.
    pub fn number(&self) -> u64 {
        static NUMBERS: Lock<Option<HashMap<Principal, u64>>> = Lock::new(None);
        let mut numbers = NUMBERS.lock();
        let numbers = numbers.get_or_insert_default();
        let next = numbers.len() as u64;
        *numbers.entry(self.unproved()).or_insert(next)
    }

    /// As it is written; `None` if that is nobody.
    pub fn parse(text: &str) -> Option<Self> {
        let principal = Self::named(text.into());
        let is_named = [TOKEN, OIDC].iter().any(|kind| {
            text.strip_prefix(kind).is_some_and(|name| !name.is_empty() && !name.contains('\n'))
        });
        (is_named || principal.uid().is_some()).then_some(principal)
    }
}

impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.label == other.label
    }
}

impl Eq for Principal {}

impl PartialOrd for Principal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Principal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.label.cmp(&other.label)
    }
}

impl Hash for Principal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.label.hash(state);
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

/// As a number, if it is a user: so it was written when there were no others.
impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let proof = self.proof().filter(|proof| proof.names.len() <= WRITTEN_MAX);
        match (self.uid(), proof) {
            (Some(uid), _) => serializer.serialize_u32(uid),
            (None, Some(proof)) => proof.serialize(serializer),
            (None, None) => serializer.serialize_str(&self.label),
        }
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'de> Visitor<'de> for Written {
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

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Principal, A::Error> {
                let proof = Proof::deserialize(MapAccessDeserializer::new(members))?;
                let named = proof.names().next().and_then(Principal::parse);
                let named = named.filter(Principal::is_oidc).ok_or_else(|| {
                    de::Error::invalid_value(de::Unexpected::Str(&proof.names), &self)
                })?;
                Ok(Principal { proof: Some(Arc::new(proof)), ..named })
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
            ("\"oidc:\"", None),
            ("\"oidc:a\\ngroup:b\"", None),
            (r#"{"names":"user:7","issuer":"i","until":1}"#, None),
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
    fn what_an_issuer_says_goes_with_who_it_is_said_of() {
        let of = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
            Principal::oidc(&"https://i".into(), "alice", &groups, &["mcp".to_owned()], 9)
        };
        let alice = of(&["a b"]);
        assert!(alice.proof().unwrap().names().eq(["oidc:alice", "group:a b", "scope:mcp"]));
        let written = serde_json::to_string(&alice).unwrap();
        let read: Principal = serde_json::from_str(&written).unwrap();
        assert!(read == alice && read.is_proved_alike(&alice), "{written}");
        assert!(alice.number() == of(&[]).number() && !alice.is_proved_alike(&of(&[])));
        let unproved: Principal = serde_json::from_str("\"oidc:alice\"").unwrap();
        assert!(unproved == alice && unproved.proof().is_none());
        let long = of(&["g".repeat(2000).as_str()]);
        assert_eq!(serde_json::to_string(&long).unwrap(), "\"oidc:alice\"");
    }

    #[test]
    fn equal_ones_have_one_number() {
        let one = Principal::user(1);
        assert_ne!(one.number(), Principal::token("1").number());
        assert_eq!(one.number(), Principal::user(1).number());
    }
}
