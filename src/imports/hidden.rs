//! Secrets that stand in a config: they go into files of their own, which the config names.

use std::path::PathBuf;

use super::draft::{HiddenText, ServerDraft};
use super::notes::{ImportNotes, KeyFate};
use super::variables::file_name;
use crate::base::secret::is_name_of_secret;
use crate::base::{Secret, file};
use crate::json::Json;
use crate::keys::reference::has_reference;

/// Words of which one in a name tells that its value is a secret, beside those that [`is_name_of_secret`] knows.
const WORDS: [&str; 8] = ["KEY", "PAT", "PASS", "AUTH", "COOKIE", "JWT", "BEARER", "DSN"];
/// How secrets of well-known services begin.
const BEGINNINGS: [&str; 13] = [
    "sk-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "eyJ",
    "npm_",
    "hf_",
    "AIza",
];
/// The longest secret that is compared with one that is there, in bytes.
const SECRET_MAX: u64 = 1 << 20;
/// A shorter text is no secret of such a service.
const SECRET_MIN: usize = 16;
/// What stands before a token in a header.
const SCHEMES: [&str; 4] = ["Bearer ", "Basic ", "token ", "Token "];

/// Where secrets are put.
#[derive(Debug, Clone)]
pub struct SecretsDir {
    pub path: PathBuf,
    /// As references name it.
    pub reference: String,
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
        let wanted = file_name(&format!("{}-{what}", self.server));
        // In a file a `${` stands for itself, and one line break at the end for none.
        let text = Secret::new(text.replace("$${", "${") + "\n");
        let is_free = |name: &String| {
            let read = file::read(&self.secrets.path.join(name), SECRET_MAX);
            let is_there = match read {
                Ok(found) => found != text.expose().as_bytes(),
                Err(_) => self.secrets.path.join(name).symlink_metadata().is_ok(),
            };
            !is_there && self.texts.iter().all(|known| known.name != *name)
        };
        let numbered = (2..1000).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let name = names.find(is_free).unwrap_or(wanted);
        let reference = format!("${{file:{}/{name}}}", self.secrets.reference);
        self.texts.push(HiddenText { name, text });
        reference
    }

    fn told(&mut self, key: &str) {
        self.notes.say(key, KeyFate::Translated, "the secret lies in a file of its own, mode 0600");
    }

    fn member(&mut self, table: &str, name: &str, value: &mut Json) {
        let Json::String(text) = &*value else { return };
        if is_plain(text) && (is_secret_name(name) || is_secret(text)) {
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
                _ if was.starts_with('-') && !text.starts_with('-') => (was, text.as_str()),
                // `npx mcp-remote URL --header "Authorization: Bearer …"`
                _ => (String::new(), text.as_str()),
            };
            let start = &text[..text.len() - value.len()];
            let name = option.trim_start_matches('-');
            if value.is_empty() {
                continue;
            }
            let header = value.split_once(':').filter(|(header, _)| {
                name.eq_ignore_ascii_case("header") && is_secret_name(header)
            });
            let secret_at = match header {
                Some((header, rest)) => {
                    let rest = rest.trim_start();
                    let scheme = SCHEMES.into_iter().find(|scheme| rest.starts_with(scheme));
                    Some((value.len() - rest.len() + scheme.map_or(0, str::len), header.to_owned()))
                }
                None if is_secret_name(name) || is_secret(value) => Some((0, name.to_owned())),
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
                    if !value.is_empty() && (is_secret_name(name) || is_secret(value)) =>
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

fn is_secret_name(name: &str) -> bool {
    let mut spaced = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if was_lower && c.is_ascii_uppercase() {
            spaced.push('_');
        }
        was_lower = c.is_ascii_lowercase();
        spaced.push(c.to_ascii_uppercase());
    }
    let has_word = |word: &str| WORDS.contains(&word);
    !spaced.contains("PUBLIC")
        && (is_name_of_secret(name) || spaced.split(['_', '-', '.', ' ']).any(has_word))
}

/// Whether a text is a secret by its looks.
fn is_secret(text: &str) -> bool {
    let is_known = BEGINNINGS.iter().any(|start| text.starts_with(start));
    let is_one = text.len() >= SECRET_MIN && !text.contains(char::is_whitespace);
    (is_known && is_one) || has_password(text)
}

/// Whether it is an address with a password in it.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{is_secret, is_secret_name};

    #[test]
    fn secrets_are_known_by_their_names_and_looks() {
        for name in [
            "GITHUB_TOKEN",
            "apiKey",
            "X-Api-Key",
            "Authorization",
            "DB_PASSWORD",
            "BRAVE_API_KEY",
            "SLACK_BOT_TOKEN",
            "clientSecret",
            "OPENAI_KEY",
            "api_key",
            "Cookie",
            "GITLAB_PAT",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in
            ["PATH", "KEYBOARD", "MONKEY", "HOME", "PUBLIC_KEY", "LOG_LEVEL", "AUTHOR", "root"]
        {
            assert!(!is_secret_name(name), "{name}");
        }
        for text in [
            "ghp_0123456789abcdef0123",
            "postgres://me:canary@host/db",
            "sk-ant-0123456789abcdefgh",
        ] {
            assert!(is_secret(text), "{text}");
        }
        for text in
            ["sk-", "http://localhost:80/a@b:c", "/home/me", "eyJ and more words than a token"]
        {
            assert!(!is_secret(text), "{text}");
        }
    }
}
