//! Finding members of a JSON object without copying or converting them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A half-open range of bytes in a message's text. Messages are below 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// Where `part` lies in `text`. `part` must be a piece of `text` itself.
    pub fn of(part: &str, text: &str) -> Self {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        debug_assert!(start + part.len() <= text.len(), "the part lies in the text");
        let to_u32 = |n: usize| u32::try_from(n).expect("messages are below 4 GiB");
        Self { start: to_u32(start), end: to_u32(start + part.len()) }
    }

    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The values of the members `names` of the JSON object `text`, each as its own text.
///
/// The whole of `text` is checked to be JSON (RFC 8259). A name that occurs twice is refused, and
/// so is a member whose name differs from a wanted one only in case: a reader with other rules
/// would see another message than the one that was checked (CVE-2026-27896).
pub fn members<'a, const N: usize>(
    text: &'a str,
    names: [&'static str; N],
) -> Result<[Option<&'a str>; N], serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let found = reader.deserialize_map(MembersVisitor { names })?;
    reader.end()?;
    Ok(found)
}

/// The value of one member of a JSON object; `None` where there is none, or no object.
pub fn get<'a>(text: &'a str, name: &'static str) -> Option<&'a str> {
    let [found] = members(text, [name]).ok()?;
    found
}

/// All members of a JSON object, in order, each with its value's text; none if it is no object.
pub fn all(text: &str) -> Vec<(Cow<'_, str>, &str)> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_map(All).unwrap_or_default()
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Vec<(Cow<'de, str>, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &RawValue>()? {
            all.push((name, value.get()));
        }
        Ok(all)
    }
}

/// The elements of a JSON array, each as its own text; nothing if it is no array.
pub fn items(text: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// The text of a JSON string, without its quotes and escapes; `None` if `json` is no string.
pub fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}

/// Whether the JSON text is an object.
pub fn is_object(json: &str) -> bool {
    json.starts_with('{')
}

struct MembersVisitor<const N: usize> {
    names: [&'static str; N],
}

impl<'de, const N: usize> Visitor<'de> for MembersVisitor<N> {
    type Value = [Option<&'de str>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(index) = map.next_key_seed(MemberName { names: &self.names })? {
            match index {
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(index) if found[index].is_some() => {
                    let name = self.names[index];
                    return Err(serde::de::Error::custom(format_args!("`{name}` occurs twice")));
                }
                Some(index) => found[index] = Some(map.next_value::<&RawValue>()?.get()),
            }
        }
        Ok(found)
    }
}

struct MemberName<'n> {
    names: &'n [&'static str],
}

impl<'de> DeserializeSeed<'de> for MemberName<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for MemberName<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        for (index, name) in self.names.iter().enumerate() {
            if key == *name {
                return Ok(Some(index));
            }
            if key.eq_ignore_ascii_case(name) {
                return Err(E::custom(format_args!("`{key}` differs from `{name}` only in case")));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, members, string};

    #[test]
    fn finds_members_as_they_are_written() {
        let text = r#" { "id" : 1e400 , "x":[{"id":2}], "n\u0061me":"a\"b", "_meta":{} } "#;
        let [id, name, meta, none] = members(text, ["id", "name", "_meta", "none"]).unwrap();
        assert_eq!((id, name, meta, none), (Some("1e400"), Some(r#""a\"b""#), Some("{}"), None));
        assert_eq!(&text[Span::of(id.unwrap(), text).range()], "1e400");
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        let check = |text: &str, complaint: &str| {
            let error = members(text, ["id", "name"]).unwrap_err().to_string();
            assert!(error.contains(complaint), "{text}: {error}");
        };
        check(r#"{"id":1,"id":2}"#, "`id` occurs twice");
        check(r#"{"id":1,"i\u0064":2}"#, "`id` occurs twice");
        check(r#"{"ID":1}"#, "`ID` differs from `id` only in case");
        check(r#"{"id":1} {"#, "trailing characters");
        check(r#"{"id":01}"#, "invalid number");
        check(r"[1]", "expected a JSON object");
        check(r#"{"id":}"#, "expected value");
    }

    #[test]
    fn strings_lose_quotes_and_escapes() {
        assert_eq!(string(r#""abc""#).as_deref(), Some("abc"));
        assert_eq!(string(r#""a\u0062c""#).as_deref(), Some("abc"));
        assert_eq!(string("7"), None);
        assert_eq!(string(r#""\ud800""#), None, "a lone surrogate names nothing");
    }
}
