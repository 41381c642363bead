//! One daemon is started, however many want one.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::net::UnixStream;

use super::not_started::NotStarted;
use super::{log, ready, spawn};
use crate::base::{FileLock, file, runtime_dir, trust};

/// What is held by who starts a daemon, beside its socket.
const LOCK: &str = "start.lock";
/// How often others look whether it listens.
const LOOK_EACH: Duration = Duration::from_millis(10);
/// How long a daemon that ends may keep the next one waiting: calls in flight may finish.
const WITHIN: Duration = Duration::from_mins(2);

/// Returns when a daemon listens at `socket`, which is our usual one, having started one if there was none.
pub(super) async fn start(socket: &Path) -> Result<(), NotStarted> {
    let until = Instant::now() + WITHIN;
    loop {
        if listens(socket).await || try_alone(socket).await? {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(NotStarted::Late(WITHIN));
        }
        tokio::time::sleep(LOOK_EACH).await;
    }
}

/// Whether somebody listens.
pub(super) async fn listens(socket: &Path) -> bool {
    match UnixStream::connect(socket).await {
        Ok(_) => true,
        // Somebody does, and many are waiting already.
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Starts a daemon if nobody else is about to. `false`: somebody is, or another daemon has not ended yet.
async fn try_alone(socket: &Path) -> Result<bool, NotStarted> {
    let failed = |error| NotStarted::Place { path: socket.to_path_buf(), error };
    let dir = socket.parent().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    file::make_dir(dir).map_err(failed)?;
    trust::judge_way(dir)?;
    let Some(_alone) = FileLock::try_take(&dir.join(LOCK)).map_err(failed)? else {
        return Ok(false);
    };
    if listens(socket).await {
        return Ok(true);
    }
    if FileLock::try_take(&runtime_dir::lock_of(socket)).map_err(failed)?.is_none() {
        return Ok(false);
    }
    let path = log::path();
    // A daemon without a log is better than none.
    let file = path.as_deref().and_then(|path| log::open(path).ok());
    let since = file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |found| found.len());
    let kept = path.filter(|_| file.is_some());
    let stdout = spawn::spawn(socket, file).map_err(NotStarted::Program)?;
    match ready::hear(stdout).await {
        Some(true) => Ok(true),
        None => Err(NotStarted::Late(ready::WITHIN)),
        Some(false) => {
            let said = kept.as_deref().and_then(|log| log::last_line(log, since));
            Err(NotStarted::Ended { said: said.unwrap_or_default(), log: kept })
        }
    }
}
