//! What a server offers: its lists, each definition as the server wrote it.
//!
//! Whatever a server sends here is kept in memory, read by operators and put into every prompt, so all of it has
//! a bound: a list ([`list`]), a definition and what people and models read of it ([`item`]), the
//! instructions. What is beyond is left out or cut, the rest lives, and the operator is told.

mod item;
mod list;
mod read;
mod remarks;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::clip;
use crate::wire::{ListKind, ServerCapabilities};

pub use item::Item;
pub use list::List;
pub use read::{read, read_all};
pub use remarks::{Remark, Remarks};

/// Bytes of a server's instructions, or of a description, that are passed on. The most patient
/// client known reads 16,384 characters of either.
pub const TEXT_MAX: usize = 32 * 1024;

/// All that a server offers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offer {
    /// What the server wants agents to know, as far as it is passed on.
    pub instructions: Option<Arc<str>>,
    /// What was wrong with the instructions.
    pub instructions_remark: Option<Arc<str>>,
    pub capabilities: Arc<ServerCapabilities>,
    lists: [Arc<List>; 4],
}

impl Offer {
    /// An offer with empty lists. `instructions`: as the server wrote them.
    pub fn new(instructions: Option<&str>, capabilities: ServerCapabilities) -> Self {
        let (instructions, remark) =
            instructions.map(|text| shortened("instructions", text)).unzip();
        Self {
            instructions: instructions.map(Into::into),
            instructions_remark: remark.flatten().map(Into::into),
            capabilities: Arc::new(capabilities),
            lists: Default::default(),
        }
    }

    pub fn list(&self, kind: ListKind) -> &Arc<List> {
        &self.lists[kind.index()]
    }

    pub fn set(&mut self, kind: ListKind, list: List) {
        self.lists[kind.index()] = Arc::new(list);
    }

    /// What is wrong with it that was not wrong in the same way before: one for each list.
    pub fn complaints_beside(&self, old: Option<&Self>) -> Vec<Complaint> {
        let mut all = Vec::new();
        if let Some(remark) = &self.instructions_remark
            && old.is_none_or(|old| old.instructions_remark != self.instructions_remark)
        {
            all.push(Complaint { definition: None, message: remark.to_string() });
        }
        for kind in ListKind::ALL {
            let (list, old) = (self.list(kind), old.map(|old| old.list(kind)));
            let is_new = old.is_none_or(|old| !list.is_as_wrong_as(old));
            if let Some(message) = list.complaint(kind).filter(|_| is_new) {
                let first = list.refused.first().iter().chain(list.trimmed.first()).next();
                all.push(Complaint { definition: first.map(|it| it.name.clone()), message });
            }
        }
        all
    }

    /// How many definitions are left out because something is wrong with them.
    pub fn refused(&self) -> usize {
        self.lists.iter().map(|list| list.refused.count()).sum()
    }

    /// Bytes that were read for it.
    pub fn size(&self) -> usize {
        self.lists.iter().map(|list| list.size).sum()
    }
}

/// What an operator is told of an offer at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The first definition that it is about.
    pub definition: Option<String>,
    pub message: String,
}

/// A text as it is passed on, and what is to be told if that is not all of it. `what`: which text.
pub fn shortened<'t>(what: &str, text: &'t str) -> (Cow<'t, str>, Option<String>) {
    let len = text.len();
    if len <= TEXT_MAX {
        return (Cow::Borrowed(text), None);
    }
    let mark = format!(" … [cut by callmux: the whole has {len} bytes]");
    // With the mark it is short enough: what was cut once is not cut again.
    let start = clip::start(text, TEXT_MAX - mark.len());
    let have = if what.ends_with('s') { "have" } else { "has" };
    let remark = format!("its {what} {have} {len} bytes; the beginning is passed on");
    (Cow::Owned(format!("{start}{mark}")), Some(remark))
}

#[cfg(test)]
impl Offer {
    /// An offer of what these pages have.
    pub fn from_pages(pages: &[(ListKind, &str)]) -> Self {
        let mut offer = Self::default();
        for (kind, page) in pages {
            let mut building = list::Building::new(*kind);
            building.add_page(page).expect("a page that can be read");
            offer.set(*kind, building.finish());
        }
        offer
    }
}
