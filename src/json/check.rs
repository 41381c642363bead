//! Whether a text is JSON, and its shortest form: no white space, each string written in one way.

use super::error::ParseError;
use super::string::write_char;

/// How deep values may lie in each other; serde_json's own bound.
pub(super) const DEPTH_MAX: usize = 127;

/// Strings, arrays and objects from this length on have their end noted, in bytes.
pub(super) const LONG: usize = 1024;

/// A text that was read from end to end.
pub(super) struct Checked {
    /// How it is written in the shortest form, if it is not.
    pub text: Option<String>,
    /// Where long values begin and end in that form, in order.
    pub long: Vec<(u32, u32)>,
}

/// Reads a whole text (RFC 8259).
pub(super) fn check(text: &str) -> Result<Checked, ParseError> {
    let mut checker = Checker { text, at: 0, out: None, copied: 0, long: Vec::new() };
    if u32::try_from(text.len()).is_err() {
        return Err(checker.wrong("the text is too long"));
    }
    checker.space();
    checker.value(0)?;
    checker.space();
    if checker.at < text.len() {
        return Err(checker.wrong("unexpected text"));
    }
    checker.flush();
    let Checker { out, mut long, .. } = checker;
    long.sort_unstable();
    Ok(Checked { text: out, long })
}

struct Checker<'a> {
    text: &'a str,
    at: usize,
    /// What is written already, if anything is written otherwise.
    out: Option<String>,
    /// Up to here the text is in `out`, or is as it should be.
    copied: usize,
    long: Vec<(u32, u32)>,
}

impl Checker<'_> {
    fn wrong(&self, what: &'static str) -> ParseError {
        ParseError { what, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Where the next byte will stand in the shortest form.
    fn place(&self) -> usize {
        match &self.out {
            None => self.at,
            Some(out) => out.len() + self.at - self.copied,
        }
    }

    /// Writes what was read and not written.
    fn flush(&mut self) {
        if let Some(out) = &mut self.out {
            out.push_str(&self.text[self.copied..self.at]);
            self.copied = self.at;
        }
    }

    /// Puts `instead` in the place of the next `len` bytes.
    fn replace(&mut self, len: usize, instead: &str) {
        let text = self.text;
        let (at, copied) = (self.at, self.copied);
        // White space makes it shorter, and most of what is written otherwise is white space.
        let out = self.out.get_or_insert_with(|| String::with_capacity(text.len()));
        out.push_str(&text[copied..at]);
        out.push_str(instead);
        self.at += len;
        self.copied = self.at;
    }

    fn space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let is_space = |byte: &&u8| matches!(**byte, b' ' | b'\n' | b'\r' | b'\t');
        let len = rest.iter().take_while(is_space).count();
        if len > 0 {
            self.replace(len, "");
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn word(&mut self, word: &str) -> Result<(), ParseError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<(), ParseError> {
        if depth > DEPTH_MAX {
            return Err(self.wrong("values lie too deep in each other"));
        }
        match self.peek() {
            Some(b'{') => self.nest(depth, b'}'),
            Some(b'[') => self.nest(depth, b']'),
            Some(b'"') => self.string(),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong("expected a value")),
        }
    }

    fn nest(&mut self, depth: usize, end: u8) -> Result<(), ParseError> {
        let start = self.place();
        self.at += 1;
        self.space();
        if !self.take(end) {
            loop {
                self.space();
                if end == b'}' {
                    self.name()?;
                }
                self.value(depth + 1)?;
                self.space();
                if self.take(end) {
                    break;
                }
                if !self.take(b',') {
                    return Err(self.wrong(match end {
                        b'}' => "expected `,` or `}`",
                        _ => "expected `,` or `]`",
                    }));
                }
            }
        }
        self.note(start);
        Ok(())
    }

    /// Notes where the value that began at `start` ends, if it is long.
    fn note(&mut self, start: usize) {
        let end = self.place();
        if end - start >= LONG {
            let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            self.long.push((offset(start), offset(end)));
        }
    }

    fn name(&mut self) -> Result<(), ParseError> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("expected a member name"));
        }
        self.string()?;
        self.space();
        if !self.take(b':') {
            return Err(self.wrong("expected `:`"));
        }
        self.space();
        Ok(())
    }

    fn string(&mut self) -> Result<(), ParseError> {
        let start = self.place();
        self.at += 1;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let run = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            if let Some(control) = rest[..run].iter().position(|byte| *byte < 0x20) {
                self.at += control;
                return Err(self.wrong("a control character in a string"));
            }
            self.at += run;
            match self.peek() {
                Some(b'"') => break,
                Some(_) => self.escape()?,
                None => return Err(self.wrong("a string without an end")),
            }
        }
        self.at += 1;
        self.note(start);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), ParseError> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'"' | b'\\' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'/') => self.replace(2, "/"),
            Some(b'b') => self.replace(2, "\\u0008"),
            Some(b'f') => self.replace(2, "\\u000c"),
            Some(b'u') => self.code_point()?,
            _ => return Err(self.wrong("a wrong escape in a string")),
        }
        Ok(())
    }

    fn code_point(&mut self) -> Result<(), ParseError> {
        let wrong = self.wrong("a wrong escape in a string");
        let first = self.unit(self.at).ok_or(wrong)?;
        let (char, len) = match char::from_u32(first) {
            Some(char) => (char, 6),
            // The first half of a pair; a half alone is no character.
            None => {
                let second = self.unit(self.at + 6).ok_or(wrong)?;
                if !(0xd800..0xdc00).contains(&first) || !(0xdc00..0xe000).contains(&second) {
                    return Err(wrong);
                }
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                (char::from_u32(code).ok_or(wrong)?, 12)
            }
        };
        let mut out = String::new();
        write_char(char, &mut out);
        if self.text.get(self.at..self.at + len) == Some(&*out) {
            self.at += len;
        } else {
            self.replace(len, &out);
        }
        Ok(())
    }

    /// The number of `\u0041` at a place.
    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok())?
    }

    fn number(&mut self) -> Result<(), ParseError> {
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
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ParseError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("expected a digit")) } else { Ok(()) }
    }
}
