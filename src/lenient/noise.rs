//! What some servers write around a message: marks of the byte order, colours, progress that overwrites
//! itself, words without an end of the line.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::wire::{Kind, Message};

/// Messages that are looked for in one line.
const MESSAGES_MAX: usize = 16;
/// Places at which a message is looked for behind words, and the longest line in which that is done.
const PLACES_MAX: usize = 8;
const WORDS_MAX: usize = 1024 * 1024;

/// The messages in what is none as it stands. Nothing of another meaning is made out of it: a request is
/// found only where nothing but signs without a meaning stands before it, since who logs what it was sent
/// asks nothing.
pub fn messages(line: &[u8]) -> Vec<Message> {
    let text = String::from_utf8_lossy(line);
    let mut found = Vec::new();
    // No text of JSON has a carriage return in it.
    for part in text.split('\r') {
        look(part, &mut found);
    }
    if found.is_empty() && text.contains(|c: char| c < ' ') {
        found.extend(message(&without_controls(&text)));
    }
    found.truncate(MESSAGES_MAX);
    found
}

fn message(text: &str) -> Option<Message> {
    Message::parse(&Bytes::copy_from_slice(text.as_bytes())).ok()
}

fn look(part: &str, found: &mut Vec<Message>) {
    let mut rest = part;
    while found.len() < MESSAGES_MAX {
        rest = without_signs(rest);
        let Some(json) = first_object(rest) else { break };
        found.extend(message(json));
        rest = &rest[json.len()..];
    }
    if rest.len() > WORDS_MAX {
        return;
    }
    let starts = rest.match_indices("{\"").map(|(at, _)| at).take(PLACES_MAX);
    let is_answer = |message: &Message| {
        matches!(message.kind(), Kind::Result { .. } | Kind::Error { id: Some(_), .. })
    };
    let mut behind_words = starts.filter_map(|at| message(first_object(&rest[at..])?));
    found.extend(behind_words.find(is_answer));
}

/// The object that the text begins with.
fn first_object(text: &str) -> Option<&str> {
    if !text.starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
    Some(values.next()?.ok()?.get())
}

/// The text without what has no meaning at its beginning: spaces, controls, marks of the byte order, and
/// what terminals take for orders (ECMA-48, sections 5.3 and 5.4).
fn without_signs(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || is_sign(c));
        let Some(order) = text.strip_prefix('\u{1b}') else { return text };
        text = match order.as_bytes().first() {
            Some(b'[') => {
                let end = order[1..].find(|c: char| ('@'..='~').contains(&c));
                end.map_or("", |end| &order[1 + end + 1..])
            }
            Some(b']') => {
                let end = order.find(['\u{7}', '\u{1b}']);
                let rest = end.map_or("", |end| &order[end + 1..]);
                rest.strip_prefix('\\').unwrap_or(rest)
            }
            Some(_) => {
                let mut characters = order.chars();
                characters.next();
                characters.as_str()
            }
            None => "",
        };
    }
}

fn is_sign(c: char) -> bool {
    c == '\u{feff}' || (c.is_control() && c != '\u{1b}')
}

/// The same text, with controls as JSON wants them in its texts.
fn without_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c < ' ' {
            out += &format!("\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests;
