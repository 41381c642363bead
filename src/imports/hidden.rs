//! Secrets that stand in a config: they go into files of their own, which the config names.

use std::path::PathBuf;

use super::draft::{HiddenText, ServerDraft};
use super::notes::{ImportNotes, KeyFate, KeyNote};
use super::variables::file_name;
use crate::base::secret::{looks_secret, may_name_secret};
use crate::base::{Secret, file};
use crate::json::Json;
use crate::keys::reference::has_reference;

/// The longest secret that is compared with one that is there, in bytes.
const SECRET_MAX: u64 = 1 << 20;
/// What stands before a token in a header.
const SCHEMES: [&str; 4] = ["Bearer ", "Basic ", "token ", "Token "];

/// Where secrets are put.
#[derive(Debug, Clone)]
pub struct SecretsDir {
    pub path: PathBuf,
    /// As references name it.
    pub reference: String,
}

/// Moves the secrets of a server into files, and says which.
pub fn hide_in(draft: &mut ServerDraft, secrets: &SecretsDir) -> Vec<KeyNote> {
    let mut notes = ImportNotes::default();
    hide(draft, secrets, &mut notes);
    notes.all
}

/// Puts a secret of a server into a file of its own, and gives the reference to it. `what`: the end of
/// the file's name.
pub fn keep(draft: &mut ServerDraft, secrets: &SecretsDir, what: &str, text: &str) -> String {
    let (reference, hidden) = kept(&draft.name, secrets, &draft.hidden, what, text);
    draft.hidden.push(hidden);
    reference
}

fn kept(
    server: &str,
    secrets: &SecretsDir,
    others: &[HiddenText],
    what: &str,
    text: &str,
) -> (String, HiddenText) {
    let wanted = file_name(&format!("{server}-{what}"));
    // One line break at the end of a file stands for none.
    let text = Secret::new(text.to_owned() + "\n");
    let is_free = |name: &String| {
        let read = file::read(&secrets.path.join(name), SECRET_MAX);
        let is_there = match read {
            Ok(found) => found != text.expose().as_bytes(),
            Err(_) => secrets.path.join(name).symlink_metadata().is_ok(),
        };
        !is_there && others.iter().all(|known| known.name != *name)
    };
    let numbered = (2..1000).map(|number| format!("{wanted}-{number}"));
    let mut names = std::iter::once(wanted.clone()).chain(numbered);
    let name = names.find(is_free).unwrap_or(wanted);
    let reference = format!("${{file:{}/{name}}}", secrets.reference);
    (reference, HiddenText { name, text })
}

/// Moves the secrets of a server into files.
pub(super) fn hide(draft: &mut ServerDraft, secrets: &SecretsDir, notes: &mut ImportNotes) {
    let mut hider = Hider { server: draft.name.clone(), secrets, notes, texts: Vec::new() };
    let mut is_in_args = false;
    for (key, value) in &mut draft.keys {
        match (key.as_str(), value) {
            (table @ ("env" | "headers"), Json::Object(members)) => {
                for (name, value) in members {
                    hider.member(table, name, value);
                }
            }
            ("auth", Json::Object(members)) => {
                for (name, value) in members {
                    if matches!(name.as_str(), "token" | "client_secret") {
                        hider.whole("auth", name, value);
                    }
                }
            }
            ("args", Json::Array(words)) => is_in_args = hider.arguments(words),
            ("url", Json::String(url)) => hider.url(url),
            _ => {}
        }
    }
    let texts = hider.texts;
    if is_in_args {
        draft.set("secret_args", Json::from(true));
        let why = "its program shows its arguments to every user of this machine; if it can, pass them by `env`";
        notes.say("args", KeyFate::Translated, why);
    }
    draft.hidden.extend(texts);
}

struct Hider<'a> {
    server: String,
    secrets: &'a SecretsDir,
    notes: &'a mut ImportNotes,
    texts: Vec<HiddenText>,
}

impl Hider<'_> {
    /// Keeps a text, and gives the reference to it.
    fn keep(&mut self, what: &str, text: &str) -> String {
        // In a file a `${` stands for itself.
        let text = text.replace("$${", "${");
        let (reference, hidden) = kept(&self.server, self.secrets, &self.texts, what, &text);
        self.texts.push(hidden);
        reference
    }

    fn told(&mut self, key: &str) {
        self.notes.say(key, KeyFate::Translated, "the secret lies in a file of its own, mode 0600");
    }

    fn member(&mut self, table: &str, name: &str, value: &mut Json) {
        let Json::String(text) = &*value else { return };
        if is_plain(text) && (may_name_secret(name) || looks_secret(text)) {
            self.whole(table, name, value);
        }
    }

    fn whole(&mut self, table: &str, name: &str, value: &mut Json) {
        let Json::String(text) = &*value else { return };
        if !is_plain(text) {
            return;
        }
        let scheme =
            SCHEMES.into_iter().find(|scheme| text.starts_with(scheme)).unwrap_or_default();
        let reference = self.keep(name, &text[scheme.len()..]);
        *value = Json::from(format!("{scheme}{reference}"));
        self.told(&format!("{table}.{name}"));
    }

    /// Whether one of a program's arguments is a secret.
    fn arguments(&mut self, words: &mut [Json]) -> bool {
        let (mut before, mut found) = (String::new(), false);
        for word in words {
            let Json::String(text) = &*word else { continue };
            let was = std::mem::replace(&mut before, text.clone());
            if !is_plain(text) {
                continue;
            }
            let (option, value) = match text.split_once('=') {
                Some((option, value)) if option.starts_with('-') => (option.to_owned(), value),
                _ if was.starts_with('-') && !was.contains('=') && !text.starts_with('-') => {
                    (was, text.as_str())
                }
                // `npx mcp-remote URL --header "Authorization: Bearer …"`
                _ => (String::new(), text.as_str()),
            };
            let start = &text[..text.len() - value.len()];
            let name = option.trim_start_matches('-');
            if value.is_empty() {
                continue;
            }
            let header = value.split_once(':').filter(|(header, _)| {
                name.eq_ignore_ascii_case("header") && may_name_secret(header)
            });
            let secret_at = match header {
                Some((header, rest)) => {
                    let rest = rest.trim_start();
                    let scheme = SCHEMES.into_iter().find(|scheme| rest.starts_with(scheme));
                    Some((value.len() - rest.len() + scheme.map_or(0, str::len), header.to_owned()))
                }
                None if may_name_secret(name) || looks_secret(value) => Some((0, name.to_owned())),
                None => None,
            };
            let Some((at, name)) = secret_at else { continue };
            let name = if name.is_empty() { "arg".to_owned() } else { name };
            let text = format!("{start}{}{}", &value[..at], self.keep(&name, &value[at..]));
            *word = Json::from(text);
            found = true;
        }
        found
    }

    /// The values of secrets in the query of an address.
    fn url(&mut self, url: &mut String) {
        let Some((address, query)) = url.split_once('?') else { return };
        if !is_plain(query) {
            return;
        }
        let parts: Vec<String> = query
            .split('&')
            .map(|part| match part.split_once('=') {
                Some((name, value))
                    if !value.is_empty() && (may_name_secret(name) || looks_secret(value)) =>
                {
                    format!("{name}={}", self.keep(name, value))
                }
                _ => part.to_owned(),
            })
            .collect();
        let new = format!("{address}?{}", parts.join("&"));
        if new != *url {
            *url = new;
            self.told("url");
        }
    }
}

/// Whether it is a text without references.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !has_reference(&text.replace("$${", ""))
}
