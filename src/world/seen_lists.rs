//! The lists that some may see only in part, kept until there is another catalog or another gate.

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::ApplicableRules;
use crate::base::Lock;
use crate::catalog::Shown;
use crate::wire::ListKind;

/// Bytes that are kept; before there are more, all are forgotten.
const KEPT_MAX: usize = 32 << 20;
/// Bytes that a list takes beside its pages.
const ENTRY: usize = 1024;

/// Which list it is: its kind, for which of the config's clients it is made, and by which rules.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SeenList {
    pub kind: ListKind,
    /// See [`crate::catalog::Catalog::shown`].
    pub client: Option<usize>,
    pub rules: ApplicableRules,
}

/// The lists of one catalog under one gate. Those whom the same rules are about see the same.
#[derive(Debug, Default)]
pub struct SeenLists(Lock<KeptLists>);

#[derive(Debug, Default)]
struct KeptLists {
    lists: HashMap<SeenList, Arc<Shown>>,
    /// Bytes.
    size: usize,
}

impl SeenLists {
    /// The list, which is made if it is not there.
    pub fn get(&self, list: SeenList, make: impl FnOnce(&SeenList) -> Shown) -> Arc<Shown> {
        if let Some(found) = self.0.lock().lists.get(&list) {
            return found.clone();
        }
        // Whoever asks meanwhile makes the same once more.
        let made = Arc::new(make(&list));
        let size = ENTRY + made.size();
        let mut kept = self.0.lock();
        if kept.size + size > KEPT_MAX {
            *kept = KeptLists::default();
        }
        if size <= KEPT_MAX && kept.lists.insert(list, made.clone()).is_none() {
            kept.size += size;
        }
        made
    }
}

#[cfg(test)]
mod tests;
