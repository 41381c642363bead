//! Directories that others name: looked for beside the loop, and no longer than that takes where a disk
//! answers.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::Semaphore;

/// How long a look may take: a file system of the network, or of a program, may never answer.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// Looks at the same time. One that is not answered keeps its thread.
static LOOKS: Semaphore = Semaphore::const_new(16);

/// The directory without links. `Err`: it is none, or did not answer.
pub async fn resolved(dir: &Path) -> io::Result<PathBuf> {
    let dir = dir.to_owned();
    look(move || {
        let dir = dir.canonicalize()?;
        if dir.is_dir() { Ok(dir) } else { Err(io::ErrorKind::NotADirectory.into()) }
    })
    .await
}

/// Whether there is such a directory.
pub async fn is_there(dir: &Path) -> bool {
    let dir = dir.to_owned();
    look(move || Ok(dir.is_dir())).await.unwrap_or(false)
}

async fn look<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let looked = async {
        let turn = LOOKS.acquire().await.map_err(io::Error::other)?;
        let work = move || {
            let found = work();
            drop(turn);
            found
        };
        tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
    };
    tokio::time::timeout(LOOK_WITHIN, looked)
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
