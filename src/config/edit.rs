//! Keys of one section changed in the text of a file, and nothing else of it: its comments, its order and
//! its form stay.

use toml_edit::{DocumentMut, InlineTable, Item, Value};

use crate::base::nearest::nearest;
use crate::base::quoted;
use crate::keys;
use crate::keys::ValueKind;

/// A key that is to have another value, or none.
#[derive(Debug, Clone)]
pub struct KeyEdit {
    key: String,
    /// The member of a table that is meant: `env.LEVEL`.
    member: Option<String>,
    value: Option<Value>,
}

/// Why a text is not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyEditError {
    #[error("`{0}` is written as KEY=VALUE, or KEY.NAME=VALUE in a table")]
    Form(String),
    #[error("`{key}` is no key of a server{meant}; callmux.toml(5) lists them")]
    Unknown { key: String, meant: String },
    #[error("`{key}` has to be a {wanted}")]
    Kind { key: String, wanted: &'static str },
    #[error("it is not valid TOML; `callmux config check` says where")]
    Syntax,
    #[error("there is no such section in it that can be changed; edit the file")]
    Section,
    #[error("`{0}` is not a table there; edit the file")]
    Table(String),
    /// More would have changed than was asked for.
    #[error("it is written in a form that cannot be changed key by key; edit the file")]
    Other,
}

impl KeyEdit {
    /// `KEY=VALUE`, as a person types it: texts without quotes, lists with commas between or as TOML.
    pub fn parse(text: &str) -> Result<Self, KeyEditError> {
        // What it is may be a secret.
        let form =
            || KeyEditError::Form(quoted(text.split('=').next().unwrap_or_default()).to_string());
        let (path, value) = text.split_once('=').ok_or_else(form)?;
        let (key, member, kind) = known(path)?;
        let wrong = || KeyEditError::Kind { key: path.to_owned(), wanted: kind.title() };
        let value = match (kind, member.is_none()) {
            (ValueKind::TextTable | ValueKind::Values, true) => {
                value.parse::<Value>().map_err(|_| wrong())?
            }
            (ValueKind::Bool, true) => Value::from(value.parse::<bool>().map_err(|_| wrong())?),
            (ValueKind::Number(..), true) => {
                Value::from(value.parse::<i64>().map_err(|_| wrong())?)
            }
            (ValueKind::Texts, true) if value.starts_with('[') => {
                value.parse().map_err(|_| wrong())?
            }
            (ValueKind::Texts, true) => {
                value.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
            }
            // Members are texts, too.
            _ => Value::from(value),
        };
        Ok(Self { key, member, value: Some(value) })
    }

    /// The key, or the member of it, gets a value that was read already, or is taken away.
    pub fn of(key: &str, member: Option<&str>, value: Option<Value>) -> Self {
        Self { key: key.to_owned(), member: member.map(str::to_owned), value }
    }

    /// The key is taken away.
    pub fn unset(path: &str) -> Result<Self, KeyEditError> {
        let (key, member, _) = known(path)?;
        Ok(Self { key, member, value: None })
    }

    /// Whether the server runs at all.
    pub fn enabled(is_enabled: bool) -> Self {
        Self { key: "enabled".to_owned(), member: None, value: Some(Value::from(is_enabled)) }
    }

    fn apply(&self, section: &mut Item) -> Result<(), KeyEditError> {
        let Some(member) = &self.member else {
            return put(section, &self.key, self.value.as_ref());
        };
        if section.get(&self.key).is_none() {
            if self.value.is_none() {
                return Ok(());
            }
            let empty = Value::InlineTable(InlineTable::new());
            put(section, &self.key, Some(&empty))?;
        }
        let table = section.get_mut(&self.key);
        put(table.ok_or(KeyEditError::Section)?, member, self.value.as_ref())
            .map_err(|_| KeyEditError::Table(self.key.clone()))
    }
}

