use proptest::prelude::*;

use super::{encode, needs_quotes};
use crate::json::Json;
use crate::render::sample;

/// Reads what [`encode`] writes; anything else is an error of the test.
struct Reader<'a> {
    lines: Vec<(usize, &'a str)>,
    at: usize,
}

fn decode(text: &str) -> Json {
    let lines = text.split('\n').map(|line| {
        let inner = line.trim_start_matches(' ');
        assert_eq!((line.len() - inner.len()) % 2, 0, "{text}");
        ((line.len() - inner.len()) / 2, inner)
    });
    let mut reader = Reader { lines: lines.collect(), at: 0 };
    let first = reader.lines[0].1;
    let value = if first == "[]" {
        reader.at = 1;
        Json::Array(Vec::new())
    } else if first.starts_with('[') {
        reader.at = 1;
        reader.array(first, 0)
    } else if reader.lines.len() == 1 && split_name(first).is_none() {
        reader.at = 1;
        scalar(first)
    } else {
        reader.members(0)
    };
    assert_eq!(reader.at, reader.lines.len(), "{text}");
    value
}

impl<'a> Reader<'a> {
    fn next_at(&mut self, depth: usize) -> Option<&'a str> {
        let &(at, line) = self.lines.get(self.at)?;
        (at == depth).then(|| {
            self.at += 1;
            line
        })
    }

    fn members(&mut self, depth: usize) -> Json {
        let mut members = Vec::new();
        while let Some(line) = self.next_at(depth) {
            members.push(self.member(line, depth));
        }
        Json::Object(members)
    }

    fn member(&mut self, line: &'a str, depth: usize) -> (String, Json) {
        let (name, rest) = split_name(line).unwrap_or_else(|| panic!("no member: {line}"));
        let value = match rest {
            ":" => self.members(depth + 1),
            ": []" => Json::Array(Vec::new()),
            _ if rest.starts_with('[') => self.array(rest, depth),
            _ => scalar(rest.strip_prefix(": ").unwrap()),
        };
        (name, value)
    }

    /// An array from its `[`.
    fn array(&mut self, head: &'a str, depth: usize) -> Json {
        let (count, rest) = head[1..].split_once(']').unwrap();
        let count: usize = count.parse().unwrap();
        let items: Vec<Json> = if let Some(columns) = rest.strip_prefix('{') {
            let columns: Vec<String> =
                cells(columns.strip_suffix("}:").unwrap()).map(unquoted).collect();
            std::iter::from_fn(|| self.next_at(depth + 1))
                .map(|line| columns.iter().cloned().zip(cells(line).map(scalar)).collect())
                .map(Json::Object)
                .collect()
        } else if rest == ":" && count > 0 {
            let mut items = Vec::new();
            while let Some(line) = self.next_at(depth + 1) {
                items.push(self.item(line, depth + 1));
            }
            items
        } else {
            cells(rest.strip_prefix(": ").unwrap_or_default()).map(scalar).collect()
        };
        assert_eq!(items.len(), count);
        Json::Array(items)
    }

    fn item(&mut self, line: &'a str, depth: usize) -> Json {
        let Some(inner) = line.strip_prefix("- ") else {
            assert_eq!(line, "-");
            return Json::Object(Vec::new());
        };
        if inner.starts_with('[') {
            return self.array(inner, depth);
        }
        if split_name(inner).is_none() {
            return scalar(inner);
        }
        let first = self.member(inner, depth + 1);
        let Json::Object(others) = self.members(depth + 1) else { unreachable!() };
        Json::Object(std::iter::once(first).chain(others).collect())
    }
}

/// Where a quoted text at the beginning of `text` ends.
fn quoted_end(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let inner = text.strip_prefix('"')?;
    let end = inner.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    Some(end.unwrap() + 2)
}

/// The name at the beginning of a line, and what follows it from its `:` or `[`.
fn split_name(line: &str) -> Option<(String, &str)> {
    let end = quoted_end(line).or_else(|| line.find([':', '[']))?;
    let (name, rest) = line.split_at(end);
    rest.starts_with([':', '[']).then(|| (unquoted(name), rest))
}

fn unquoted(name: &str) -> String {
    if name.starts_with('"') { scalar(name).as_str().unwrap().to_owned() } else { name.to_owned() }
}

/// The cells between the commas of a row.
fn cells(row: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(row).filter(|row| !row.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let start = quoted_end(text).unwrap_or_default();
        let end = text[start..].find(',').map_or(text.len(), |at| start + at);
        rest = text.get(end + 1..);
        Some(&text[..end])
    })
}

/// An unquoted text is never JSON unless it is meant to be.
fn scalar(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|_| text.into())
}

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
fn what_would_change_is_not_written() {
    for json in [
        "1e400",
        "1e2",
        "1.10",
        "1.0",
        "-0",
        "-0.0",
        "9007199254740993",
        "-9007199254740993",
        "0.1000000000000000055",
        r#"{"a":1,"a":2}"#,
        r#"[{"a":{"b":1,"b":1}}]"#,
        "{}",
    ] {
        assert_eq!(encode(&Json::parse(json).unwrap()), None, "{json}");
    }
    for json in ["9007199254740992", "-9007199254740992", "0.1", "123456789.125", "0"] {
        assert_eq!(encode(&Json::parse(json).unwrap()).as_deref(), Some(json));
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
    fn any_text_is_read_back(text in sample::string(), name in sample::string()) {
        let value = Json::object([("a", text.as_str().into()), (&name, Json::Array(vec![text.into()]))]);
        if let Some(text) = encode(&value) {
            prop_assert_eq!(decode(&text), value, "{}", text);
        }
    }
}
