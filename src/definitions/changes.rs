//! What was changed in a definition.

/// Changes of one definition that are told.
const TOLD_MAX: usize = 8;

/// What was changed, for people.
#[derive(Debug, Default)]
pub(super) struct Changes(Vec<String>);

impl Changes {
    pub(super) fn tell(&mut self, change: impl FnOnce() -> String) {
        if self.0.len() < TOLD_MAX {
            self.0.push(change());
        }
    }

    pub(super) fn into_told(self) -> Vec<String> {
        self.0
    }
}
