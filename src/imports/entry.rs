//! A server of somebody else's as one of ours.

use std::path::Path;

use super::draft::{DraftOrigin, ServerDraft};
use super::notes::{ImportNotes, KeyFate};
use super::reading::{EntryReading, NOWHERE};
use super::source::ForeignServer;
use super::variables::Variables;
use super::{limits, npm_server, remote};
use crate::clients::Launch;
use crate::json::Json;
use crate::keys;
use crate::remedy::foreign::{self, Says};
use crate::remedy::plain;

/// So many keys an entry may have.
const KEYS_MAX: usize = 200;

/// What is made of a server; `None`: nothing, and the notes say why.
pub(super) fn draft(
    server: &ForeignServer<'_>,
    file: &Path,
    variables: &Variables,
    notes: &mut ImportNotes,
) -> Option<ServerDraft> {
    let launch = Launch::read(server.entry);
    let shown = if server.place.is_empty() {
        server.name.to_owned()
    } else {
        format!("{} in {}", server.name, server.place)
    };
    notes.of_server(&shown);
    let members = match server.entry.as_object() {
        Some(members) if members.len() <= KEYS_MAX => members,
        _ => {
            notes.say("", KeyFate::Dropped, "it is no server");
            return None;
        }
    };
    if let Some(why) = launch.as_ref().and_then(ours).or_else(|| built_in(server.entry)) {
        notes.say("", KeyFate::Dropped, why);
        return None;
    }
    let origin = DraftOrigin {
        file: file.to_path_buf(),
        place: server.place.clone(),
        name: server.name.to_owned(),
        launch,
    };
    let name = foreign::heading_name(server.name);
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    let draft = ServerDraft::new(name, origin);
    let dir = file.parent().filter(|dir| dir.is_absolute());
    let mut reading = EntryReading { draft, notes, variables, dir };
    // What is started comes first: it is what a person looks for.
    let mut ordered: Vec<&(String, Json)> = members.iter().collect();
    ordered.sort_by_key(|(key, _)| rank(key));
    for (key, value) in ordered {
        read(&mut reading, key, value);
    }
    finish(&mut reading);
    let EntryReading { mut draft, notes, .. } = reading;
    if draft.get("command").is_none() && draft.get("url").is_none() {
        notes.say("", KeyFate::ToDo, "it says neither a program nor an address, so it is left out");
        return None;
    }
    draft.keys.retain(|(_, value)| *value != Json::Object(Vec::new()));
    Some(draft)
}

fn rank(key: &str) -> u8 {
    let ours = match foreign::says(key) {
        Some(Says::Is(ours)) => ours,
        _ => key,
    };
    match ours {
        "command" | "url" => 0,
        "args" => 1,
        _ => 2,
    }
}

/// Why an entry is none that callmux runs, if it is its own or that of its predecessor.
fn ours(launch: &Launch) -> Option<&'static str> {
    let Launch::Program(command, args) = launch else { return None };
    let is_it = |word: &str| Path::new(word).file_name().is_some_and(|name| name == "callmux");
    let by_npx = args.iter().find(|arg| !arg.starts_with('-'));
    let is_npm = by_npx.is_some_and(|arg| arg == "callmux" || arg.starts_with("callmux@"));
    let first = args.first().map(String::as_str);
    let runs_npm = first.is_none_or(|arg| arg.starts_with('-') && arg != "--");
    if is_it(command) && first == Some("bridge") {
        Some("it is callmux itself")
    } else if (is_it(command) && runs_npm) || is_npm {
        Some("it is the npm callmux: import its ~/.config/callmux/config.json")
    } else if Path::new(command).file_name().is_some_and(|name| name == "mcpmux") {
        Some("it is mcpmux: import its config")
    } else {
        None
    }
}

/// Why an entry starts nothing, if the client has it in itself.
fn built_in(entry: &Json) -> Option<&'static str> {
    let says = |key: &str| entry.get(key).and_then(Json::as_str);
    match (says("type"), says("source")) {
        (Some("builtin" | "platform" | "frontend"), _) => Some("the client has it in itself"),
        (_, Some("extension")) if entry.get("command").is_none() => {
            Some("an extension of the client starts it")
        }
        _ => None,
    }
}

fn read(reading: &mut EntryReading<'_>, key: &str, value: &Json) {
    if value == &Json::Null {
        return reading.dropped(key, "it says nothing");
    }
    let is_read = program(reading, key, value)
        || remote::read(reading, key, value)
        || limits::read(reading, key, value)
        || npm_server::read(reading, key, value);
    if is_read {
        return;
    }
    match foreign::says(key) {
        Some(Says::Is(ours)) if *ours != key => as_ours(reading, key, ours, value),
        Some(Says::Drop(why)) => reading.dropped(key, why),
        Some(Says::Write(what)) => reading.left(key, what),
        Some(Says::Not(ours)) => match value.as_bool() {
            Some(is) => reading.put(key, ours, Json::from(!is)),
            None => reading.wrong(key, "true or false", value),
        },
        Some(Says::Milliseconds(ours)) => reading.put_duration(key, ours, value, 1.0),
        Some(Says::Seconds(ours)) => reading.put_duration(key, ours, value, 1000.0),
        Some(Says::Is(_)) | None if keys::SERVER.iter().any(|ours| ours.name == key) => {
            as_ours(reading, key, key, value);
        }
        Some(Says::Is(_)) | None => reading.dropped(key, "callmux does not know it"),
    }
}

