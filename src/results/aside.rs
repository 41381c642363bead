//! Answers that wait for clients that do not read lie in files, not in memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::set_aside::SetAside;
use crate::base::{dirs, file};

/// Bytes in files, of all clients together.
const ASIDE_MAX: usize = 512 * 1024 * 1024;
/// Answers that are written to a disk at the same time.
const WRITERS: usize = 2;

/// Where they lie. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Aside {
    /// Without one, nothing is set aside.
    dir: Option<PathBuf>,
    used: Arc<AtomicUsize>,
    writers: Arc<Semaphore>,
}

/// What an answer takes of the room, until it is read.
#[derive(Debug)]
struct Taken {
    used: Arc<AtomicUsize>,
    len: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.used.fetch_sub(self.len, Ordering::Relaxed);
    }
}

/// An answer in a file.
struct AnswerFile {
    bytes: SetAside,
    _taken: Taken,
}

impl AsRef<[u8]> for AnswerFile {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl Aside {
    /// In the state directory of this user. Files there have no names, and end with us.
    pub fn open() -> Self {
        Self::new(dirs::state())
    }

    /// Nowhere.
    #[cfg(test)]
    pub fn none() -> Self {
        Self::new(None)
    }

    fn new(dir: Option<PathBuf>) -> Self {
        Self { dir, used: Arc::default(), writers: Arc::new(Semaphore::new(WRITERS)) }
    }

    /// The parts, one behind the other, in a file; `None` if there is no room. They must not be empty.
    pub async fn put(&self, parts: Vec<Bytes>) -> Option<Bytes> {
        let dir = self.dir.clone()?;
        let len = parts.iter().map(Bytes::len).sum();
        let used = self.used.fetch_add(len, Ordering::Relaxed) + len;
        let taken = Taken { used: self.used.clone(), len };
        if used > ASIDE_MAX {
            return None;
        }
        let _turn = self.writers.acquire().await.ok()?;
        let write = move || {
            file::make_dir(&dir)?;
            SetAside::new(&dir, &parts)
        };
        match tokio::task::spawn_blocking(write).await.ok()? {
            Ok(bytes) => Some(Bytes::from_owner(AnswerFile { bytes, _taken: taken })),
            Err(error) => {
                tracing::warn!(%error, "an answer that waits for its client stays in memory");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::{ASIDE_MAX, Aside};
    use bytes::Bytes;

    #[tokio::test]
    async fn what_is_set_aside_comes_back_and_takes_no_room_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let aside = Aside::new(Some(dir.path().join("state")));
        let used = || aside.used.load(Ordering::Relaxed);
        let bytes = aside.put(vec![Bytes::from("one"), Bytes::from("two")]).await.unwrap();
        assert_eq!((&bytes[..], used()), (&b"onetwo"[..], 6));
        drop(bytes);
        assert_eq!(used(), 0);
    }

    #[tokio::test]
    async fn there_is_only_so_much_room_and_none_without_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let aside = Aside::new(Some(dir.path().to_owned()));
        aside.used.store(ASIDE_MAX, Ordering::Relaxed);
        assert!(aside.put(vec![Bytes::from("x")]).await.is_none());
        assert_eq!(aside.used.load(Ordering::Relaxed), ASIDE_MAX);
        assert!(Aside::new(None).put(vec![Bytes::from("x")]).await.is_none());
    }
}
