//! A timer that ticks while there is much to do, which makes all others cheap.
//!
//! When a timer is set that is due before the one its driver last waited for, tokio interrupts the
//! driver by a system call, even from the driver's own thread and even if the new timer is given up a
//! moment later. A call sets timers that it hardly ever needs, its deadline for one. None of them is due
//! before the next tick.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Between two ticks. Timers that are due sooner gain nothing.
const TICK: Duration = Duration::from_millis(50);
/// Beats within a tick by which the ticking goes on; who does little is not woken for nothing.
const MANY: u32 = 8;

/// Ticks while [`Pulse::beat`] is called often.
#[derive(Debug, Default)]
pub struct Pulse {
    beats: AtomicU32,
    start: Notify,
}

impl Pulse {
    /// Something begins that sets timers.
    pub fn beat(&self) {
        if self.beats.fetch_add(1, Ordering::Relaxed) == MANY {
            self.start.notify_one();
        }
    }

    /// Ticks whenever that is worth it; never ends.
    pub async fn run(&self) {
        loop {
            self.start.notified().await;
            while self.beats.swap(0, Ordering::Relaxed) >= MANY {
                tokio::time::sleep(TICK).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::{MANY, Pulse, TICK};
    use crate::base::Tasks;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn it_ticks_only_while_there_is_much_to_do() {
        const HOUR: Duration = Duration::from_hours(1);
        let (pulse, wakes) = (Arc::new(Pulse::default()), Arc::<AtomicUsize>::default());
        let mut run = Box::pin({
            let pulse = pulse.clone();
            async move { pulse.run().await }
        });
        let count = wakes.clone();
        let counted = poll_fn(move |cx| {
            count.fetch_add(1, Ordering::Relaxed);
            run.as_mut().poll(cx)
        });
        Tasks::new().spawn("pulse", counted);
        let woken = || wakes.swap(0, Ordering::Relaxed);
        let begin = |calls: u32| (0..calls).for_each(|_| pulse.beat());
        begin(MANY);
        sleep(HOUR).await;
        assert_eq!(woken(), 1);
        begin(1);
        sleep(HOUR).await;
        // It begins, and looks once whether it goes on.
        assert_eq!(woken(), 2);
        for _ in 0..100 {
            begin(2 * MANY);
            sleep(TICK).await;
        }
        assert!((99..=102).contains(&woken()));
        sleep(HOUR).await;
        assert!(woken() <= 2);
    }
}
