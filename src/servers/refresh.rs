//! When the lists of a server that says that they changed are read again.
//!
//! A server may say so without an end. Its lists are read at once, and after that only when they have had
//! time to rest: longer, the more there is to read.

use std::time::Duration;

use tokio::time::Instant;

use super::running::{ChangedLists, Running};

/// How long lists rest after they were read, at least.
const REST: Duration = Duration::from_millis(500);
/// How much longer for each MiB of them, so that reading takes a few hundredths of the time.
const REST_PER_MIB: u32 = 4;

/// The reading of changed lists.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    /// Lists changed that are not being read yet.
    is_due: bool,
    is_reading: bool,
    rest_until: Option<Instant>,
}

impl Refresh {
    /// Some lists changed.
    pub(super) fn changed(&mut self) {
        self.is_due = true;
    }

    /// What is to be read now, if anything is.
    pub(super) fn begin(
        &mut self,
        running: &Running,
        patience: Duration,
    ) -> Option<impl Future<Output = ChangedLists> + use<>> {
        let rests = self.rest_until.is_some_and(|until| Instant::now() < until);
        if !self.is_due || self.is_reading || rests {
            return None;
        }
        (self.is_due, self.is_reading, self.rest_until) = (false, true, None);
        Some(running.read_changed(patience))
    }

    /// Lists of so many bytes were read.
    pub(super) fn read(&mut self, bytes: usize) {
        let rest = REST + rest_for(bytes);
        (self.is_reading, self.rest_until) = (false, Some(Instant::now() + rest));
    }

    /// The server is gone: what is to be read next is another's.
    pub(super) fn give_up(&mut self) {
        *self = Self::default();
    }

    /// When a list that changed again may be read.
    pub(super) fn alarm(&self) -> Option<std::time::Instant> {
        self.rest_until.filter(|_| self.is_due && !self.is_reading).map(Instant::into_std)
    }
}

fn rest_for(bytes: usize) -> Duration {
    let kibibytes = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
    Duration::from_secs(u64::from(REST_PER_MIB)).saturating_mul(kibibytes) / 1024
}

#[cfg(test)]
mod tests;
