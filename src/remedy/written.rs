//! TOML for a person to paste. Complaints end up in the journal, so nothing that may be a secret is in it.

use crate::base::secret::is_name_of_secret;
use crate::json::Json;

/// What stands for a value that is not shown.
pub(super) const HIDDEN: &str = "\"…\"";
/// A longer remedy is none that a person reads, in bytes.
const REMEDY_MAX: usize = 500;

/// Keys whose values may be secrets, or hold some.
const HIDDEN_KEYS: [&str; 8] =
    ["url", "proxy", "token", "client_secret", "env", "headers", "authorization", "socket"];

/// The text, if it is short enough.
pub(super) fn short(text: String) -> Option<String> {
    (text.len() <= REMEDY_MAX).then_some(text)
}

/// Whether the value of this key is not to be shown.
pub(super) fn is_hidden(key: &str) -> bool {
    let is_ours = key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    !is_ours || HIDDEN_KEYS.contains(&key) || is_name_of_secret(key)
}

pub(super) fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}

pub(super) fn key(name: &str) -> String {
    let is_bare = |b: u8| matches!(b, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { text(name) }
}

pub(super) fn list<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<String> = items.into_iter().map(text).collect();
    format!("[{}]", items.join(", "))
}

pub(super) fn table(members: impl IntoIterator<Item = (String, String)>) -> String {
    let members: Vec<String> =
        members.into_iter().map(|(name, value)| format!("{} = {value}", key(&name))).collect();
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}

/// Names with values that are not shown.
pub(super) fn hidden_table<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    table(names.into_iter().map(|name| (name.to_owned(), HIDDEN.to_owned())))
}

/// The words of a command line, without those that are secrets by the option before them.
pub(super) fn arguments(words: &[String]) -> String {
    let mut is_next_hidden = false;
    let shown = words.iter().map(|word| {
        let was_option = std::mem::take(&mut is_next_hidden);
        match word.split_once('=') {
            Some((name, _)) if is_name_of_secret(name) => format!("{name}=…"),
            _ if was_option && !word.starts_with('-') => "…".to_owned(),
            _ => {
                is_next_hidden = word.starts_with('-') && is_name_of_secret(word);
                word.clone()
            }
        }
    });
    list(shown.collect::<Vec<_>>().iter().map(String::as_str))
}

/// `command` and `args` of these words, joined by `and`.
pub(super) fn command(words: &[String], and: &str) -> Option<String> {
    let (program, rest) = words.split_first()?;
    let command = format!("command = {}", text(program));
    Some(if rest.is_empty() {
        command
    } else {
        format!("{command}{and}args = {}", arguments(rest))
    })
}

/// A value that is a number, a text or a truth, as a text.
pub fn plain(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.as_str().to_owned()),
        Json::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

/// The texts of a list of plain values.
pub(super) fn plain_list(value: &Json) -> Option<Vec<String>> {
    value.as_array()?.iter().map(plain).collect()
}
