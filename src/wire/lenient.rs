//! Messages that are slightly wrong: null is read as absent, and an empty list as an empty object where an
//! object belongs. Some libraries write every member they know of, and some languages every empty map so.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::object;

static NULL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("null"));
static EMPTY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("[]"));

/// What is null there is absent.
const PARAMS: [&str; 6] =
    ["_meta", "arguments", "cursor", "inputResponses", "requestState", "task"];
const META: [&str; 1] = ["progressToken"];
const RESULT: [&str; 2] = ["_meta", "isError"];
const CONTENT: [&str; 2] = ["_meta", "annotations"];

/// Whether the members of a message (`id`, `method`, `params`, `result`, `error`) are not as they should be.
pub(super) fn is_odd([id, method, params, result, error]: [Option<&str>; 5]) -> bool {
    let is_null = |member: Option<&str>| member == Some("null");
    [method, params, result, error].into_iter().any(is_null)
        || [params, result].into_iter().flatten().any(is_empty_list)
        || method.is_some() && is_null(id)
}

/// Such a message as it is meant.
pub(super) fn envelope(text: &str) -> String {
    let members = object::all(text);
    let find = |name| members.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
    let is_there = |name| find(name).is_some_and(|value| value != "null");
    let is_note = find("method").is_some_and(|name| name.starts_with("\"notifications/"));
    let meant = |name: &str, value| match (name, value) {
        ("error" | "method" | "params", "null") => None,
        ("id", "null") if is_note => None,
        ("result", "null") if is_there("method") || is_there("error") => None,
        ("result", "null") => Some("{}"),
        ("params" | "result", value) if is_empty_list(value) => Some("{}"),
        _ => Some(value),
    };
    let members =
        members.iter().filter_map(|(name, value)| Some(member(name, meant(name, value)?)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// The `params` or the result of a message as they are meant, if they say it in another way.
pub(super) fn part(text: &str, is_result: bool) -> Option<String> {
    let is_hinted = |finder: &Finder<'_>, names: &[&str]| {
        finder.find_iter(text.as_bytes()).any(|at| is_value_of(&text[..at], names))
    };
    if is_result {
        let names = ["_meta", "annotations", "content", "isError"];
        return is_hinted(&NULL, &names).then(|| result(text)).flatten();
    }
    let is_odd = is_hinted(&NULL, &PARAMS)
        || is_hinted(&NULL, &META)
        || is_hinted(&EMPTY, &["_meta", "arguments"]);
    is_odd.then(|| {
        without_nulls(text, &PARAMS, |name, value| match name {
            "_meta" | "arguments" if is_empty_list(value) => Some("{}".to_owned()),
            "_meta" => without_nulls(value, &META, |_, _| None),
            _ => None,
        })
    })?
}

fn result(text: &str) -> Option<String> {
    without_nulls(text, &RESULT, |name, value| match (name, value) {
        ("content", "null") => Some("[]".to_owned()),
        ("content" | "contents", list) => {
            let items = object::items(list)?.into_iter();
            let items = items.map(|item| match without_nulls(item, &CONTENT, |_, _| None) {
                Some(other) => Cow::Owned(other),
                None => Cow::Borrowed(item),
            });
            Some(format!("[{}]", items.collect::<Vec<_>>().join(",")))
        }
        _ => None,
    })
}

/// An object without those of `names` that are null; `other` says what a member is to be instead.
fn without_nulls(
    text: &str,
    names: &[&str],
    other: impl Fn(&str, &str) -> Option<String>,
) -> Option<String> {
    let members = object::all(text);
    let kept = members.iter().filter(|(name, value)| *value != "null" || !names.contains(&&**name));
    let kept = kept.map(|(name, value)| match other(name, value) {
        Some(other) => member(name, &other),
        None => member(name, value),
    });
    (!members.is_empty()).then(|| format!("{{{}}}", kept.collect::<Vec<_>>().join(",")))
}

fn member(name: &str, value: &str) -> String {
    format!("{}:{value}", serde_json::Value::from(name))
}

fn is_empty_list(json: &str) -> bool {
    json.strip_prefix('[').is_some_and(|rest| rest.trim_start() == "]")
}

/// Whether what follows is the value of a member with one of these names.
fn is_value_of(before: &str, names: &[&str]) -> bool {
    let before = before.trim_end().strip_suffix(':');
    let name = before.and_then(|before| before.trim_end().strip_suffix('"'));
    name.is_some_and(|before| {
        let mut names = names.iter().filter_map(|name| before.strip_suffix(name));
        names.any(|before| before.ends_with('"'))
    })
}

#[cfg(test)]
mod tests;
