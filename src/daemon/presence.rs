//! Whether the process before this one ended in order. Under systemd each leaves a note while it runs.

use std::path::PathBuf;

use crate::base::{file, runtime_dir};

/// systemd's id of this run of the service (systemd.exec(5)).
const INVOCATION: &str = "INVOCATION_ID";
/// An id has 32 digits.
const NOTE_MAX: u64 = 64;

/// The note that we run. It stays if we are cut off.
#[derive(Debug)]
pub struct Presence {
    path: PathBuf,
    /// The run that was cut off before this one.
    cut_off: Option<String>,
}

impl Presence {
    /// Leaves the note. `None` where we are no service.
    pub fn note() -> Option<Self> {
        let invocation = std::env::var(INVOCATION).ok()?;
        Self::note_in(runtime_dir::sockets().ok()?.join("running"), &invocation)
    }

    fn note_in(path: PathBuf, invocation: &str) -> Option<Self> {
        let before = file::read(&path, NOTE_MAX).ok();
        let before = before.and_then(|bytes| String::from_utf8(bytes).ok());
        let is_id = |text: &String| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        file::replace(&path, invocation.as_bytes()).ok()?;
        Some(Self { path, cut_off: before.filter(is_id) })
    }

    /// The run that was cut off before this one.
    pub fn cut_off(&self) -> Option<&str> {
        self.cut_off.as_deref()
    }

    /// We end in order.
    pub fn end(self) {
        drop(std::fs::remove_file(self.path));
    }
}

#[cfg(test)]
mod tests {
    use super::Presence;

    #[test]
    fn who_was_cut_off_is_known_to_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("running");
        let [first, second] = ["1", "2"].map(|digit| digit.repeat(32));
        let note = |invocation: &str| Presence::note_in(path.clone(), invocation).unwrap();
        assert_eq!(note(&first).cut_off(), None);
        let presence = note(&second);
        assert_eq!(presence.cut_off(), Some(&*first));
        presence.end();
        assert_eq!(note(&first).cut_off(), None, "it ended in order");
        crate::base::file::replace(&path, "x\n".repeat(16).as_bytes()).unwrap();
        assert_eq!(note(&first).cut_off(), None);
    }
}
