//! What can stand somewhere, as a shell is told of it.

use std::borrow::Cow;

use crate::base::visible;

/// Something that can stand there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) kind: OfferKind,
    pub(super) text: String,
    pub(super) description: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfferKind {
    Name,
    Option,
    /// Files, which the shell knows how to look for.
    Files,
    /// Programs, which it does too.
    Programs,
}

/// Whether a text can stand in a line as it is, and for a word of it.
pub(super) fn is_word(text: &str) -> bool {
    matches!(visible::line(text), Cow::Borrowed(_))
        && !text.is_empty()
        && !text.starts_with(':')
        && !text.contains(|c: char| c.is_whitespace() || "'\"\\$`&|;<>()*?[]{}~#!".contains(c))
}
