//! Tokens: what a client presents to be somebody.
//!
//! A token is `cmx_ID_SECRET`: ten letters and digits that may be shown, and 43 that are the secret, with
//! six more that are a check of everything before them, so that a slip of the pen is told from a token
//! that is none. Of its text the config has the SHA-256 alone. No slow hash is needed: the secret has 256
//! bits, and nobody guesses it.

use std::sync::Arc;
use std::time::SystemTime;

use super::slow_tokens::{self, SlowHash, SlowTokens, TokenKnown};
use crate::base::{Principal, Secret, random};
use crate::settings::Access;
use crate::settings::access::{AccessToken, TokenHash};

/// How every token of ours begins: whoever looks for secrets that leaked finds them by it.
pub const PREFIX: &str = "cmx_";
/// Characters of the part that may be shown.
const ID: usize = 10;
/// Characters of the secret: 43 of 62 kinds are 256 bits.
const SECRET: usize = 43;
/// Characters of the check.
const CHECK: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Why what was presented makes nobody of its client. Who presented it is told nothing of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    #[error("it is no token of callmux, or it is written wrong")]
    Malformed,
    #[error("the config has no such token; perhaps it was revoked")]
    Unknown,
    #[error("the token has expired")]
    Expired,
    #[error(
        "it would have to be tried with slow hashes, and too many are, or were for that address in vain"
    )]
    Untried,
}

/// A new token.
pub fn new() -> Secret {
    let mut text = format!("{PREFIX}{}_{}", characters::<ID>(), characters::<SECRET>());
    text += &check(&text);
    Secret::new(text)
}

/// The part of a token that may be shown; `None` if it is not written as one.
pub fn id(token: &str) -> Option<&str> {
    let (id, secret) = token.strip_prefix(PREFIX)?.split_once('_')?;
    let is_whole = id.len() == ID && secret.len() == SECRET + CHECK && token.is_ascii();
    let (before, found) = token.split_at_checked(token.len().checked_sub(CHECK)?)?;
    (is_whole && found == check(before)).then_some(id)
}

/// What the config has of a token.
pub fn hash(token: &str) -> TokenHash {
    TokenHash::Sha256(slow_tokens::digest(token))
}

/// Whose a token is that was presented.
#[derive(Debug)]
pub enum Presented {
    Known(Principal),
    /// To be asked again once these have learned it.
    Unknown(Arc<SlowTokens>),
}

/// Who presents this token.
///
/// The tokens are told apart by their hashes. What comparing them gives away is how far the hash of
/// what was presented is that of a token, and from that nobody gets to what has such a hash.
pub(super) fn holder(
    access: &Access,
    slow: &Arc<SlowTokens>,
    token: &str,
    now: SystemTime,
) -> Result<Presented, BadToken> {
    let digest = slow_tokens::digest(token);
    if id(token).is_none() {
        if token.starts_with(PREFIX) || slow.is_empty() {
            return Err(BadToken::Malformed);
        }
        return match slow.known(token, &digest) {
            TokenKnown::Untried => Ok(Presented::Unknown(slow.clone())),
            TokenKnown::Nobodys => Err(BadToken::Unknown),
            TokenKnown::Of(SlowHash { name, is_previous, .. }) => {
                let (name, token) =
                    access.tokens.get_key_value(&**name).ok_or(BadToken::Unknown)?;
                good(name, token, *is_previous, now)
            }
        };
    }
    let presented = TokenHash::Sha256(digest);
    let is_previous =
        |of: &AccessToken| of.previous.as_ref().is_some_and(|(hash, _)| *hash == presented);
    let fits = |of: &AccessToken| of.hash == presented || is_previous(of);
    let mut tokens = access.tokens.iter();
    let (name, token) = tokens.find(|(_, token)| fits(token)).ok_or(BadToken::Unknown)?;
    good(name, token, is_previous(token), now)
}

/// The principal, if the token may still be used.
fn good(
    name: &str,
    token: &AccessToken,
    is_previous: bool,
    now: SystemTime,
) -> Result<Presented, BadToken> {
    let grace = token.previous.as_ref().filter(|_| is_previous).map(|(_, until)| *until);
    let is_over = [token.expires, grace].into_iter().flatten().any(|end| now >= end);
    if is_over { Err(BadToken::Expired) } else { Ok(Presented::Known(Principal::token(name))) }
}

/// Characters that chance chooses, each of 62 equally.
fn characters<const N: usize>() -> String {
    let mut text = String::with_capacity(N);
    while text.len() < N {
        let bytes: [u8; 8] = random::bytes();
        // Six bits each; of 64 numbers two are thrown away.
        let numbers = bytes.into_iter().map(|byte| usize::from(byte & 63));
        let chosen = numbers.filter_map(|number| DIGITS.get(number));
        text.extend(chosen.take(N - text.len()).map(|digit| char::from(*digit)));
    }
    text
}

/// CRC-32 (IEEE 802.3) as six digits of 62.
fn check(text: &str) -> String {
    let mut sum = crc32(text.as_bytes());
    let digits: [u8; CHECK] = std::array::from_fn(|_| {
        let digit = DIGITS[usize::try_from(sum % 62).unwrap_or(0)];
        sum /= 62;
        digit
    });
    digits.into_iter().map(char::from).collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    let bit = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

#[cfg(test)]
mod tests {
    use super::{BadToken, Presented, crc32, hash, holder, id, new};
    use crate::base::Principal;
    use crate::settings::Access;
    use crate::settings::access::AccessToken;
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_new_token_is_whole_and_a_slip_is_noticed() {
        let token = new();
        let token = token.expose();
        assert_eq!(id(token).map(str::len), Some(10), "{token}");
        assert_ne!(new().expose(), token);
        for at in 0..token.len() {
            let mut slip = token.as_bytes().to_vec();
            slip[at] = if slip[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(id(std::str::from_utf8(&slip).unwrap()), None, "{at}");
        }
        for wrong in
            ["", "cmx_", "cmx__", &token[1..], &token[..59], &format!("{token}a"), "cmx_ä_ü"]
        {
            assert_eq!(id(wrong), None, "{wrong}");
        }
        // The value that every description of it has.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_hash_is_written_as_the_config_has_it() {
        // FIPS 180-4's example.
        assert_eq!(
            hash("abc").to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_token_is_good_until_it_expires_and_the_one_before_for_its_grace() {
        let (new, old, other) = (new(), super::new(), super::new());
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let token = AccessToken {
            hash: hash(new.expose()),
            expires: Some(at(100)),
            previous: Some((hash(old.expose()), at(50))),
        };
        let access = Access { tokens: [("ci".to_owned(), token)].into(), ..Access::default() };
        let ci = Ok(Principal::token("ci"));
        let holder = |access: &Access, token: &str, now| {
            holder(access, &Arc::default(), token, now).map(|presented| match presented {
                Presented::Known(principal) => principal,
                Presented::Unknown(_) => panic!("{token}"),
            })
        };
        for (token, seconds, expected) in [
            (&new, 0, ci.clone()),
            (&new, 99, ci.clone()),
            (&new, 100, Err(BadToken::Expired)),
            (&old, 49, ci),
            (&old, 50, Err(BadToken::Expired)),
            (&other, 0, Err(BadToken::Unknown)),
        ] {
            assert_eq!(holder(&access, token.expose(), at(seconds)), expected, "{seconds}");
        }
        assert_eq!(holder(&access, "cmx_no", at(0)), Err(BadToken::Malformed));
    }
}
