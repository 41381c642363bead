//! From a text to a tree.

use super::check::DEPTH_MAX;
use super::error::ParseError;
use super::tree::{Json, Number};

/// How many values a tree may have: each costs some hundred bytes at the most beside its text, so a
/// text of many small ones would cost many times itself. What may be larger is read as a
/// [`Doc`](super::Doc).
pub const VALUES_MAX: usize = 1 << 18;

impl Json {
    /// Reads a whole text (RFC 8259).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser { text, at: 0, left: VALUES_MAX };
        parser.space();
        let value = parser.value(0)?;
        parser.space();
        if parser.at == text.len() { Ok(value) } else { Err(parser.wrong("unexpected text")) }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// Values that there may still be.
    left: usize,
}

impl<'a> Parser<'a> {
    fn wrong(&self, what: &'static str) -> ParseError {
        ParseError { what, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, ParseError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong("expected a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Json, ParseError> {
        if depth > DEPTH_MAX {
            return Err(self.wrong("values lie too deep in each other"));
        }
        self.left =
            self.left.checked_sub(1).ok_or(self.wrong("more values than a tree may have"))?;
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Json::String),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong("expected a value")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                items.shrink_to_fit();
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("expected `,` or `]`"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, ParseError> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("expected a member name"));
            }
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.wrong("expected `:`"));
            }
            self.space();
            members.push((name, self.value(depth + 1)?));
            self.space();
            if self.take(b'}') {
                members.shrink_to_fit();
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.wrong("expected `,` or `}`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, ParseError> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        let mut is_plain = true;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_plain = false;
                    at += 2;
                }
                Some(0..0x20) => return Err(self.wrong("a control character in a string")),
                Some(_) => at += 1,
                None => return Err(self.wrong("a string without an end")),
            }
        }
        self.at = at + 1;
        if is_plain {
            return Ok(self.text[start + 1..at].to_owned());
        }
        let wrong = ParseError { what: "a wrong escape in a string", at: start };
        let whole: &'a str = self.text.get(start..self.at).ok_or(wrong)?;
        serde_json::from_str(whole).map_err(|_| wrong)
    }

    fn number(&mut self) -> Result<Json, ParseError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Json::Number(Number::from_text(&self.text[start..self.at])))
    }

    fn digits(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("expected a digit")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Json;

    #[test]
    fn nothing_is_lost() {
        for text in [
            r#"{"b":1.10,"a":[1e400,-0,12345678901234567890,true,null],"ü":"\"\\\n\u0007x"}"#,
            r#"{"a":1,"a":2,"":{}}"#,
            "[]",
            r#""\ud83d\ude00""#,
        ] {
            let json = Json::parse(text).unwrap();
            let written = json.to_string();
            assert_eq!((Json::parse(&written).unwrap(), json.len()), (json, written.len()));
        }
        let text = r#"{"b":1.10,"a":[1e400,12345678901234567890],"c":"ü\n"}"#;
        assert_eq!(Json::parse(text).unwrap().to_string(), text);
    }

    /// What a tree of as many values as there may be takes is some megabytes.
    #[test]
    fn a_value_is_a_small_node() {
        assert!(size_of::<Json>() <= 32, "{}", size_of::<Json>());
        let Json::Array(items) = Json::parse("[1,2,3,4,5]").unwrap() else { panic!("an array") };
        assert_eq!(items.capacity(), 5);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "[1,]",
            r#"{"a":}"#,
            r#"{"a" 1}"#,
            "01",
            "1.",
            "1e",
            "-",
            "+1",
            "nul",
            "\"\n\"",
            r#""\x""#,
            r#""\ud800""#,
            "\"a",
            "\"\\",
            r#"{"a":1} x"#,
            "{a:1}",
            "[1 2]",
        ] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
        let many = |count: usize| format!("[{}0]", "0,".repeat(count - 2));
        assert!(Json::parse(&many(super::VALUES_MAX)).is_ok());
        assert!(Json::parse(&many(super::VALUES_MAX + 1)).is_err());
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Json::parse(&deep(128)).is_ok() && Json::parse(&deep(129)).is_err());
    }

    proptest! {
        /// What serde_json takes for JSON is JSON, and nothing else is.
        #[test]
        fn the_same_texts_are_json_as_elsewhere(text in r#"[\[\]{}:,"\\0-9.eE+\-a-f tnu\n]{0,24}"#) {
            let elsewhere = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            // Raw values are not unescaped, so wrong surrogates pass there.
            let here = Json::parse(&text);
            prop_assert!(here.is_ok() == elsewhere || text.contains("\\u"), "{text:?} {here:?}");
        }
    }
}
