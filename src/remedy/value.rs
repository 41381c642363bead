//! A value of the wrong type.

use super::written::{self, HIDDEN, command, is_hidden, plain, plain_list, short};
use crate::base::program;
use crate::json::{Json, Number};

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Text,
    Texts,
    TextTable,
    Bool,
    Number,
    Duration,
    Size,
}

/// What was meant by `value` of `key`, to be pasted in place of it.
pub fn meant(key: &str, wanted: Wanted, value: &Json) -> Option<String> {
    let set = |value: String| Some(format!("`{key} = {value}`"));
    let hide = |shown: String| if is_hidden(key) { HIDDEN.to_owned() } else { shown };
    let remedy = match (wanted, value) {
        (Wanted::Text, Json::Array(_)) if key == "command" => {
            command(&plain_list(value)?, "` and `").map(|both| format!("`{both}`"))
        }
        (Wanted::Text, Json::Array(items)) => match &items[..] {
            [only] => set(hide(written::text(&plain(only)?))),
            _ => None,
        },
        (Wanted::Text, _) => set(hide(written::text(&plain(value)?))),
        (Wanted::Texts, Json::Array(_)) => None,
        (Wanted::Texts, _) => {
            let words = words(key, &plain(value)?);
            set(hide(match key {
                "args" | "command" => written::arguments(&words),
                _ => written::list(words.iter().map(String::as_str)),
            }))
        }
        (Wanted::TextTable, _) => pairs(key, value),
        (Wanted::Bool, _) => truth(&plain(value)?).and_then(|bool| set(bool.to_string())),
        (Wanted::Number, Json::String(text)) => {
            let number: u64 = text.trim().parse().ok()?;
            set(number.to_string())
        }
        (Wanted::Duration, Json::Number(number)) => duration(key, number),
        (Wanted::Size, Json::Number(number)) => {
            number.as_u64().and_then(|bytes| set(format!("\"{bytes}B\"")))
        }
        _ => None,
    };
    short(remedy?)
}

/// One that stands in a list or a table, where a text belongs.
pub fn meant_inside(key: &str, value: &Json) -> Option<String> {
    let hide = is_hidden(key.split(['.', '[']).next().unwrap_or(key));
    let text = written::text(&plain(value)?);
    short(format!("`{}`", if hide { HIDDEN } else { &text }))
}

/// `command` and `args` of a command line, in backquotes but for the first and the last.
pub fn command_line(text: &str) -> Option<String> {
    let words = program::words(text).ok()?;
    short(command(&words, "` and `").filter(|_| words.len() > 1)?)
}

/// What a truth is called elsewhere.
pub(super) fn truth(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// The texts that one text was meant to be.
pub(super) fn words(key: &str, text: &str) -> Vec<String> {
    let is_line = matches!(key, "args" | "command") && !text.contains(", ");
    if is_line && let Ok(words) = program::words(text) {
        return words;
    }
    let parts = text.split(',').map(|part| part.trim().trim_matches(['"', '\'']));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Seconds, or the milliseconds that other clients count in.
fn duration(key: &str, number: &Number) -> Option<String> {
    let Some(whole) = number.as_u64() else {
        let ms = (number.as_f64() * 1000.0).round();
        return (ms >= 0.0).then(|| format!("`{key} = \"{ms}ms\"`"));
    };
    let seconds = format!("`{key} = \"{whole}s\"`");
    if whole >= 1000 && whole.is_multiple_of(1000) {
        let fewer = whole / 1000;
        return Some(format!("`{key} = \"{fewer}s\"` if that was milliseconds, else {seconds}"));
    }
    Some(seconds)
}

/// `["NAME=value"]`, `"NAME=value"`, `[{ name = "NAME", … }]`, `["NAME"]`.
fn pairs(key: &str, value: &Json) -> Option<String> {
    let one = |value: &Json| -> Option<(String, bool)> {
        if let Some(name) = value.get("name").or_else(|| value.get("key")) {
            return Some((name.as_str()?.to_owned(), true));
        }
        let text = value.as_str()?;
        let (name, has_value) =
            text.split_once(['=', ':']).map_or((text, false), |(a, _)| (a, true));
        Some((name.trim().to_owned(), has_value))
    };
    let all: Vec<(String, bool)> = match value {
        Json::Array(items) => items.iter().map(one).collect::<Option<_>>()?,
        other => vec![one(other)?],
    };
    let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
    if all.is_empty() {
        return Some(format!("`{key} = {{}}`"));
    }
    if all.iter().any(|(name, _)| !is_name(name)) {
        return None;
    }
    let names = all.iter().map(|(name, _)| name.as_str());
    match all.iter().filter(|(_, has_value)| *has_value).count() {
        0 if key == "env" => Some(format!("`inherit_env = {}`", written::list(names))),
        count if count == all.len() => Some(format!("`{key} = {}`", written::hidden_table(names))),
        _ => None,
    }
}
