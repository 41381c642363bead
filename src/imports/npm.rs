//! Keys of the npm callmux that are about more than one server, each with its counterpart.

use std::path::Path;

use super::draft::ServerDraft;
use super::general::GeneralKeys;
use super::notes::{ImportNotes, KeyFate};
use super::npm_tokens;
use super::reading::{duration, number};
use crate::base::dirs;
use crate::json::Json;
use crate::remedy::foreign::heading_name;
use crate::remedy::plain;

/// What a key is here.
#[derive(Debug, Clone, Copy)]
enum Counterpart {
    /// A key outside of servers, in this unit.
    Key(&'static str, NpmUnit),
    /// A key of each server.
    Each(&'static str, NpmUnit),
    /// A key of each server that runs once for each directory.
    EachScoped(&'static str, NpmUnit),
    /// None is needed, and why.
    No(&'static str),
    /// A person has to do something.
    ToDo(&'static str),
    /// It has code of its own.
    Own,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NpmUnit {
    Number,
    Text,
    Seconds,
    Milliseconds,
    Bytes,
}

use Counterpart::{Each, EachScoped, Key, No, Own, ToDo};
use NpmUnit::{Bytes, Milliseconds, Number, Seconds, Text};

const SHIELD: &str = "previews show the shape of a result, and `callmux_get_result` the rest";
const SOCKET: &str = "the daemon listens on a unix socket, and knows its peers by their user; for other machines set `http.listen`";
const JOURNAL: &str =
    "calls are in the journal: `journalctl --user -u callmux`, callmux.journal(7)";

const KEYS: &[(&str, Counterpart)] = &[
    ("$schema", No("the schema is `callmux config schema`")),
    ("servers", Own),
    ("mcpServers", Own),
    ("recipes", Own),
    ("cacheTtlSeconds", Key("cache_ttl", Seconds)),
    ("cachePolicy", Own),
    ("maxConcurrency", Key("max_concurrency", Number)),
    ("maxCacheEntries", Key("cache.max_entries", Number)),
    ("maxCacheEntryBytes", Key("cache.max_entry", Bytes)),
    ("maxCacheBytes", Key("cache.max_total", Bytes)),
    ("connectTimeoutMs", Each("start_timeout", Milliseconds)),
    ("callTimeoutMs", Key("call_timeout", Milliseconds)),
    ("reloadDrainTimeoutMs", Key("drain_timeout", Milliseconds)),
    ("reconnectPolicy", No("servers are started again with growing pauses, for ever")),
    ("sessionCwdIdleTtlSeconds", EachScoped("idle_stop", Seconds)),
    ("maxScopedClients", No("`max_instances` counts for each server")),
    ("maxScopedClientsPerServer", EachScoped("max_instances", Number)),
    ("listenerSessionInactivityTtlSeconds", No("sessions are kept as long as there is room")),
    ("listenerMaxSessions", No("sessions share the room that there is")),
    ("fileReferenceRoots", Own),
    ("requestBodyMaxBytes", Key("http.max_body", Bytes)),
    ("allowRequestBodyMaxOverride", No("`http.max_body` holds for all")),
    ("allowInsecureRemoteListener", No(SOCKET)),
    ("strictStartup", No("a server that fails hinders no other")),
    ("metaOnly", Own),
    ("exposeMetaTools", Own),
    ("descriptionMaxLength", No("`callmux_search_tools` is told by who asks")),
    ("outputFormat", Key("output_format", Text)),
    ("responseShield.enabled", Own),
    ("responseShield.maxResultBytes", Key("max_result", Bytes)),
    ("responseShield.maxStringChars", No(SHIELD)),
    ("responseShield.maxArrayItems", No(SHIELD)),
    ("responseShield.maxStoredResults", Key("results.max_entries", Number)),
    ("responseShield.maxStoredResultBytes", Key("results.max_entry", Bytes)),
    ("responseShield.maxStoredBytes", Key("results.max_total", Bytes)),
    (
        "responseShield.allowTools",
        ToDo(
            "name in `whole_results` of each server the tools whose results are not to be shortened",
        ),
    ),
    ("responseShield.denyTools", Own),
    ("schemaCompression.enabled", Own),
    ("schemaCompression.mode", Key("schema_compression", Text)),
    ("schemaCompression.maxDescriptionChars", Key("max_description", Number)),
    ("auth", Own),
    (
        "authorization",
        ToDo(
            "write `[[access.rules]]`: the first that fits decides, and `bearer:ID` is `token:ID`",
        ),
    ),
    ("abuseControls", No(SOCKET)),
    ("auditLog", No(JOURNAL)),
    ("metrics", No("`callmux status --json` has the numbers")),
    ("dashboard", No("`callmux status` shows it")),
    ("eventStore", No(JOURNAL)),
    (
        "management",
        No("`/management/v1` is there for tokens that a rule lets ask `admin`: docs/api.md"),
    ),
];

/// The parts of a file that a key may change.
#[derive(Debug)]
pub(super) struct NpmFile<'a> {
    pub(super) drafts: &'a mut [ServerDraft],
    pub(super) general: &'a mut GeneralKeys,
    pub(super) notes: &'a mut ImportNotes,
    /// Where relative paths start.
    pub(super) dir: &'a Path,
}

impl NpmFile<'_> {
    /// Reads all but the servers.
    pub(super) fn read(&mut self, tree: &Json) {
        for (name, value) in tree.as_object().unwrap_or_default() {
            match (name.as_str(), value) {
                ("responseShield" | "schemaCompression", Json::Object(members)) => {
                    // Off goes before all else, and on says the least.
                    let rank = |(inner, value): &&(String, Json)| match value.as_bool() {
                        Some(is_on) if inner == "enabled" => 2 * u8::from(is_on),
                        _ => 1,
                    };
                    let mut members: Vec<&(String, Json)> = members.iter().collect();
                    members.sort_by_key(rank);
                    for (inner, value) in members {
                        self.key(&format!("{name}.{inner}"), value);
                    }
                }
                _ => self.key(name, value),
            }
        }
    }

    fn key(&mut self, name: &str, value: &Json) {
        let known = KEYS.iter().find(|(known, _)| *known == name).map(|(_, says)| *says);
        match known {
            Some(Key(path, unit)) => match measured(value, unit) {
                Some(value) => self.put(name, path, value),
                None => self.dropped(name, "it is off, and so it is here unless it is set"),
            },
            Some(Each(key, unit)) => self.each(name, key, value, unit, |_| true),
            Some(EachScoped(key, unit)) => {
                let is_scoped =
                    |draft: &ServerDraft| draft.get("scope") == Some(&Json::from("cwd"));
                self.each(name, key, value, unit, is_scoped);
            }
            Some(No(why)) => self.dropped(name, why),
            Some(ToDo(what)) => self.notes.say(name, KeyFate::ToDo, what),
            Some(Own) => self.own(name, value),
            None => self.dropped(name, "the npm callmux has no such key either"),
        }
    }

    fn dropped(&mut self, name: &str, why: &str) {
        self.notes.say(name, KeyFate::Dropped, why);
    }

    fn put(&mut self, name: &str, path: &str, value: Json) {
        if self.general.set(path, value) {
            self.notes.say(name, KeyFate::Translated, &format!("is `{path}`"));
        } else {
            self.dropped(name, &format!("`{path}` is said already"));
        }
    }

    fn each(
        &mut self,
        name: &str,
        key: &str,
        value: &Json,
        unit: NpmUnit,
        fits: impl Fn(&ServerDraft) -> bool,
    ) {
        let Some(value) = measured(value, unit) else { return self.dropped(name, "it is off") };
        let mut is_said = false;
        for draft in self.drafts.iter_mut().filter(|draft| fits(draft)) {
            is_said = true;
            draft.set(key, value.clone());
        }
        if is_said {
            self.notes.say(name, KeyFate::Translated, &format!("is `{key}` of each server"));
        } else {
            self.dropped(name, "no server runs once for each directory");
        }
    }

    fn own(&mut self, name: &str, value: &Json) {
        let is = |wanted: bool| value.as_bool() == Some(wanted);
        match name {
            "metaOnly" if is(true) => self.put(name, "exposure", Json::from("meta-only")),
            "exposeMetaTools" if is(false) => self.put(name, "exposure", Json::from("no-meta")),
            "responseShield.enabled" if is(false) => self.put(name, "max_result", Json::from("0B")),
            "schemaCompression.enabled" if is(false) => {
                self.put(name, "schema_compression", Json::from("off"));
            }
            "metaOnly" | "exposeMetaTools" | "responseShield.enabled" => {
                self.dropped(name, "it is so anyway");
            }
            "schemaCompression.enabled" => {
                self.put(name, "schema_compression", Json::from("balanced"));
            }
            "cachePolicy" => {
                self.patterns("cachePolicy.allowTools", value.get("allowTools"), "cache_tools");
                self.patterns("cachePolicy.denyTools", value.get("denyTools"), "no_cache_tools");
            }
            "responseShield.denyTools" => self.patterns(name, Some(value), "whole_results"),
            "fileReferenceRoots" => self.roots(name, value),
            "auth" => npm_tokens::read(value, self.dir, self.general, self.notes),
            "recipes" => {
                for (recipe, members) in value.as_object().unwrap_or_default() {
                    self.recipe(recipe, members);
                }
            }
            // Servers are read apart.
            _ => {}
        }
    }

    /// Patterns of tools of all servers: those of each, without its name before them.
    fn patterns(&mut self, name: &str, value: Option<&Json>, key: &str) {
        let Some(items) = value.and_then(Json::as_array) else { return };
        let mut said: Vec<&str> = Vec::new();
        for pattern in items.iter().filter_map(Json::as_str) {
            let (server, tool) = pattern.split_once("__").unwrap_or(("*", pattern));
            for draft in self.drafts.iter_mut() {
                let own = draft.origins.first().map(|origin| origin.name.as_str());
                if server == "*" || own == Some(server) {
                    draft.extend(key, [tool.to_owned()]);
                    said.push(pattern);
                }
            }
        }
        if said.is_empty() {
            self.dropped(name, "it names tools of no server");
        } else {
            self.notes.say(name, KeyFate::Translated, &format!("is `{key}` of each server"));
        }
    }

    fn roots(&mut self, name: &str, value: &Json) {
        let texts = value.as_array().unwrap_or_default().iter().filter_map(Json::as_str);
        let absolute = |text| self.dir.join(dirs::expand_home(text)).display().to_string();
        let roots: Vec<Json> = texts.map(|text| Json::from(absolute(text))).collect();
        self.put(name, "file_roots", Json::Array(roots));
    }

    fn recipe(&mut self, name: &str, value: &Json) {
        let section = format!("recipes.{}", heading_name(name));
        for (key, value) in value.as_object().unwrap_or_default() {
            let theirs = format!("recipes.{name}.{key}");
            let (ours, value) = match key.as_str() {
                "timeoutMs" => match duration(value, 1.0) {
                    Some(text) => ("timeout", Json::from(text)),
                    None => {
                        self.dropped(&theirs, "it is no time");
                        continue;
                    }
                },
                "cwd" => {
                    self.dropped(&theirs, "a call runs in the directory of who runs the recipe");
                    continue;
                }
                "description" | "mode" | "tool" | "server" | "arguments" | "calls" | "items"
                | "steps" => (key.as_str(), without_own_limits(value)),
                _ => {
                    self.dropped(&theirs, "callmux does not know it");
                    continue;
                }
            };
            self.general.set_in(&section, ours, value);
            if ours == key {
                self.notes.say(&theirs, KeyFate::Kept, "");
            } else {
                self.notes.say(&theirs, KeyFate::Translated, &format!("is `{ours}`"));
            }
        }
    }
}

/// Calls of a recipe have no time and no directory of their own here.
fn without_own_limits(value: &Json) -> Json {
    let Json::Array(calls) = value else { return value.clone() };
    let call = |call: &Json| match call {
        Json::Object(members) => {
            let kept = members.iter().filter(|(key, _)| key != "timeoutMs" && key != "cwd");
            Json::Object(kept.cloned().collect())
        }
        other => other.clone(),
    };
    Json::Array(calls.iter().map(call).collect())
}

/// A value in its unit; nothing for what says that there is none.
fn measured(value: &Json, unit: NpmUnit) -> Option<Json> {
    match unit {
        Number => number(value),
        Text => plain(value).map(Json::from),
        Seconds => duration(value, 1000.0).map(Json::from),
        Milliseconds => duration(value, 1.0).map(Json::from),
        Bytes => {
            let bytes = number(value)?.as_u64().filter(|bytes| *bytes > 0)?;
            Some(Json::from(format!("{bytes}B")))
        }
    }
}
