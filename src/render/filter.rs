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

mod parse;

use std::cmp::Ordering;

use crate::json::{Json, Number, Path};

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
    pub fn is_met(&self, item: &Json) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.is_met(item)),
            Self::Any(filters) => filters.iter().any(|filter| filter.is_met(item)),
            Self::Not(filter) => !filter.is_met(item),
            Self::Test { path, operator, value } => {
                operator.is_met(path.find(item).unwrap_or(&Json::Null), value)
            }
        }
    }
}

impl Operator {
    fn is_met(self, found: &Json, wanted: &Json) -> bool {
        let order = || compare(found, wanted);
        match self {
            Self::Equal => is_equal(found, wanted),
            Self::NotEqual => !is_equal(found, wanted),
            Self::Less => order() == Some(Ordering::Less),
            Self::AtMost => order().is_some_and(Ordering::is_le),
            Self::Greater => order() == Some(Ordering::Greater),
            Self::AtLeast => order().is_some_and(Ordering::is_ge),
            Self::Contains => match (found, wanted) {
                (Json::String(text), Json::String(part)) => text.contains(&**part),
                (Json::Array(items), _) => items.iter().any(|item| is_equal(item, wanted)),
                (Json::Object(_), Json::String(name)) => found.get(name).is_some(),
                _ => false,
            },
        }
    }
}

/// Numbers are equal by value, `1` and `1.0`; everything else as it is written.
fn is_equal(a: &Json, b: &Json) -> bool {
    compare(a, b).map_or_else(|| a.is_equivalent(b), Ordering::is_eq)
}

/// The order of two numbers, texts or booleans; `None` for anything else.
pub(super) fn compare(a: &Json, b: &Json) -> Option<Ordering> {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => compare_numbers(a, b),
        (Json::String(a), Json::String(b)) => Some(a.cmp(b)),
        (Json::Bool(a), Json::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whole numbers keep all their digits.
fn compare_numbers(a: &Number, b: &Number) -> Option<Ordering> {
    if !a.is_integer() || !b.is_integer() {
        return a.as_f64().partial_cmp(&b.as_f64());
    }
    let parts = |number: &Number| {
        let text = number.as_str();
        let digits = text.trim_start_matches('-').to_owned();
        (text.starts_with('-') && digits != "0", digits)
    };
    let ((a_is_negative, a), (b_is_negative, b)) = (parts(a), parts(b));
    // JSON has no leading zeros, so the longer one is the larger one.
    let size = a.len().cmp(&b.len()).then_with(|| a.cmp(&b));
    Some(match (a_is_negative, b_is_negative) {
        (true, true) => size.reverse(),
        (false, false) => size,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

#[cfg(test)]
mod tests {
    use super::{Filter, compare};
    use crate::json::Json;

    const ITEM: &str = r#"{"status":"open","number":12,"draft":false,"labels":["bug","ui"],
        "user":{"login":"ada","a.b":1},"due date":null,"big":12345678901234567891,"not":1}"#;

    #[test]
    fn conditions_are_met_or_not() {
        let item = Json::parse(ITEM).unwrap();
        let check = |text: &str, expected: bool| {
            assert_eq!(Filter::parse(text).unwrap().is_met(&item), expected, "{text}");
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
        assert!(Filter::parse("$ contains 'b'").unwrap().is_met(&"abc".into()));
        assert!(Filter::parse("$ > 1").unwrap().is_met(&2usize.into()));
    }

    #[test]
    fn numbers_have_an_order() {
        let sorted =
            ["-12345678901234567891", "-12345678901234567890", "-2", "-1.5", "0", "0.5", "9", "10"];
        for (index, a) in sorted.iter().enumerate() {
            for (other, b) in sorted.iter().enumerate() {
                let [a, b] = [a, b].map(|text| Json::parse(text).unwrap());
                assert_eq!(compare(&a, &b), Some(index.cmp(&other)), "{a} {b}");
            }
        }
        let [a, b] = ["-0", "0"].map(|text| Json::parse(text).unwrap());
        assert!(compare(&a, &b).unwrap().is_eq());
    }
}
