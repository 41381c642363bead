//! A login that callmux begins by itself, because the config asks for that (`open_browser = "at_start"`).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::browser;
use super::error::CredentialError;
use super::oauth::Oauth;
use crate::base::{file, runtime_dir};
use crate::settings::OpenBrowser;

/// However often we are started ourselves, nobody is asked more often.
const PAUSE: Duration = Duration::from_mins(10);

impl Oauth {
    /// The server was started, and wants a login. Opens the user's browser for it, once: what comes of it
    /// may be another start, and the next one may fail in the same way.
    pub(super) fn invite(self: &Arc<Self>) {
        let is_wanted = self.config.open_browser == OpenBrowser::AtStart && self.takes_logins();
        if !is_wanted || !self.is_first_invitation() || self.was_invited_lately() {
            return;
        }
        let oauth = self.clone();
        self.tasks.spawn_until_stopped("invitation to log in", async move {
            let server = &oauth.server;
            match oauth.begin_in_browser().await {
                Ok(()) => tracing::info!(%server, "a browser was opened for its login"),
                Err(reason) => tracing::warn!(
                    %server,
                    %reason,
                    "no browser was opened for its login: {reason}; `callmux login {server}` shows the address"
                ),
            }
        });
    }

    async fn begin_in_browser(self: &Arc<Self>) -> Result<(), CredentialError> {
        // Somebody may be at it already.
        if self.is_under_way() {
            return Ok(());
        }
        let login = self.login().await?;
        // Of one that nobody sees nobody knows.
        browser::open(login.url()).await.inspect_err(|_| drop(self.give_up_login()))
    }

    /// Notes it for the next process of ours, too.
    fn was_invited_lately(&self) -> bool {
        let Some(note) = self.note_of_invitation() else { return false };
        let age = note.metadata().and_then(|found| found.modified()).ok();
        let age = age.and_then(|at| SystemTime::now().duration_since(at).ok());
        let was = age.is_some_and(|age| age < PAUSE);
        if !was && let Err(error) = file::replace_soon(&note, &[]) {
            tracing::debug!(%error, "an invitation to log in is not noted");
        }
        was
    }

    /// An operator wants the server started, whatever was before.
    pub(super) fn may_invite_again(&self) {
        if self.config.open_browser == OpenBrowser::AtStart {
            self.forget_invitation();
            drop(self.note_of_invitation().map(std::fs::remove_file));
        }
    }

    fn note_of_invitation(&self) -> Option<PathBuf> {
        Some(runtime_dir::sockets().ok()?.join(format!("invited-{}", self.server)))
    }
}
