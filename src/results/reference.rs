//! The handle of a kept result.

use std::fmt;

use crate::base::random;

/// What every handle begins with.
pub const PREFIX: &str = "r_";

/// The handle of a kept result: `r_` and 128 random bits in lower-case hex digits.
///
/// It works only together with the owner it was given to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref(u128);

impl Ref {
    pub(super) fn random() -> Self {
        Self(u128::from_be_bytes(random::bytes()))
    }

    /// Reads the form that [`fmt::Display`] writes; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        let is_ours = digits.len() == 32 && digits.bytes().all(hex);
        if is_ours { u128::from_str_radix(digits, 16).ok().map(Self) } else { None }
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{:032x}", self.0)
    }
}

impl fmt::Debug for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
