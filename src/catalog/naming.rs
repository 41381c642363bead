//! Under which name an item is shown.
//!
//! Usually under its server's prefix and its own name. No list holds a name twice, and no server has a name
//! that is another's or ours, whichever of them runs: what is whose follows from the config alone.
//!
//! 1. A name whose part before the first `__` is another server's name or prefix is that server's, and one that
//!    begins with `callmux_` is ours. An item that would have such a name, or one that another item
//!    would have as well, is shown as `SERVER__NAME` instead.
//! 2. Those begin with the names of their own servers and are different, but for being shortened. Where two of one
//!    server were made the same by that, they get a longer fingerprint.
//! 3. What is still the same was made to be. Of those items one is shown, and the others are not.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::entry::Entry;
use super::source::Source;
use crate::base::fingerprint::fingerprint;
use crate::base::names::SEPARATOR;
use crate::servers::Server;

/// What our own tools begin with.
const OWN: &str = "callmux_";
/// Models' vendors take tool names of 64 characters, and clients put `mcp__callmux__` before ours.
pub(super) const SHOWN_MAX: usize = 64 - "mcp__callmux__".len();
/// Characters of the fingerprint at the end of a shortened name, and of the longer one.
const MARK: usize = 8;
const LONG_MARK: usize = 24;

/// Which names are whose.
#[derive(Debug, Default)]
pub(super) struct Spaces<'a> {
    servers: HashSet<&'a str>,
    prefixes: HashSet<&'a str>,
    /// Names that we list ourselves.
    own: HashSet<&'a str>,
}

impl<'a> Spaces<'a> {
    /// `own`: the tools that we list beside those of the servers.
    pub(super) fn of(sources: &'a [Source<'_>], own: impl Iterator<Item = &'a str>) -> Self {
        Self {
            servers: sources.iter().map(|(server, _)| server.name.as_str()).collect(),
            prefixes: sources.iter().map(|(server, _)| prefix(server)).collect(),
            own: own.collect(),
        }
    }

    /// Whether a name of an item of `server` would be another's, or ours.
    fn is_anothers(&self, name: &str, server: &Server) -> bool {
        let first = name.split_once(SEPARATOR).map(|(first, _)| first);
        let is_own_prefix = first == Some(prefix(server));
        match first {
            // Somebody who has named a server so wants it so.
            _ if self.is_ours(name) && !is_own_prefix => true,
            Some(first) if self.servers.contains(first) => {
                !(is_own_prefix && first == server.name.as_str())
            }
            Some(first) if self.prefixes.contains(first) => !is_own_prefix,
            _ => false,
        }
    }

    fn is_ours(&self, name: &str) -> bool {
        !self.own.is_empty() && (name.starts_with(OWN) || self.own.contains(name))
    }

    /// Whether a server's own name for an item cannot stand for it alone.
    pub(super) fn is_taken(&self, bare: &str) -> bool {
        let first = bare.split_once(SEPARATOR).map(|(first, _)| first);
        let is_space = |first| self.servers.contains(first) || self.prefixes.contains(first);
        self.is_ours(bare) || first.is_some_and(is_space)
    }
}

pub(super) fn prefix(server: &Server) -> &str {
    server.config.policy.prefix.as_deref().unwrap_or(server.name.as_str())
}

pub(super) fn full_name(entry: &Entry) -> String {
    format!("{}{SEPARATOR}{}", entry.server.name, entry.item.name)
}

/// The name with the server's prefix, and its alias if it has one, at full length.
pub(super) fn prefixed(entry: &Entry) -> String {
    let (server, own) = (&entry.server, &*entry.item.name);
    let name = server.config.policy.aliases.get(own).map_or(own, String::as_str);
    match prefix(server) {
        "" => name.to_owned(),
        prefix => format!("{prefix}{SEPARATOR}{name}"),
    }
}

/// Gives every entry its name, sorts them by it, and takes out those for which there is none.
pub(super) fn give_names(entries: &mut Vec<Entry>, spaces: &Spaces<'_>) -> Vec<Entry> {
    let mut count: HashMap<Arc<str>, usize> = HashMap::new();
    for entry in &mut *entries {
        let name = prefixed(entry);
        // Without a prefix a server's names are its own affair.
        let is_whole = prefix(&entry.server).is_empty();
        let name = if is_whole { name.into() } else { shortened(name) };
        // Whoever wants what is another's does not count: the other keeps it.
        if spaces.is_anothers(&name, &entry.server) {
            entry.shown = shortened(full_name(entry));
        } else {
            *count.entry(name.clone()).or_default() += 1;
            entry.shown = name;
        }
    }
    for entry in &mut *entries {
        if count.get(&entry.shown).is_some_and(|count| *count > 1) {
            entry.shown = shortened(full_name(entry));
        }
    }
    count.clear();
    for entry in &*entries {
        *count.entry(entry.shown.clone()).or_default() += 1;
    }
    let is_short =
        |entry: &Entry| *entry.shown != prefixed(entry) && *entry.shown != full_name(entry);
    for entry in &mut *entries {
        if count[&entry.shown] > 1 && is_short(entry) {
            entry.shown = marked(&full_name(entry), LONG_MARK);
        }
    }
    entries.sort_by_cached_key(|entry| (entry.shown.clone(), is_short(entry), full_name(entry)));
    let mut last: Option<Arc<str>> = None;
    let (named, nameless) = std::mem::take(entries).into_iter().partition(|entry| {
        last.replace(entry.shown.clone()).is_none_or(|last| last != entry.shown)
    });
    *entries = named;
    nameless
}

/// The name itself if it is short enough; else its beginning and a fingerprint of the whole.
pub(super) fn shortened(name: String) -> Arc<str> {
    if name.len() <= SHOWN_MAX { name.into() } else { marked(&name, MARK) }
}

/// The beginning of a name, and so many characters of a fingerprint of the whole. Whoever wants to
/// can make two names that have the same.
fn marked(name: &str, len: usize) -> Arc<str> {
    let (forth, back) = (fingerprint(name.bytes()), fingerprint(name.bytes().rev()));
    let mark = format!("{forth:016x}{back:016x}");
    let start = crate::base::clip::start(name, SHOWN_MAX - len - 1);
    format!("{start}_{}", &mark[..len]).into()
}

#[cfg(test)]
mod tests {
    use super::{SHOWN_MAX, shortened};

    #[test]
    fn long_names_are_shortened_the_same_way_each_time() {
        assert_eq!(&*shortened("git__log".into()), "git__log");
        let long = |end: &str| shortened(format!("{}{end}", "x".repeat(60)));
        assert_eq!(long("a"), long("a"));
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a").len(), SHOWN_MAX);
        assert!(shortened("ü".repeat(60)).len() <= SHOWN_MAX);
        // Agents remember names: this one must never change.
        let name = shortened(format!("b__{}16809", "l".repeat(50)));
        assert_eq!(&*name, "b__llllllllllllllllllllllllllllllllllllll_331ca619");
    }
}
