//! What a token says, once it is known who says it.

use serde_json::{Map, Value};

use super::refused::Refused;
use crate::base::{Principal, visible};
use crate::settings::access::Oidc;

type Claims = Map<String, Value>;

/// The longest name of somebody, of a group or of a scope, in bytes (OpenID Connect Core, section 2: a
/// `sub` has at most 255).
const NAME_MAX: usize = 255;
/// The most groups, and the most scopes. With more, rules that deny would not know whom to deny.
const NAMES_MAX: usize = 256;
/// Later seconds are not told apart by everybody who reads JSON.
const SECONDS_MAX: u64 = 1 << 53;

/// Whom it proves, `now` in seconds since 1970.
pub(super) fn judge(claims: &Claims, oidc: &Oidc, now: u64) -> Result<Principal, Refused> {
    if !is_of(claims, oidc) {
        return Err(Refused::Issuer);
    }
    let is_meant = match claims.get("aud") {
        Some(Value::String(one)) => *one == oidc.audience,
        Some(Value::Array(all)) => {
            all.iter().all(Value::is_string) && all.iter().any(|one| *one == *oidc.audience)
        }
        _ => false,
    };
    if !is_meant {
        return Err(Refused::Audience);
    }
    let until = times(claims, oidc.leeway.as_secs(), now)?;
    let is_about_login =
        ["nonce", "at_hash", "c_hash"].iter().any(|name| claims.contains_key(*name));
    if is_about_login && !claims.contains_key("scope") && !claims.contains_key("scp") {
        return Err(Refused::IdToken);
    }
    // RFC 7800; of RFC 9449 and RFC 8705 we ask no proof.
    if claims.contains_key("cnf") {
        return Err(Refused::Bound);
    }
    let subject = claims.get("sub").and_then(Value::as_str).filter(|name| is_name(name));
    let subject = subject.ok_or(Refused::Subject)?;
    let groups = groups(claims, &oidc.groups_claim)?;
    let scopes = scopes(claims)?;
    Ok(Principal::oidc(&oidc.issuer, subject, &groups, &scopes, until))
}

/// Whether it says to be of this issuer. Nothing is folded: an address with a slash at its end is another.
pub(super) fn is_of(claims: &Claims, oidc: &Oidc) -> bool {
    claims.get("iss").is_some_and(|issuer| *issuer == *oidc.issuer)
}

/// Until when it holds.
fn times(claims: &Claims, leeway: u64, now: u64) -> Result<u64, Refused> {
    let seconds = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_u64().filter(|seconds| *seconds < SECONDS_MAX);
            seconds.map(Some).ok_or(Refused::Time)
        }
    };
    let until = seconds("exp")?.ok_or(Refused::Time)? + leeway;
    let (not_before, made) = (seconds("nbf")?, seconds("iat")?);
    if now >= until {
        return Err(Refused::Expired);
    }
    if [not_before, made].into_iter().flatten().any(|begin| begin > now + leeway) {
        return Err(Refused::Future);
    }
    Ok(until)
}

fn is_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len()) && !name.chars().any(visible::is_hidden)
}

/// The groups: a list of names, or one.
fn groups(claims: &Claims, path: &str) -> Result<Vec<String>, Refused> {
    let first = path.split('.').next().unwrap_or_default();
    // Somebody is in so many that the issuer wants to be asked (OpenID Connect Core, section 5.6.2).
    let elsewhere = claims.get("_claim_names").and_then(Value::as_object);
    if elsewhere.is_some_and(|names| names.contains_key(path) || names.contains_key(first)) {
        return Err(Refused::Groups);
    }
    // A name may have dots of its own.
    let found = claims.get(path).or_else(|| {
        let (mut at, mut names) = (claims.get(first)?, path.split('.').skip(1).peekable());
        names.peek()?;
        for name in names {
            at = at.get(name)?;
        }
        Some(at)
    });
    match found {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => named([one.as_str()].into_iter(), Refused::Groups),
        Some(Value::Array(all)) => list(all, Refused::Groups),
        Some(_) => Err(Refused::Groups),
    }
}

/// What was granted: `scope`, a text with spaces (RFC 9068, section 2.2.3), or `scp`, as some have it.
fn scopes(claims: &Claims) -> Result<Vec<String>, Refused> {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => {
            named(text.split(' ').filter(|name| !name.is_empty()), Refused::Scopes)
        }
        Some(Value::Array(all)) => list(all, Refused::Scopes),
        Some(_) => Err(Refused::Scopes),
    }
}

fn list(all: &[Value], refused: Refused) -> Result<Vec<String>, Refused> {
    let texts: Option<Vec<&str>> = all.iter().map(Value::as_str).collect();
    match texts {
        Some(texts) => named(texts.into_iter(), refused),
        None => Err(refused),
    }
}

fn named<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    refused: Refused,
) -> Result<Vec<String>, Refused> {
    let is_fine = names.clone().count() <= NAMES_MAX && names.clone().all(is_name);
    if is_fine { Ok(names.map(str::to_owned).collect()) } else { Err(refused) }
}
