//! `url` and what goes with it, of a server that is reached over HTTP.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};

use super::proxy;
use crate::base::{Secret, dirs};
use crate::keys::ValueError;
use crate::keys::section::Section;
use crate::keys::{self, GoesWith};
use crate::remedy::foreign;
use crate::settings::auth::Auth;
use crate::settings::proxy::Proxying;
use crate::settings::remote::{Remote, Transport};

/// Headers that say how a request is framed or what it is about; they are not the user's to set. So
/// is every `mcp-…`.
const OURS: [&str; 9] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "host",
    "last-event-id",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which a client proves itself to us, or that a hop adds.
const FOR_US: [&str; 6] =
    ["authorization", "cookie", "origin", "forwarded", "x-forwarded-for", "keep-alive"];

/// Whether a word of a command line is the address of a server.
pub fn is_url(word: &str) -> bool {
    let begins = |scheme: &str| {
        word.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    begins("http://") || begins("https://")
}

/// Reads the keys but `auth`, and complains about those that do not go with them. `general`: what holds
/// of all servers.
pub(super) fn read(section: &mut Section<'_>, general: &Proxying) -> Remote {
    if let Some(message) = section.written("transport").and_then(foreign::transport) {
        let at = section.place("transport");
        section.take("transport");
        section.complain(at, "transport", message);
    }
    let (misplaced, message) = if section.has("url") {
        (GoesWith::Process, "is about a process, and a server with a `url` has none here")
    } else {
        (GoesWith::Url, "goes with `url`, which is not set")
    };
    for key in keys::SERVER.iter().filter(|key| key.goes_with == misplaced) {
        if section.has(key.name) {
            section.complain(section.place(key.name), key.name, message);
        }
    }
    let url = section.resolved("url").map(|(url, at)| {
        if let Err(error) = check(url.text.expose()) {
            section.complain(at, "url", error.to_string());
        }
        url.text
    });
    let transport = "transport";
    let transport = section.has(transport).then(|| Transport::ALL[section.choice(transport)]);
    let socket = socket(section, url.as_ref());
    let forward_headers = forward_headers(section);
    let headers = headers(section);
    let proxying =
        Proxying { choice: proxy::own(section, socket.is_some(), general), ..general.clone() };
    Remote { url, transport, socket, headers, forward_headers, proxying, auth: Auth::None }
}

fn socket(section: &mut Section<'_>, url: Option<&Secret>) -> Option<PathBuf> {
    let (text, at) = section.text("socket")?;
    let path = dirs::expand_home(&text);
    if !path.is_absolute() {
        let message = format!("`{text}` must be an absolute path or start with `~/`");
        section.complain(at, "socket", message);
    } else if url.is_some_and(|url| url.expose().to_ascii_lowercase().starts_with("https:")) {
        section.complain(at, "socket", "goes with `http://`: there is no TLS on a unix socket");
    }
    Some(path)
}

fn check(url: &str) -> Result<(), ValueError> {
    // What it is may be a secret.
    if !is_url(url) {
        return Err(ValueError::Scheme);
    }
    let parsed: Uri = url
        .parse()
        .map_err(|error: hyper::http::uri::InvalidUri| ValueError::Url(error.to_string()))?;
    let authority = parsed.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err(ValueError::User);
    }
    if parsed.host().is_none_or(str::is_empty) {
        return Err(ValueError::Host);
    }
    Ok(())
}

fn headers(section: &mut Section<'_>) -> BTreeMap<String, Secret> {
    let mut out = BTreeMap::new();
    for (name, (value, at)) in section.text_table("headers").unwrap_or_default() {
        let key = format!("headers.{name}");
        let lower = name.to_ascii_lowercase();
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            section.complain(at, &key, "is no name of a header");
        } else if OURS.contains(&lower.as_str()) || lower.starts_with("mcp-") {
            section.complain(at, &key, "is a header that callmux itself sets");
        } else if HeaderValue::from_str(value.expose()).is_err() {
            section.complain(at, &key, "has a value that no header can hold");
        } else if out.insert(lower, value).is_some() {
            section.complain(at, &key, "is set twice; upper and lower case make no difference");
        }
    }
    out
}

/// Names in lower case, each once. What a client proves itself to us with goes nowhere.
fn forward_headers(section: &mut Section<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (name, at) in section.plain_texts("forward_headers").unwrap_or_default() {
        let lower = name.to_ascii_lowercase();
        let is_ours = OURS.contains(&lower.as_str()) || lower.starts_with("mcp-");
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            section.complain(at, "forward_headers", format!("`{name}` is no name of a header"));
        } else if is_ours || FOR_US.contains(&lower.as_str()) {
            let message = format!("`{name}` is between the client and callmux");
            section.complain(at, "forward_headers", message);
        } else if !out.contains(&lower) {
            out.push(lower);
        }
    }
    out
}

#[cfg(test)]
mod tests;
