//! Text of others, made so that it can only be read: it moves no cursor, begins no line of its own,
//! turns no text around, and hides nothing.
//!
//! What does any of that is shown by its number, as Rust writes it: `\u{202e}`. That is every control
//! character (C0, DEL, C1), the separators of lines and paragraphs, the marks of interlinear
//! annotation, and what Unicode has programs not show (`Default_Ignorable_Code_Point`,
//! DerivedCoreProperties.txt), which all bidirectional controls, joiners, tags and variation selectors
//! are among. What makes an emoji of others (UTS #51, "Emoji ZWJ Sequence") is left in one.

use std::borrow::Cow;
use std::fmt::Write;

use icu_properties::CodePointSetData;
use icu_properties::props::{DefaultIgnorableCodePoint, Emoji};

/// Joins emoji to one.
const JOINER: char = '\u{200d}';
/// Has a character shown as an emoji.
const EMOJI_STYLE: char = '\u{fe0f}';

/// Whether a character does anything but stand where it is.
pub fn is_hidden(c: char) -> bool {
    match c {
        ' '..='~' => false,
        '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' => true,
        _ => c.is_control() || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c),
    }
}

fn is_emoji(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<Emoji>().contains(c)
}

/// In one line.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// In the lines that it has: for texts whose lines are ours.
pub fn lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| matches!(c, '\n' | '\t'))
}

fn escape(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_hidden(c) && !is_kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    // The last character, and whether it is of an emoji.
    let mut in_emoji = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let belongs = match c {
            JOINER => in_emoji && chars.peek().copied().is_some_and(is_emoji),
            EMOJI_STYLE => in_emoji && !out.ends_with(EMOJI_STYLE),
            _ => false,
        };
        if !is_hidden(c) || is_kept(c) || belongs {
            out.push(c);
            in_emoji = is_emoji(c) || c == EMOJI_STYLE;
            continue;
        }
        in_emoji = false;
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// A JSON text that means the same (RFC 8259, section 7). Line breaks between its parts stay.
pub fn json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_hidden(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if !is_hidden(c) || c == '\n' {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String does not fail.
            _ = write!(out, "\\u{unit:04x}");
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::{json, line, lines};

    #[test]
    fn nothing_that_acts_or_hides_is_left() {
        // First and last of each kind.
        let ranges = [
            ('\0', '\u{1f}'),
            ('\u{7f}', '\u{9f}'),
            ('\u{ad}', '\u{ad}'),
            ('\u{34f}', '\u{34f}'),
            ('\u{61c}', '\u{61c}'),
            ('\u{115f}', '\u{1160}'),
            ('\u{180b}', '\u{180f}'),
            ('\u{200b}', '\u{200f}'),
            ('\u{2028}', '\u{202e}'),
            ('\u{2060}', '\u{206f}'),
            ('\u{3164}', '\u{3164}'),
            ('\u{fe00}', '\u{fe0f}'),
            ('\u{feff}', '\u{feff}'),
            ('\u{ffa0}', '\u{ffa0}'),
            ('\u{fff9}', '\u{fffb}'),
            ('\u{1d173}', '\u{1d17a}'),
            ('\u{e0000}', '\u{e0fff}'),
        ];
        for c in ranges.into_iter().flat_map(|(first, last)| first..=last) {
            let text = format!("a{c}b");
            let shown = match c {
                '\n' => "a\\nb".to_owned(),
                '\r' => "a\\rb".to_owned(),
                '\t' => "a\\tb".to_owned(),
                c => format!("a\\u{{{:x}}}b", u32::from(c)),
            };
            assert_eq!(line(&text), shown);
            let is_layout = matches!(c, '\n' | '\t');
            assert_eq!(*lines(&text), *if is_layout { &text } else { &shown });
            let quoted = serde_json::to_string(&text).unwrap();
            let safe = json(&quoted);
            assert!(!safe.contains(c), "{safe}");
            assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }
    }

    #[test]
    fn what_people_read_stays() {
        for text in ["", "plain \\u{1b}", "Grüße, 日本語 עברית", "½ µs · |", "👩🏽‍💻 ⚠️ ✔️ ❤️‍🔥"]
        {
            assert_eq!((line(text), lines(text)), (text.into(), text.into()));
        }
        assert_eq!(json("{\n  \"a\": \"é\"\n}"), "{\n  \"a\": \"é\"\n}");
        // Outside of an emoji the same characters hide something.
        assert_eq!(line("a\u{200d}b\u{fe0f}"), "a\\u{200d}b\\u{fe0f}");
        assert_eq!(line("⚠\u{fe0f}\u{fe0f}\u{fe01}"), "⚠\u{fe0f}\\u{fe0f}\\u{fe01}");
        assert_eq!(line("⚠\u{200d}a"), "⚠\\u{200d}a");
    }
}
