//! Tools and prompts: what is known by a name.
//!
//! Two items that would be shown under the same name both fall back to `server__name`. A name that
//! clients could not use any more once they have put their own prefix before it is shortened, the
//! same way each time; the full name leads to the item all the same.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Entry;
use crate::base::ServerName;
use crate::base::fingerprint::fingerprint;
use crate::base::names::SEPARATOR;
use crate::servers::Server;
use crate::wire::ListKind;

/// Models' vendors take tool names of 64 characters, and clients put `mcp__callmux__` before ours.
const SHOWN_MAX: usize = 64 - "mcp__callmux__".len();
/// Characters of the fingerprint at the end of a shortened name.
const MARK: usize = 8;

/// The items of one list and every name that leads to them.
#[derive(Debug, Default)]
pub struct Names {
    entries: Vec<Entry>,
    /// Every name an item can be reached by → its entry.
    by_name: HashMap<Box<str>, usize>,
    /// The server's own names → entries; more than one if the name is not unique.
    by_bare_name: HashMap<Box<str>, Vec<usize>>,
    /// Whether any tool wants arguments to be repeated in headers.
    pub has_mirrors: bool,
}

/// Why a name leads to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// Nothing has this name; the nearest name that something has.
    Unknown { nearest: Option<Arc<str>> },
    /// The bare name belongs to several servers: the full names.
    Ambiguous(Vec<Arc<str>>),
}

impl Names {
    /// `taken`: names that no item can have.
    pub(super) fn of(
        servers: &BTreeMap<ServerName, Server>,
        kind: ListKind,
        taken: &[&str],
    ) -> Self {
        let entries = servers.values().flat_map(|server| entries_of(server, kind)).collect();
        Self::index(entries, taken)
    }

    fn index(mut entries: Vec<Entry>, taken: &[&str]) -> Self {
        give_way(&mut entries, taken);
        entries.sort_by(|a, b| a.shown.cmp(&b.shown));
        let mut names = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            names.by_name.insert((*entry.shown).into(), index);
            names.by_bare_name.entry((*entry.item.name).into()).or_default().push(index);
        }
        for (index, entry) in entries.iter().enumerate() {
            // The name before it was shortened, unless the entry gave way to another.
            let long =
                Some(prefixed(entry)).filter(|long| *entry.shown == *shortened(long.clone()));
            let full = full_name(&entry.server.name, &entry.item.name);
            for name in long.into_iter().chain([full]) {
                names.by_name.entry(name.into()).or_insert(index);
            }
        }
        names.has_mirrors = entries.iter().any(|entry| !entry.item.mirrors.is_empty());
        names.entries = entries;
        names
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Items that are not shown under their prefix and name, and what that would be.
    pub fn renamed(&self) -> impl Iterator<Item = (&Entry, String)> {
        let with_name = self.entries.iter().map(|entry| (entry, prefixed(entry)));
        with_name.filter(|(entry, name)| *entry.shown != **name)
    }

    /// The item that `name` stands for: the name it is shown under, that name before it was
    /// shortened, its full name `server__name`, or its own where only one server has it.
    pub fn resolve(&self, name: &str) -> Result<&Entry, NotFound> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(&self.entries[*index]);
        }
        match self.by_bare_name.get(name).map(Vec::as_slice) {
            Some([index]) => Ok(&self.entries[*index]),
            Some(several) => Err(NotFound::Ambiguous(
                several.iter().map(|index| self.entries[*index].shown.clone()).collect(),
            )),
            None => Err(NotFound::Unknown { nearest: self.nearest(name) }),
        }
    }

    fn nearest(&self, name: &str) -> Option<Arc<str>> {
        // Long names are no typing errors, and comparing them is not free.
        let short = name.get(..name.len().min(128))?;
        let distance = |entry: &Entry| {
            let full = strsim::damerau_levenshtein(short, &entry.shown);
            full.min(strsim::damerau_levenshtein(short, &entry.item.name))
        };
        let (best, entry) =
            self.entries.iter().map(|entry| (distance(entry), entry)).min_by_key(|(d, _)| *d)?;
        (best <= 3.min(short.chars().count() / 2)).then(|| entry.shown.clone())
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

fn full_name(server: &ServerName, name: &str) -> String {
    format!("{server}{SEPARATOR}{name}")
}

fn prefix(server: &Server) -> &str {
    server.config.prefix.as_deref().unwrap_or(server.name.as_str())
}

/// The name with the server's prefix, and its alias if it has one, at full length.
fn prefixed(entry: &Entry) -> String {
    let (server, own) = (&entry.server, &*entry.item.name);
    let name = server.config.aliases.get(own).map_or(own, String::as_str);
    match prefix(server) {
        "" => name.to_owned(),
        prefix => format!("{prefix}{SEPARATOR}{name}"),
    }
}

fn entries_of(server: &Server, kind: ListKind) -> Vec<Entry> {
    let Some(offer) = server.status().offer.clone() else { return Vec::new() };
    let is_shown = |name: &str| kind != ListKind::Tools || server.config.tools.allow(name);
    let items = offer.list(kind).items.iter().filter(|item| is_shown(&item.name));
    items
        .map(|item| {
            let entry = Entry { shown: "".into(), server: server.clone(), item: item.clone() };
            // Without a prefix a server's names are its own affair.
            let name = prefixed(&entry);
            let is_ours = !prefix(server).is_empty();
            Entry { shown: if is_ours { shortened(name) } else { name.into() }, ..entry }
        })
        .collect()
}

/// Items that would share a name, or have one that is taken, are shown under their full names instead.
fn give_way(entries: &mut [Entry], taken: &[&str]) {
    let mut count: HashMap<Arc<str>, usize> =
        taken.iter().map(|name| (Arc::from(*name), 1)).collect();
    for entry in entries.iter() {
        *count.entry(entry.shown.clone()).or_default() += 1;
    }
    for entry in entries {
        if count[&entry.shown] > 1 {
            entry.shown = shortened(full_name(&entry.server.name, &entry.item.name));
        }
    }
}

/// The name itself if it is short enough; else its beginning and a fingerprint of the whole.
fn shortened(name: String) -> Arc<str> {
    if name.len() <= SHOWN_MAX {
        return name.into();
    }
    let mark = fingerprint(name.bytes()) >> (64 - 4 * MARK);
    let mut end = SHOWN_MAX - MARK - 1;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{mark:0MARK$x}", &name[..end]).into()
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
    }
}
