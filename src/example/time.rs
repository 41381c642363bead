//! Tells the time and reckons with it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rmcp::ErrorData;
use serde_json::json;

use super::tools::{ExampleTool, string, tool, value};

fn show(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

pub(super) fn tools() -> Vec<ExampleTool> {
    vec![
        tool("now", "The current time in UTC.", &json!({}), &[], |_| async {
            let now = SystemTime::now();
            let unix_ms = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
            value(
                json!({ "utc": show(now), "unix_ms": u64::try_from(unix_ms).unwrap_or(u64::MAX) }),
            )
        }),
        tool(
            "add",
            "The time that is a duration after another time.",
            &json!({
                "time": { "type": "string", "description": "RFC 3339, such as 2026-07-28T12:00:00Z" },
                "duration": { "type": "string", "description": "such as 90s, 2h 30m, 3days" }
            }),
            &["time", "duration"],
            |input| async move {
                let wrong = |what: String| ErrorData::invalid_params(what, None);
                let time = string(&input.arguments, "time")?;
                let time = humantime::parse_rfc3339_weak(time)
                    .map_err(|e| wrong(format!("`time`: {e}")))?;
                let duration = string(&input.arguments, "duration")?;
                let duration = humantime::parse_duration(duration)
                    .map_err(|e| wrong(format!("`duration`: {e}")))?;
                let sum = time
                    .checked_add(duration)
                    .ok_or_else(|| wrong("too far in the future".into()))?;
                value(json!({ "utc": show(sum) }))
            },
        ),
    ]
}
