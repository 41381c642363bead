//! YAML in arguments.
//!
//! Input: the text of a file.

use crate::arguments::yaml::parse;
use crate::json::Json;

/// Bytes of JSON that aliases may stand for.
const ALIASES_MAX: usize = 4096;
/// Keys of flow mappings are at most so long (YAML 1.2.2, section 7.4.2), in characters.
const KEY_MAX: usize = 1000;

/// A text is refused or read; what comes of it is bounded, and JSON reads as what it is.
pub fn yaml(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    if let Ok(value) = parse(text, ALIASES_MAX) {
        // A number of sixteen hexadecimal digits has twenty, a merged key may come many times.
        let bound = 8 * text.len() + 64 + 2 * ALIASES_MAX;
        assert!(value.len() <= bound, "{} bytes of {}", value.len(), text.len());
        is_read_as_json(&value);
    }
    if let Ok(value) = Json::parse(text) {
        is_read_as_json(&value);
    }
}

/// JSON is YAML, but for what YAML refuses: a name twice, a long name, characters it calls unprintable.
fn is_read_as_json(value: &Json) {
    let text = value.to_string();
    if is_plain(value) {
        assert_eq!(parse(&text, 0).as_ref(), Ok(value), "{text}");
    } else {
        drop(parse(&text, 0));
    }
}

fn is_plain(value: &Json) -> bool {
    match value {
        Json::String(text) => is_printable(text),
        Json::Array(items) => items.iter().all(is_plain),
        Json::Object(members) => members.iter().enumerate().all(|(at, (name, value))| {
            let is_new = members[..at].iter().all(|(other, _)| other != name);
            is_new && name.chars().count() < KEY_MAX && is_printable(name) && is_plain(value)
        }),
        _ => true,
    }
}

/// YAML 1.2.2, section 5.1.
fn is_printable(text: &str) -> bool {
    text.chars().all(|char| {
        matches!(char, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}'
            | '\u{10000}'..='\u{10ffff}')
    })
}
