//! What servers want agents to know, where a client lists none of their tools: its beginning from the first turn on,
//! and the rest with the first search that finds a tool of theirs.

use std::collections::HashSet;

use crate::base::{Lock, ServerName, clip};

/// How much of it stands in every prompt, in bytes, and how much of the rest is told.
const BEGINNING_MAX: usize = 300;
const REST_MAX: usize = 1_500;

/// The beginning, and what lies behind it: whole sentences where one fits. `most`: bytes of the beginning, which
/// has [`BEGINNING_MAX`] in any case at the most.
pub fn parts(text: &str, most: usize) -> (&str, &str) {
    let most = most.min(BEGINNING_MAX);
    if text.len() <= most {
        return (text, "");
    }
    let head = clip::start(text, most);
    let is_end = |(at, sign): &(usize, char)| {
        *sign == '\n' || matches!(sign, '.' | '!' | '?') && text[at + 1..].starts_with(' ')
    };
    let sentence = head.char_indices().rev().find(is_end).map(|(at, _)| at + 1);
    let word = || head.rfind(' ').map(|at| at + 1);
    let (beginning, rest) = text.split_at(sentence.or_else(word).unwrap_or(head.len()));
    (beginning.trim_end(), rest.trim())
}

/// As much of the rest as is told.
pub fn rest(text: &str) -> &str {
    clip::start(parts(text, BEGINNING_MAX).1, REST_MAX)
}

/// The servers of which a session was told the rest.
#[derive(Debug, Default)]
pub struct ToldServers(Lock<HashSet<ServerName>>);

impl ToldServers {
    /// Whether the session was not told of this one yet; from now on it was.
    pub fn is_new(&self, server: &ServerName) -> bool {
        let mut told = self.0.lock();
        !told.contains(server) && told.insert(server.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{BEGINNING_MAX, parts, rest};

    #[test]
    fn a_beginning_ends_where_a_sentence_does() {
        assert_eq!(parts("Short.", 300), ("Short.", ""));
        assert_eq!(parts("One is. Two are", 10), ("One is.", "Two are"));
        assert_eq!(parts("One\nTwo are", 6), ("One", "Two are"));
        assert_eq!(parts("one two three", 9), ("one two", "three"));
        assert_eq!(parts("öööööö", 5), ("öö", "öööö"));
        let long = "It is so. ".repeat(400);
        let (beginning, behind) = parts(&long, usize::MAX);
        assert!(beginning.len() <= BEGINNING_MAX && beginning.ends_with("so."));
        assert_eq!(beginning.len() + 1 + behind.len(), long.trim().len());
        assert!(rest(&long).len() <= 1_500 && rest("Short.").is_empty());
    }
}
