//! A JSON value.

use std::collections::BTreeMap;
use std::fmt;

use super::doc::Doc;
use super::string::{string_len, write_string};

/// A JSON value. Comparing is exact: `1` and `1.0` differ, and so do objects with the same members
/// in another order; see [`Json::is_equivalent`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Json {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Json>),
    /// Members in the order they were written. A name may occur twice; the last one counts.
    Object(Vec<(String, Json)>),
    /// A value that is passed on as it is written and not looked into: for what may be too large
    /// for a tree. To everything but writing it is a value without parts.
    Written(Doc),
}

/// A number as it is written: `1e400` and `12345678901234567890` keep every digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number(Digits);

/// Most numbers are short: they lie in the tree itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Digits {
    Short(u8, [u8; SHORT_MAX]),
    Long(Box<str>),
}

/// As many digits as fit beside the largest other value.
const SHORT_MAX: usize = 22;

impl Number {
    /// `text` must be a JSON number.
    pub(super) fn from_text(text: &str) -> Self {
        let mut digits = [0; SHORT_MAX];
        match (digits.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(len)) => {
                place.copy_from_slice(text.as_bytes());
                Self(Digits::Short(len, digits))
            }
            _ => Self(Digits::Long(text.into())),
        }
    }

    pub fn as_str(&self) -> &str {
        match &self.0 {
            Digits::Short(len, digits) => {
                let digits = digits.get(..usize::from(*len)).unwrap_or_default();
                std::str::from_utf8(digits).unwrap_or_default()
            }
            Digits::Long(text) => text,
        }
    }

    /// The number, if it is a whole one that is written without point or exponent and fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_str().parse().ok()
    }

    /// The nearest floating-point number.
    pub fn as_f64(&self) -> f64 {
        self.as_str().parse().unwrap_or(f64::NAN)
    }

    /// Whether it is written without point and exponent.
    pub fn is_integer(&self) -> bool {
        self.as_str().bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    }
}

impl Json {
    /// An object of these members.
    pub fn object<'a>(members: impl IntoIterator<Item = (&'a str, Json)>) -> Self {
        Self::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The member `name` of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        let Self::Object(members) = self else { return None };
        members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self { Some(*bool) } else { None }
    }

    pub fn as_u64(&self) -> Option<u64> {
        if let Self::Number(number) = self { number.as_u64() } else { None }
    }

    pub fn as_array(&self) -> Option<&[Json]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub fn as_object(&self) -> Option<&[(String, Json)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// What kind of value it is, with its article, for errors: `an object`.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
            Self::Written(doc) => doc.root().title(),
        }
    }

    /// Whether two values are the same to every reader that does not look at the order of members.
    /// Numbers must be written alike.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(a), Self::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_equivalent(b))
            }
            (Self::Object(a), Self::Object(b)) => {
                let (a, b) = (by_name(a), by_name(b));
                a.len() == b.len()
                    && a.iter()
                        .zip(&b)
                        .all(|((a_name, a), (b_name, b))| a_name == b_name && a.is_equivalent(b))
            }
            _ => self == other,
        }
    }

    /// The same value with the members of every object sorted by name, so that equivalent values
    /// have one text.
    #[must_use]
    pub fn sorted(self) -> Self {
        match self {
            Self::Array(items) => Self::Array(items.into_iter().map(Self::sorted).collect()),
            Self::Object(members) => {
                let mut members: Vec<_> =
                    members.into_iter().map(|(name, value)| (name, value.sorted())).collect();
                members.sort_by(|(a, _), (b, _)| a.cmp(b));
                Self::Object(members)
            }
            other => other,
        }
    }

    /// As serde_json has it: numbers beyond its reach become the nearest ones it has, and members
    /// are sorted by name.
    #[cfg(test)]
    pub fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => Value::Bool(*bool),
            Self::Number(number) => serde_json::from_str(number.as_str())
                .unwrap_or_else(|_| Value::from(f64::MAX.copysign(number.as_f64()))),
            Self::String(text) => Value::String(text.clone()),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Written(doc) => serde_json::from_str(doc.text()).unwrap_or_default(),
            Self::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), value.to_value())).collect()
            }
        }
    }

    /// Writes the value without white space behind what is in `out`.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number.as_str()),
            Self::String(text) => write_string(text, out),
            Self::Written(doc) => out.push_str(doc.text()),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// How many bytes [`Json::write`] adds.
    pub fn len(&self) -> usize {
        match self {
            Self::Null => 4,
            Self::Bool(bool) => 5 - usize::from(*bool),
            Self::Number(number) => number.as_str().len(),
            Self::String(text) => string_len(text),
            Self::Written(doc) => doc.text().len(),
            Self::Array(items) => {
                2 + items.len().saturating_sub(1) + items.iter().map(Self::len).sum::<usize>()
            }
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| string_len(name) + 1 + value.len();
                2 + members.len().saturating_sub(1) + members.iter().map(member).sum::<usize>()
            }
        }
    }
}

/// Members by name. Of a name that occurs twice the last one counts.
fn by_name(members: &[(String, Json)]) -> BTreeMap<&str, &Json> {
    members.iter().map(|(name, value)| (name.as_str(), value)).collect()
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Json {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<u64> for Json {
    fn from(number: u64) -> Self {
        Self::Number(Number::from_text(&number.to_string()))
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(Number::from_text(&number.to_string()))
    }
}

impl From<usize> for Json {
    fn from(number: usize) -> Self {
        Self::from(number as u64)
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::Array(items)
    }
}

impl From<&serde_json::Value> for Json {
    fn from(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(bool) => Self::Bool(*bool),
            Value::Number(number) => Self::Number(Number::from_text(&number.to_string())),
            Value::String(text) => Self::String(text.clone()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members.iter().map(|(name, value)| (name.clone(), Self::from(value))).collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn of_a_name_that_occurs_twice_the_last_counts() {
        let check = |a: &str, b: &str, expected: bool| {
            let [a, b] = [a, b].map(|text| Json::parse(text).unwrap());
            assert_eq!((a.is_equivalent(&b), b.is_equivalent(&a)), (expected, expected), "{a} {b}");
        };
        check(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":2}"#, true);
        check(r#"{"a":1,"a":2}"#, r#"{"a":2}"#, true);
        check(r#"{"a":1,"a":2}"#, r#"{"a":1}"#, false);
        check(r#"{"a":2,"a":2}"#, r#"{"a":2,"b":1}"#, false);
        check(r#"{"a":1,"b":{"c":[1]}}"#, r#"{"b":{"c":[1]},"a":1}"#, true);
        check(r#"{"a":1}"#, r#"{"a":1.0}"#, false);
        check("[1,2]", "[2,1]", false);
    }

    /// It would take minutes if each name were looked for among all.
    #[test]
    fn large_objects_are_compared_soon() {
        let members = |from: u64| (from..from + 100_000).map(|n| (n.to_string(), Json::from(n)));
        let a = Json::Object(members(0).collect());
        let b = Json::Object(members(0).rev().collect());
        assert!(a.is_equivalent(&b));
        assert!(!a.is_equivalent(&Json::Object(members(1).collect())));
    }
}