/// The key that a path begins with, the member that it ends with, and what the key takes.
fn known(path: &str) -> Result<(String, Option<String>, ValueKind), KeyEditError> {
    let path = path.trim();
    let (name, member) = match path.split_once('.') {
        Some((name, member)) if !member.is_empty() => (name, Some(member.to_owned())),
        _ => (path, None),
    };
    let found = keys::SERVER.iter().find(|key| key.name == name);
    let key = found.ok_or_else(|| {
        let near = nearest(name, keys::SERVER.iter().map(|key| (key.name, key.name)));
        let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        KeyEditError::Unknown { key: quoted(name).to_string(), meant }
    })?;
    let is_table = key.kind == ValueKind::TextTable || name == "auth";
    match member {
        Some(_) if !is_table => Err(KeyEditError::Form(quoted(path).to_string())),
        member => Ok((name.to_owned(), member, key.kind)),
    }
}

/// Sets or takes away a key of a table; what stands around its value stays.
fn put(table: &mut Item, key: &str, value: Option<&Value>) -> Result<(), KeyEditError> {
    let is_inline = table.is_inline_table();
    let table = table.as_table_like_mut().ok_or(KeyEditError::Section)?;
    let Some(value) = value else {
        let removed = table.remove(key);
        let suffix =
            removed.as_ref().and_then(Item::as_value).and_then(|value| value.decor().suffix());
        if is_inline
            && let Some(suffix) = suffix.cloned().filter(|suffix| suffix.as_str() != Some(""))
            && let Some(last) = table.iter_mut().last().and_then(|(_, item)| item.as_value_mut())
        {
            last.decor_mut().set_suffix(suffix);
        }
        return Ok(());
    };
    if let Some(there) = table.get_mut(key).and_then(Item::as_value_mut) {
        let decor = there.decor().clone();
        *there = value.clone();
        *there.decor_mut() = decor;
        return Ok(());
    }
    let mut value = value.clone();
    // The space before the brace is that of the last value.
    if is_inline && let Some((_, last)) = table.iter_mut().last() {
        let decor = last.as_value_mut().map(Value::decor_mut);
        if let Some(suffix) =
            decor.and_then(|decor| decor.suffix().cloned().inspect(|_| decor.set_suffix("")))
        {
            value.decor_mut().set_prefix(" ");
            value.decor_mut().set_suffix(suffix);
        }
    }
    table.insert(key, Item::Value(value));
    Ok(())
}

/// The text with these keys of a server changed.
pub fn edited(text: &str, server: &str, edits: &[KeyEdit]) -> Result<String, KeyEditError> {
    edited_in(text, ["servers", server], edits)
}

/// The same of any section that has a name: `["recipes", "morning"]`.
pub fn edited_in(
    text: &str,
    section: [&str; 2],
    edits: &[KeyEdit],
) -> Result<String, KeyEditError> {
    let has_returns = text.contains("\r\n");
    // toml_edit writes one kind of line break.
    let plain = if has_returns { text.replace("\r\n", "\n") } else { text.to_owned() };
    let mut document: DocumentMut = plain.parse().map_err(|_| KeyEditError::Syntax)?;
    let all = document.get_mut(section[0]).and_then(Item::as_table_like_mut);
    let there = all.and_then(|all| all.get_mut(section[1])).ok_or(KeyEditError::Section)?;
    for edit in edits {
        edit.apply(there)?;
    }
    let edited = document.to_string();
    if rest(&plain, section, edits)? != rest(&edited, section, edits)? {
        return Err(KeyEditError::Other);
    }
    Ok(if has_returns { edited.replace('\n', "\r\n") } else { edited })
}

/// What a text says beside these keys.
fn rest(
    text: &str,
    [kind, name]: [&str; 2],
    edits: &[KeyEdit],
) -> Result<toml::Table, KeyEditError> {
    let mut table: toml::Table = text.parse().map_err(|_| KeyEditError::Other)?;
    let all = table.get_mut(kind).and_then(toml::Value::as_table_mut);
    if let Some(section) = all.and_then(|all| all.get_mut(name)).and_then(toml::Value::as_table_mut)
    {
        for edit in edits {
            match (&edit.member, section.get_mut(&edit.key).and_then(toml::Value::as_table_mut)) {
                (Some(member), Some(inner)) => {
                    inner.remove(member);
                    if inner.is_empty() {
                        section.remove(&edit.key);
                    }
                }
                _ => _ = section.remove(&edit.key),
            }
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests;
