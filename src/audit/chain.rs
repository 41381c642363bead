//! Each line ends with a hash of itself and of the one before it.
//!
//! `hash` is the SHA-256 (FIPS 180-4), in hexadecimal, of the 64 digits of the hash before and of the line's
//! bytes up to `,"hash":`. So `sha256sum` and a text editor are enough to do it again.

use std::fmt;

use sha2::{Digest, Sha256};

/// What stands between a line's own members and its hash.
const BEFORE_HASH: &[u8] = b",\"hash\":\"";
const BEHIND_HASH: &[u8] = b"\"}";
const DIGITS: usize = 64;

/// The hash of a line, in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct LineHash([u8; DIGITS]);

impl LineHash {
    /// What stands before the first line of all.
    pub const NONE: Self = Self([b'0'; DIGITS]);

    pub fn parse(digits: &[u8]) -> Option<Self> {
        let is_hex = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        digits.try_into().ok().filter(|_| is_hex).map(Self)
    }

    /// That of the line that begins so, behind this one.
    fn of_next(self, body: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(self.0).chain_update(body).finalize();
        let mut digits = [0; DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
            for (digit, half) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
                *digit = b"0123456789abcdef"[usize::from(half)];
            }
        }
        Self(digits)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Adds the line that begins so, whole, behind the one with the hash `before`. Its own hash.
pub fn add(out: &mut Vec<u8>, body: &[u8], before: LineHash) -> LineHash {
    let hash = before.of_next(body);
    for part in [body, BEFORE_HASH, &hash.0, BEHIND_HASH, b"\n"] {
        out.extend_from_slice(part);
    }
    hash
}

/// A line without its end: its own members, and the hash that it says is its own.
pub fn parts(line: &[u8]) -> Option<(&[u8], LineHash)> {
    let rest = line.strip_suffix(BEHIND_HASH)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(DIGITS)?)?;
    Some((rest.strip_suffix(BEFORE_HASH)?, LineHash::parse(digits)?))
}

/// The hash of a line, if it is the one that was written behind the one with the hash `before`.
pub fn check(line: &[u8], before: LineHash) -> Option<LineHash> {
    let (body, hash) = parts(line)?;
    (before.of_next(body) == hash).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::{LineHash, add, check, parts};

    #[test]
    fn the_hash_is_the_one_that_is_described() {
        let mut out = Vec::new();
        let hash = add(&mut out, b"{\"a\":1", LineHash::NONE);
        // printf '%064d{"a":1' 0 | sha256sum
        let expected = "a6fc8d7dbf738917ee8344e1cd5486b01255b25fe5de4df9be7af29689f6a1aa";
        assert_eq!(hash.as_str(), expected);
        let line = out.strip_suffix(b"\n").unwrap();
        assert_eq!(check(line, LineHash::NONE), Some(hash));
        assert_eq!(check(line, hash), None);
        assert_eq!(parts(line).unwrap().0, b"{\"a\":1");
        for short in 0..line.len() {
            assert_eq!(check(&line[..short], LineHash::NONE), None);
        }
    }
}
