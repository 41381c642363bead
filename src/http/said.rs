//! The words with which a server refuses a request: a person may know what to do about them.

use serde_json::Value;

/// The most that is told of them, in characters.
const SAID_MAX: usize = 300;
/// Members in which an error's words are, the more telling first: of JSON-RPC, OAuth (RFC 6749, section
/// 5.2), problem details (RFC 9457, section 3.1), and what is usual.
const MEMBERS: [&str; 6] = ["message", "error_description", "detail", "error", "errors", "title"];

/// What a body says, to stand behind the status: in one line, but not escaped. `redact` takes out what the
/// server was shown, before anything is cut off: half of a secret would not be found.
pub fn behind(body: &[u8], redact: impl FnOnce(&str) -> String) -> String {
    let Some(words) = words(body).map(|words| redact(&words)) else { return String::new() };
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SAID_MAX) {
        Some((end, _)) => format!(": {}…", &words[..end]),
        None => format!(": {words}"),
    }
}

/// The words of a body; of any length, and perhaps with what the server was shown. A page
/// says nothing.
fn words(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('<') {
        return None;
    }
    let words = match serde_json::from_str::<Value>(text) {
        Ok(value) => of_json(&value).unwrap_or_else(|| value.to_string()),
        Err(_) => text.to_owned(),
    };
    Some(words).filter(|words| !["", "{}", "[]", "null", "\"\""].contains(&words.as_str()))
}

fn of_json(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Array(items) => items.iter().find_map(of_json),
        Value::Object(members) => {
            let words = MEMBERS.iter().find_map(|name| of_json(members.get(*name)?))?;
            // Of JSON-RPC; others repeat the status.
            let code = members.get("code").and_then(Value::as_i64).filter(|code| *code < 0);
            Some(code.map_or_else(|| words.clone(), |code| format!("{words} ({code})")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
