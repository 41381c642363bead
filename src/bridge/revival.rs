//! A socket that is down is started again.

use std::time::Duration;

use super::dial::Target;
use crate::base::dirs;
use crate::process::units;

const SOCKET_UNIT: &str = "callmux.socket";
/// How long the user manager may take to answer.
const MANAGER_WITHIN: Duration = Duration::from_secs(2);

/// Asks systemd to start the socket that nobody answers at.
#[derive(Debug)]
pub(super) struct Revival {
    /// This bridge has just been started: its client wants a daemon. Later, a socket that is down
    /// was stopped by somebody, and only one that failed is started again.
    is_new: bool,
}

impl Revival {
    pub(super) fn new(is_new: bool) -> Self {
        Self { is_new }
    }

    /// Does what can be done when nobody answers at `target`.
    pub(super) async fn attempt(&mut self, target: &Target) {
        let is_ours = matches!(target, Target::Unix(path) if Some(path) == dirs::socket().as_ref());
        if !is_ours {
            return;
        }
        let only_failed = !std::mem::take(&mut self.is_new);
        let asked = units::start_socket(SOCKET_UNIT, only_failed);
        match tokio::time::timeout(MANAGER_WITHIN, asked).await {
            Ok(Ok(true)) => tracing::info!("{SOCKET_UNIT} was down and is being started"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::debug!(%error, "systemd was not asked"),
            Err(_) => tracing::debug!("systemd does not answer"),
        }
    }
}
