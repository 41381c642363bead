//! What a record has of a call's arguments.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::secret_words::{self, HIDDEN};
use crate::base::clip;
use crate::base::secret::may_name_secret;
use crate::base::{Secret, visible};
use crate::json::Json;

/// How much of the arguments of a call is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ArgumentsKept {
    #[default]
    None,
    /// Their names.
    Keys,
    /// With what is known or looks like a secret taken out.
    Redacted,
    Full,
}

impl ArgumentsKept {
    pub const ALL: [Self; 4] = [Self::None, Self::Keys, Self::Redacted, Self::Full];
    /// As a config names them, in the same order.
    pub const NAMES: [&str; 4] = ["none", "keys", "redacted", "full"];
}

/// Longer arguments are not read, in bytes.
pub const READ_MAX: usize = 64 * 1024;
/// So much of them a record has, in bytes.
const KEPT_MAX: usize = 4096;
/// Names that are kept.
const NAMES_MAX: usize = 64;
/// A shorter text is not taken out wherever it stands: it may be any word.
const SECRET_MIN: usize = 8;

/// Texts that are in no record, however they are written.
#[derive(Debug, Default)]
pub struct SecretTexts(Vec<Secret>);

impl SecretTexts {
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let long = secrets.into_iter().filter(|text| text.len() >= SECRET_MIN);
        let mut forms: Vec<Secret> = long.flat_map(forms).map(Secret::new).collect();
        // The longest first: what is left of a longer one is still a part of a secret.
        forms.sort_by_key(|form| std::cmp::Reverse(form.expose().len()));
        forms.dedup();
        Self(forms)
    }

    /// A text without them, and without what is a secret by its looks.
    pub fn hide(&self, text: &str) -> String {
        let is_in = |secret: &&Secret| {
            memchr::memmem::find(text.as_bytes(), secret.expose().as_bytes()).is_some()
        };
        let found: Vec<&Secret> = self.0.iter().filter(is_in).collect();
        let hide = |text: String, secret: &Secret| text.replace(secret.expose(), HIDDEN);
        let text = found.into_iter().fold(text.to_owned(), hide);
        secret_words::hide(&text).into_owned()
    }
}

/// A secret as it is, in hexadecimal digits, in the percent-encoding of addresses, and in base64, where it may stand within what was encoded.
fn forms(text: &str) -> Vec<String> {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let hex: String = text.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    let mut forms = vec![text.to_owned(), hex.to_uppercase(), hex];
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !text.bytes().all(is_plain) {
        let encoded = |byte: u8| {
            if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
        };
        forms.push(text.bytes().map(encoded).collect());
    }
    for before in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(text.bytes()).collect();
        // Six bits are a digit: those that hold a bit of what is around it may be any.
        let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            forms.push(engine.encode(&bytes)[first..last].to_owned());
        }
    }
    forms
}

/// What a record has of them.
#[derive(Debug, PartialEq, Eq)]
pub enum ShownArguments {
    /// JSON on one line.
    Whole(String),
    /// The beginning of a longer JSON text.
    Start(String),
    /// Too long to be looked through.
    TooLong,
}

/// What is kept of these arguments, as a client wrote them; `None`: nothing.
pub fn shown(json: &str, kept: ArgumentsKept, secrets: &SecretTexts) -> Option<ShownArguments> {
    let parsed =
        || Some(json).filter(|json| json.len() <= READ_MAX).and_then(|json| Json::parse(json).ok());
    let value = match kept {
        ArgumentsKept::None => return None,
        ArgumentsKept::Keys => parsed().map(|json| names(&json)),
        ArgumentsKept::Redacted => parsed().map(|json| redacted(json, secrets)),
        ArgumentsKept::Full => parsed(),
    };
    let Some(value) = value else {
        return Some(match kept {
            ArgumentsKept::Full => ShownArguments::Start(clip::start(json, KEPT_MAX).to_owned()),
            _ => ShownArguments::TooLong,
        });
    };
    let mut text = String::new();
    value.write(&mut text);
    if text.len() > KEPT_MAX {
        return Some(ShownArguments::Start(clip::start(&text, KEPT_MAX).to_owned()));
    }
    Some(ShownArguments::Whole(match visible::json(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(text) => text,
    }))
}

/// A list of them.
fn names(json: &Json) -> Json {
    let members = json.as_object().unwrap_or_default().iter().take(NAMES_MAX);
    let name = |(name, _): &(String, Json)| Json::from(secret_words::hide(name).as_ref());
    Json::Array(members.map(name).collect())
}

fn redacted(json: Json, secrets: &SecretTexts) -> Json {
    match json {
        Json::String(text) => Json::from(secrets.hide(&text).as_str()),
        Json::Array(items) => {
            Json::Array(items.into_iter().map(|item| redacted(item, secrets)).collect())
        }
        Json::Object(members) => {
            let member = |(name, value): (String, Json)| {
                let value = match value {
                    Json::Null | Json::Bool(_) => value,
                    _ if may_name_secret(&name) => Json::from(HIDDEN),
                    value => redacted(value, secrets),
                };
                (secrets.hide(&name), value)
            };
            Json::Object(members.into_iter().map(member).collect())
        }
        Json::Number(number) if secrets.hide(number.as_str()) != number.as_str() => {
            Json::from(HIDDEN)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
