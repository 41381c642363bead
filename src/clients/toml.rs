//! TOML: our table comes last.

use toml_edit::DocumentMut;

use super::client::NAME;
use super::error::EditError;
use super::splice::{Splice, line_break};
use crate::json::Json;

pub(super) fn read(text: &str) -> Result<Json, EditError> {
    let table: ::toml::Table = text.parse().map_err(|error: ::toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        EditError::Syntax { at, what: format!("not valid TOML: {}", error.message()) }
    })?;
    Ok(tree(&::toml::Value::Table(table)))
}

fn tree(value: &::toml::Value) -> Json {
    match value {
        ::toml::Value::Table(table) => {
            Json::Object(table.iter().map(|(key, value)| (key.clone(), tree(value))).collect())
        }
        ::toml::Value::Array(items) => Json::Array(items.iter().map(tree).collect()),
        ::toml::Value::Boolean(bool) => Json::Bool(*bool),
        ::toml::Value::String(text) => Json::String(text.clone()),
        other => Json::String(other.to_string()),
    }
}

pub(super) fn with(text: &str, keys: &[&str], entry: &Json) -> Result<String, EditError> {
    let eol = line_break(text);
    let block = block(keys, entry, eol);
    let edited = match text {
        "" => format!("{block}{eol}"),
        text if text.ends_with('\n') => format!("{text}{eol}{block}{eol}"),
        text => format!("{text}{eol}{eol}{block}"),
    };
    // A table that is written in one line, or by keys with dots, takes no table of its own.
    read(&edited).map_err(|_| EditError::NoObject(keys.join(".")))?;
    Ok(edited)
}

/// The table, without a line break at its end.
pub(super) fn block(keys: &[&str], entry: &Json, eol: &str) -> String {
    let mut out = format!("[{}.{NAME}]", keys.join("."));
    for (key, value) in entry.as_object().unwrap_or_default() {
        // Texts of JSON are basic strings of TOML, lists are arrays.
        out += &format!("{eol}{key} = {}", super::json::compact(value));
    }
    out
}

pub(super) fn without(text: &str, keys: &[&str], name: &str) -> Result<String, EditError> {
    // toml_edit writes one kind of line break.
    let eol = line_break(text);
    let plain = text.replace("\r\n", "\n");
    let mut document: DocumentMut = plain.parse().map_err(|_| EditError::Form)?;
    let mut at = document.as_item_mut().as_table_like_mut();
    for key in keys {
        at = at.and_then(|table| table.get_mut(key)).and_then(toml_edit::Item::as_table_like_mut);
    }
    let servers = at.ok_or_else(|| EditError::NoObject(keys.join(".")))?;
    servers.remove(name);
    let edited = document.to_string();
    let edited = if eol == "\n" { edited } else { edited.replace('\n', eol) };
    // What else toml_edit may have changed is not what was asked for.
    let is_removal = Splice::between(text, &edited).inserted.is_empty();
    if is_removal { Ok(edited) } else { Err(EditError::Form) }
}
