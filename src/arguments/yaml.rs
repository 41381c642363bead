//! YAML as a tree of JSON (YAML 1.2.2, core schema) that loses no digit.
//!
//! What has no JSON form is an error: tags of one's own, infinities, keys that are no scalars. A plain
//! key `<<` merges, as most files that have one expect (YAML 1.1, "Merge Key").

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use crate::json::Json;
use crate::json::parse::VALUES_MAX;

/// How deep values may lie in each other, aliases followed; as in [`Json::parse`].
const DEPTH_MAX: usize = 127;

/// A text that is not YAML or has no JSON form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    #[error("{0}")]
    Text(#[from] ScanError),
    #[error("there is more than one document")]
    Documents,
    #[error("values lie too deep in each other")]
    Deep,
    #[error("its aliases stand for more than {0} bytes")]
    Large(usize),
    #[error("an alias stands for what it lies in")]
    Cycle,
    #[error("the tag `{0}` has no JSON form; pass the text with $file")]
    Tag(String),
    #[error("`{0}` has no JSON form")]
    Value(String),
    #[error("it has more than {VALUES_MAX} values")]
    Many,
    #[error("a key is not a scalar")]
    Key,
    #[error("the key `{0}` occurs twice")]
    Twice(String),
    #[error("`<<` needs a mapping or a list of mappings")]
    Merge,
}

/// Reads one document. Anchors and aliases may stand for `max` bytes of JSON in all.
pub fn parse(text: &str, max: usize) -> Result<Json, YamlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = granit_parser::options! {
        flow_nesting_limit: DEPTH_MAX + 1,
        block_nesting_limit: DEPTH_MAX + 1,
    };
    let mut composer = Composer { left: max, max, ..Composer::default() };
    for event in Parser::new_from_str_with_options(text, options) {
        composer.take(event?.0)?;
    }
    Ok(composer.root.unwrap_or_default())
}

/// A value, and how deep what lies in it goes.
#[derive(Clone)]
struct Composed {
    json: Json,
    depth: usize,
}

/// A collection whose end has not come.
struct Open {
    kind: OpenKind,
    anchor: usize,
    depth: usize,
}

enum OpenKind {
    Sequence(Vec<Json>),
    Mapping {
        members: Vec<(String, Json)>,
        /// A key whose value has not come.
        key: Option<MappingKey>,
        merged: Vec<Json>,
    },
}

enum MappingKey {
    Name(String),
    Merge,
}

#[derive(Default)]
struct Composer {
    root: Option<Json>,
    open: Vec<Open>,
    anchors: HashMap<usize, Composed>,
    max: usize,
    left: usize,
    /// So far.
    values: usize,
}

impl Composer {
    fn take(&mut self, event: Event<'_>) -> Result<(), YamlError> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(YamlError::Documents),
            Event::Scalar(text, style, anchor, tag) => {
                if self.expects_key() {
                    let is_merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                    let key = if is_merge {
                        MappingKey::Merge
                    } else {
                        MappingKey::Name(text.clone().into_owned())
                    };
                    self.remember(anchor, || Composed { json: Json::from(&*text), depth: 0 })?;
                    return self.key(key);
                }
                self.count(1)?;
                let json = scalar(text, style, tag.as_deref())?;
                self.value(Composed { json, depth: 0 }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.start(OpenKind::Sequence(Vec::new()), "seq", anchor, tag.as_deref())
            }
            Event::MappingStart(_, anchor, tag) => {
                let kind = OpenKind::Mapping { members: Vec::new(), key: None, merged: Vec::new() };
                self.start(kind, "map", anchor, tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.count(1)?;
                let Some(open) = self.open.pop() else { return Ok(()) };
                let json = match open.kind {
                    OpenKind::Sequence(items) => Json::Array(items),
                    OpenKind::Mapping { members, merged, .. } => {
                        Json::Object(merge(members, merged)?)
                    }
                };
                self.value(Composed { json, depth: open.depth + 1 }, open.anchor)
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).ok_or(YamlError::Cycle)?.clone();
                self.pay(&node.json)?;
                match node.json {
                    Json::String(text) if self.expects_key() => self.key(MappingKey::Name(text)),
                    _ => self.value(node, 0),
                }
            }
            _ => Ok(()),
        }
    }

    fn start(
        &mut self,
        kind: OpenKind,
        core: &str,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), YamlError> {
        if let Some(tag) = tag.filter(|tag| tag.core_suffix() != Some(core) && !is_no_tag(tag)) {
            return Err(YamlError::Tag(tag.original()));
        }
        if self.expects_key() {
            return Err(YamlError::Key);
        }
        if self.open.len() > DEPTH_MAX {
            return Err(YamlError::Deep);
        }
        self.open.push(Open { kind, anchor, depth: 0 });
        Ok(())
    }

    fn expects_key(&self) -> bool {
        let last = self.open.last().map(|open| &open.kind);
        matches!(last, Some(OpenKind::Mapping { key: None, .. }))
    }

