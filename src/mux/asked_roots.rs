//! What a client answered when it was asked for its roots.

use std::path::Path;
use std::sync::Arc;

use crate::base::Lock;

/// What came of asking a client for its roots.
#[derive(Debug, Default)]
pub struct AskedRoots(Lock<RootsAnswer>);

#[derive(Debug, Clone, Default)]
enum RootsAnswer {
    #[default]
    Unasked,
    /// None of them is a directory, or there is no answer.
    Nothing,
    Directory(Arc<Path>),
}

impl AskedRoots {
    /// The directory, if there is one.
    pub fn directory(&self) -> Option<Arc<Path>> {
        match &*self.0.lock() {
            RootsAnswer::Directory(path) => Some(path.clone()),
            RootsAnswer::Unasked | RootsAnswer::Nothing => None,
        }
    }

    /// They are others now.
    pub fn forget(&self) {
        *self.0.lock() = RootsAnswer::Unasked;
    }

    pub(super) fn note(&self, directory: Option<Arc<Path>>) {
        *self.0.lock() = directory.map_or(RootsAnswer::Nothing, RootsAnswer::Directory);
    }

    pub(super) fn is_asked(&self) -> bool {
        !matches!(&*self.0.lock(), RootsAnswer::Unasked)
    }
}
