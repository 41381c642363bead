//! Which text a value becomes for a model: JSON or TOON.

use super::{tokens, toon};
use crate::json::Json;

/// How values are written for a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TextFormat {
    /// Compact JSON.
    #[default]
    Json,
    /// JSON with the white space that it has.
    Verbatim,
    /// TOON, but JSON for a value that TOON would change.
    Toon,
    /// TOON where it is clearly shorter, else compact JSON.
    Auto,
}

impl TextFormat {
    /// What a call may ask for.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "toon" => Some(Self::Toon),
            "auto" => Some(Self::Auto),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Verbatim => "verbatim",
            Self::Toon => "toon",
            Self::Auto => "auto",
        }
    }

    /// Whether it is JSON whatever the value.
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Verbatim)
    }
}

/// The value as text. With [`TextFormat::Auto`] it has at most as many bytes, and at most as many
/// estimated tokens, as compact JSON.
pub fn text(value: &Json, format: TextFormat) -> String {
    let toon = match format {
        TextFormat::Json | TextFormat::Verbatim => None,
        TextFormat::Toon => toon::encode(value),
        TextFormat::Auto => shorter_toon(value),
    };
    toon.unwrap_or_else(|| value.to_string())
}

/// Rows from which on a table is worth its head.
const ROWS_MIN: usize = 4;

/// How deep in a value a table is looked for.
const TABLE_DEPTH_MAX: usize = 2;

/// Every model knows JSON best: another format must save this much, in percent of its tokens.
const SAVING_MIN_PERCENT: usize = 15;

fn shorter_toon(value: &Json) -> Option<String> {
    if !has_table(value, TABLE_DEPTH_MAX) {
        return None;
    }
    let toon = toon::encode(value).filter(|toon| toon.len() < value.len())?;
    let tokens = tokens::estimate(&value.to_string());
    let is_worth = tokens::estimate(&toon) * 100 <= tokens * (100 - SAVING_MIN_PERCENT);
    is_worth.then_some(toon)
}

fn has_table(value: &Json, depth: usize) -> bool {
    let is_table = |items: &[Json]| items.len() >= ROWS_MIN && toon::ToonTable::of(items).is_some();
    match value {
        Json::Array(items) => {
            is_table(items) || depth > 0 && items.iter().any(|item| has_table(item, depth - 1))
        }
        Json::Object(members) => {
            depth > 0 && members.iter().any(|(_, value)| has_table(value, depth - 1))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TextFormat, text};
    use crate::json::Json;
    use crate::render::{sample, tokens};

    fn rows(count: usize) -> Json {
        let row = |index: usize| {
            Json::object([("number", index.into()), ("state", "open".into()), ("ok", true.into())])
        };
        Json::Array((0..count).map(row).collect())
    }

    #[test]
    fn tables_become_toon_and_the_rest_does_not() {
        let is_toon = |value: &Json| text(value, TextFormat::Auto) != value.to_string();
        let in_member = |value: Json| Json::object([("data", value)]);
        assert!(is_toon(&rows(4)));
        assert!(is_toon(&in_member(rows(4))));
        assert!(is_toon(&in_member(in_member(rows(9)))));
        assert!(!is_toon(&in_member(in_member(in_member(rows(9))))));
        assert!(!is_toon(&rows(3)));
        for json in
            ["{}", "[]", "1", r#"{"a":1,"b":{"c":"d"}}"#, "[1,2,3,4,5]", "[[1],[2],[3],[4]]"]
        {
            assert!(!is_toon(&Json::parse(json).unwrap()), "{json}");
        }
        // Objects with little in common are no table; long texts leave too little to save.
        assert!(!is_toon(&Json::parse(r#"[{"a":1},{"b":1},{"a":1},{"a":1}]"#).unwrap()));
        let prose = Json::object([("a", "many words of prose, ".repeat(9).into())]);
        assert!(!is_toon(&Json::Array(vec![prose; 9])));
    }

    #[test]
    fn what_toon_would_change_stays_json() {
        let value = Json::parse(r#"[{"a":1,"a":2},{"a":1},{"a":1},{"a":1}]"#).unwrap();
        for format in [TextFormat::Json, TextFormat::Toon, TextFormat::Auto] {
            assert_eq!(text(&value, format), value.to_string());
        }
        assert_eq!(text(&Json::parse(r#"{"a":1}"#).unwrap(), TextFormat::Toon), "a: 1");
    }

    #[test]
    fn names_of_formats_are_read() {
        for format in [TextFormat::Json, TextFormat::Toon, TextFormat::Auto] {
            assert_eq!(TextFormat::parse(format.as_str()), Some(format));
        }
        assert_eq!(TextFormat::parse("TOON"), None);
    }

    #[test]
    fn one_odd_row_costs_a_table_little() {
        let Json::Array(mut rows) = rows(40) else { unreachable!() };
        let share = |rows: &[Json]| {
            let value = Json::Array(rows.to_vec());
            let tokens = |text: &str| tokens::estimate(text);
            tokens(&text(&value, TextFormat::Auto)) * 100 / tokens(&value.to_string())
        };
        let even = share(&rows);
        rows[7] = Json::parse(r#"{"number":450.0,"ok":null,"more":{"a":[1]}}"#).unwrap();
        let odd = share(&rows);
        assert!(even < 70 && odd <= even + 4, "{even} % of the tokens, {odd} % with an odd row");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn auto_is_never_longer(value in prop_oneof![sample::json(), sample::table(1..40)]) {
            let (auto, json) = (text(&value, TextFormat::Auto), value.to_string());
            prop_assert!(auto.len() <= json.len());
            prop_assert!(tokens::estimate(&auto) <= tokens::estimate(&json));
        }
    }
}
