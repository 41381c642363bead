//! Tools and prompts: what is known by a name.
//!
//! An item is reached by the name it is shown under ([`super::naming`]), by that name before it was
//! shortened, by its full name `server__name`, and by its own name where only one server has it.

use std::collections::HashMap;
use std::sync::Arc;

use super::entry::Entry;
use super::naming::{self, Spaces, full_name, prefixed, shortened};
use super::own_tools::OwnTools;
use super::share::{LeftOut, Share};
use super::source::Source;
use crate::base::names::SEPARATOR;
use crate::base::nearest::nearest;
use crate::pins::PinKind;
use crate::wire::ListKind;

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
    /// Items that are not shown because the names they would have are others'.
    pub nameless: Vec<Entry>,
    /// Items that are kept from clients until a person accepts them. They have the names that they had, so nothing
    /// else is called otherwise because of them.
    held: Vec<Entry>,
}

/// Why a name leads to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// Nothing has this name.
    Unknown,
    /// The bare name belongs to several servers: the full names.
    Ambiguous(Vec<Arc<str>>),
}

impl Names {
    /// `own`: tools of ours, whose names no item can have.
    pub(super) fn of(
        sources: &[Source<'_>],
        kind: ListKind,
        own: &OwnTools,
    ) -> (Self, Vec<LeftOut>) {
        let spaces = Spaces::of(sources, own.0.iter().map(|tool| &*tool.name));
        let of_servers = sources.iter().map(|source| (source.0, entries_of(source, kind)));
        let (entries, left_out) = Share::take(kind, of_servers.collect());
        (Self::index(entries, kind, &spaces), left_out)
    }

    fn index(mut entries: Vec<Entry>, kind: ListKind, spaces: &Spaces<'_>) -> Self {
        let nameless = naming::give_names(&mut entries, spaces);
        let held = entries.extract_if(.., |entry| is_held(entry, kind)).collect();
        let mut names = Self { nameless, held, ..Self::default() };
        for (index, entry) in entries.iter_mut().enumerate() {
            entry.put_name();
            names.by_name.insert((*entry.shown).into(), index);
            if !spaces.is_taken(&entry.item.name) {
                names.by_bare_name.entry((*entry.item.name).into()).or_default().push(index);
            }
        }
        for (index, entry) in entries.iter().enumerate() {
            // The name before it was shortened, unless the entry gave way to another.
            let long =
                Some(prefixed(entry)).filter(|long| *entry.shown == *shortened(long.clone()));
            for name in [Some(full_name(entry)), long].into_iter().flatten() {
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

    /// The item that `name` stands for. `sees`: what whoever asks may know of; of several with a bare
    /// name those are meant. One that is not is still found where no other is: it is not this room's to
    /// refuse it.
    pub fn resolve(&self, name: &str, sees: impl Fn(&Entry) -> bool) -> Result<&Entry, NotFound> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(&self.entries[*index]);
        }
        let several = match self.by_bare_name.get(name).map(Vec::as_slice) {
            None | Some([]) => return Err(NotFound::Unknown),
            Some([index]) => return Ok(&self.entries[*index]),
            Some(several) => several.iter().map(|index| &self.entries[*index]),
        };
        let seen: Vec<&Entry> = several.clone().filter(|entry| sees(entry)).collect();
        match (seen.as_slice(), several.clone().next()) {
            ([one], _) => Ok(one),
            ([], Some(first)) => Ok(first),
            (seen, _) => {
                Err(NotFound::Ambiguous(seen.iter().map(|entry| entry.shown.clone()).collect()))
            }
        }
    }

    /// The item that is kept from clients and would be meant by a name that leads to nothing.
    pub fn held(&self, name: &str) -> Option<&Entry> {
        let is_it = |entry: &&Entry| {
            *entry.shown == *name || full_name(entry) == name || *entry.item.name == *name
        };
        self.held.iter().find(is_it)
    }

    /// The shown name that was probably meant by one that leads to nothing. Those that begin with the same
    /// server are looked at first. `sees`: what whoever asks may know of.
    pub fn nearest(&self, name: &str, sees: impl Fn(&Entry) -> bool) -> Option<Arc<str>> {
        let space =
            name.split_once(SEPARATOR).map_or(0, |(first, _)| first.len() + SEPARATOR.len());
        let space = &name[..space];
        let begin = self.entries.partition_point(|entry| &*entry.shown < space);
        let (before, behind) = self.entries.split_at(begin);
        let all = behind.iter().chain(before).filter(|entry| sees(entry)).flat_map(|entry| {
            let shown = &entry.shown;
            [(&**shown, shown), (&*entry.item.name, shown)]
        });
        nearest(name, all).cloned()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

fn is_held(entry: &Entry, kind: ListKind) -> bool {
    let kind = match kind {
        ListKind::Tools => PinKind::Tool,
        ListKind::Prompts => PinKind::Prompt,
        ListKind::Resources | ListKind::Templates => return false,
    };
    entry.server.holds(kind, &entry.item.name)
}

fn entries_of((server, offer): &Source<'_>, kind: ListKind) -> Vec<Entry> {
    let Some(offer) = offer else { return Vec::new() };
    let is_shown = |name: &str| kind != ListKind::Tools || server.config.policy.tools.allow(name);
    let items = offer.list(kind).items.iter().filter(|item| is_shown(&item.name));
    items.map(|item| Entry::new(server, item)).collect()
}
