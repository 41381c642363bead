//! A reading of the config beside the loop.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::config::Reading;

/// Longer than all that a reading waits for, one after the other.
const READING_WITHIN: Duration = Duration::from_mins(1);

/// A reading of the config that goes on beside the loop: it may run programs.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) done: oneshot::Receiver<Option<Box<Reading>>>,
    /// systemd was told.
    pub(super) announced: bool,
    pub(super) began: Instant,
}

impl UnderWay {
    /// When another reading may take its place, whatever it hangs at.
    pub(super) fn late_at(&self) -> Instant {
        self.began + READING_WITHIN
    }
}

/// What was read, once it is; nothing where there is no config, or no thread to read it.
pub(super) async fn read(reading: Option<&mut UnderWay>) -> Option<Box<Reading>> {
    match reading {
        Some(reading) => (&mut reading.done).await.ok().flatten(),
        None => std::future::pending().await,
    }
}
