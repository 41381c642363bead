//! What systemd is told (sd_notify(3)). Without systemd nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::base::visible;

/// A status as systemd reads it: one line in which a backslash stands for what follows it.
fn line(status: &str) -> String {
    visible::line(status).replace('\\', "\\\\")
}

/// Tells the state; a manager that cannot be told is no reason to fail.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not notified");
    }
}

/// The accept loops run.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(&line(status))]);
}

/// The config is being read; [`ready`] says when that is over. With `Type=notify-reload` the manager
/// waits for both, and goes by the time.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "systemd was not told that the config is read"),
    }
}

/// The line that `systemctl status` shows.
pub fn status(status: &str) {
    notify(&[NotifyState::Status(&line(status))]);
}

/// The drain begins, and may take so long.
pub fn stopping(status: &str, limit: Duration) {
    let limit = u32::try_from(limit.as_micros()).unwrap_or(u32::MAX);
    notify(&[
        NotifyState::Stopping,
        NotifyState::Status(status),
        NotifyState::ExtendTimeoutUsec(limit),
    ]);
}

/// The control loop goes round.
pub fn alive() {
    notify(&[NotifyState::Watchdog]);
}

/// How often [`alive`] must be told: half of what systemd allows. `None` without a watchdog.
pub fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}
