//! What was accepted of one server.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::kind::PinKind;
use super::moved::{Change, Moved};
use super::pinned::Pinned;

/// Changes of one item that are known to have been told.
const TOLD_MAX: usize = 16;
/// What is told of a removal in place of a digest.
const GONE: &str = "gone";

/// An item that a server offers: its name, and its definition as the server wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Offered<'a> {
    pub kind: PinKind,
    pub name: &'a str,
    pub text: &'a str,
}

/// One item of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    pub kind: PinKind,
    pub name: String,
    /// `None`: it came later than the others, and nobody has accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Pinned>,
    /// What it is now, if that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Pinned>,
    /// It is not offered any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// The digests of what was told of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    told: Vec<String>,
}

impl Pin {
    fn new(offered: &Offered<'_>) -> Self {
        let Offered { kind, name, .. } = *offered;
        let name = name.to_owned();
        Self { kind, name, accepted: None, seen: None, gone: false, told: Vec::new() }
    }

    /// How it differs from what was accepted, if it does.
    pub fn change(&self) -> Option<Change> {
        match (&self.accepted, &self.seen) {
            _ if self.gone => Some(Change::Gone),
            (None, _) => Some(Change::New),
            (Some(accepted), Some(seen)) => Some(Change::Parts(accepted.differing(seen))),
            (Some(_), None) => None,
        }
    }

    /// What it is now; `None` if it is gone.
    pub fn now(&self) -> Option<&Pinned> {
        self.seen.as_ref().or(self.accepted.as_ref()).filter(|_| !self.gone)
    }

    /// Whether this was not told before.
    fn tells(&mut self, what: &str) -> bool {
        if self.told.iter().any(|told| told == what) {
            return false;
        }
        if self.told.len() >= TOLD_MAX {
            self.told.remove(0);
        }
        self.told.push(what.to_owned());
        true
    }
}

/// What is told of an item, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedItem {
    pub kind: PinKind,
    pub name: String,
    pub change: Change,
}

/// What came of a look.
#[derive(Debug, Default)]
pub struct Looked {
    pub moved: Moved,
    /// What was not told before.
    pub told: Vec<MovedItem>,
    /// Why nobody knows what was accepted.
    pub trouble: Option<String>,
    /// Whether the book is another now.
    pub(super) is_news: bool,
}

/// An item that was accepted, and what had changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub kind: PinKind,
    pub name: String,
    pub change: Change,
    /// As it is from now on; `None` if it is gone.
    pub digest: Option<String>,
}

/// No item of the server is called so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoSuchItem(pub(super) String);

/// All items of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BookFile", into = "BookFile")]
pub struct Book(BTreeMap<(PinKind, String), Pin>);

/// A book as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct BookFile {
    items: Vec<Pin>,
}

impl From<BookFile> for Book {
    fn from(BookFile { items }: BookFile) -> Self {
        Self(items.into_iter().map(|pin| ((pin.kind, pin.name.clone()), pin)).collect())
    }
}

impl From<Book> for BookFile {
    fn from(Book(items): Book) -> Self {
        Self { items: items.into_values().collect() }
    }
}

impl Book {
    /// The book of a server that is seen for the first time: all of it is accepted. `None`: it offers nothing, so
    /// there is nothing yet that somebody could have looked at. What it offers after a login, say, is its first offer.
    pub(super) fn begin(offered: &[Offered<'_>]) -> Option<Self> {
        let pins = offered.iter().map(|offered| {
            let accepted = Some(Pinned::of(offered.kind, offered.text));
            ((offered.kind, offered.name.to_owned()), Pin { accepted, ..Pin::new(offered) })
        });
        Some(Self(pins.collect())).filter(|book| !book.0.is_empty())
    }

    pub fn pins(&self) -> impl Iterator<Item = &Pin> {
        self.0.values()
    }

    /// Holds what is offered against what was accepted, and notes it. `whole`: the kinds of which all items are
    /// there, so that one that is missing is gone.
    pub(super) fn look(&mut self, offered: &[Offered<'_>], whole: &[PinKind]) -> Looked {
        let mut looked = Looked::default();
        for offered in offered {
            self.look_at(offered, &mut looked);
        }
        let there: BTreeSet<(PinKind, &str)> =
            offered.iter().map(|offered| (offered.kind, offered.name)).collect();
        let is_missing = |pin: &Pin| {
            whole.contains(&pin.kind) && !there.contains(&(pin.kind, pin.name.as_str()))
        };
        let before = self.0.len();
        self.0.retain(|_, pin| pin.accepted.is_some() || !is_missing(pin));
        looked.is_news |= self.0.len() != before;
        for pin in self.0.values_mut().filter(|pin| is_missing(pin)) {
            looked.moved.add(pin.kind, &pin.name, Change::Gone);
            if !pin.gone {
                (pin.gone, looked.is_news) = (true, true);
                if pin.tells(GONE) {
                    let (kind, name) = (pin.kind, pin.name.clone());
                    looked.told.push(MovedItem { kind, name, change: Change::Gone });
                }
            }
        }
        looked
    }

    fn look_at(&mut self, offered: &Offered<'_>, looked: &mut Looked) {
        let Offered { kind, name, text } = *offered;
        let is_known = |pin: &Option<Pinned>| pin.as_ref().is_some_and(|it| it.is_same(kind, text));
        let key = (kind, name.to_owned());
        let pin = self.0.entry(key).or_insert_with(|| {
            looked.is_news = true;
            Pin::new(offered)
        });
        looked.is_news |= std::mem::take(&mut pin.gone);
        if is_known(&pin.accepted) {
            looked.is_news |= pin.seen.take().is_some();
            return;
        }
        if !is_known(&pin.seen) {
            (pin.seen, looked.is_news) = (Some(Pinned::of(kind, text)), true);
        }
        let change = pin.change().unwrap_or(Change::New);
        let digest = pin.seen.as_ref().map(|seen| seen.digest.clone()).unwrap_or_default();
        if pin.tells(&digest) {
            looked.is_news = true;
            looked.told.push(MovedItem { kind, name: name.to_owned(), change: change.clone() });
        }
        looked.moved.add(kind, name, change);
    }

    /// Accepts what these items are now, or all if none is named. `Err`: there is none of this name.
    pub(super) fn accept(&mut self, names: &[String]) -> Result<Vec<Accepted>, NoSuchItem> {
        let is_meant = |pin: &Pin| names.is_empty() || names.iter().any(|name| pin.is_called(name));
        if let Some(name) = names.iter().find(|name| !self.pins().any(|pin| pin.is_called(name))) {
            return Err(NoSuchItem(name.clone()));
        }
        let mut accepted = Vec::new();
        for pin in self.0.values_mut().filter(|pin| is_meant(pin)) {
            let Some(change) = pin.change() else { continue };
            pin.accepted = pin.now().cloned();
            (pin.seen, pin.told) = (None, Vec::new());
            let digest = pin.accepted.as_ref().map(|accepted| accepted.digest.clone());
            accepted.push(Accepted { kind: pin.kind, name: pin.name.clone(), change, digest });
        }
        self.0.retain(|_, pin| pin.accepted.is_some() || pin.seen.is_some());
        Ok(accepted)
    }
}

impl Pin {
    /// Whether a person means it: by its name, or by what it is and its name.
    pub fn is_called(&self, word: &str) -> bool {
        self.name == word && self.kind != PinKind::Instructions
            || self.kind == PinKind::Instructions && word == self.kind.as_str()
            || word.split_once(':').is_some_and(|(kind, name)| {
                PinKind::parse(kind) == Some(self.kind) && self.name == name
            })
    }
}
