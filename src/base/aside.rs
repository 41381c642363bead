//! Work that takes the processor for long goes on beside the loop that serves everybody.

use tokio::sync::Semaphore;

/// What looks at more bytes is done on a thread of its own: below this, handing it over costs more.
const ASIDE_MIN: usize = 64 * 1024;

/// One at a time: what a second one would need of memory and processor is another's.
static TURN: Semaphore = Semaphore::const_new(1);

/// Does `work`, which looks at about so many bytes. `None`: the program is ending.
pub async fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if bytes < ASIDE_MIN {
        return Some(work());
    }
    let turn = TURN.acquire().await.ok()?;
    let work = move || {
        let done = work();
        // Kept to the end even if nobody waits for it any more.
        drop(turn);
        done
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Some(done),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{ASIDE_MIN, aside};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn large_work_leaves_the_loop_free_and_small_work_stays() {
        let here = std::thread::current().id();
        let thread = || std::thread::current().id();
        assert_eq!(aside(ASIDE_MIN - 1, thread).await, Some(here));
        assert_ne!(aside(ASIDE_MIN, thread).await, Some(here));
    }

    #[tokio::test]
    async fn there_is_one_at_a_time() {
        let at_once = Arc::new(AtomicUsize::new(0));
        let work = |at_once: Arc<AtomicUsize>| {
            aside(ASIDE_MIN, move || {
                let others = at_once.fetch_add(1, Ordering::SeqCst);
                std::thread::yield_now();
                at_once.fetch_sub(1, Ordering::SeqCst);
                others
            })
        };
        let all = (0..8).map(|_| work(at_once.clone()));
        assert_eq!(futures_util::future::join_all(all).await, [Some(0); 8]);
    }
}
