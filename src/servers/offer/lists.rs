//! All that a server offers, and what an operator is told of it.

use std::sync::Arc;

use super::list::List;
use crate::definitions::shortened;
use crate::pins::Moved;
use crate::wire::{ListKind, ServerCapabilities, Topic};

/// All that a server offers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offer {
    /// What the server wants agents to know, as far as it is passed on.
    pub instructions: Option<Arc<str>>,
    /// What was wrong with the instructions.
    pub instructions_remark: Option<Arc<str>>,
    pub capabilities: Arc<ServerCapabilities>,
    lists: [Arc<List>; 4],
    /// What of it is not as it was accepted.
    pub moved: Arc<Moved>,
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
            moved: Arc::default(),
        }
    }

    pub fn list(&self, kind: ListKind) -> &Arc<List> {
        &self.lists[kind.index()]
    }

    pub fn set(&mut self, kind: ListKind, list: List) {
        self.lists[kind.index()] = Arc::new(list);
    }

    /// Notes what the server has though its capabilities do not tell of it.
    pub(super) fn note_untold(&mut self) {
        let has =
            |topic: &Topic| topic.lists().iter().any(|kind| !self.list(*kind).items.is_empty());
        let found: Vec<Topic> = Topic::ALL.into_iter().filter(has).collect();
        self.capabilities = Arc::new(self.capabilities.with(&found));
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
                let first = list.refused.first().iter().chain(list.changed.first()).next();
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

#[cfg(test)]
impl Offer {
    /// An offer of what these pages have.
    pub fn from_pages(pages: &[(ListKind, &str)]) -> Self {
        let mut offer = Self::default();
        for (kind, page) in pages {
            let mut building = super::list::Building::new(*kind);
            building.add_page(page).expect("a page that can be read");
            offer.set(*kind, building.finish());
        }
        offer
    }
}
