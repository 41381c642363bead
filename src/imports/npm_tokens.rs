//! Tokens of the npm callmux, which go on being taken here.

use std::path::Path;

use super::general::{GeneralKeys, TOKENS};
use super::notes::{ImportNotes, KeyFate};
use crate::base::{Secret, dirs, file};
use crate::json::Json;
use crate::remedy::plain;
use crate::settings::access::{AccessToken, ScryptHash, TokenHash};

/// So many are taken over: each wrong token is tried with all of them.
const TOKENS_MAX: usize = 16;
/// The longest file with one, in bytes.
const FILE_MAX: u64 = 4096;

/// Reads `auth`.
pub(super) fn read(auth: &Json, dir: &Path, general: &mut GeneralKeys, notes: &mut ImportNotes) {
    let mode = auth.get("mode").and_then(Json::as_str).unwrap_or_default();
    notes.say(
        "auth.mode",
        KeyFate::Dropped,
        "who sends a token is known by it; others by the kernel's word",
    );
    if mode != "bearer" {
        let what = "write `[access.oidc]` with `issuer` and `audience`: docs/access.md";
        return notes.say("auth", KeyFate::ToDo, what);
    }
    let mut count = 0;
    for token in auth.get("tokens").and_then(Json::as_array).unwrap_or_default() {
        let id = token.get("id").and_then(plain).unwrap_or_default();
        let key = format!("auth.tokens.{id}");
        if count == TOKENS_MAX {
            let what = format!(
                "no more than {TOKENS_MAX} are taken over: `callmux token new NAME` makes one of ours"
            );
            notes.say(&key, KeyFate::ToDo, &what);
            continue;
        }
        match hash(token, dir) {
            Ok(hash) => {
                let name = name(&id, general);
                let why =
                    format!("is `token:{name}`; `callmux token rotate {name}` makes one of ours");
                general.set_in(&format!("{TOKENS}{name}"), "hash", Json::from(hash.to_string()));
                notes.say(&key, KeyFate::Translated, &why);
                count += 1;
            }
            Err(not_taken) => notes.say(&key, KeyFate::ToDo, not_taken.remedy()),
        }
    }
}

/// A name that a token can have here, and none has.
fn name(id: &str, general: &GeneralKeys) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '-' };
    let mut name: String = id.chars().map(allowed).take(36).collect();
    if !AccessToken::is_name(&name) {
        "token".clone_into(&mut name);
    }
    let is_free = |name: &String| {
        general.0.iter().all(|known| known.section.strip_prefix(TOKENS) != Some(name))
    };
    let numbered = (2..100).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
}

/// Why a token is not taken over.
#[derive(Debug, Clone, Copy)]
enum NotTaken {
    Hash,
    Nothing,
    Variable,
    File,
    Reference,
}

impl NotTaken {
    /// What a person has to do about it.
    fn remedy(self) -> &'static str {
        match self {
            Self::Hash => "its hash cannot be used: `callmux token new NAME` makes a token of ours",
            Self::Nothing => {
                "it has neither a hash nor a token: `callmux token new NAME` makes one of ours"
            }
            Self::Variable => "the variable that it names is not set here: set it and import again",
            Self::File => "the file that it names cannot be read: mend that and import again",
            Self::Reference => {
                "it names neither `env:NAME` nor `file:PATH`: mend that and import again"
            }
        }
    }
}

fn hash(token: &Json, dir: &Path) -> Result<TokenHash, NotTaken> {
    let member = |name: &str| token.get(name).and_then(plain).map(Secret::new);
    let referred = |name: &str| match member(name) {
        Some(reference) => behind(&reference, dir).map(Some),
        None => Ok(None),
    };
    let hash = match member("hash") {
        None => referred("hashRef")?,
        hash => hash,
    };
    if let Some(hash) = hash {
        let read = ScryptHash::parse(hash.expose()).filter(ScryptHash::is_bearable);
        return read.map(|hash| TokenHash::Scrypt(hash.into())).ok_or(NotTaken::Hash);
    }
    let text = match member("token") {
        None => referred("tokenRef")?,
        text => text,
    };
    let text = text.filter(|text| !text.expose().is_empty()).ok_or(NotTaken::Nothing)?;
    // Somebody may have thought it up: a fast hash would be found by trying.
    let made = ScryptHash::of(text.expose()).ok_or(NotTaken::Nothing)?;
    Ok(TokenHash::Scrypt(made.into()))
}

/// What stands behind `env:NAME` or `file:PATH`.
fn behind(reference: &Secret, dir: &Path) -> Result<Secret, NotTaken> {
    let text = match reference.expose().split_once(':') {
        Some(("env", name)) => std::env::var(name).map_err(|_| NotTaken::Variable)?,
        Some(("file", path)) => {
            let read = file::read(&dir.join(dirs::expand_home(path)), FILE_MAX).ok();
            let text = read.and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or(NotTaken::File)?
        }
        _ => return Err(NotTaken::Reference),
    };
    Ok(Secret::new(text.trim().to_owned()))
}