    fn key(&mut self, new: MappingKey) -> Result<(), YamlError> {
        match self.open.last_mut().map(|open| &mut open.kind) {
            Some(OpenKind::Mapping { key, .. }) => {
                *key = Some(new);
                Ok(())
            }
            _ => Err(YamlError::Key),
        }
    }

    /// A copy is paid for too: anchors may lie in each other.
    fn remember(
        &mut self,
        anchor: usize,
        node: impl FnOnce() -> Composed,
    ) -> Result<(), YamlError> {
        if anchor != 0 {
            let node = node();
            self.pay(&node.json)?;
            self.anchors.insert(anchor, node);
        }
        Ok(())
    }

    fn pay(&mut self, json: &Json) -> Result<(), YamlError> {
        self.left = self.left.checked_sub(json.len()).ok_or(YamlError::Large(self.max))?;
        self.count(values(json)).map_err(|_| YamlError::Large(self.max))
    }

    fn count(&mut self, more: usize) -> Result<(), YamlError> {
        self.values += more;
        if self.values > VALUES_MAX { Err(YamlError::Many) } else { Ok(()) }
    }

    fn value(&mut self, node: Composed, anchor: usize) -> Result<(), YamlError> {
        if self.expects_key() {
            return Err(YamlError::Key);
        }
        if self.open.len() + node.depth > DEPTH_MAX + 1 {
            return Err(YamlError::Deep);
        }
        self.remember(anchor, || node.clone())?;
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node.json);
            return Ok(());
        };
        open.depth = open.depth.max(node.depth);
        match &mut open.kind {
            OpenKind::Sequence(items) => items.push(node.json),
            OpenKind::Mapping { members, key, merged } => match key.take() {
                Some(MappingKey::Name(name)) => members.push((name, node.json)),
                _ => merged.push(node.json),
            },
        }
        Ok(())
    }
}

/// The members of a mapping and, behind them, those that are merged into it and are not there yet.
fn merge(
    mut members: Vec<(String, Json)>,
    merged: Vec<Json>,
) -> Result<Vec<(String, Json)>, YamlError> {
    let mut names = HashSet::with_capacity(members.len());
    for (name, _) in &members {
        if !names.insert(name.clone()) {
            return Err(YamlError::Twice(name.clone()));
        }
    }
    let from = merged.into_iter().flat_map(|merged| match merged {
        Json::Array(items) => items,
        other => vec![other],
    });
    for mapping in from {
        let Json::Object(more) = mapping else { return Err(YamlError::Merge) };
        members.extend(more.into_iter().filter(|(name, _)| names.insert(name.clone())));
    }
    Ok(members)
}

/// `!` alone says only that the value is not to be looked at.
/// How many values there are.
fn values(json: &Json) -> usize {
    1 + match json {
        Json::Array(items) => items.iter().map(values).sum(),
        Json::Object(members) => members.iter().map(|(_, value)| values(value)).sum(),
        _ => 0,
    }
}

