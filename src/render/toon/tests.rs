use proptest::prelude::*;

use super::reader::decode;
use super::{encode, needs_quotes};
use crate::json::Json;
use crate::render::sample;

#[test]
fn values_read_well() {
    let check = |json: &str, expected: &str| {
        let value = Json::parse(json).unwrap();
        let text = encode(&value).unwrap_or_default();
        assert_eq!(text, expected, "{json}");
        assert_eq!(decode(&text), value);
    };
    check(r#"{"a":1}"#, "a: 1");
    check(r#"{"a":{"b":{"c":null}}}"#, "a:\n  b:\n    c: null");
    check(r#"{"t":["a","b,c","1"]}"#, r#"t[3]: a,"b,c","1""#);
    check(r#"{"items":[{"id":1,"n":"a"},{"id":2,"n":"b c"}]}"#, "items[2]{id,n}:\n  1,a\n  2,b c");
    check(r#"[{"id":1},{"id":2}]"#, "[2]{id}:\n  1\n  2");
    check(r#"{"m":[1,{"a":1,"b":[1]},"x"]}"#, "m[3]:\n  - 1\n  - a: 1\n    b[1]: 1\n  - x");
    check(r#"{"a":[],"b":{}}"#, "a: []\nb:");
    check("[[1,2],[],[{}]]", "[3]:\n  - [2]: 1,2\n  - [0]:\n  - [1]:\n    -");
    check("[]", "[]");
    check("-1.5", "-1.5");
    check(r#""a b""#, "a b");
    check(
        r#"{"":1,"a-b":2,"a.b":3,"1":4,"é":5}"#,
        "\"\": 1\n\"a-b\": 2\na.b: 3\n\"1\": 4\n\"é\": 5",
    );
    check(r#"{"a":"x\ny"}"#, r#"a: "x\ny""#);
    // A table as the first member of an item of a list (section 10).
    check(r#"[{"u":[{"id":1}],"s":"x"}]"#, "[1]:\n  - u[1]{id}:\n      1\n    s: x");
    // Rows whose members stand in another order are no table.
    check(r#"[{"a":1,"b":2},{"b":3,"a":4}]"#, "[2]:\n  - a: 1\n    b: 2\n  - b: 3\n    a: 4");
}

#[test]
fn one_odd_row_leaves_a_table_a_table() {
    let check = |json: &str, expected: &str| {
        let value = Json::parse(json).unwrap();
        let text = encode(&value).unwrap();
        assert_eq!(text, expected, "{json}");
        assert_eq!(decode(&text), value);
    };
    check(
        r#"[{"a":1,"b":"","c":null},{"a":2},{"a":3,"c":4.50}]"#,
        "[3]{a,b,c}:\n  1,\"\",null\n  2,,\n  3,,4.50",
    );
    check(r#"[{"b":1,"c":3},{"a":0,"b":2,"c":4}]"#, "[2]{a,b,c}:\n  ,1,3\n  0,2,4");
    check(
        r#"{"t":[{"a":1,"b":"x,y"},{"a":2,"b":{"c":[1, "z"]}}]}"#,
        "t[2\t]{a\tb}:\n  1\t\"x,y\"\n  2\t{\"c\":[1,\"z\"]}",
    );
    check(r#"[{"a":1,"b":"[1]"},{"a":2,"b":[]}]"#, "[2\t]{a\tb}:\n  1\t\"[1]\"\n  2\t[]");
    // A first cell that is no scalar, and objects with little in common.
    check(r#"[{"a":{"b":1},"c":1,"d":2}]"#, "[1]:\n  - a:\n      b: 1\n    c: 1\n    d: 2");
    check(r#"[{"a":1},{"b":1}]"#, "[2]:\n  - a: 1\n  - b: 1");
}

#[test]
fn what_would_change_is_not_written() {
    for json in [r#"{"a":1,"a":2}"#, r#"[{"a":{"b":1,"b":1}}]"#, "{}"] {
        assert_eq!(encode(&Json::parse(json).unwrap()), None, "{json}");
    }
    for number in ["1e400", "1E2", "1.10", "-0", "-0.0", "9007199254740993", "450.0", "0"] {
        assert_eq!(encode(&Json::parse(number).unwrap()).as_deref(), Some(number));
    }
}

#[test]
fn texts_are_quoted_only_where_needed() {
    for text in
        ["", " ", "a ", "-", "-x", "#", "true", "05", "+1", "1e5", "a:", "a,b", "[", "\u{85}"]
    {
        assert!(needs_quotes(text), "{text:?}");
    }
    for text in
        ["a b", "True", "1.", ".5", "1.5.2", "0x1f", "1-2", "a#b", "e5", "1e5.3", "1.+5", "ü"]
    {
        assert!(!needs_quotes(text), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read_back(value in sample::json()) {
        if let Some(text) = encode(&value) {
            prop_assert_eq!(decode(&text), value, "{}", text);
        }
    }

    #[test]
    fn tables_are_read_back(value in sample::table(1..20)) {
        if let Some(text) = encode(&value) {
            prop_assert_eq!(decode(&text), value, "{}", text);
        }
    }

    #[test]
    fn odd_tables_are_read_back(value in sample::odd_table(1..20)) {
        if let Some(text) = encode(&value) {
            prop_assert_eq!(decode(&text), value, "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_back(text in sample::string(), name in sample::string()) {
        let value = Json::object([("a", text.as_str().into()), (&name, Json::Array(vec![text.into()]))]);
        if let Some(text) = encode(&value) {
            prop_assert_eq!(decode(&text), value, "{}", text);
        }
    }
}
