//! A bridge has its daemon come back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::bring_up::{BroughtUp, SpawnArgs, is_usual};
use super::not_started::NotStarted;
use super::{manager, start};
use crate::base::Backoff;
use crate::base::random::Jitter;
use crate::process::units;

const SOCKET_UNIT: &str = "callmux.socket";
/// 1 s, 2 s, … 1 min after a start that failed: its cause may go away.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), 2, Duration::from_mins(1), 20);

/// Whether somebody needs a daemon. Cloning shares it.
///
/// One that was ended in order was ended by somebody, who may want to start another in its place; it is
/// missed as soon as the client wants something.
#[derive(Debug, Clone)]
pub struct Need(Arc<AtomicBool>);

impl Need {
    pub fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    pub fn set(&self, is_wanted: bool) {
        self.0.store(is_wanted, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Starts what nobody answers at.
#[derive(Debug)]
pub struct Revival {
    /// Our usual one; others are somebody else's matter.
    socket: Option<PathBuf>,
    how: SpawnArgs,
    need: Need,
    /// This bridge has just been started: its client wants a daemon. Later, a socket that is down
    /// was stopped by somebody, and systemd starts only one that failed.
    is_new: bool,
    backoff: Backoff,
    random: Jitter,
    not_before: Option<Instant>,
}

impl Revival {
    pub fn new(socket: Option<&Path>, how: SpawnArgs, need: Need, is_new: bool) -> Self {
        Self {
            socket: socket.filter(|path| is_usual(path)).map(Path::to_path_buf),
            how,
            need,
            is_new,
            backoff: BACKOFF,
            random: Jitter::from_kernel(),
            not_before: None,
        }
    }

    /// Does what can be done when nobody answers.
    pub async fn attempt(&mut self) -> Result<BroughtUp, NotStarted> {
        let Some(socket) = &self.socket else { return Ok(BroughtUp::Nobody) };
        let is_new = std::mem::take(&mut self.is_new);
        if manager::is_here().await {
            ask_systemd(!is_new).await;
            return Ok(BroughtUp::Nobody);
        }
        if self.how.no_spawn {
            return Err(NotStarted::NotAllowed);
        }
        if !self.need.get() || self.not_before.is_some_and(|at| Instant::now() < at) {
            return Ok(BroughtUp::Nobody);
        }
        let started = start::start(socket).await;
        match &started {
            Ok(()) => (self.backoff, self.not_before) = (BACKOFF, None),
            Err(_) => {
                self.not_before = Some(Instant::now() + self.backoff.next(self.random.next()));
            }
        }
        started.map(|()| BroughtUp::Daemon)
    }
}

async fn ask_systemd(only_failed: bool) {
    let asked = units::start_socket(SOCKET_UNIT, only_failed);
    match tokio::time::timeout(manager::WITHIN, asked).await {
        Ok(Ok(true)) => tracing::info!("{SOCKET_UNIT} was down and is being started"),
        Ok(Ok(false)) => {}
        Ok(Err(error)) => tracing::debug!(%error, "systemd was not asked"),
        Err(_) => tracing::debug!("systemd does not answer"),
    }
}
