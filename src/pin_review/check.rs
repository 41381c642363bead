//! What servers offer now, compared with a lock text.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::lock::{Locked, LockedItem};
use crate::base::ServerName;
use crate::pins::Book;
use crate::terminal::Exit;

/// How an item, or a server, is not as the text has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Standing {
    /// Its server is not up, so nobody can tell.
    Unknown,
    /// The text does not have it.
    New,
    Changed,
    /// The text has it, and no server.
    Gone,
}

impl Standing {
    pub(super) fn exit(self) -> Exit {
        match self {
            Self::Unknown => Exit::NotUp,
            Self::New => Exit::NewItems,
            Self::Changed | Self::Gone => Exit::ChangedItems,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Unknown => "is not up",
            Self::New => "is not in the file",
            Self::Changed => "is another",
            Self::Gone => "is gone",
        }
    }
}

/// What differs. Without an item: the whole server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Deviation {
    pub(super) server: ServerName,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) item: Option<String>,
    pub(super) verdict: Standing,
}

/// Compares. `books`: of the servers that are up; `down`: those that are not.
pub(super) fn compare(
    locked: &Locked,
    books: &[(ServerName, Book)],
    down: &BTreeSet<ServerName>,
) -> Vec<Deviation> {
    let unknown = down.iter().map(|server| Deviation {
        server: server.clone(),
        item: None,
        verdict: Standing::Unknown,
    });
    let mut all: BTreeSet<Deviation> = unknown.collect();
    let now: BTreeMap<LockedItem, &str> = books
        .iter()
        .flat_map(|(server, book)| book.pins().map(move |pin| (server, pin)))
        .filter_map(|(server, pin)| {
            let item = (server.clone(), pin.kind, pin.name.clone());
            Some((item, pin.now()?.digest.as_str()))
        })
        .collect();
    let mut add = |(server, kind, name): &LockedItem, verdict: Standing| {
        let item = Some(kind.title(name));
        all.insert(Deviation { server: server.clone(), item, verdict });
    };
    for (item, digest) in locked.iter().filter(|((server, ..), _)| !down.contains(server)) {
        match now.get(item) {
            None => add(item, Standing::Gone),
            Some(now) if now != digest => add(item, Standing::Changed),
            Some(_) => {}
        }
    }
    for item in now.keys().filter(|item| !locked.contains_key(*item)) {
        add(item, Standing::New);
    }
    all.into_iter().collect()
}
