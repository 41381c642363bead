//! What another version of a server has changed in its tools.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::quote::beginning;
use crate::servers::Offer;
use crate::terminal::print;
use crate::wire::ListKind;

/// So many names, and so many parts of a change, a person is told.
const NAMES_MAX: usize = 20;
/// So many characters of what a description says.
const TEXT_MAX: usize = 160;
/// What servers say anew at each start.
const VOLATILE: &str = "_meta";

/// What changes for who uses the tools.
#[derive(Debug, Default, Serialize)]
pub struct ToolChanges {
    gained: Vec<String>,
    lost: Vec<String>,
    changed: Vec<ChangedTool>,
}

/// A tool that both have, and that is not the same.
#[derive(Debug, Serialize)]
struct ChangedTool {
    name: String,
    /// The members of its definition that differ, each with what of it does.
    parts: BTreeMap<String, Vec<String>>,
    /// What its description said and says, if that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<[String; 2]>,
}

impl ToolChanges {
    pub fn between(old: &Offer, new: &Offer) -> Self {
        let (old, new) = (tools(old), tools(new));
        let missing = |here: &BTreeMap<String, Map<String, Value>>,
                       there: &BTreeMap<String, Map<String, Value>>| {
            there.keys().filter(|name| !here.contains_key(*name)).cloned().collect()
        };
        let both = old.iter().filter_map(|(name, was)| Some((name, was, new.get(name)?)));
        Self {
            gained: missing(&old, &new),
            lost: missing(&new, &old),
            changed: both.filter_map(|(name, was, is)| changed(name, was, is)).collect(),
        }
    }

    fn is_nothing(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty() && self.changed.is_empty()
    }

    /// Tells a person.
    pub fn print(&self) {
        if self.is_nothing() {
            print::line("  its tools stay as they are");
            return;
        }
        for (word, names) in [("gained", &self.gained), ("lost", &self.lost)] {
            if !names.is_empty() {
                print::line(&format!("  {word}: {}", some_of(names)));
            }
        }
        for tool in self.changed.iter().take(NAMES_MAX) {
            let part = |(name, differs): (&String, &Vec<String>)| match differs.as_slice() {
                [] => name.clone(),
                differs => format!("{name} ({})", some_of(differs)),
            };
            let parts: Vec<String> = tool.parts.iter().map(part).collect();
            print::line(&format!("  changed: {}: {}", tool.name, parts.join(", ")));
            for (word, text) in ["was", "is"].iter().zip(tool.description.iter().flatten()) {
                print::line(&format!("    {word:>3}: {}", beginning(text, TEXT_MAX)));
            }
        }
        if let Some(more) = self.changed.len().checked_sub(NAMES_MAX).filter(|more| *more > 0) {
            print::line(&format!("  and {more} more are changed; --json has them all"));
        }
    }
}

fn some_of(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The definitions by the tools' names.
fn tools(offer: &Offer) -> BTreeMap<String, Map<String, Value>> {
    let items = offer.list(ListKind::Tools).items.iter();
    let read = items.filter_map(|item| {
        let definition = serde_json::from_str(&item.definition).ok()?;
        Some((item.name.to_string(), definition))
    });
    read.collect()
}

fn changed(name: &str, was: &Map<String, Value>, is: &Map<String, Value>) -> Option<ChangedTool> {
    let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let differs = |key: &&String| *key != VOLATILE && was.get(*key) != is.get(*key);
    let parts: BTreeMap<String, Vec<String>> = keys
        .into_iter()
        .filter(differs)
        .map(|key| (key.clone(), of_schema(was.get(key), is.get(key))))
        .collect();
    let text = |tool: &Map<String, Value>| {
        tool.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let description = parts.contains_key("description").then(|| [text(was), text(is)]);
    (!parts.is_empty()).then(|| ChangedTool { name: name.to_owned(), parts, description })
}

/// Which properties of a schema came (`+`), went (`-`), or are others (`~`), and which are needed now (`!`).
fn of_schema(was: Option<&Value>, is: Option<&Value>) -> Vec<String> {
    let properties = |schema: Option<&Value>| -> Map<String, Value> {
        let properties = schema.and_then(|schema| schema.get("properties"));
        properties.and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let needed = |schema: Option<&Value>| -> BTreeSet<String> {
        let list = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (old, new) = (properties(was), properties(is));
    let mut out = Vec::new();
    out.extend(new.keys().filter(|key| !old.contains_key(*key)).map(|key| format!("+{key}")));
    out.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| format!("-{key}")));
    let other = |key: &&String| old.get(*key).is_some_and(|old| new.get(*key) != Some(old));
    out.extend(new.keys().filter(other).map(|key| format!("~{key}")));
    let (old, new) = (needed(was), needed(is));
    out.extend(new.difference(&old).map(|key| format!("!{key}")));
    out
}

#[cfg(test)]
mod tests {
    use super::changed;
    use serde_json::{Value, json};

    #[test]
    fn what_differs_in_a_tool_is_named() {
        let tool = |value: Value| value.as_object().cloned().unwrap();
        let was = tool(json!({ "name": "a", "description": "x", "inputSchema": { "properties": {
            "q": { "type": "string" }, "n": { "type": "integer" } }, "required": ["q"] }, "_meta": 1 }));
        let is = tool(json!({ "name": "a", "description": "y", "inputSchema": { "properties": {
            "q": { "type": "number" }, "m": {} }, "required": ["m", "q"] }, "_meta": 2 }));
        let found = changed("a", &was, &is).unwrap();
        assert_eq!(
            serde_json::to_value(&found).unwrap(),
            json!({ "name": "a", "parts": { "description": [],
                "inputSchema": ["+m", "-n", "~q", "!m"] }, "description": ["x", "y"] })
        );
        assert!(changed("a", &was, &was).is_none());
    }
}
