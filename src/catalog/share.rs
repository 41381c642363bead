//! How much of each server's list there is room for in the list of all.
//!
//! As long as all of it fits, all of it is there. Where it does not, each server may have the same
//! share, and what one with a short list leaves is the others': a server with thousands of items
//! takes no place from one with a few.

use std::fmt;

use super::entry::Entry;
use super::fair_share::share;
use crate::base::ServerName;
use crate::servers::Server;
use crate::wire::ListKind;

/// Bytes of one list of all servers: some 10,000 tools of the usual size.
const LIST_MAX: usize = 40 * 1024 * 1024;
/// What an item needs beside its definition.
const ENTRY: usize = 256;

/// What of a server's list is left out of that of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub server: ServerName,
    pub kind: ListKind,
    /// Items of it that are there.
    pub shown: usize,
    /// Items that it has.
    pub of: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (of, shown, noun) = (self.of, self.shown, self.kind.noun());
        let why = "the servers together have more than there is room for";
        write!(f, "of its {of} {noun}s {shown} are shown: {why}")
    }
}

pub(super) struct Share;

impl Share {
    /// What there is room for of each server's entries, and what is left out.
    pub(super) fn take(
        kind: ListKind,
        of_servers: Vec<(&Server, Vec<Entry>)>,
    ) -> (Vec<Entry>, Vec<LeftOut>) {
        let sizes = of_servers.iter().map(|(_, entries)| entries.iter().map(size).sum());
        let share = share(sizes.collect(), LIST_MAX);
        let (mut all, mut left_out) = (Vec::new(), Vec::new());
        for (server, mut entries) in of_servers {
            let of = entries.len();
            let mut used = 0;
            let mut fits = |entry: &Entry| {
                used += size(entry);
                used <= share
            };
            let shown = entries.iter().take_while(|entry| fits(entry)).count();
            if shown < of {
                entries.truncate(shown);
                left_out.push(LeftOut { server: server.name.clone(), kind, shown, of });
            }
            all.append(&mut entries);
        }
        (all, left_out)
    }
}

fn size(entry: &Entry) -> usize {
    ENTRY + entry.item.definition.len()
}
