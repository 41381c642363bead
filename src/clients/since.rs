//! What was changed since a change that is remembered, and the way back to it.

use std::path::{Path, PathBuf};

use super::change::Seat;
use super::client::Scope;
use super::error::ClientError;
use super::target::ClientFile;
use crate::base::executable;
use crate::lasting;

impl Seat<'_> {
    /// What the last change of ours to the file is known by; `None`: there was none.
    pub fn last_change(&self) -> Option<PathBuf> {
        let target = ClientFile::at(&self.around.file(self.client, self.scope)?).ok()?;
        self.records().last(&target.real).map(|kept| kept.backup())
    }

    /// Undoes the last change unless it is that one; `false`: there is none since, or it was never made.
    pub fn undo_since(&self, change: Option<&Path>) -> Result<bool, ClientError> {
        let path = self.around.file(self.client, self.scope);
        let path = path.ok_or(ClientError::NoProject(self.client.shown))?;
        let target = ClientFile::at(&path)?;
        let alone = self.alone()?;
        target.clean();
        self.records().tidy();
        drop(alone);
        let Some(kept) = self.records().last(&target.real) else { return Ok(false) };
        if Some(&*kept.backup()) == change {
            return Ok(false);
        }
        if target.read()? == kept.before().filter(|_| kept.record.was_there) {
            // Its maker was killed before it came to that.
            kept.forget();
            return Ok(false);
        }
        let (plan, kept) = self.undoing()?;
        self.undo(&plan, &kept).map(|()| true)
    }

    /// What our entry starts: a desktop may look elsewhere than a shell, and other machines have other paths.
    pub fn program(&self) -> String {
        let name = env!("CARGO_PKG_NAME");
        if self.scope == Scope::Project {
            return name.to_owned();
        }
        if let Some(path) = lasting::program(&self.around.path) {
            return path.display().to_string();
        }
        let is_in_path = self.around.program(name).is_some();
        if is_in_path && !self.client.is_desktop {
            return name.to_owned();
        }
        let found = executable::find(name, &self.around.path);
        found.map_or_else(|| name.to_owned(), |path| path.display().to_string())
    }
}
