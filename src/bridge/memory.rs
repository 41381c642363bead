//! What a daemon last said, for a client that asks while there is none.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::{dirs, file};
use crate::replies::hello;
use crate::wire::{Era, ListKind};

/// A result larger than this is not kept, in bytes.
const KEPT_MAX: usize = 8 * 1024 * 1024;
/// The largest file, in bytes.
const FILE_MAX: u64 = 64 * 1024 * 1024;
/// The version of the file.
const VERSION: u32 = 1;

/// Where it is kept.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    path: Option<PathBuf>,
    said: SavedAnswers,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct SavedAnswers {
    version: u32,
    legacy: Option<Value>,
    modern: Option<Value>,
    /// The results of the lists in their legacy form, by [`ListKind::index`].
    lists: [Option<Box<RawValue>>; 4],
}

impl Memory {
    /// The memory of this user's bridges.
    pub(super) fn open() -> Self {
        let path = dirs::cache().map(|dir| dir.join("bridge.json"));
        let bytes = path.as_ref().and_then(|path| file::read_trusted(path, FILE_MAX).ok());
        // A damaged file is as good as none.
        let said = bytes.and_then(|bytes| serde_json::from_slice::<SavedAnswers>(&bytes).ok());
        Self { path, said: said.filter(|said| said.version == VERSION).unwrap_or_default() }
    }

    /// Remembers nothing beyond this process.
    pub(super) fn none() -> Self {
        Self { path: None, said: SavedAnswers::default() }
    }

    /// The result of a list, as JSON in its legacy form.
    pub(super) fn list(&self, kind: ListKind) -> Option<&str> {
        self.said.lists[kind.index()].as_deref().map(RawValue::get)
    }

    /// What the daemon said that it can, or the least that any can.
    pub(super) fn capabilities(&self, era: Era) -> Value {
        let said = match era {
            Era::Legacy => &self.said.legacy,
            Era::Modern => &self.said.modern,
        };
        said.clone().unwrap_or_else(hello::least_capabilities)
    }

    /// Keeps what a daemon said that it can, a JSON object.
    pub(super) fn keep_capabilities(&mut self, era: Era, capabilities: &str) {
        let Ok(new) = serde_json::from_str::<Value>(capabilities) else { return };
        let said = match era {
            Era::Legacy => &mut self.said.legacy,
            Era::Modern => &mut self.said.modern,
        };
        if said.as_ref() != Some(&new) {
            *said = Some(new);
            self.write();
        }
    }

    /// Keeps a list.
    pub(super) fn keep(&mut self, kind: ListKind, result: &str) {
        if self.list(kind) == Some(result) || result.len() > KEPT_MAX {
            return;
        }
        self.said.lists[kind.index()] = RawValue::from_string(result.to_owned()).ok();
        self.write();
    }

    /// Failing to is harmless.
    fn write(&mut self) {
        self.said.version = VERSION;
        if let (Some(path), Ok(json)) = (&self.path, serde_json::to_vec(&self.said))
            && let Err(error) = file::replace(path, &json)
        {
            tracing::debug!(%error, "what the daemon said was not remembered");
        }
    }
}
