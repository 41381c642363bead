//! TOML that says what is wanted: a file of ours, or a patch file.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table};

use super::error::ChangeError;
use crate::config::edit::{KeyEdit, edited_in};
use crate::config::owned::CHANGED;
use crate::config::patch::UNSET;
use crate::config::show::bare;
use crate::keys;

/// A file with this section and nothing else.
pub(super) fn fresh(section: [&str; 2], keys: &Map<String, Value>) -> Result<String, ChangeError> {
    let [kind, name] = section;
    let mut text = format!(
        "{CHANGED} for who changed the config by it; `callmux config undo` takes the last change back.\n\
         [{kind}.{}]\n",
        bare(name)
    );
    for (key, value) in in_order(kind, keys) {
        // Writing to a text cannot fail.
        _ = writeln!(text, "{} = {}", bare(key), value_of(key, value)?);
    }
    Ok(text)
}

/// The text with what differs between `from` and `to` changed in it, and nothing else.
pub(super) fn edited(
    path: &Path,
    text: &str,
    section: [&str; 2],
    (from, to): (&Map<String, Value>, &Map<String, Value>),
) -> Result<String, ChangeError> {
    let failed = |error| ChangeError::Edit { path: path.to_path_buf(), error };
    edited_in(text, section, &edits(section[0], from, to)?).map_err(failed)
}

fn edits(
    kind: &str,
    from: &Map<String, Value>,
    to: &Map<String, Value>,
) -> Result<Vec<KeyEdit>, ChangeError> {
    let mut edits: Vec<KeyEdit> = Vec::new();
    edits.extend(gone(from, to).map(|key| KeyEdit::of(key, None, None)));
    for (key, value) in
        in_order(kind, to).into_iter().filter(|(key, to)| from.get(*key) != Some(to))
    {
        match (from.get(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                edits.extend(gone(old, new).map(|name| KeyEdit::of(key, Some(name), None)));
                for (name, value) in new.iter().filter(|(name, to)| old.get(*name) != Some(to)) {
                    edits.push(KeyEdit::of(key, Some(name), Some(value_of(name, value)?)));
                }
            }
            _ => edits.push(KeyEdit::of(key, None, Some(value_of(key, value)?))),
        }
    }
    Ok(edits)
}

fn gone<'a>(
    from: &'a Map<String, Value>,
    to: &'a Map<String, Value>,
) -> impl Iterator<Item = &'a String> {
    from.keys().filter(|key| !to.contains_key(*key))
}

/// The text of a patch file that makes `to` of `from`; none where nothing is to be made of it. `there`:
/// its text so far. `to`: none where the section is to be away.
pub(super) fn patch(
    path: &Path,
    there: Option<&str>,
    [kind, name]: [&str; 2],
    (from, to): (&Map<String, Value>, Option<&Map<String, Value>>),
) -> Result<Option<String>, ChangeError> {
    let at = format!("{kind}.{}", bare(name));
    let (mut set, mut unset) = (Map::new(), Vec::new());
    match to {
        Some(to) => differ(from, to, &at, &mut set, &mut unset),
        None => unset.push(at.clone()),
    }
    if set.is_empty() && unset.is_empty() {
        return Ok(None);
    }
    let begin = format!(
        "{CHANGED} for who changed [{at}] by it; what is written elsewhere stays as it is. Without this file that holds again.\n"
    );
    let failed = |_| ChangeError::Other(path.to_path_buf());
    let mut document: DocumentMut = there.unwrap_or_default().parse().map_err(failed)?;
    document.remove(UNSET);
    if set.is_empty() {
        document.remove(kind);
    } else {
        section(&mut document, [kind, name], &set)?;
    }
    let mut text = document.to_string();
    if !unset.is_empty() {
        // In front of all sections, behind what is said at the top.
        let behind = text.lines().take_while(|line| line.starts_with('#')).count();
        let (head, rest): (Vec<&str>, Vec<&str>) =
            (text.lines().take(behind).collect(), text.lines().skip(behind).collect());
        let unset: Array = unset.into_iter().collect();
        let line = format!("{UNSET} = {unset}");
        let lines = head.into_iter().chain([line.as_str()]).chain(rest);
        text = lines.fold(String::new(), |text, line| text + line + "\n");
    }
    Ok(Some(if text.starts_with(CHANGED) { text } else { begin + &text }))
}

/// Has the section say `set`, and keeps the form of what it says already.
fn section(
    document: &mut DocumentMut,
    [kind, name]: [&str; 2],
    set: &Map<String, Value>,
) -> Result<(), ChangeError> {
    let all = document.entry(kind).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let other = || ChangeError::Value(kind.to_owned());
    let all = all.as_table_like_mut().ok_or_else(other)?;
    let there = all.entry(name).or_insert_with(|| Item::Table(Table::new()));
    let there = there.as_table_like_mut().ok_or_else(other)?;
    let old: Vec<String> = there.iter().map(|(key, _)| key.to_owned()).collect();
    for key in old.iter().filter(|key| !set.contains_key(*key)) {
        there.remove(key);
    }
    for (key, value) in in_order(kind, set) {
        let mut value = value_of(key, value)?;
        match there.get_mut(key).and_then(Item::as_value_mut) {
            Some(old) if old.to_string().trim() == value.to_string().trim() => {}
            Some(old) => {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            None => drop(there.insert(key, Item::Value(value))),
        }
    }
    Ok(())
}

/// What has to be set and unset, member by member, to make `to` of `from`.
fn differ(
    from: &Map<String, Value>,
    to: &Map<String, Value>,
    at: &str,
    set: &mut Map<String, Value>,
    unset: &mut Vec<String>,
) {
    unset.extend(gone(from, to).map(|key| format!("{at}.{}", bare(key))));
    for (key, value) in to {
        match (from.get(key), value) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                let mut members = Map::new();
                differ(old, new, &format!("{at}.{}", bare(key)), &mut members, unset);
                if !members.is_empty() {
                    set.insert(key.clone(), Value::Object(members));
                }
            }
            _ => drop(set.insert(key.clone(), value.clone())),
        }
    }
}

/// In the order in which the keys are described; what is unknown at the end.
fn in_order<'a>(kind: &str, keys: &'a Map<String, Value>) -> Vec<(&'a String, &'a Value)> {
    let known = match kind {
        "servers" => keys::SERVER,
        "recipes" => keys::RECIPE,
        _ => keys::CLIENT,
    };
    let place = |key: &str| known.iter().position(|known| known.name == key).unwrap_or(known.len());
    let mut all: Vec<_> = keys.iter().collect();
    all.sort_by_key(|(key, _)| place(key));
    all
}

/// A value as TOML has it. `path`: what it is, for the error.
fn value_of(path: &str, value: &Value) -> Result<toml_edit::Value, ChangeError> {
    let other = || ChangeError::Value(path.to_owned());
    Ok(match value {
        Value::Null => return Err(other()),
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(fraction)) if !number.is_u64() => fraction.into(),
            _ => return Err(other()),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => {
            let items = items.iter().map(|item| value_of(path, item));
            toml_edit::Value::Array(items.collect::<Result<Array, _>>()?)
        }
        Value::Object(members) => {
            let mut table = InlineTable::new();
            for (name, value) in members {
                table.insert(name, value_of(name, value)?);
            }
            toml_edit::Value::InlineTable(table)
        }
    })
}
