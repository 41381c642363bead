//! How many descriptors we may have open (`RLIMIT_NOFILE`, getrlimit(2)), and which others are given.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit that this process was started with.
static GIVEN: OnceLock<Rlimit> = OnceLock::new();

/// Takes as many as we may have: most systems give a process 1,024 at first, for the sake of programs
/// that use select(2), and many more to one that asks.
pub fn raise() {
    let given = *GIVEN.get_or_init(|| getrlimit(Resource::Nofile));
    // If it is refused, there are as many as before.
    _ = setrlimit(Resource::Nofile, Rlimit { current: given.maximum, ..given });
}

/// Gives a program of ours the limit that we were started with, for it may be one that uses
/// select(2). Makes system calls and nothing else, so it may run between fork and exec.
pub fn give_back() {
    let Some(given) = GIVEN.get() else { return };
    let now = getrlimit(Resource::Nofile);
    // Somebody may have taken some from us since. No limit is more than any.
    let current = match (given.current, now.maximum) {
        (Some(given), Some(maximum)) => Some(given.min(maximum)),
        (given, maximum) => given.or(maximum),
    };
    // With more than it is used to, a program works, too.
    _ = setrlimit(Resource::Nofile, Rlimit { current, ..now });
}

/// Has the first three alone go on to the program that is executed next. Makes one system call and nothing
/// else, so it may run between fork and exec.
pub fn close_others() {
    #[expect(unsafe_code, reason = "no safe wrapper of close_range(2) exists")]
    // SAFETY: only marks descriptors close-on-exec; a kernel without the call changes nothing, and
    // then the flag that every descriptor of ours carries has to do.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}

/// How many there may be now.
pub fn limit() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}
