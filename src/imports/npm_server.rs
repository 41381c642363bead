//! Keys of a server that only the npm callmux has.

use super::notes::KeyFate;
use super::reading::{EntryReading, NOWHERE};
use crate::base::dirs;
use crate::json::Json;
use crate::remedy::plain;

/// Reads a key; `false`: it is about something else.
pub(super) fn read(reading: &mut EntryReading<'_>, key: &str, value: &Json) -> bool {
    match (key, value) {
        ("envRefs", Json::Object(members)) => {
            for (name, reference) in members {
                env_ref(reading, name, reference);
            }
        }
        ("cwdMode", Json::String(mode)) => match mode.as_str() {
            "session" => reading.put(key, "scope", Json::from("cwd")),
            _ => reading.dropped(key, "one process for all is usual"),
        },
        ("requireSessionCwd", Json::Bool(is)) => {
            if *is {
                reading.draft.set("scope", Json::from("cwd"));
                reading.put(key, "require_cwd", Json::from(true));
            } else {
                reading.dropped(key, "it is so anyway");
            }
        }
        ("maxScopedClients", _) => {
            if reading.draft.set("scope", Json::from("cwd")) {
                reading.notes.say(key, KeyFate::Translated, "with `scope = \"cwd\"`");
            }
            reading.put_number(key, "max_instances", value);
        }
        ("cachePolicy", Json::Object(_)) => {
            lists(
                reading,
                key,
                value,
                &[("allowTools", "cache_tools"), ("denyTools", "no_cache_tools")],
            );
        }
        ("responseShield", Json::Object(members)) => {
            for (name, value) in members {
                shield(reading, name, value);
            }
        }
        ("schemaCompression", Json::Object(_)) => {
            let is_off = value.get("enabled").and_then(Json::as_bool) == Some(false);
            let mode = value.get("mode").and_then(Json::as_str).unwrap_or("balanced");
            let mode = if is_off { "off" } else { mode };
            reading.put(key, "schema_compression", Json::from(mode));
            if value.get("maxDescriptionChars").is_some() {
                reading.dropped(
                    "schemaCompression.maxDescriptionChars",
                    "`max_description` is for all servers",
                );
            }
        }
        ("requestBodyMaxBytes", _) => {
            reading.dropped(key, "`http.max_body` is for all servers");
        }
        _ => return false,
    }
    true
}

/// `env:NAME` or `file:PATH`.
fn env_ref(reading: &mut EntryReading<'_>, name: &str, reference: &Json) {
    let key = format!("envRefs.{name}");
    let text = plain(reference).unwrap_or_default();
    let ours = match text.split_once(':') {
        Some(("env", variable)) => format!("${{{variable}}}"),
        Some(("file", path)) => {
            let Some(path) = reading.whole(dirs::expand_home(path)) else {
                return reading.left(&key, NOWHERE);
            };
            format!("${{file:{}}}", path.display())
        }
        _ => return reading.left(&key, "is neither `env:NAME` nor `file:PATH`"),
    };
    reading.put_member(&key, "env", name, ours);
}

fn lists(reading: &mut EntryReading<'_>, key: &str, value: &Json, pairs: &[(&str, &str)]) {
    for (name, value) in value.as_object().unwrap_or_default() {
        let theirs = format!("{key}.{name}");
        match pairs.iter().find(|(theirs, _)| theirs == name) {
            Some((_, ours)) => reading.put_texts(&theirs, ours, value),
            None => reading.dropped(&theirs, "callmux does not know it"),
        }
    }
}

fn shield(reading: &mut EntryReading<'_>, name: &str, value: &Json) {
    let theirs = format!("responseShield.{name}");
    match (name, value) {
        ("enabled", Json::Bool(false)) => reading.put(&theirs, "max_result", Json::from("0B")),
        ("enabled", _) => reading.dropped(&theirs, "it is so anyway"),
        ("maxResultBytes", value) => match plain(value) {
            Some(number) => reading.put(&theirs, "max_result", Json::from(format!("{number}B"))),
            None => reading.wrong(&theirs, "a number", value),
        },
        ("denyTools", Json::Array(_)) => reading.put_texts(&theirs, "whole_results", value),
        ("allowTools", _) => reading.left(
            &theirs,
            "name in `whole_results` the tools whose results are not to be shortened",
        ),
        _ => reading.dropped(
            &theirs,
            "previews show the shape of a result, and `callmux_get_result` the rest",
        ),
    }
}
