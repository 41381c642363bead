//! JSON as TOON (Token-Oriented Object Notation, specification 4.4): fewer tokens where many
//! objects have the same members.
//!
//! Only what versions 3 and 4 of the format have in common is written: tables, inline arrays and lists, two
//! blanks per level, commas or tabs. Numbers keep the digits that they are written with, which any reader of
//! JSON reads as well (section 2 asks writers to shorten them, and readers to take them).
//!
//! A table may have rows that lack a member, or hold an object or an array in one:
//!
//! * a member that is not there is an empty cell, which readers take for an empty text; empty texts that are
//!   there are quoted,
//! * an object or an array is compact JSON in its cell, without quotes, and the cells of such a table are
//!   separated by tabs, which compact JSON has none of; readers take it for a text, and such texts that are
//!   there are quoted.

#[cfg(any(test, fuzzing))]
pub mod reader;

mod table;

use std::collections::HashSet;

use crate::json::Json;

pub(super) use table::ToonTable;

/// The value as TOON, or `None` where a reader might get another value back: two members of one name, and an empty
/// object as the whole value, whose text would be empty.
pub fn encode(value: &Json) -> Option<String> {
    if value.as_object().is_some_and(<[_]>::is_empty) || !is_exact(value) {
        return None;
    }
    let mut out = String::new();
    match value {
        Json::Object(members) => write_members(members, 0, &mut out),
        Json::Array(items) if items.is_empty() => out.push_str("[]"),
        Json::Array(items) => write_array(items, 0, true, &mut out),
        scalar => write_scalar(scalar, &mut out),
    }
    Some(out)
}

fn is_scalar(value: &Json) -> bool {
    !matches!(value, Json::Array(_) | Json::Object(_) | Json::Written(_))
}

/// Whether a reader gets the very same value back.
fn is_exact(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().all(is_exact),
        Json::Object(members) => {
            let mut names = HashSet::with_capacity(members.len());
            members.iter().all(|(name, value)| names.insert(name) && is_exact(value))
        }
        // It is not looked into.
        Json::Written(_) => false,
        _ => true,
    }
}

fn line(depth: usize, out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn write_members(members: &[(String, Json)], depth: usize, out: &mut String) {
    for (name, value) in members {
        line(depth, out);
        write_member(name, value, depth, out);
    }
}

/// Writes a member behind its indentation; its siblings stand at `depth`.
fn write_member(name: &str, value: &Json, depth: usize, out: &mut String) {
    write_name(name, out);
    match value {
        Json::Object(members) => {
            out.push(':');
            write_members(members, depth + 1, out);
        }
        Json::Array(items) if items.is_empty() => out.push_str(": []"),
        Json::Array(items) => write_array(items, depth, true, out),
        scalar => {
            out.push_str(": ");
            write_scalar(scalar, out);
        }
    }
}

/// Writes an array behind its name; what it holds stands below `depth`. Only a member, or the whole
/// value, may be a table (section 9.4).
fn write_array(items: &[Json], depth: usize, may_be_table: bool, out: &mut String) {
    if items.iter().all(is_scalar) {
        out.push_str(&format!("[{}]:", items.len()));
        for (index, item) in items.iter().enumerate() {
            out.push(if index == 0 { ' ' } else { ',' });
            write_scalar(item, out);
        }
        return;
    }
    if let Some(table) = ToonTable::of(items).filter(|_| may_be_table) {
        table.write(depth, out);
        return;
    }
    out.push_str(&format!("[{}]:", items.len()));
    for item in items {
        line(depth + 1, out);
        write_item(item, depth + 1, out);
    }
}

/// Writes an item of a list behind its indentation of `depth`. The first member of an object stands
/// on the line of the hyphen, and the others below it (section 10).
fn write_item(item: &Json, depth: usize, out: &mut String) {
    out.push('-');
    match item {
        Json::Object(members) => {
            for (index, (name, value)) in members.iter().enumerate() {
                if index == 0 {
                    out.push(' ');
                } else {
                    line(depth + 1, out);
                }
                write_member(name, value, depth + 1, out);
            }
        }
        Json::Array(items) => {
            out.push(' ');
            write_array(items, depth, false, out);
        }
        scalar => {
            out.push(' ');
            write_scalar(scalar, out);
        }
    }
}

fn write_scalar(value: &Json, out: &mut String) {
    match value {
        Json::String(text) if needs_quotes(text) => value.write(out),
        Json::String(text) => out.push_str(text),
        other => other.write(out),
    }
}

/// Names go without quotes if they look like identifiers (section 7.3). The escapes of a quoted
/// text are those of JSON (section 7.1).
fn write_name(name: &str, out: &mut String) {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    if is_plain { out.push_str(name) } else { Json::from(name).write(out) }
}

/// Section 7.2. Beyond it, white space of any alphabet and a byte order mark are quoted where a
/// reader might trim them.
fn needs_quotes(text: &str) -> bool {
    let is_trimmed = |char: char| char.is_whitespace() || char == '\u{feff}';
    text.is_empty()
        || text.starts_with(is_trimmed)
        || text.ends_with(is_trimmed)
        || text.starts_with(['-', '#'])
        || matches!(text, "true" | "false" | "null")
        || text.contains(|char: char| {
            char < ' ' || matches!(char, ',' | ':' | '"' | '\\' | '[' | ']' | '{' | '}')
        })
        || looks_like_number(text)
}

/// Section 7.2: `05`, `+1` and `1e5` too.
fn looks_like_number(text: &str) -> bool {
    let unsigned = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    unsigned(whole)
        && fraction.is_none_or(|part| !part.starts_with(['+', '-']) && unsigned(part))
        && exponent.is_none_or(unsigned)
}

#[cfg(test)]
mod tests;
