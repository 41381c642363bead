//! Conditions on the items of an array: `status == "open" and (number > 10 or not draft == true)`.
//!
//! ```text
//! any    = all { "or" all }
//! all    = one { "and" one }
//! one    = "not" one | "(" any ")" | path operator literal
//! operator = "==" | "!=" | "<" | "<=" | ">" | ">=" | "contains"
//! ```
//!
//! Paths are those of [`Path`]; `$` is the item itself, and a name with blanks or signs stands in
//! brackets: `["due date"]`. Literals are those of JSON; a text may stand in single quotes too.
//! What is not there counts as `null`. Values of different kinds are neither less nor greater.

mod decimal;
mod parse;

use std::borrow::Cow;
use std::cmp::Ordering;

use decimal::Decimal;

use crate::json::{Json, JsonKind, Path, Slice};

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test { path: Path, operator: Operator, value: Json },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    /// A text has this part (with these capitals), an array this item, an object this member.
    Contains,
}

/// A text that is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at character {at}; write for example `status == \"open\" and number > 10`")]
pub struct FilterError {
    pub what: String,
    /// Characters before the place.
    pub at: usize,
}

impl Filter {
    /// Whether an item meets the condition.
    pub fn is_met(&self, item: Slice<'_>) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.is_met(item)),
            Self::Any(filters) => filters.iter().any(|filter| filter.is_met(item)),
            Self::Not(filter) => !filter.is_met(item),
            Self::Test { path, operator, value } => operator.is_met(path.find_in(item), value),
        }
    }
}

impl Operator {
    fn is_met(self, found: Option<Slice<'_>>, wanted: &Json) -> bool {
        let order = || compare(&Scalar::found(found?)?, &Scalar::wanted(wanted)?);
        match self {
            Self::Equal => is_equal(found, wanted),
            Self::NotEqual => !is_equal(found, wanted),
            Self::Less => order() == Some(Ordering::Less),
            Self::AtMost => order().is_some_and(Ordering::is_le),
            Self::Greater => order() == Some(Ordering::Greater),
            Self::AtLeast => order().is_some_and(Ordering::is_ge),
            Self::Contains => found.is_some_and(|found| contains(found, wanted)),
        }
    }
}

fn contains(found: Slice<'_>, wanted: &Json) -> bool {
    match (found.kind(), wanted) {
        (JsonKind::String, Json::String(part)) => {
            found.text().is_some_and(|text| text.contains(&**part))
        }
        (JsonKind::Array, _) => found.items().any(|item| is_equal(Some(item), wanted)),
        (JsonKind::Object, Json::String(name)) => found.get(name).is_some(),
        _ => false,
    }
}

/// Numbers are equal by value, `1` and `1.0`; everything else as it is written. What is not there is
/// `null`.
fn is_equal(found: Option<Slice<'_>>, wanted: &Json) -> bool {
    let Some(found) = found else { return *wanted == Json::Null };
    match (Scalar::found(found), Scalar::wanted(wanted)) {
        (Some(found), Some(wanted)) => compare(&found, &wanted).is_some_and(Ordering::is_eq),
        // The order of members aside, equal values have one text.
        _ => {
            found.len() == wanted.len()
                && found.to_json().is_ok_and(|found| found.is_equivalent(wanted))
        }
    }
}

/// What has an order.
#[derive(Debug)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Number(Decimal<'a>),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    pub(super) fn found(value: Slice<'a>) -> Option<Self> {
        match value.kind() {
            JsonKind::Bool => Some(Self::Bool(value.is_true())),
            JsonKind::Number => Some(Self::Number(Decimal::of(value.as_str()))),
            JsonKind::String => value.text().map(Self::Text),
            JsonKind::Null | JsonKind::Array | JsonKind::Object => None,
        }
    }

    fn wanted(value: &'a Json) -> Option<Self> {
        match value {
            Json::Bool(bool) => Some(Self::Bool(*bool)),
            Json::Number(number) => Some(Self::Number(Decimal::of(number.as_str()))),
            Json::String(text) => Some(Self::Text(text.into())),
            _ => None,
        }
    }
}

