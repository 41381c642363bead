//! What the allocator does with memory that is free again.
//!
//! glibc learns from what it is asked for: once a block of some megabytes was freed, blocks of that
//! size come from the heap, which shrinks only at its end, and each thread that ever worked has a
//! heap of its own. A daemon that saw one large result would keep its memory for ever (mallopt(3),
//! `M_MMAP_THRESHOLD`, `M_ARENA_MAX`). One that gives everything back at once has the kernel clear it
//! again for the next result, which takes longer than all that we do with it. So what is common among
//! large results comes from the heap while they come, and is given back every now and then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// Blocks from this size on are mapped, and given back when they are freed; in bytes.
#[cfg(target_env = "gnu")]
const MAPPED: libc::c_int = 4 << 20;
/// Free memory at the end of a heap is given back from this size on, in bytes.
#[cfg(target_env = "gnu")]
const TRIMMED: libc::c_int = 8 << 20;
/// Heaps of all threads: the loop's, and one for what is done beside it.
#[cfg(target_env = "gnu")]
const HEAPS: libc::c_int = 2;

/// What holds less is no reason to give anything back, in bytes.
pub const LARGE: usize = 256 << 10;
/// How often it is given back while large messages come, and how long after the last one.
const EVERY: Duration = Duration::from_secs(2);

static LARGE_CAME: AtomicBool = AtomicBool::new(false);
static FIRST_CAME: Notify = Notify::const_new();

/// A message of so many bytes came.
pub fn came(bytes: usize) {
    if bytes >= LARGE && !LARGE_CAME.swap(true, Ordering::Relaxed) {
        FIRST_CAME.notify_one();
    }
}

/// Gives back what large messages took, while and after they come; never ends.
pub async fn give_back_regularly() {
    loop {
        FIRST_CAME.notified().await;
        let mut more_came = true;
        while more_came {
            tokio::time::sleep(EVERY).await;
            more_came = LARGE_CAME.swap(false, Ordering::Relaxed);
            give_back();
        }
    }
}

/// Says once, at the start of a process that lives long, how memory is to be given back.
pub fn settle() {
    #[cfg(target_env = "gnu")]
    for (option, value) in [
        (libc::M_MMAP_THRESHOLD, MAPPED),
        (libc::M_TRIM_THRESHOLD, TRIMMED),
        (libc::M_ARENA_MAX, HEAPS),
    ] {
        #[expect(unsafe_code, reason = "no safe wrapper of mallopt(3) exists")]
        // SAFETY: it takes two numbers and touches no memory of ours.
        let taken = unsafe { libc::mallopt(option, value) };
        if taken == 0 {
            tracing::debug!(option, value, "the allocator does not take this option");
        }
    }
}

/// Gives back what is free, wherever in the heaps it lies. It walks through all of them, so it is
/// for after large work.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        #[expect(unsafe_code, reason = "no safe wrapper of malloc_trim(3) exists")]
        // SAFETY: it takes a number and frees nothing that is in use.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}
