//! Tasks with a name and an owner.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one owner: spawned by name, stopped together, waited for together.
///
/// A child group stops when its parent stops. Dropping the value stops nothing; an owner calls
/// [`Tasks::close`].
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// A group of its own that is told to stop when this one is.
    pub fn child(&self) -> Self {
        Self { tracker: TaskTracker::new(), stop: self.stop.child_token() }
    }

    /// Runs `task` until it ends by itself. It should watch [`Tasks::stopped`] where it can wait.
    /// A panic in it is logged under `name` and ends only this task.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guard = PanicNotice(name);
        self.tracker.spawn(async move {
            task.await;
            std::mem::forget(guard);
        });
    }

    /// Runs `task` until it ends or the group is told to stop, whichever comes first.
    pub fn spawn_until_stopped<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.spawn(name, async move {
            stop.run_until_cancelled(task).await;
        });
    }

    /// Completes when the group has been told to stop.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    #[cfg(test)]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Tells every task to stop, and returns at once.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits up to `limit` for the tasks to end by themselves; `false` if some still ran.
    pub async fn drained(&self, limit: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }

    /// Tells every task to stop and waits up to `limit`; `false` if some still ran.
    pub async fn close(&self, limit: Duration) -> bool {
        self.stop();
        self.drained(limit).await
    }

    /// How many tasks run.
    pub fn count(&self) -> usize {
        self.tracker.len()
    }
}

/// Dropped only by unwinding or by the runtime's own end: a finished task forgets it.
struct PanicNotice(&'static str);

impl Drop for PanicNotice {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(task = self.0, "a task panicked; this is a bug in callmux");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tasks;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn a_child_stops_with_its_parent_and_not_the_other_way() {
        let parent = Tasks::new();
        let child = parent.child();
        child.spawn("waits", {
            let child = child.clone();
            async move { child.stopped().await }
        });
        assert!(!child.drained(Duration::from_secs(1)).await);
        let other = parent.child();
        other.stop();
        assert!(!parent.is_stopped() && !child.is_stopped());
        parent.stop();
        assert!(child.drained(Duration::from_secs(1)).await);
    }
}
