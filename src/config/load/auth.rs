//! `[servers.NAME.auth]`: how callmux proves itself to a remote server.

use std::collections::BTreeMap;

use hyper::header::HeaderValue;

use super::oauth;
use crate::base::Secret;
use crate::keys::section::Section;
use crate::keys::{self, GoesWith};
use crate::settings::auth::Auth;

/// Reads the section, and complains about what does not go together.
pub(super) fn read(
    outer: &mut Section<'_>,
    is_remote: bool,
    headers: &BTreeMap<String, Secret>,
    has_socket: bool,
) -> Auth {
    let at = outer.place("auth");
    let Some(mut section) = outer.inner("auth", "type", keys::AUTH) else { return Auth::Unsaid };
    let kind = keys::AUTH_TYPES[section.choice("type")];
    for key in keys::AUTH {
        if let GoesWith::AuthType(other) = key.goes_with
            && other != kind
            && section.has(key.name)
        {
            let at = section.place(key.name);
            section.take(key.name);
            section.complain(at, key.name, format!("goes with `type = \"{other}\"`"));
        }
    }
    let auth = match kind {
        "bearer" => bearer(&mut section),
        "command" => command(&mut section),
        "oauth" => Auth::Oauth(Box::new(oauth::read(&mut section))),
        _ => Auth::None,
    };
    let unresolved = section.finish();
    outer.adopt(unresolved);
    if !matches!(auth, Auth::None | Auth::Unsaid) {
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
