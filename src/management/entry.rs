//! A server as the npm callmux writes it, and as its section here says it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::asked::ServerEdit;
use super::refusal::Refusal;
use crate::api::SectionKeys;
use crate::imports::{KeyFate, KeyNote, of_entry};
use crate::json::Json;

const TOOLS: &str = "tools";
const ENABLED: &str = "enabled";
const DISABLED: &str = "disabled";
/// What is to be done where a key says what it cannot.
const FIX: &str = "send it as `servers` of its config has it; docs/migrating.md tells of each key";

/// A key that is said in another way here, or not at all.
#[derive(Debug, Serialize)]
pub(super) struct KeyNoted {
    key: String,
    fate: KeyFate,
    why: String,
}

/// The keys of a section for an entry, and what became of those that are not as they were.
pub(super) fn section(name: &str, entry: &Value) -> Result<(Value, Vec<KeyNoted>), Refusal> {
    let wrong = |why: &str| Refusal::bad(format!("config: {why}"), FIX);
    let entry = Json::parse(&entry.to_string()).map_err(|error| wrong(&error.to_string()))?;
    let (draft, notes) = of_entry(name, &entry);
    // What cannot be done as it was meant is not done by halves.
    let left = notes.iter().find(|note| note.fate == KeyFate::ToDo);
    let refused = left.or_else(|| draft.is_none().then(|| notes.last()).flatten());
    if let Some(KeyNote { key, why, .. }) = refused {
        let of = if key.is_empty() { String::new() } else { format!("{key}: ") };
        return Err(wrong(&format!("{of}{why}")));
    }
    let draft = draft.ok_or_else(|| wrong("it is no server"))?;
    let keys = Json::Object(draft.keys).to_string();
    let keys: Value = serde_json::from_str(&keys).map_err(|error| wrong(&error.to_string()))?;
    let changed = notes.into_iter().filter(|note| note.fate != KeyFate::Kept);
    let noted = changed.map(|KeyNote { key, fate, why, .. }| KeyNoted { key, fate, why });
    Ok((keys, noted.collect()))
}

/// The entry for what a section says.
pub(super) fn entry(SectionKeys(mut keys): SectionKeys) -> Value {
    if let Some(Value::Bool(is_enabled)) = keys.remove(ENABLED) {
        keys.insert(DISABLED.to_owned(), (!is_enabled).into());
    }
    Value::Object(keys)
}

/// What somebody wants of some keys of a server.
#[derive(Debug, Clone, Default)]
pub(super) struct Adjustment {
    pub(super) tools: Option<Vec<String>>,
    pub(super) add_tools: Option<Vec<String>>,
    pub(super) remove_tools: Option<Vec<String>>,
    pub(super) disabled: Option<bool>,
}

impl Adjustment {
    /// The change that this is of a section.
    pub(super) fn of(&self, SectionKeys(keys): &SectionKeys) -> Result<ServerEdit, Refusal> {
        let mut merged = Map::new();
        let there = keys.get(TOOLS).and_then(Value::as_array);
        let mut tools = there.map(|all| texts(all));
        if let Some(wanted) = &self.tools {
            tools = Some(wanted.clone()).filter(|wanted| !wanted.is_empty());
        }
        if let Some(added) = &self.add_tools {
            let tools = tools.get_or_insert_default();
            let new = added.iter().filter(|tool| !tools.contains(tool)).cloned();
            tools.extend(new.collect::<Vec<_>>());
        }
        if let Some(removed) = &self.remove_tools {
            let all = tools.as_mut().ok_or_else(|| {
                let why =
                    "the server offers all its tools, so none can be taken from a list of them";
                Refusal::bad(why, "send those that it is to offer as `tools`")
            })?;
            all.retain(|tool| !removed.contains(tool));
            if all.is_empty() {
                // To say nothing of tools would offer all of them.
                let why = "no tool would be left";
                return Err(Refusal::bad(
                    why,
                    "send `disabled: true`, or `tools: []` for all of them",
                ));
            }
        }
        if self.tools.is_some() || self.add_tools.is_some() || self.remove_tools.is_some() {
            merged.insert(TOOLS.to_owned(), tools.map_or(Value::Null, Value::from));
        }
        if let Some(is_disabled) = self.disabled {
            merged.insert(ENABLED.to_owned(), (!is_disabled).into());
        }
        Ok(ServerEdit::Merge(Value::Object(merged)))
    }
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
