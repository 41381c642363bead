//! Descriptors that systemd keeps for us over restarts and crashes (sd_pid_notify_with_fds(3),
//! `FDSTORE=1`). Without systemd nothing is kept.
//!
//! `FDPOLL=0`: a pipe whose other end is closed stays, with what was not read yet.

use std::os::fd::BorrowedFd;

use sd_notify::NotifyState;

/// Every name of ours begins so; sockets that systemd passes have other names.
pub const PREFIX: &str = "callmux.";

/// Keeps a duplicate under `name`, to which [`PREFIX`] is added. Names are at most 255 characters
/// without `:`.
pub fn keep(name: &str, fd: BorrowedFd<'_>) {
    let name = format!("{PREFIX}{name}");
    let states =
        [NotifyState::FdStore, NotifyState::FdName(&name), NotifyState::Custom("FDPOLL=0")];
    if let Err(error) = sd_notify::notify_with_fds(&states, &[fd]) {
        tracing::warn!(%error, name, "systemd does not keep a descriptor");
    }
}

/// Gives back everything kept under `name`.
pub fn forget(name: &str) {
    let name = format!("{PREFIX}{name}");
    let states = [NotifyState::FdStoreRemove, NotifyState::FdName(&name)];
    if let Err(error) = sd_notify::notify(&states) {
        tracing::debug!(%error, name, "systemd was not told to forget a descriptor");
    }
}
