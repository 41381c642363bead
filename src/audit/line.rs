//! A line, up to its hash: one JSON object, whose members always stand in the same order.

use std::io::Write;
use std::time::SystemTime;

use crate::base::{clip, visible};

/// What every line begins with: which form they have, and the time, which is always as long.
pub const BEFORE_TIME: &str = "{\"schema\":\"callmux.audit/1\",\"time\":\"";
/// `2026-12-01T12:00:00.123456Z`.
pub const TIME_LEN: usize = 27;
/// The event of a line that says that a call begins. Another with the same `call_id` says how it ended.
pub const CALL_BEGUN: &str = "call_begun";
/// A text may be so long, in bytes. The others are ids of ours, or words.
const TEXT_MAX: usize = 1024;

/// The value of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineValue<'a> {
    Text(&'a str),
    Number(u64),
    /// JSON on one line, in which everything is visible.
    Json(&'a str),
}

/// Writes a line up to its hash.
pub fn write(out: &mut Vec<u8>, at: SystemTime, event: &str, fields: &[(&str, LineValue<'_>)]) {
    let time = humantime::format_rfc3339_micros(at);
    // Into memory, which cannot fail.
    drop(write!(out, "{BEFORE_TIME}{time}\",\"event\":\"{event}\""));
    for (name, value) in fields {
        drop(match value {
            LineValue::Number(number) => write!(out, ",\"{name}\":{number}"),
            LineValue::Json(json) => write!(out, ",\"{name}\":{json}"),
            LineValue::Text(text) => {
                let text = clip::start(text, TEXT_MAX);
                let json = serde_json::to_string(text).unwrap_or_default();
                write!(out, ",\"{name}\":{}", visible::json(&json))
            }
        });
    }
}

/// When a line was written, as it says itself.
pub fn time(line: &[u8]) -> Option<SystemTime> {
    let time = line.strip_prefix(BEFORE_TIME.as_bytes())?.get(..TIME_LEN)?;
    humantime::parse_rfc3339(std::str::from_utf8(time).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::{LineValue, TEXT_MAX, time, write};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_line_is_one_object_whatever_is_in_it() {
        let (mut out, at) = (Vec::new(), UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_042));
        let (text, long) = ("a\"\n\u{1b}[2J\u{202e}", "ü".repeat(TEXT_MAX));
        let fields = [
            ("b", LineValue::Text(text)),
            ("n", LineValue::Number(7)),
            ("l", LineValue::Text(&long)),
            ("j", LineValue::Json("[1]")),
        ];
        write(&mut out, at, "call", &fields);
        assert_eq!(time(&out), Some(at));
        out.push(b'}');
        let line = String::from_utf8(out).unwrap();
        assert!(!line.contains(['\n', '\u{1b}', '\u{202e}']), "{line}");
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&value["b"], &value["n"]), (&text.into(), &7.into()));
        assert_eq!(value["l"].as_str().unwrap().len(), TEXT_MAX);
        let names: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!((names.len(), &value["j"][0]), (7, &1.into()), "{names:?}");
    }
}