fn is_no_tag(tag: &Tag) -> bool {
    tag.original() == "!"
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Json, YamlError> {
    let plain = match tag {
        None if style != ScalarStyle::Plain => return Ok(Json::String(text.into_owned())),
        None => return plain(text),
        Some(tag) if is_no_tag(tag) || tag.core_suffix() == Some("str") => {
            return Ok(Json::String(text.into_owned()));
        }
        Some(_) => plain(text.clone())?,
    };
    let fits = match tag.and_then(Tag::core_suffix) {
        Some("null") => plain == Json::Null,
        Some("bool") => plain.as_bool().is_some(),
        Some("int") => matches!(&plain, Json::Number(number) if number.is_integer()),
        Some("float") => matches!(plain, Json::Number(_)),
        _ => return Err(YamlError::Tag(tag.map(Tag::original).unwrap_or_default())),
    };
    if fits { Ok(plain) } else { Err(YamlError::Value(text.into_owned())) }
}

/// What a plain scalar is (YAML 1.2.2 §10.3.2).
fn plain(text: Cow<'_, str>) -> Result<Json, YamlError> {
    Ok(match &*text {
        "" | "~" | "null" | "Null" | "NULL" => Json::Null,
        "true" | "True" | "TRUE" => Json::Bool(true),
        "false" | "False" | "FALSE" => Json::Bool(false),
        other => match number(other)? {
            Some(number) => number,
            None => Json::String(text.into_owned()),
        },
    })
}

fn number(text: &str) -> Result<Option<Json>, YamlError> {
    let no_form = || YamlError::Value(text.to_owned());
    let based = [("0o", 8), ("0x", 16)]
        .into_iter()
        .find_map(|(prefix, base)| Some((text.strip_prefix(prefix)?, base)));
    if let Some((digits, base)) = based {
        let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base));
        let decimal = u128::from_str_radix(digits, base).map(|number| number.to_string());
        if !is_number {
            return Ok(None);
        }
        return decimal.ok().and_then(|text| Json::parse(&text).ok()).map(Some).ok_or_else(no_form);
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Err(no_form());
    }
    let until = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = unsigned.split_at(until(unsigned));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(until(rest)),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Ok(None);
    }
    // JSON has a digit on both sides of a point and none before the first that counts.
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    // What is left is an exponent, the same in both, or this is no number.
    Ok(Json::parse(&format!("{sign}{whole}{point}{fraction}{rest}"))
        .ok()
        .filter(|_| rest.is_empty() || rest.starts_with(['e', 'E'])))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{YamlError, parse};

    fn read(text: &str) -> Result<String, YamlError> {
        parse(text, 1000).map(|json| json.to_string())
    }

    #[test]
    fn values_keep_their_digits() {
        for (text, json) in [
            ("", "null"),
            ("# nothing", "null"),
            ("\u{feff}a: 1", r#"{"a":1}"#),
            ("12345678901234567890123", "12345678901234567890123"),
            ("[1.10, 1e400, -0, +1, .5, 1., 007, 1.e5]", "[1.10,1e400,-0,1,0.5,1,7,1e5]"),
            ("[0x1F, 0o17, 0xg, 0x, -0x1]", r#"[31,15,"0xg","0x","-0x1"]"#),
            ("[~, Null, True, false, yes, on]", r#"[null,null,true,false,"yes","on"]"#),
            ("['1', \"2\", !!str 3, ! 4]", r#"["1","2","3","4"]"#),
            ("[!!int 1, !!float 1.5, !!bool true]", "[1,1.5,true]"),
            (
                "[., +, 1e, 1e+, 1_000, 12:30, 2001-01-01, 1.2.3, e5, .e5, --1]",
                r#"[".","+","1e","1e+","1_000","12:30","2001-01-01","1.2.3","e5",".e5","--1"]"#,
            ),
            ("b: 1\na:\n  - x\n  - |\n    two\n    lines\n", r#"{"b":1,"a":["x","two\nlines\n"]}"#),
            ("1: a\ntrue: b\n0x10: c\n", r#"{"1":"a","true":"b","0x10":"c"}"#),
            ("a: &x [1]\nb: *x\n? &k key\n: *k\n", r#"{"a":[1],"b":[1],"key":"key"}"#),
            ("a: &k x\n*k : 1", r#"{"a":"x","x":1}"#),
            ("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", r#"{"a":{"b":1,"c":2},"d":{"b":3,"c":2}}"#),
            ("<<: [{a: 1}, {a: 2, b: 2}]\nc: 3", r#"{"c":3,"a":1,"b":2}"#),
            ("'<<': 1", r#"{"<<":1}"#),
            ("{\"$file\": x}", r#"{"$file":"x"}"#),
        ] {
            assert_eq!(read(text).as_deref(), Ok(json), "{text:?}");
        }
    }

    #[test]
    fn what_has_no_json_form_is_refused() {
        for text in [
            "a: 1\n---\nb: 2",
            "{a: 1",
            "a: b: c",
            "*x",
            "&x [*x]",
            "!mine x",
            "!!binary aGk=",
            "!mine {}",
            "!!set {a}",
            "!!int x",
            "!!int 1.5",
            ".inf",
            "-.INF",
            ".nan",
            "[a]: 1",
            "? {a: 1}\n: 2",
            "a: 1\na: 2",
            "<<: 1",
            "a: &x [1]\n*x : 2",
            "0xffffffffffffffffffffffffffffffffff",
            "{---",
        ] {
            assert!(read(text).is_err(), "{text:?} {:?}", read(text));
        }
    }

    #[test]
    fn bombs_do_not_go_off() {
        let mut laughs = "a0: &a0 [lol, lol, lol, lol]\n".to_owned();
        for level in 1..30 {
            let below = level - 1;
            laughs +=
                &format!("a{level}: &a{level} [*a{below}, *a{below}, *a{below}, *a{below}]\n");
        }
        assert_eq!(parse(&laughs, 1_000_000), Err(YamlError::Large(1_000_000)));
        let mut deeper = format!("a0: &a0 {}1{}\n", "[".repeat(100), "]".repeat(100));
        for level in 1..300 {
            deeper += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
        }
        assert_eq!(parse(&deeper, 16_000_000), Err(YamlError::Deep));
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(&nested(128), 0).is_ok() && parse(&nested(129), 0).is_err());
        assert!(parse(&"[".repeat(1_000_000), 0).is_err());
        assert!(parse(&"- ".repeat(1_000_000), 0).is_err());
        assert!(parse(&"? ".repeat(1_000_000), 0).is_err());
        let anchored = (0..128).fold(String::new(), |text, level| text + &format!("&a{level} ["));
        let anchored = anchored + "x, " + &"y, ".repeat(10_000) + &"]".repeat(128);
        assert_eq!(parse(&anchored, 1_000_000), Err(YamlError::Large(1_000_000)));
    }

    proptest! {
        /// Nothing that stands in a file makes the reader panic or run for ever.
        #[test]
        fn any_text_comes_to_an_end(text in r#"[\[\]{}:,"' \n\-0-9.eE+?&*a!|>%#~<@`\t\\x]{0,40}"#) {
            drop(parse(&text, 1000));
        }

        /// JSON is YAML.
        #[test]
        fn numbers_are_what_they_are_in_json(text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?") {
            prop_assert_eq!(read(&text), Ok(text));
        }
    }
}
