//! The last answer to `tools/list`, for a client that asks while the daemon is away.

use std::path::PathBuf;

use bytes::Bytes;

use crate::base::{dirs, file};

/// A result larger than this is not kept, in bytes.
const KEPT_MAX: usize = 8 * 1024 * 1024;

/// Where the result is kept.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    path: Option<PathBuf>,
    known: Option<Bytes>,
}

impl Memory {
    /// The memory of this user's bridges.
    pub(super) fn open() -> Self {
        let path = dirs::cache().map(|dir| dir.join("bridge-tools.json"));
        let known = path.as_ref().and_then(|path| std::fs::read(path).ok()).map(Bytes::from);
        // A damaged file is as good as none.
        let known =
            known.filter(|bytes| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok());
        Self { path, known }
    }

    /// Remembers nothing beyond this process.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { path: None, known: None }
    }

    /// The result, as JSON in its legacy form.
    pub(super) fn tools(&self) -> Option<&Bytes> {
        self.known.as_ref()
    }

    /// Keeps a result. Failing to is harmless.
    pub(super) fn keep(&mut self, result: &str) {
        if self.known.as_deref() == Some(result.as_bytes()) || result.len() > KEPT_MAX {
            return;
        }
        self.known = Some(Bytes::copy_from_slice(result.as_bytes()));
        if let Some(path) = &self.path
            && let Err(error) = file::replace(path, result.as_bytes())
        {
            tracing::debug!(%error, "the list of tools was not remembered");
        }
    }
}
