//! What the daemon has of the history.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use super::bounds::HistoryWanted;
use super::keeper::{HistoryKeeper, TRY_AGAIN};
use super::row::wants;
use super::state::{HistoryState, HistoryStatus};
use crate::audit::ArgumentsKept;
use crate::facts::HistoryUnwritable;
use crate::telemetry::{Follower, Recorder};

/// A history, or none.
#[derive(Debug, Clone, Default)]
pub struct History {
    state: Arc<HistoryState>,
}

/// Whom the next one waits for.
type Before = (Option<Follower>, Option<JoinHandle<()>>);

impl History {
    pub fn status(&self) -> HistoryStatus {
        self.state.status()
    }

    /// Has it kept so from now on; `None`: not any more. What comes while one gives way to the next waits.
    pub fn follow(&self, wanted: Option<HistoryWanted>, recorder: &Recorder) {
        self.state.status.lock().is_on = wanted.is_some();
        let Some(wanted) = wanted else {
            self.state.trouble(None);
            return self.leave(recorder.follow(None));
        };
        let path = wanted.path.display().to_string();
        if let Err(error) = self.start(wanted, recorder) {
            let reason = error.to_string();
            self.state.trouble(Some(reason.clone()));
            recorder.record(HistoryUnwritable { path, reason });
        }
    }

    fn start(&self, wanted: HistoryWanted, recorder: &Recorder) -> io::Result<()> {
        let (tell, told) = sync_channel::<Before>(1);
        let keeps_arguments = wanted.arguments != ArgumentsKept::None;
        let keeper =
            HistoryKeeper::new(wanted, self.state.clone(), recorder.downgrade(), TRY_AGAIN);
        let follower = Follower::start("history", wants, keeps_arguments, move |facts| {
            // They have the same file.
            if let Ok((before, leaving)) = told.recv() {
                drop(before);
                if let Some(thread) = leaving {
                    drop(thread.join());
                }
            }
            keeper.run(&facts);
        })?;
        let before = recorder.follow(Some(follower));
        _ = tell.send((before, self.state.leaving.lock().take()));
        Ok(())
    }

    /// Nobody waits here until it has written what it has.
    fn leave(&self, follower: Option<Follower>) {
        if let Some(follower) = follower {
            let thread = std::thread::Builder::new().name("history end".to_owned());
            *self.state.leaving.lock() = thread.spawn(move || drop(follower)).ok();
        }
    }
}
