//! What the config has of a token, in place of its text.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::base::random;

/// What the config has of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenHash {
    /// The SHA-256 of its text: `sha256:` and 64 hexadecimal digits.
    Sha256([u8; 32]),
    /// As the npm callmux has it: `scrypt$N$r$p$SALT$KEY`.
    Scrypt(Arc<ScryptHash>),
}

/// The scrypt (RFC 7914) of a token's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScryptHash {
    /// The binary logarithm of N.
    pub log_n: u8,
    pub r: u32,
    pub p: u32,
    pub salt: Box<[u8]>,
    /// What comes of it.
    pub key: Box<[u8]>,
}

impl ScryptHash {
    /// The most memory that trying a token may take, in bytes: 128 · N · r. The npm callmux takes 16 MiB.
    pub const MEMORY_MAX: u64 = 64 << 20;
    /// The most steps, N · r · p: eight times those of the npm callmux.
    const STEPS_MAX: u64 = 1 << 20;
    /// Bytes of a salt.
    const SALT_MAX: usize = 64;
    /// Bytes of what comes of it: fewer would be found by trying.
    const KEYS: std::ops::RangeInclusive<usize> = 16..=64;

    /// Reads one as it is written; `None`: it is none. Whether it can be borne is another question.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("scrypt$")?.split('$');
        let mut number = || parts.next()?.parse::<u32>().ok().filter(|number| *number > 0);
        let (n, r, p) = (number()?, number()?, number()?);
        let mut bytes = || BASE64.decode(parts.next()?.trim_end_matches('=')).ok();
        let (salt, key) = (bytes()?, bytes()?);
        let is_one = n > 1 && n.is_power_of_two() && parts.next().is_none();
        let fits = salt.len() <= Self::SALT_MAX && Self::KEYS.contains(&key.len());
        let log_n = u8::try_from(n.trailing_zeros()).ok()?;
        (is_one && fits).then(|| Self { log_n, r, p, salt: salt.into(), key: key.into() })
    }

    /// That of a token, with the numbers of the npm callmux and a salt of chance. It takes tens of
    /// milliseconds.
    pub fn of(token: &str) -> Option<Self> {
        let salt: [u8; 16] = random::bytes();
        let hash = Self { log_n: 14, r: 8, p: 1, salt: salt.into(), key: vec![0; 32].into() };
        let key = hash.made_of(token)?;
        Some(Self { key, ..hash })
    }

    /// Whether it is that of this token. It takes as long for any other.
    pub fn fits(&self, token: &str) -> bool {
        let made = self.made_of(token);
        let differing = |made: Box<[u8]>| {
            made.iter().zip(&*self.key).fold(0, |sum, (one, other)| sum | (one ^ other))
        };
        made.map(differing) == Some(0)
    }

    fn made_of(&self, token: &str) -> Option<Box<[u8]>> {
        if !self.is_bearable() {
            return None;
        }
        let params = scrypt::Params::new(self.log_n, self.r, self.p).ok()?;
        let mut key = vec![0; self.key.len()];
        scrypt::scrypt(token.as_bytes(), &self.salt, &params, &mut key).ok()?;
        Some(key.into())
    }

    /// Whether trying a token takes no more than there is for it.
    pub fn is_bearable(&self) -> bool {
        let block = u64::from(self.r) << self.log_n.min(32);
        block.saturating_mul(128) <= Self::MEMORY_MAX
            && block.saturating_mul(u64::from(self.p)) <= Self::STEPS_MAX
    }
}

impl TokenHash {
    /// Whether trying a token takes so much that it is done once.
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::Scrypt(_))
    }
}

/// As the config has it.
impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(hash) => {
                f.write_str("sha256:")?;
                hash.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Scrypt(hash) => {
                let ScryptHash { log_n, r, p, salt, key } = &**hash;
                let (n, salt, key) = (1u64 << log_n, BASE64.encode(salt), BASE64.encode(key));
                write!(f, "scrypt${n}${r}${p}${salt}${key}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ScryptHash, TokenHash};

    /// What `crypto.scryptSync` of Node.js makes of `npm-token-one`, `npm-token-two` and `an npm token`: the
    /// last with the numbers that the npm callmux has.
    const MADE: [(&str, &str); 3] = [
        (
            "npm-token-one",
            "scrypt$16$8$1$Y2FsbG11eCBmaXhlZCBzYQ$WHAIqCePmwSRa2_E7upIueboV6nuxQtJDaDs-VBXOzY",
        ),
        (
            "npm-token-two",
            "scrypt$32$4$2$Y2FsbG11eCBmaXhlZCBzYQ$kLgQn_vVxLW4i1302jxmSrOjmyY8bfEtNK20r0YAxnM",
        ),
        (
            "an npm token",
            "scrypt$16384$8$1$Y2FsbG11eCBmaXhlZCBzYQ$RTWlUW8wED6xcV5OBadWhuHPXSGYbWtcWlXtbf1Sahw",
        ),
    ];

    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn one_of_npms_is_read_and_written() {
        let text = format!("scrypt$16384$8$1$c2FsdC1_$${KEY}").replace("$$", "$");
        let hash = ScryptHash::parse(&text).unwrap();
        assert_eq!((hash.log_n, hash.r, hash.p, &*hash.salt), (14, 8, 1, &b"salt-\x7f"[..]));
        assert!(hash.is_bearable());
        assert_eq!(TokenHash::Scrypt(hash.into()).to_string(), text);
        for wrong in [
            "",
            "scrypt$",
            "scrypt$16384$8$1$c2FsdA",
            &format!("scrypt$16384$8$1$c2FsdA${KEY}$"),
            &format!("scrypt$16383$8$1$c2FsdA${KEY}"),
            &format!("scrypt$1$8$1$c2FsdA${KEY}"),
            &format!("scrypt$16384$0$1$c2FsdA${KEY}"),
            &format!("scrypt$16384$8$-1$c2FsdA${KEY}"),
            &format!("scrypt$16384$8$1$c2+dA${KEY}"),
            "scrypt$16384$8$1$c2FsdA$c2FsdA",
            &format!("scrypt$4294967296$8$1$c2FsdA${KEY}"),
        ] {
            assert_eq!(ScryptHash::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn node_and_we_make_the_same_of_a_token() {
        for (token, text) in MADE {
            let hash = ScryptHash::parse(text).unwrap();
            assert!(hash.fits(token), "{token}");
        }
        let hash = ScryptHash::parse(MADE[0].1).unwrap();
        assert!(!hash.fits("npm-token-two") && !hash.fits(""));
        let heavy = ScryptHash { log_n: 20, ..hash };
        assert!(!heavy.fits("npm-token-one"), "what cannot be borne is not tried");
        assert!(ScryptHash::of("a token").unwrap().fits("a token"));
    }

    #[test]
    fn what_takes_too_much_is_not_bearable() {
        for (n, r, p, expected) in [
            (16384, 8, 1, true),
            (65536, 8, 1, true),
            (65536, 8, 2, true),
            (16384, 8, 8, true),
            (16384, 8, 9, false),
            (131_072, 8, 1, false),
            (2, u32::MAX, 1, false),
            (1_u32 << 31, u32::MAX, u32::MAX, false),
        ] {
            let hash = ScryptHash::parse(&format!("scrypt${n}${r}${p}$c2FsdA${KEY}")).unwrap();
            assert_eq!(hash.is_bearable(), expected, "{n} {r} {p}");
        }
    }
}
