//! Looking into JSON without changing it.

use std::collections::HashMap;

use serde_json::value::RawValue;

/// What lies at the end of a path of members, as it is written.
pub fn get<'a>(json: &'a str, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(json, |json, name| {
        let members: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
        members.get(*name).map(|value| value.get())
    })
}

/// A text at the end of a path; empty if there is none.
pub fn text(json: &str, path: &[&str]) -> String {
    get(json, path).and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The items of a list at the end of a path, as they are written.
pub fn items<'a>(json: &'a str, path: &[&str]) -> Vec<&'a str> {
    let items: Option<Vec<&RawValue>> =
        get(json, path).and_then(|json| serde_json::from_str(json).ok());
    items.unwrap_or_default().into_iter().map(RawValue::get).collect()
}

/// A text as JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
