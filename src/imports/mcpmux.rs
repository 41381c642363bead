//! The config of mcpmux.

use std::path::Path;

use super::draft::{DraftOrigin, ServerDraft};
use super::general::GeneralKeys;
use super::notes::{ImportNotes, KeyFate};
use super::reading::EntryReading;
use super::variables::Variables;
use crate::base::dirs;
use crate::clients::Launch;
use crate::json::Json;
use crate::remedy::foreign::heading_name;
use crate::remedy::plain;

/// Reads the whole file.
pub(super) fn read(
    tree: &Json,
    file: &Path,
    variables: &Variables,
    general: &mut GeneralKeys,
    notes: &mut ImportNotes,
) -> Vec<ServerDraft> {
    let mut drafts = Vec::new();
    let backends = tree.get("backends").and_then(Json::as_array).unwrap_or_default();
    for backend in backends {
        drafts.extend(self::backend(backend, file, variables, notes));
    }
    notes.of_server("");
    for (name, value) in tree.as_object().unwrap_or_default() {
        match name.as_str() {
            "backends" => {}
            "listen" | "connect_retry" | "token_store" => {
                for (inner, value) in value.as_object().unwrap_or_default() {
                    top(&format!("{name}.{inner}"), value, (general, &mut drafts), notes);
                }
            }
            _ => top(name, value, (general, &mut drafts), notes),
        }
    }
    drafts
}

fn top(
    name: &str,
    value: &Json,
    (general, drafts): (&mut GeneralKeys, &mut [ServerDraft]),
    notes: &mut ImportNotes,
) {
    let text = plain(value).unwrap_or_default();
    match name {
        "listen.address" => {
            let is_loopback =
                ["127.", "localhost:", "[::1]:"].iter().any(|start| text.starts_with(start));
            if is_loopback {
                let address = text.replacen("localhost:", "127.0.0.1:", 1);
                general.set("http.listen", Json::Array(vec![Json::from(address)]));
                let how = "is `http.listen`; with systemd: `systemctl --user enable --now callmux-http.socket`";
                notes.say(name, KeyFate::Translated, how);
            } else {
                notes.say(
                    name,
                    KeyFate::ToDo,
                    "no address but loopback is listened on: use a tunnel",
                );
            }
        }
        "listen.path" if text == "/mcp" => notes.say(name, KeyFate::Dropped, "it is so anyway"),
        "listen.path" => notes.say(name, KeyFate::ToDo, "have clients ask `/mcp`"),
        "listen.transport" => {
            notes.say(name, KeyFate::Dropped, "`callmux bridge` speaks stdio, and the daemon HTTP");
        }
        "connect_retry.attempt_timeout" => {
            for draft in drafts.iter_mut() {
                draft.set("start_timeout", Json::from(text.as_str()));
            }
            notes.say(name, KeyFate::Translated, "is `start_timeout` of each server");
        }
        "connect_retry.enabled" | "connect_retry.max_delay" => {
            notes.say(
                name,
                KeyFate::Dropped,
                "servers are started again with growing pauses, for ever",
            );
        }
        "eager_auth" => {
            notes.say(name, KeyFate::Dropped, "`callmux login NAME` asks for consent, once");
        }
        "token_store.enabled" => {
            notes.say(name, KeyFate::Dropped, "tokens are kept in the state directory");
        }
        _ => notes.say(name, KeyFate::Dropped, "mcpmux has no such key either"),
    }
}

