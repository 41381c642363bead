//! The JSON Schema of the config, for editors that complete and check TOML by it.

use serde_json::{Map, Value, json};

use crate::keys::{
    APPROVED, AUDIT, AUTH, CACHE, CLIENT, DASHBOARD, DefaultValue, HISTORY, HTTP, Key, LIMITS,
    METRICS, OIDC, RECIPE, RESULTS, RULE, SERVER, TOKEN, TOP, ValueKind,
};

/// The schema (draft 2020-12), from the table of keys.
pub fn schema() -> Value {
    let mut root = object(TOP, "callmux configuration");
    let mut server = object(SERVER, "One MCP server.");
    let short = std::mem::take(&mut server["properties"]["auth"]);
    let long = object(AUTH, "How callmux proves itself to the server at `url`.");
    server["properties"]["auth"] = json!({ "anyOf": [short, long] });
    server["oneOf"] = json!([{ "required": ["command"] }, { "required": ["url"] }]);
    let properties = root["properties"].as_object_mut().expect("an object schema has properties");
    properties.insert("http".into(), object(HTTP, "The HTTP side of the daemon."));
    let mut access = object(&[], "Who may do what.");
    access["properties"]["limits"] = object(LIMITS, "How much one principal may do.");
    access["properties"]["tokens"] = json!({
        "type": "object",
        "description": "Tokens that clients can send, by name.",
        "additionalProperties": object(TOKEN, "One token."),
    });
    access["properties"]["approved"] = json!({
        "type": "object",
        "description": "What a person approved for good, by name.",
        "additionalProperties": object(APPROVED, "One tool, prompt or resource."),
    });
    let mut oidc = object(OIDC, "An issuer whose tokens clients can send.");
    oidc["required"] = json!(["issuer", "audience"]);
    access["properties"]["oidc"] = oidc;
    let mut rule = object(RULE, "One rule.");
    rule["required"] = json!(["effect"]);
    access["properties"]["rules"] =
        json!({ "type": "array", "description": "Who may do what.", "items": rule });
    properties.insert("access".into(), access);
    properties.insert("cache".into(), object(CACHE, "How much of reading calls' results is kept."));
    properties.insert("results".into(), object(RESULTS, "How much of too large results is kept."));
    properties.insert("audit".into(), object(AUDIT, "What is kept of what was done."));
    properties.insert("dashboard".into(), object(DASHBOARD, "The page at /ui/."));
    properties.insert("history".into(), object(HISTORY, "What of it can be looked up."));
    properties.insert("metrics".into(), object(METRICS, "What is counted."));
    let many = [
        (
            "clients",
            CLIENT,
            "Settings for the clients of a name.",
            "One client, or a pattern of names.",
        ),
        ("recipes", RECIPE, "Calls that are written down once.", "One recipe."),
    ];
    for (name, keys, all, one) in many {
        let members = json!({
            "type": "object",
            "description": all,
            "additionalProperties": object(keys, one),
        });
        properties.insert(name.into(), members);
    }
    properties.insert(
        "servers".into(),
        json!({
            "type": "object",
            "description": "The MCP servers, by name.",
            "propertyNames": { "pattern": "^[A-Za-z0-9](?:_?[A-Za-z0-9-])*$", "maxLength": 40 },
            "additionalProperties": server,
        }),
    );
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("callmux");
    root
}

fn object(keys: &[Key], description: &str) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    json!({
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property(key: &Key) -> Value {
    let mut schema = match key.kind {
        ValueKind::Text => json!({ "type": "string" }),
        ValueKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        ValueKind::TextTable => {
            json!({ "type": "object", "additionalProperties": { "type": "string" } })
        }
        ValueKind::Values => json!({}),
        ValueKind::Bool => json!({ "type": "boolean" }),
        ValueKind::Duration => json!({ "type": "string", "examples": ["30s", "5m", "250ms"] }),
        ValueKind::Size => json!({ "type": "string", "examples": ["64KiB", "4MB"] }),
        ValueKind::Number(min, max) => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        ValueKind::Choice(texts) => json!({ "enum": texts }),
    };
    schema["description"] = json!(key.doc);
    if let DefaultValue::Value(text) = key.default {
        let toml: toml::Table = format!("d = {text}").parse().expect("defaults are TOML");
        schema["default"] = serde_json::to_value(&toml["d"]).expect("TOML values are JSON values");
    }
    schema
}

#[cfg(test)]
mod tests;
