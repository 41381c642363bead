//! The pipes to a process.

use tokio::net::unix::pipe;

/// What a pipe of ours is asked to hold, in bytes. The kernel may grant less
/// (`/proc/sys/fs/pipe-user-pages-soft`); the default of 64 KiB costs a third of the speed of
/// large results.
pub(super) const PIPE_BYTES: usize = 1024 * 1024;

/// The streams of a started process.
#[derive(Debug)]
pub struct Streams {
    pub stdin: pipe::Sender,
    pub stdout: pipe::Receiver,
    pub stderr: pipe::Receiver,
}