/// The order of two numbers, texts or booleans; `None` for two kinds.
pub(super) fn compare(a: &Scalar<'_>, b: &Scalar<'_>) -> Option<Ordering> {
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => Some(a.cmp(b)),
        (Scalar::Text(a), Scalar::Text(b)) => Some(a.cmp(b)),
        (Scalar::Bool(a), Scalar::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, Scalar, compare};
    use crate::json::{Doc, Json};

    const ITEM: &str = r#"{"status":"open","number":12,"draft":false,"labels":["bug","ui"],
        "user":{"login":"ada","a.b":1},"due date":null,"big":12345678901234567891,"not":1}"#;

    #[test]
    fn conditions_are_met_or_not() {
        let item = Doc::read(ITEM).unwrap();
        let check = |text: &str, expected: bool| {
            assert_eq!(Filter::parse(text).unwrap().is_met(item.root()), expected, "{text}");
        };
        for text in [
            r#"status == "open" and number > 10"#,
            "status=='open'and(number>=12)",
            "number == 12.0",
            "number < 13 and number <= 12 and number != 11",
            "draft == false",
            "not draft == true",
            "NOT (draft == true OR number < 3)",
            "labels contains 'bug'",
            "labels[1] == 'ui'",
            "labels == [\"bug\",\"ui\"]",
            "status contains 'pe'",
            "user contains 'login'",
            "user.login >= 'ada'",
            "user[\"a.b\"] == 1",
            "$.user.login == \"ada\"",
            "[\"due date\"] == null",
            "missing == null",
            "missing != 5",
            "big == 12345678901234567891",
            "big > 12345678901234567890",
            "$.not == 1",
            "number > -3",
            "status == 'x' or status == 'y' or number == 12 and draft == false",
        ] {
            check(text, true);
        }
        for text in [
            "status == 'Open'",
            "status > 3",
            "status < 3",
            "number == '12'",
            "missing > 0",
            "missing < 0",
            "big == 12345678901234567890",
            "labels contains 'bu'",
            "(number == 12 or status == 'open') and draft == true",
            "not not draft == true",
        ] {
            check(text, false);
        }
        let is_met = |filter: &str, item: &str| {
            Filter::parse(filter).unwrap().is_met(Doc::read(item.to_owned()).unwrap().root())
        };
        assert!(is_met("$ contains 'b'", "\"abc\"") && is_met("$ > 1", "2"));
        assert!(is_met(r#"$ == {"a":1,"b":[2]}"#, r#"{"b":[2],"a":1}"#));
        assert!(!is_met("$ == null", "1") && is_met("$ == null", "null"));
    }

    #[test]
    fn numbers_have_an_order() {
        let sorted = [
            "-1e99999999999999999999",
            "-12345678901234567891",
            "-12345678901234567890",
            "-2",
            "-1.5",
            "0",
            "1e-400",
            "0.5",
            "0.51",
            "9",
            "10",
            "9007199254740992.0",
            "9007199254740993",
            "1e400",
            "1.5e400",
        ];
        let order = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|text| Json::parse(text).unwrap());
            compare(&Scalar::wanted(&a).unwrap(), &Scalar::wanted(&b).unwrap()).unwrap()
        };
        for (index, a) in sorted.iter().enumerate() {
            for (other, b) in sorted.iter().enumerate() {
                assert_eq!(order(a, b), index.cmp(&other), "{a} {b}");
            }
        }
        for (a, b) in [("-0", "0"), ("0.00e5", "0"), ("1.0", "1"), ("1e2", "100"), ("120e-1", "12")]
        {
            assert!(order(a, b).is_eq(), "{a} {b}");
        }
    }
}
