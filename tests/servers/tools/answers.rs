//! The answers that need nothing but the arguments.

use base64::Engine;
use serde_json::{Value, json};

/// The arguments of a call, as written and as read.
pub struct Given {
    written: String,
    read: Value,
}

impl Given {
    pub fn new(arguments: &str) -> Self {
        let read = serde_json::from_str(arguments).unwrap_or_default();
        Self { written: arguments.to_owned(), read }
    }

    pub fn number(&self, name: &str) -> u64 {
        self.read[name].as_u64().unwrap_or_default()
    }

    pub fn text(&self, name: &str) -> String {
        self.read[name].as_str().unwrap_or_default().to_owned()
    }

    pub fn flag(&self, name: &str) -> bool {
        self.read[name].as_bool().unwrap_or(true)
    }
}

/// A result that is this text.
pub fn text(text: &str) -> String {
    json!({ "content": [{ "type": "text", "text": text }] }).to_string()
}

fn error(text: &str) -> String {
    json!({ "content": [{ "type": "text", "text": text }], "isError": true }).to_string()
}

/// The result of a tool that does nothing but answer.
pub fn of(tool: &str, given: &Given) -> Option<String> {
    Some(match tool {
        "echo" | "text_or_int" | "unwrap" | "hidden" | "added" => text(&given.written),
        "say" => text(&given.text("text")),
        "ping" => text("pong"),
        "pid" => text(&std::process::id().to_string()),
        "toolerr" => error("the tool says no"),
        "image" => image(given.number("bytes")),
        "bigarr" => text(&Value::Array(rows(given)).to_string()),
        "bigtext" => {
            let line = |n| format!("{n}: {} happened", if n % 10 == 0 { "ERROR" } else { "nothing" });
            text(&(0..given.number("lines")).map(line).collect::<Vec<_>>().join("\n"))
        }
        "bigint" => {
            let body = r#"{"id":12345678901234567890,"n":9007199254740993,"x":1.10}"#;
            format!(
                r#"{{"content":[{{"type":"text","text":{}}}],"structuredContent":{body}}}"#,
                Value::from(body)
            )
        }
        "typed" => {
            let row = |n| json!({ "id": n, "name": format!("row {n}") });
            let rows = json!({ "rows": (0..given.number("rows")).map(row).collect::<Vec<_>>() });
            json!({ "content": [{ "type": "text", "text": rows.to_string() }], "structuredContent": rows })
                .to_string()
        }
        "structured" => json!({
            "content": [{ "type": "text", "text": "one field" }], "structuredContent": { "field": [7] },
        })
        .to_string(),
        "strict" => strict(given),
        _ => return None,
    })
}

fn rows(given: &Given) -> Vec<Value> {
    let row = |n: u64| {
        let state = if n.is_multiple_of(3) { "open" } else { "closed" };
        json!({ "id": n, "title": format!("issue {n}"), "state": state })
    };
    (0..given.number("rows")).map(row).collect()
}

fn image(bytes: u64) -> String {
    let data = vec![7; usize::try_from(bytes.max(3)).unwrap()];
    let data = base64::engine::general_purpose::STANDARD.encode(data);
    json!({ "content": [
        { "type": "image", "data": data, "mimeType": "image/png" },
        { "type": "text", "text": "a picture", "annotations": { "audience": ["user"] } },
    ] })
    .to_string()
}

/// A tool that looks at its arguments itself.
fn strict(given: &Given) -> String {
    let Value::Object(members) = &given.read else { return error("arguments must be an object") };
    let is_text = |value: &Value| value.is_string();
    for (name, value) in members {
        let fits = match name.as_str() {
            "owner" => is_text(value),
            "n" => value.is_i64(),
            "flag" => value.is_boolean(),
            "tags" => value.as_array().is_some_and(|tags| tags.iter().all(is_text)),
            _ => false,
        };
        if !fits {
            return error(&format!("{name} is wrong"));
        }
    }
    if members.contains_key("owner") { text(&given.written) } else { error("owner is missing") }
}
