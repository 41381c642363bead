//! Keys about how long, how much and which tools.

use super::kind::TimeoutUnit;
use super::reading::EntryReading;
use crate::clients::client::NAME;
use crate::json::Json;
use crate::remedy::foreign::{self, Says};
use crate::remedy::plain;

/// Reads a key; `false`: it is about something else.
pub(super) fn read(reading: &mut EntryReading<'_>, key: &str, value: &Json) -> bool {
    let ours = match foreign::says(key) {
        Some(Says::Is(ours)) => ours,
        _ => key,
    };
    match (ours, value) {
        ("timeout", _) => {
            let number: f64 = plain(value).and_then(|text| text.parse().ok()).unwrap_or_default();
            let each = match reading.variables.habit.timeout {
                TimeoutUnit::Milliseconds => 1.0,
                // Nobody waits for less than a second, or for more than a quarter of an hour unasked.
                TimeoutUnit::Unknown if number >= 1000.0 => 1.0,
                TimeoutUnit::Seconds | TimeoutUnit::Unknown => 1000.0,
            };
            // Claude Code ignores what is shorter, too.
            if number * each < 1000.0 {
                reading.dropped(key, "less than a second is no time for a call");
            } else {
                reading.put_duration(key, "call_timeout", value, each);
            }
        }
        // Which tools may be used unasked.
        ("tools", Json::Object(_)) => {
            reading.dropped(key, "clients ask their users themselves, and callmux asks nobody");
        }
        ("tools", Json::Array(items)) => {
            let is_all = items.iter().any(|item| item.as_str() == Some("*"));
            if is_all {
                reading.dropped(key, "all are shown");
            } else {
                reading.put_texts(key, ours, value);
            }
        }
        ("always_load", Json::Bool(is)) => {
            if *is {
                reading.put(key, ours, Json::Array(vec![Json::from("*")]));
            } else {
                reading.dropped(key, "it is so anyway");
            }
        }
        ("description", Json::String(text)) => {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if line.is_empty() {
                reading.dropped(key, "it says nothing");
            } else {
                reading.put(key, ours, Json::from(line.replace("${", "$${")));
            }
        }
        ("enabled", Json::String(word)) => reading.put(key, ours, Json::from(word == "true")),
        (
            "disabledTools" | "disabled_tools" | "excludeTools" | "exclude_tools" | "denyTools",
            Json::Array(items),
        ) if items.is_empty() => {
            reading.dropped(key, "it names none");
        }
        ("display_name" | "available_tools" | "deny_tools", _) => {
            reading.dropped(key, &format!("{NAME} has no use for it"));
        }
        _ => return false,
    }
    true
}