fn as_ours(reading: &mut EntryReading<'_>, theirs: &str, ours: &str, value: &Json) {
    match (ours, value) {
        ("env" | "headers", _) => reading.put_table(theirs, ours, value),
        (_, Json::Array(_)) => reading.put_texts(theirs, ours, value),
        (_, Json::String(_)) => reading.put_text(theirs, ours, value),
        (_, Json::Number(_)) => reading.put_number(theirs, ours, value),
        _ => reading.put(theirs, ours, value.clone()),
    }
}

/// Keys about a program.
fn program(reading: &mut EntryReading<'_>, key: &str, value: &Json) -> bool {
    let ours = match foreign::says(key) {
        Some(Says::Is(ours)) => ours,
        _ => key,
    };
    match (ours, value) {
        ("command", Json::Array(words)) => {
            let Some((program, args)) = words.split_first() else { return true };
            reading.put_text(key, "command", program);
            if !args.is_empty() {
                reading.put_texts(key, "args", &Json::Array(args.to_vec()));
            }
        }
        ("command", Json::Object(_)) => {
            for (inner, ours) in [("path", "command"), ("args", "args"), ("env", "env")] {
                match value.get(inner) {
                    Some(Json::Array(_)) => {
                        reading.put_texts(
                            &format!("{key}.{inner}"),
                            ours,
                            value.get(inner).unwrap_or(&Json::Null),
                        );
                    }
                    Some(table @ Json::Object(_)) => {
                        reading.put_table(&format!("{key}.{inner}"), ours, table);
                    }
                    Some(text @ Json::String(_)) => {
                        reading.put_text(&format!("{key}.{inner}"), ours, text);
                    }
                    _ => {}
                }
            }
        }
        ("command", _) => reading.put_text(key, ours, value),
        ("args", _) => {
            if value.as_array().is_some_and(|args| !args.is_empty()) {
                reading.put_texts(key, ours, value);
            }
        }
        ("env", _) => reading.put_table(key, ours, value),
        ("inherit_env", Json::Array(items)) => {
            let name = |item: &Json| plain(item).or_else(|| item.get("name").and_then(plain));
            let names: Vec<Json> = items.iter().filter_map(name).map(Json::from).collect();
            reading.put(key, ours, Json::Array(names));
        }
        ("cwd", Json::String(text)) => working_directory(reading, key, text),
        _ => return false,
    }
    true
}

fn working_directory(reading: &mut EntryReading<'_>, key: &str, text: &str) {
    let text = reading.text(key, text);
    match text.as_str() {
        // That is where a server of this scope works.
        "." | "./" | "" if reading.draft.get("scope").is_some() => {}
        text if text.starts_with(['/', '~', '$']) => reading.put(key, "cwd", Json::from(text)),
        text => {
            let Some(path) = reading.whole(text.trim_start_matches("./")) else {
                return reading.left(key, NOWHERE);
            };
            reading.draft.set("cwd", Json::from(path.display().to_string()));
            reading.notes.say(key, KeyFate::Translated, "a relative path starts at the file");
        }
    }
}

/// What does not go with the other keys is left out.
fn finish(reading: &mut EntryReading<'_>) {
    let has = |reading: &EntryReading<'_>, key: &str| reading.draft.get(key).is_some();
    if has(reading, "command") && has(reading, "url") {
        reading.draft.remove("url");
        reading.left("url", "there is a `command`, too, and a server has one of them");
    }
    let is_remote = has(reading, "url");
    let is_scoped = reading.draft.get("scope") == Some(&Json::from("cwd"));
    let misplaced: Vec<String> = reading
        .draft
        .keys
        .iter()
        .map(|(name, _)| name.clone())
        .filter(|name| {
            let key = keys::SERVER.iter().find(|key| key.name == name);
            let is_of = |wanted| key.is_some_and(|key| key.goes_with == wanted);
            is_of(if is_remote { keys::GoesWith::Process } else { keys::GoesWith::Url })
                || (!is_remote && name == "auth")
                || (!is_scoped && is_of(keys::GoesWith::Scope("cwd")))
        })
        .collect();
    let is_secret = |text: &str| ["${file:", "${cmd:", "${cred:"].iter().any(|s| text.contains(s));
    let args = reading.draft.get("args").and_then(Json::as_array).unwrap_or_default();
    if args.iter().filter_map(Json::as_str).any(is_secret) {
        reading.draft.set("secret_args", Json::from(true));
    }
    for name in misplaced {
        reading.draft.remove(&name);
        let why = match is_remote {
            true => "it is about a program",
            false if matches!(name.as_str(), "max_instances" | "require_cwd") => {
                "there is one process for all"
            }
            false => "it is about an address",
        };
        reading.dropped(&name, why);
    }
}
