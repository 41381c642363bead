//! Values for the tests of this room: any JSON, tables, and strings that are hard on a writer.

use proptest::prelude::*;

use crate::json::Json;

/// Strings that other things look like, and strings of any characters.
pub fn string() -> impl Strategy<Value = String> {
    const NASTY: &[&str] = &[
        "", " ", "a ", " a", "\t", "a\tb", "-", "- a", "-1", "#a", "true", "null", "05", "+1",
        "1e5", "1.5", "1.", ".5", "a:b", "a, b", "\"", "\\", "a\"b", "[1]", "{a}", "[]", "{}",
        "a\nb", "\r", "\u{0}", "\u{7f}", "\u{85}", "\u{2028}", "\u{feff}", "\u{a0}x", "é", "日本",
        "😀", "a.b", "_x", "x-y", "_more", "$ref", "a|b", "1 000", "0x1f", "Infinity", "NaN",
    ];
    prop_oneof![
        3 => proptest::sample::select(NASTY).prop_map(str::to_owned),
        3 => "[a-z]{1,8}",
        2 => "[ -~]{0,12}",
        1 => "\\PC{0,6}",
        1 => proptest::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ]
}

fn number() -> impl Strategy<Value = Json> {
    const WRITTEN: &[&str] = &["1e400", "1.10", "-0", "0", "1.0", "1E2", "9007199254740993"];
    let text = prop_oneof![
        8 => (-1000..1000i64).prop_map(|number| number.to_string()),
        6 => (-1_000_000..1_000_000i32).prop_map(|number| (f64::from(number) / 1000.0).to_string()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| format!("{number:e}")),
        1 => proptest::sample::select(WRITTEN)
            .prop_map(str::to_owned),
    ];
    text.prop_map(|text| Json::parse(&text).unwrap())
}

pub fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        1 => Just(Json::Null),
        1 => any::<bool>().prop_map(Json::from),
        2 => number(),
        4 => string().prop_map(Json::from),
    ]
}

/// Objects of scalars that all have the same members.
pub fn table(rows: std::ops::Range<usize>) -> impl Strategy<Value = Json> {
    proptest::collection::vec(string(), 1..5).prop_flat_map(move |mut names| {
        names.sort();
        names.dedup();
        let row = proptest::collection::vec(scalar(), names.len());
        proptest::collection::vec(row, rows.clone()).prop_map(move |rows| {
            let row = |cells: Vec<Json>| Json::Object(names.iter().cloned().zip(cells).collect());
            Json::Array(rows.into_iter().map(row).collect())
        })
    })
}

/// The same, with members here and there that lack, or that are no scalars.
pub fn odd_table(rows: std::ops::Range<usize>) -> impl Strategy<Value = Json> {
    let odd = prop_oneof![
        2 => Just(None),
        1 => proptest::collection::vec(scalar(), 0..3).prop_map(|items| Some(Json::Array(items))),
        1 => table(1..3).prop_map(Some),
    ];
    let cell = prop_oneof![5 => scalar().prop_map(Some), 1 => odd];
    (1..6_usize).prop_flat_map(move |columns| {
        let row = proptest::collection::vec(cell.clone(), columns);
        proptest::collection::vec(row, rows.clone()).prop_map(|rows| {
            let row = |cells: Vec<Option<Json>>| {
                let members = cells.into_iter().enumerate();
                members.filter_map(|(at, cell)| Some((format!("m{at}"), cell?))).collect()
            };
            Json::Array(rows.into_iter().map(row).map(Json::Object).collect())
        })
    })
}

/// Any value, with tables and lists of many items here and there.
pub fn json() -> impl Strategy<Value = Json> {
    prop_oneof![4 => scalar(), 1 => table(0..6)].prop_recursive(4, 60, 6, |inner| {
        prop_oneof![
            2 => proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            3 => proptest::collection::vec((string(), inner), 0..6).prop_map(Json::Object),
            1 => table(0..30),
            1 => proptest::collection::vec(scalar(), 0..40).prop_map(Json::Array),
        ]
    })
}

/// Whether an object in the value has two members with one name.
pub fn has_twice(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(has_twice),
        Json::Object(members) => members.iter().enumerate().any(|(index, (name, value))| {
            has_twice(value) || members[..index].iter().any(|(other, _)| other == name)
        }),
        _ => false,
    }
}
