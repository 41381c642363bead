//! Keys about an address, and what proves us there.

use super::notes::KeyFate;
use super::reading::{EntryReading, number};
use crate::json::Json;
use crate::remedy::foreign::{self, Says};
use crate::remedy::plain;

/// What `transport` is called elsewhere where it is HTTP with SSE.
const SSE: &str = "sse";

/// Members of what clients say of OAuth, and of `auth` here.
const OAUTH: [(&[&str], &str); 8] = [
    (&["client_id", "clientId", "CLIENT_ID"], "client_id"),
    (&["client_secret", "clientSecret", "CLIENT_SECRET"], "client_secret"),
    (&["scopes", "scope"], "scopes"),
    (&["client_name", "clientName"], "client_name"),
    (&["redirect_uri", "redirectUri"], "redirect_uri"),
    (&["callback_port", "callbackPort", "port"], "callback_port"),
    (&["authorizationUrl", "authorization_endpoint"], "authorization_endpoint"),
    (&["tokenUrl", "token_endpoint"], "token_endpoint"),
];

/// Reads a key; `false`: it is about something else.
pub(super) fn read(reading: &mut EntryReading<'_>, key: &str, value: &Json) -> bool {
    let ours = match foreign::says(key) {
        Some(Says::Is(ours)) => ours,
        _ => key,
    };
    match (ours, value) {
        ("url", _) => reading.put_text(key, ours, value),
        ("headers", _) => reading.put_table(key, ours, value),
        ("type" | "transport" | "transportType" | "transport_type", Json::String(word)) => {
            if word.eq_ignore_ascii_case(SSE) {
                reading.put(key, "transport", Json::from(SSE));
            } else {
                reading
                    .dropped(key, "a `command` speaks stdio, and what a `url` speaks is found out");
            }
        }
        ("bearer_token_env_var" | "bearerTokenEnvVar", Json::String(name)) => {
            bearer(reading, key, format!("${{{name}}}"));
        }
        ("bearer_token" | "bearerToken" | "token" | "authorization_token", Json::String(text)) => {
            let text = reading.text(key, text);
            bearer(reading, key, text);
        }
        ("env_http_headers", Json::Object(members)) => {
            for (name, variable) in members {
                let variable = plain(variable).unwrap_or_default();
                let key = format!("{key}.{name}");
                reading.put_member(&key, "headers", name, format!("${{{variable}}}"));
            }
        }
        ("oauth" | "OAuth", Json::Bool(false)) => reading.put(key, "auth", Json::from("none")),
        ("oauth" | "OAuth" | "auth", Json::Object(members)) => oauth(reading, key, members),
        ("scopes", Json::Array(_)) => {
            oauth(reading, "", &[("scopes".to_owned(), value.clone())]);
        }
        ("oauth_resource", _) => reading.dropped(key, "it is found out"),
        _ => return false,
    }
    true
}

fn bearer(reading: &mut EntryReading<'_>, key: &str, token: String) {
    let auth = [("type", Json::from("bearer")), ("token", Json::from(token))];
    reading.put(key, "auth", Json::object(auth));
}

fn oauth(reading: &mut EntryReading<'_>, key: &str, members: &[(String, Json)]) {
    reading.draft.set_member("auth", "type", Json::from("oauth"));
    if members.is_empty() {
        reading.notes.say(
            key,
            KeyFate::Translated,
            "is `auth = \"oauth\"`: `callmux login NAME` once",
        );
    }
    for (name, value) in members {
        let theirs = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
        let known = OAUTH.iter().find(|(names, _)| names.contains(&name.as_str()));
        let Some((_, ours)) = known else {
            reading.dropped(&theirs, "callmux does not know it");
            continue;
        };
        let value = match (*ours, value) {
            ("scopes", Json::String(text)) => {
                Some(Json::Array(text.split_whitespace().map(Json::from).collect()))
            }
            ("scopes", Json::Array(_)) => Some(value.clone()),
            ("callback_port", _) => number(value),
            _ => plain(value).map(|text| Json::from(reading.text(&theirs, &text))),
        };
        match value {
            Some(value) => {
                if reading.draft.set_member("auth", ours, value) {
                    let how = format!("is `auth.{ours}`");
                    reading.notes.say(&theirs, KeyFate::Translated, &how);
                } else {
                    reading.dropped(&theirs, "it is said already");
                }
            }
            None => reading.left(&theirs, "is not what it should be"),
        }
    }
}
