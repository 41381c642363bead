//! What tools take, for who writes a command line.

use serde_json::Value;

use crate::api::{ToolArgument, ToolArguments};
use crate::base::clip::clipped;
use crate::catalog::Entry;
use crate::world::World;

/// So many arguments of a tool are told, and so many values of each.
const ITEMS_MAX: usize = 200;
/// The longest name and the longest value, in bytes: nobody has a longer one put in.
const TEXT_MAX: usize = 200;
/// Characters of a description.
const DESCRIPTION_MAX: usize = 200;

/// Of a tool by the name that clients know, or by that which the one server gives it.
pub fn arguments(world: &World, tool: &str, server: Option<&str>) -> Option<ToolArguments> {
    let entry = entry(world, tool, server)?;
    Some(of_definition(&serde_json::from_str(&entry.item.definition).ok()?))
}

/// The tool of such a name.
pub(super) fn entry<'w>(world: &'w World, tool: &str, server: Option<&str>) -> Option<&'w Entry> {
    let entries = world.catalog.tools.entries();
    let is_of = |entry: &&Entry| {
        server.is_none_or(|server| entry.server.name.configured().as_str() == server)
    };
    let by_own = || {
        let mut found = entries.iter().filter(is_of).filter(|entry| *entry.item.name == *tool);
        let first = found.next();
        first.filter(|_| found.next().is_none())
    };
    let shown = entries.iter().filter(is_of).find(|entry| *entry.shown == *tool);
    shown.or_else(by_own)
}

fn of_definition(definition: &Value) -> ToolArguments {
    let schema = &definition["inputSchema"];
    let needed = schema["required"].as_array();
    let is_needed = |name: &String| {
        needed.is_some_and(|needed| needed.iter().any(|one| one.as_str() == Some(name.as_str())))
    };
    let properties = schema["properties"].as_object();
    let fits = |name: &&String| !name.is_empty() && name.len() <= TEXT_MAX;
    let mut arguments: Vec<ToolArgument> = properties
        .into_iter()
        .flatten()
        .filter(|(name, _)| fits(name))
        .take(ITEMS_MAX)
        .map(|(name, schema)| ToolArgument {
            name: name.clone(),
            description: schema["description"].as_str().map(|text| clipped(text, DESCRIPTION_MAX)),
            is_required: is_needed(name),
            values: values(schema),
        })
        .collect();
    // What has to be there comes first.
    arguments.sort_by_key(|argument| !argument.is_required);
    ToolArguments { arguments }
}

/// All that a value, or an item of a list, can be.
fn values(schema: &Value) -> Vec<String> {
    let is = |kind: &str| {
        let said = &schema["type"];
        said == kind || said.as_array().is_some_and(|all| all.iter().any(|one| one == kind))
    };
    if let Some(one) = schema.get("const") {
        return text(one).into_iter().collect();
    }
    if let Some(all) = schema["enum"].as_array() {
        return all.iter().take(ITEMS_MAX).filter_map(text).collect();
    }
    if is("boolean") {
        return ["true", "false"].map(str::to_owned).into();
    }
    let mut either = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema[key].as_array());
    if let Some(all) = either.next() {
        let constant = |one: &Value| one.get("const").and_then(text);
        return all.iter().take(ITEMS_MAX).filter_map(constant).collect();
    }
    match schema.get("items").filter(|items| items.is_object() && is("array")) {
        Some(items) => values(items),
        None => Vec::new(),
    }
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= TEXT_MAX).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::of_definition;
    use serde_json::json;

    #[test]
    fn what_a_schema_says_in_few_words_is_told() {
        let long = "x".repeat(201);
        let told = of_definition(&json!({ "inputSchema": { "required": ["q"], "properties": {
            "a": { "enum": ["one", 2, true, null, {}, &long] },
            "b": { "type": ["boolean", "null"], "description": "d" },
            "c": { "type": "array", "items": { "enum": ["x"] } },
            "d": { "oneOf": [{ "const": "y", "title": "Y" }, { "type": "string" }] },
            "e": { "const": "z" },
            "f": true,
            "q": { "type": "string" },
            (&long): {},
        } } }));
        let shown = |(name, values): (&str, Vec<&str>)| (name.to_owned(), values.join(","));
        let found: Vec<_> =
            told.arguments.iter().map(|one| (one.name.clone(), one.values.join(","))).collect();
        let expected = [
            ("q", vec![]),
            ("a", vec!["one", "2", "true"]),
            ("b", vec!["true", "false"]),
            ("c", vec!["x"]),
            ("d", vec!["y"]),
            ("e", vec!["z"]),
            ("f", vec![]),
        ];
        assert_eq!(found, expected.map(shown));
        for definition in [json!(null), json!({}), json!({ "inputSchema": { "properties": [] } })] {
            assert!(of_definition(&definition).arguments.is_empty());
        }
    }
}
