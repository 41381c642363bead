//! Work on files that may hang in the kernel, whatever its flags: a network file system whose server
//! is away, a FUSE mount whose program is stopped, a disk that does not answer.
//!
//! Nothing can end a thread in such a call. So each such work has a thread of its own, which is waited
//! for only so long and then left behind. As long as it hangs, nobody begins work on the same path
//! again; once it is over, the path is as good as any.

use crate::base::Lock;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, mpsc};
use std::thread;
use std::time::Duration;

/// How long anybody waits, in a process in which nothing hangs.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same beside something that hangs: a config may name many files on one mount.
const LITTLE_PATIENCE: Duration = Duration::from_millis(500);
/// The most that may hang at a time.
const HANGING_MAX: usize = 64;

static HANGING: Hanging = Hanging::new();

/// Does `work` on `path`; `None` if it hangs.
pub fn within<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    HANGING.within(path, [PATIENCE, LITTLE_PATIENCE], work)
}

/// The same for what may take so long of itself.
pub fn within_for<T: Send + 'static>(
    path: &Path,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    HANGING.within(path, [patience; 2], work)
}

/// The paths that somebody hangs at.
struct Hanging(Lock<BTreeSet<PathBuf>>);

impl Hanging {
    const fn new() -> Self {
        Self(Lock::new(BTreeSet::new()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock()
    }

    fn within<T: Send + 'static>(
        &'static self,
        path: &Path,
        [patience, little]: [Duration; 2],
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let hanging = self.lock();
        if hanging.contains(path) || hanging.len() >= HANGING_MAX {
            return None;
        }
        let patience = if hanging.is_empty() { patience } else { little };
        drop(hanging);
        let (sender, receiver) = mpsc::sync_channel(1);
        let at = path.to_path_buf();
        let work = move || {
            let done = work();
            // Under the lock, so that it is either taken or known to hang.
            let mut hanging = self.lock();
            hanging.remove(&at);
            drop(sender.send(done));
        };
        thread::Builder::new().name("file".to_owned()).spawn(work).ok()?;
        if let Ok(done) = receiver.recv_timeout(patience) {
            return Some(done);
        }
        let mut hanging = self.lock();
        let done = receiver.try_recv().ok();
        if done.is_none() {
            hanging.insert(path.to_path_buf());
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::{HANGING_MAX, Hanging};
    use std::path::Path;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(30);
    const SHORT: Duration = Duration::from_millis(1);

    /// Work that hangs until it is told to end.
    fn hang() -> (Sender<()>, impl FnOnce() -> &'static str + Send) {
        let (end, ended): (Sender<()>, Receiver<()>) = channel();
        let work = move || {
            _ = ended.recv();
            "late"
        };
        (end, work)
    }

    #[test]
    fn what_hangs_is_left_behind_and_not_begun_again_until_it_is_over() {
        static HANGING: Hanging = Hanging::new();
        let stuck = Path::new("/stuck");
        let fine = |path: &str| HANGING.within(Path::new(path), [LONG; 2], || "fine");
        assert_eq!(fine("/stuck"), Some("fine"));
        let (end, work) = hang();
        assert_eq!(HANGING.within(stuck, [SHORT; 2], work), None);
        assert_eq!(fine("/stuck"), None, "one thread is enough");
        assert_eq!(fine("/other"), Some("fine"));
        end.send(()).unwrap();
        while fine("/stuck").is_none() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn beside_something_that_hangs_little_patience_is_left() {
        static HANGING: Hanging = Hanging::new();
        let mut ends = Vec::new();
        for n in 0..HANGING_MAX {
            let (end, work) = hang();
            // With the long one this would take half an hour.
            let patience = if n == 0 { [SHORT, LONG] } else { [LONG, SHORT] };
            assert_eq!(HANGING.within(Path::new(&format!("/{n}")), patience, work), None);
            ends.push(end);
        }
        let more = HANGING.within(Path::new("/more"), [LONG; 2], || "fine");
        assert_eq!(more, None, "threads are bounded");
    }
}
