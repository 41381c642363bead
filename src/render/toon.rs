//! JSON as TOON (Token-Oriented Object Notation, specification 4.4): fewer tokens where many
//! objects have the same members.
//!
//! Only what versions 3 and 4 of the format have in common is written: tables of scalars, inline
//! arrays and lists, with commas and two blanks per level. A value that a reader would not get back
//! with its digits, its members and their order is not written at all.

#[cfg(any(test, fuzzing))]
pub mod reader;

use std::collections::HashSet;

use crate::json::{Json, Number};

/// The largest whole number up to which every reader has all of them.
const WHOLE_MAX: u64 = 1 << 53;

/// The value as TOON, or `None` where a reader might get another value back: numbers that it would
/// write differently (`1.10`, `-0`, `1e400`, beyond 2^53), two members of one name, and an empty
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

/// The members that each of `items` has, if all are objects of scalars with the same members in the
/// same order: what makes a table.
pub(super) fn columns(items: &[Json]) -> Option<&[(String, Json)]> {
    let first = items.first()?.as_object().filter(|members| !members.is_empty())?;
    let is_row = |item: &Json| {
        item.as_object().is_some_and(|members| {
            members.len() == first.len()
                && members
                    .iter()
                    .zip(first)
                    .all(|((name, value), (column, _))| name == column && is_scalar(value))
        })
    };
    items.iter().all(is_row).then_some(first)
}

fn is_scalar(value: &Json) -> bool {
    !matches!(value, Json::Array(_) | Json::Object(_) | Json::Written(_))
}

/// Whether a reader gets the very same value back.
fn is_exact(value: &Json) -> bool {
    match value {
        Json::Number(number) => is_canonical(number),
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

/// Whether it is written as TOON writes numbers (section 2: neither exponent nor trailing zeros) and
/// keeps its digits as a 64-bit floating-point number.
fn is_canonical(number: &Number) -> bool {
    let text = number.as_str();
    if number.is_integer() {
        let digits = text.strip_prefix('-').unwrap_or(text);
        return text != "-0" && digits.parse::<u64>().is_ok_and(|whole| whole <= WHOLE_MAX);
    }
    // Rust writes the shortest digits that lead back to a number, and no exponent.
    !text.contains(['e', 'E']) && text.len() < 40 && number.as_f64().to_string() == text
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
    out.push_str(&format!("[{}]", items.len()));
    if items.iter().all(is_scalar) {
        out.push(':');
        for (index, item) in items.iter().enumerate() {
            out.push(if index == 0 { ' ' } else { ',' });
            write_scalar(item, out);
        }
        return;
    }
    if let Some(columns) = columns(items).filter(|_| may_be_table) {
        write_table(columns, items, depth, out);
        return;
    }
    out.push(':');
    for item in items {
        line(depth + 1, out);
        write_item(item, depth + 1, out);
    }
}

fn write_table(columns: &[(String, Json)], rows: &[Json], depth: usize, out: &mut String) {
    for (index, (name, _)) in columns.iter().enumerate() {
        out.push(if index == 0 { '{' } else { ',' });
        write_name(name, out);
    }
    out.push_str("}:");
    for row in rows.iter().filter_map(Json::as_object) {
        line(depth + 1, out);
        for (index, (_, value)) in row.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_scalar(value, out);
        }
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