fn backend(
    entry: &Json,
    file: &Path,
    variables: &Variables,
    notes: &mut ImportNotes,
) -> Option<ServerDraft> {
    let theirs = entry.get("name").and_then(plain).unwrap_or_default();
    notes.of_server(&theirs);
    let place = String::new();
    let launch = Launch::read(entry);
    let origin = DraftOrigin { file: file.to_path_buf(), place, name: theirs.clone(), launch };
    let name = heading_name(&theirs);
    let draft = ServerDraft::new(name, origin);
    let dir = file.parent().filter(|dir| dir.is_absolute());
    let mut reading = EntryReading { draft, notes, variables, dir };
    for (key, value) in entry.as_object().unwrap_or_default() {
        match (key.as_str(), value) {
            ("name", _) => {}
            ("transport", _) => reading.dropped(key, "a `command` speaks stdio, and a `url` HTTP"),
            ("description", _) => reading.put_text(key, "description", value),
            ("command", Json::Array(words)) => {
                if let Some((program, args)) = words.split_first() {
                    reading.put_text(key, "command", program);
                    if !args.is_empty() {
                        reading.put_texts(key, "args", &Json::Array(args.to_vec()));
                    }
                }
            }
            ("env", _) => reading.put_table(key, "env", value),
            ("endpoint", _) => reading.put_text(key, "url", value),
            ("auth", Json::Object(members)) => auth(&mut reading, members),
            _ => reading.dropped(key, "mcpmux has no such key either"),
        }
    }
    let EntryReading { draft, notes, .. } = reading;
    if draft.get("command").is_none() && draft.get("url").is_none() {
        notes.say("", KeyFate::ToDo, "it says neither a program nor an address, so it is left out");
        return None;
    }
    Some(draft)
}

fn auth(reading: &mut EntryReading<'_>, members: &[(String, Json)]) {
    let get = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let kind = get("type").and_then(plain).unwrap_or_else(|| "none".to_owned());
    if kind == "header" {
        let text = |name| get(name).and_then(plain).unwrap_or_default();
        let (name, value) = (text("header"), text("value"));
        let value = reading.text("auth.value", &value);
        reading.put_member("auth.header", "headers", &name, value);
        return;
    }
    if kind == "none" {
        return reading.dropped("auth.type", "it is so anyway");
    }
    reading.draft.set_member("auth", "type", Json::from(kind.as_str()));
    for (key, value) in members {
        let theirs = format!("auth.{key}");
        let value = match (key.as_str(), value) {
            ("type", _) => {
                reading.notes.say(&theirs, KeyFate::Kept, "");
                continue;
            }
            ("open_browser", Json::Bool(true)) => {
                reading.draft.set_member("auth", "open_browser", Json::from("at_start"));
                reading.notes.say(&theirs, KeyFate::Translated, "is `\"at_start\"`");
                continue;
            }
            ("open_browser", _) => {
                reading
                    .dropped(&theirs, "`callmux login NAME --no-browser` only prints the address");
                continue;
            }
            ("client_id_command" | "client_secret_command", Json::Array(words)) => {
                let words: Vec<String> =
                    words.iter().filter_map(plain).map(|word| shell(&word)).collect();
                let member = key.trim_end_matches("_command");
                let text = Json::from(format!("${{cmd:{}}}", words.join(" ")));
                reading.draft.set_member("auth", member, text);
                reading.notes.say(&theirs, KeyFate::Translated, &format!("is `auth.{member}`"));
                continue;
            }
            ("callback_port", port) if plain(port).as_deref() == Some("0") => {
                reading.dropped(&theirs, "any that is free is meant anyway");
                continue;
            }
            (_, Json::Array(items)) => {
                let texts = items.iter().filter_map(plain);
                Json::Array(texts.map(|text| Json::from(program_path(&text, reading))).collect())
            }
            (_, Json::String(text)) => Json::from(reading.text(&theirs, text)),
            (_, other) => other.clone(),
        };
        reading.draft.set_member("auth", key, value);
        reading.notes.say(&theirs, KeyFate::Kept, "");
    }
}

/// A word of a helper's command line: a relative path starts at the file.
fn program_path(word: &str, reading: &mut EntryReading<'_>) -> String {
    if word.starts_with("./") {
        let path = dirs::expand_home(word);
        return reading.whole(&path).unwrap_or(path).display().to_string();
    }
    reading.text("auth.command", word)
}

/// A word as a shell takes it for one.
fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
