//! `[servers.NAME.auth]`: how callmux proves itself to a remote server.

use std::collections::BTreeMap;

use hyper::header::HeaderValue;

use crate::base::Secret;
use crate::config::keys;
use crate::config::section::Section;
use crate::settings::auth::{Auth, Grant, Oauth};

/// The types, each with the keys that go with it.
const GO_WITH: [(&str, &[&str]); 4] = [
    ("none", &[]),
    ("bearer", &["token"]),
    ("command", &["command", "ttl"]),
    (
        "oauth",
        &["scopes", "client_id", "client_secret", "client_metadata_url", "grant", "callback_port"],
    ),
];

/// Reads the section, and complains about what does not go together.
pub(super) fn read(
    outer: &mut Section<'_>,
    is_remote: bool,
    headers: &BTreeMap<String, Secret>,
    has_socket: bool,
) -> Auth {
    let at = outer.place("auth");
    let Some(mut section) = outer.inner("auth", "type", keys::AUTH) else { return Auth::None };
    let kind = section.choice("type");
    for (name, keys) in GO_WITH.iter().filter(|(name, _)| *name != GO_WITH[kind].0) {
        for key in keys.iter().filter(|key| section.has(key)).collect::<Vec<_>>() {
            let at = section.place(key);
            section.take(key);
            section.complain(at, key, format!("goes with `type = \"{name}\"`"));
        }
    }
    let auth = match GO_WITH[kind].0 {
        "bearer" => bearer(&mut section),
        "command" => command(&mut section),
        "oauth" => oauth(&mut section),
        _ => Auth::None,
    };
    let unresolved = section.finish();
    outer.adopt(unresolved);
    if auth != Auth::None {
        if !is_remote {
            outer.complain(at, "auth", "goes with `url`, which is not set");
        } else if headers.contains_key("authorization") {
            outer.complain(
                at,
                "auth",
                "goes without `Authorization` in `headers`: it sets that header",
            );
        } else if has_socket && matches!(auth, Auth::Oauth(_)) {
            let message = "goes without `socket`: an authorization server is not reached over it";
            outer.complain(at, "auth", message);
        }
    }
    auth
}

fn bearer(section: &mut Section<'_>) -> Auth {
    let is_set = section.has("token");
    match section.resolved("token") {
        Some((token, at)) => {
            let token = Secret::new(token.text.expose().trim().to_owned());
            if token.expose().is_empty() || HeaderValue::from_str(token.expose()).is_err() {
                section.complain(at, "token", "is no text that a header can hold");
            }
            Auth::Bearer(token)
        }
        None => {
            if !is_set {
                section.complain(section.place("token"), "token", "is missing");
            }
            Auth::None
        }
    }
}

fn command(section: &mut Section<'_>) -> Auth {
    let (is_set, at) = (section.has("command"), section.place("command"));
    let ttl = section.duration("ttl").expect("a key with a default");
    let words = section.texts("command").unwrap_or_default();
    if !is_set {
        section.complain(
            at.clone(),
            "command",
            "is missing: name the program that prints the token",
        );
    }
    if let Some((_, place)) = words.iter().find(|(word, _)| word.secret) {
        let message = "a secret here can be read by every user of the machine";
        section.complain(place.clone(), "command", message);
    }
    let words: Vec<Secret> = words.into_iter().map(|(word, _)| word.text).collect();
    if is_set && words.first().is_none_or(|program| program.expose().is_empty()) {
        section.complain(at, "command", "names no program");
    }
    Auth::Command { words, ttl }
}

fn oauth(section: &mut Section<'_>) -> Auth {
    let scopes = section.plain_texts("scopes").unwrap_or_default();
    for (scope, at) in &scopes {
        // RFC 6749, section 3.3.
        let is_token = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if scope.is_empty() || !scope.bytes().all(is_token) {
            section.complain(
                at.clone(),
                "scopes",
                format!("`{scope}` is no scope; write each on its own"),
            );
        }
    }
    let grant = match section.choice("grant") {
        0 => Grant::AuthorizationCode,
        _ => Grant::ClientCredentials,
    };
    let (has_id, has_secret) = (section.has("client_id"), section.has("client_secret"));
    if has_secret && !has_id {
        section.complain(
            section.place("client_secret"),
            "client_secret",
            "goes with `client_id`, which is not set",
        );
    } else if grant == Grant::ClientCredentials && !has_secret {
        let message = "`client_credentials` needs `client_id` and `client_secret`";
        section.complain(section.place("grant"), "grant", message);
    }
    let client_metadata_url = section.text("client_metadata_url").map(|(url, at)| {
        let path = url.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
        if path.is_none_or(|(host, path)| host.is_empty() || path.is_empty()) {
            section.complain(
                at,
                "client_metadata_url",
                "must be an `https://` address with a path",
            );
        }
        url
    });
    Auth::Oauth(Oauth {
        scopes: scopes.into_iter().map(|(scope, _)| scope).collect(),
        client_id: section.text("client_id").map(|(id, _)| id),
        client_secret: section.resolved("client_secret").map(|(secret, _)| secret.text),
        client_metadata_url,
        grant,
        callback_port: section.number("callback_port").and_then(|port| u16::try_from(port).ok()),
    })
}
