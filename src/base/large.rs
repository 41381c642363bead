//! Work on large values: beside the loop that serves everybody, little of it at a time, and with the
//! memory given back afterwards.

use tokio::sync::Semaphore;

/// What is smaller is looked into at once, in bytes.
pub const LARGE: usize = super::memory::LARGE;
/// How much is worked on at the same time, in KiB; what is larger is worked on alone.
const AT_ONCE: u32 = 16 << 10;

static TURNS: Semaphore = Semaphore::const_new(AT_ONCE as usize);

/// Does something with a value of `bytes` bytes on a thread for it. Large ones wait for their turn.
/// `None`: the runtime ends, or the work panicked.
pub async fn beside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if bytes < LARGE {
        return tokio::task::spawn_blocking(work).await.ok();
    }
    let share = u32::try_from(bytes / 1024).unwrap_or(u32::MAX).clamp(1, AT_ONCE);
    // Whoever waits may give up; the turn ends with the work.
    let turn = TURNS.acquire_many(share).await.ok()?;
    let work = move || {
        let done = work();
        super::memory::give_back();
        drop(turn);
        done
    };
    tokio::task::spawn_blocking(work).await.ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{AT_ONCE, LARGE, beside};

    #[tokio::test]
    async fn what_is_very_large_is_worked_on_alone() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let works = (0..8).map(|_| {
            let (running, most) = (running.clone(), most.clone());
            beside(AT_ONCE as usize * 1024, move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            })
        });
        futures_util::future::join_all(works).await;
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_is_small_waits_for_nobody() {
        let (go, wait) = std::sync::mpsc::channel();
        let long = beside(AT_ONCE as usize * 1024, move || wait.recv());
        let small = async {
            assert_eq!(beside(LARGE - 1, || 7).await, Some(7));
            go.send(()).unwrap();
        };
        assert_eq!(tokio::join!(long, small).0, Some(Ok(())));
    }
}
