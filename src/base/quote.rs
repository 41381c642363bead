//! Texts from outside, in our own words: bounded, and with nothing in them that could act.

use std::fmt::{self, Write};
use std::path::Path;

use super::visible;

/// How many characters of a text an error quotes.
const QUOTED_MAX: usize = 100;

/// The beginning of a text as an error, a log line or a fact may quote it: control characters and
/// those that nobody sees, or that turn the direction of writing, are shown as escapes.
pub fn quoted(text: &str) -> Quoted<'_> {
    Quoted { text, max: QUOTED_MAX }
}

/// The same of as many characters as `max`.
pub fn beginning(text: &str, max: usize) -> Quoted<'_> {
    Quoted { text, max }
}

/// See [`quoted`].
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a> {
    text: &'a str,
    max: usize,
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.text.char_indices().nth(self.max).map(|(at, _)| at);
        let shown = &self.text[..end.unwrap_or(self.text.len())];
        for char in shown.chars() {
            if is_harmless(char) {
                f.write_char(char)?;
            } else {
                write!(f, "{}", char.escape_unicode())?;
            }
        }
        if end.is_some() { write!(f, "… ({} bytes)", self.text.len()) } else { Ok(()) }
    }
}

/// A path as a word of a command line, to be pasted into a shell.
pub fn word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    let shown = visible::line(&text);
    if text.chars().all(is_plain) && !text.is_empty() {
        return shown.into_owned();
    }
    format!("'{}'", shown.replace('\'', r"'\''"))
}

fn is_harmless(char: char) -> bool {
    // What Rust escapes covers controls, formats such as U+202E and U+200B, and separators.
    matches!(char, '"' | '\'' | '\\') || char.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use super::{beginning, quoted, word};
    use std::path::Path;

    #[test]
    fn a_path_can_be_pasted() {
        for (path, expected) in [
            ("/etc/a-b_c.toml", "/etc/a-b_c.toml"),
            ("/my files/x", "'/my files/x'"),
            ("/it's/$HOME", r"'/it'\''s/$HOME'"),
            ("/ü", "'/ü'"),
            ("", "''"),
            ("/a\nb", r"'/a\nb'"),
        ] {
            assert_eq!(word(Path::new(path)), expected);
        }
    }

    #[test]
    fn what_is_quoted_is_short_and_harmless() {
        assert_eq!(quoted("list `files` \"ä\" \\").to_string(), "list `files` \"ä\" \\");
        let text = quoted("\x1b[2J\u{9b}\u{202e}\u{200b}\n\0").to_string();
        assert_eq!(text, r"\u{1b}[2J\u{9b}\u{202e}\u{200b}\u{a}\u{0}");
        let text = quoted(&"ü".repeat(4_000_000)).to_string();
        assert_eq!(text, format!("{}… (8000000 bytes)", "ü".repeat(100)));
        assert_eq!(beginning("abc", 2).to_string(), "ab… (3 bytes)");
        assert!(quoted(&"\0".repeat(1000)).to_string().len() < 1000);
    }
}
