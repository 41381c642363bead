//! Secrets that are known by their looks, wherever they stand in a text.

use std::borrow::Cow;

use crate::base::secret::looks_secret;

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "(hidden)";
const PEM_START: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";
const PEM_PRIVATE: &str = "PRIVATE KEY";
/// The shortest text that can be one.
const SECRET_MIN: usize = 16;

/// The text without them.
pub(super) fn hide(text: &str) -> Cow<'_, str> {
    if text.len() < SECRET_MIN {
        return Cow::Borrowed(text);
    }
    let text = keys(text);
    // An address with a password is one word up to white space, a token one up to a mark.
    let text = each(text, |c| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>'));
    each(text, |c| !(c.is_ascii_alphanumeric() || "-_.~+/".contains(c)))
}

/// Without private keys (RFC 7468), also one that is cut off.
fn keys(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(PEM_START) else { return Cow::Borrowed(text) };
    let (mut out, mut rest) = (text[..first].to_owned(), &text[first..]);
    loop {
        let label = rest[PEM_START.len()..].split("-----").next().unwrap_or_default();
        let end = rest.find(PEM_END).map(|at| at + PEM_END.len());
        let end = end.and_then(|at| Some(at + rest[at..].find("-----")? + "-----".len()));
        let end = end.unwrap_or(rest.len());
        out.push_str(if label.contains(PEM_PRIVATE) { HIDDEN } else { &rest[..end] });
        rest = &rest[end..];
        match rest.find(PEM_START) {
            Some(at) => {
                out.push_str(&rest[..at]);
                rest = &rest[at..];
            }
            None => return Cow::Owned(out + rest),
        }
    }
}

/// Without the words between these marks that look so.
fn each(text: Cow<'_, str>, is_mark: impl Fn(char) -> bool + Copy) -> Cow<'_, str> {
    if !text.split(is_mark).any(looks_secret) {
        return text;
    }
    let word = |piece: &str| {
        let bare = piece.trim_end_matches(is_mark);
        if looks_secret(bare) {
            format!("{HIDDEN}{}", &piece[bare.len()..])
        } else {
            piece.to_owned()
        }
    };
    Cow::Owned(text.split_inclusive(is_mark).map(word).collect())
}
