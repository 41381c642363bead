//! What a server is shown, kept out of what is written about it: it may repeat what it was sent.

use std::collections::VecDeque;

use hyper::Uri;
use hyper::header::{HeaderMap, HeaderValue};

use crate::base::Secret;

/// Credentials that are remembered: what is renewed may still be repeated for a while.
const CREDENTIALS_MAX: usize = 4;
/// What is shorter is no secret, and would be found everywhere.
const SECRET_MIN: usize = 4;
/// The same for a part of a path, which mostly is a word.
const SEGMENT_MIN: usize = 12;
/// What stands in its place.
const HIDDEN: &str = "(hidden)";

/// What must not be repeated about one server.
pub struct Redaction {
    /// Of its config; long ones first, since one may hold another.
    fixed: Vec<Secret>,
    credentials: VecDeque<HeaderValue>,
}

impl Redaction {
    /// `headers`: those of the user are marked as sensitive.
    pub fn new(url: &Uri, headers: &HeaderMap) -> Self {
        let of_headers = headers.values().filter(|value| value.is_sensitive()).filter_map(secret);
        let query = url.query().unwrap_or_default().split('&');
        let of_query = query.map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        let of_path = url.path().split('/').filter(|segment| segment.len() >= SEGMENT_MIN);
        let all = of_headers.chain(of_query).chain(of_path);
        let mut fixed: Vec<_> = all
            .filter(|secret| secret.len() >= SECRET_MIN)
            .map(|secret| Secret::new(secret.to_owned()))
            .collect();
        fixed.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self { fixed, credentials: VecDeque::new() }
    }

    /// The server is about to be shown this.
    pub fn note(&mut self, credential: &HeaderValue) {
        if self.credentials.contains(credential) {
            return;
        }
        self.credentials.truncate(CREDENTIALS_MAX - 1);
        self.credentials.push_front(credential.clone());
    }

    /// The text without any of it.
    pub fn redact(&self, text: &str) -> String {
        let credentials = self.credentials.iter().filter_map(secret);
        let all = credentials.chain(self.fixed.iter().map(Secret::expose));
        all.fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }
}

/// What of a header's value is the secret: what follows the scheme, if there is one (RFC 9110,
/// section 11.4).
fn secret(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?.trim();
    let secret = text.split_once(' ').map_or(text, |(_, rest)| rest.trim());
    (!secret.is_empty()).then_some(secret)
}

#[cfg(test)]
mod tests;
