//! A token as it is written (RFC 7515, section 3.1): taken apart, and not believed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::refused::Refused;
use super::strict;
use crate::settings::access::Algorithm;

/// The longest token, in bytes.
pub(super) const TOKEN_MAX: usize = 16 << 10;
/// Members of a header.
const HEADER_MAX: usize = 8;
/// The longest name of a key, in bytes.
const KID_MAX: usize = 256;

/// A token whose header could be read.
#[derive(Debug)]
pub(super) struct Jwt<'a> {
    pub(super) algorithm: Algorithm,
    /// The name of the key that it says signed it.
    pub(super) kid: Option<Box<str>>,
    /// What is signed.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    claims: Vec<u8>,
}

impl<'a> Jwt<'a> {
    /// Where a key is to be had (`jku`, `x5u`) and what one is (`jwk`, `x5c`) a token cannot say: whoever
    /// made it up would name theirs. It is not looked at.
    pub(super) fn parse(text: &'a str, algorithms: &[Algorithm]) -> Result<Self, Refused> {
        if text.len() > TOKEN_MAX {
            return Err(Refused::Size);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refused::Form);
        };
        let signed = &text.as_bytes()[..header.len() + 1 + claims.len()];
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Form);
        let [header, claims, signature] = [decode(header)?, decode(claims)?, decode(signature)?];
        let header = strict::object(&header).ok_or(Refused::Header)?;
        if header.len() > HEADER_MAX {
            return Err(Refused::Header);
        }
        let text_of = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Refused::Header),
        };
        let algorithm = text_of("alg")?.and_then(Algorithm::parse);
        let algorithm = algorithm.filter(|algorithm| algorithms.contains(algorithm));
        let algorithm = algorithm.ok_or(Refused::Algorithm)?;
        if header.contains_key("crit") {
            return Err(Refused::Critical);
        }
        // The short form stands for the long one (RFC 7515, section 4.1.9).
        let kind = text_of("typ")?.map(str::to_ascii_lowercase);
        let kind = kind.as_deref().map(|kind| kind.strip_prefix("application/").unwrap_or(kind));
        if !matches!(kind, None | Some("jwt" | "at+jwt")) {
            return Err(Refused::Type);
        }
        let kid = text_of("kid")?;
        if kid.is_some_and(|kid| kid.len() > KID_MAX) {
            return Err(Refused::Header);
        }
        Ok(Self { algorithm, kid: kid.map(Into::into), signed, signature, claims })
    }

    /// What it says, whether that is so or not.
    pub(super) fn claims(&self) -> Result<Map<String, Value>, Refused> {
        strict::object(&self.claims).ok_or(Refused::Claims)
    }
}
