//! What proves us to one server, whatever kind it is of.

use std::fmt;
use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::command::Command;
use super::error::CredentialError;
use super::header::bearer;
use super::login::Login;
use super::oauth::Oauth;
use super::verdict::Verdict;
use crate::base::{ServerName, Tasks};
use crate::http::Proxies;
use crate::settings::{Auth, ServerConfig};

/// What proves us to one server.
pub struct Credential(CredentialKind);

enum CredentialKind {
    Bearer(HeaderValue),
    Command(Command),
    Oauth(Arc<Oauth>),
}

/// It shows nothing of what it holds.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").finish_non_exhaustive()
    }
}

impl Credential {
    /// That of a server with this config; `None` if it needs none. `Err` says why there can be none.
    /// `proxies`: through whom authorization servers may be reached. `tasks` end with the server;
    /// `renewals` are waited for at the end of the daemon.
    pub fn of(
        server: &ServerName,
        config: &ServerConfig,
        proxies: &Proxies,
        (tasks, renewals): (&Tasks, &Tasks),
    ) -> Result<Option<Arc<Self>>, CredentialError> {
        let kept = (tasks.child(), renewals.clone());
        let kind = match (&config.remote.auth, &config.remote.url) {
            (Auth::Unsaid, Some(url)) if may_want_login(config) => {
                CredentialKind::Oauth(Arc::new(Oauth::new(server, url, None, proxies, kept)?))
            }
            (Auth::None | Auth::Unsaid, _) | (_, None) => return Ok(None),
            (Auth::Bearer(token), _) => CredentialKind::Bearer(bearer(token)?),
            (Auth::Command { words, ttl }, _) => {
                CredentialKind::Command(Command::new(words.clone(), *ttl))
            }
            (Auth::Oauth(oauth), Some(url)) => CredentialKind::Oauth(Arc::new(Oauth::new(
                server,
                url,
                Some(oauth),
                proxies,
                kept,
            )?)),
        };
        Ok(Some(Arc::new(Self(kind))))
    }

    /// The value of `Authorization` for a request that is about to be sent; `None` while there is
    /// none yet. `Err`, for people: the request cannot be sent.
    pub async fn show(&self) -> Result<Option<HeaderValue>, CredentialError> {
        match &self.0 {
            CredentialKind::Bearer(value) => Ok(Some(value.clone())),
            CredentialKind::Command(command) => command.show().await.map(Some),
            CredentialKind::Oauth(oauth) => oauth.show().await,
        }
    }

    /// What to do about a refusal. `shown`: what the refused request carried. `tries`: how often this
    /// request was sent again already.
    pub async fn refused(
        &self,
        shown: Option<&HeaderValue>,
        status: StatusCode,
        headers: &HeaderMap,
        tries: u32,
    ) -> Verdict {
        match &self.0 {
            CredentialKind::Command(command) if tries == 0 => {
                command.forget(shown).await;
                Verdict::Again
            }
            CredentialKind::Bearer(_) | CredentialKind::Command(_)
                if status == StatusCode::UNAUTHORIZED =>
            {
                Verdict::Because(format!(
                    "HTTP status {status}: it refuses the token of its `auth`"
                ))
            }
            CredentialKind::Bearer(_) | CredentialKind::Command(_) => Verdict::Stands,
            CredentialKind::Oauth(oauth) => oauth.refused(shown, status, headers, tries).await,
        }
    }

    /// A connection begins: whether a login is needed is seen anew.
    pub fn begin(&self) {
        if let CredentialKind::Oauth(oauth) = &self.0 {
            oauth.begin();
        }
    }

    /// The server was greeted, and answered.
    pub fn note_let_in(&self) {
        if let CredentialKind::Oauth(oauth) = &self.0 {
            oauth.note_let_in();
        }
    }

    /// Whether the config says nothing of a login, and the server may want one.
    pub fn is_unwritten(&self) -> bool {
        matches!(&self.0, CredentialKind::Oauth(oauth) if oauth.is_unwritten)
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, CredentialKind::Oauth(oauth) if oauth.is_empty())
    }

    /// Why nothing can be done without a login; `None` while that is not so.
    pub fn login_needed(&self) -> Option<String> {
        match &self.0 {
            CredentialKind::Oauth(oauth) => oauth.login_needed(),
            CredentialKind::Bearer(_) | CredentialKind::Command(_) => None,
        }
    }

    /// The server cannot be had without a login: a person is asked for one, if the config says so.
    pub fn invite(&self) {
        if let CredentialKind::Oauth(oauth) = &self.0 {
            oauth.invite();
        }
    }

    /// An operator has the server started: a person may be asked again.
    pub fn may_invite_again(&self) {
        if let CredentialKind::Oauth(oauth) = &self.0 {
            oauth.may_invite_again();
        }
    }

    /// Completes when a person logged in or out.
    pub async fn changed(&self) {
        match &self.0 {
            CredentialKind::Oauth(oauth) => oauth.changed().await,
            CredentialKind::Bearer(_) | CredentialKind::Command(_) => std::future::pending().await,
        }
    }

    /// Begins a login. An earlier one that is under way is given up. `Err`, for people: there is
    /// nothing to log in to.
    pub async fn login(&self) -> Result<Login, CredentialError> {
        self.oauth()?.login().await
    }

    /// The login that is under way.
    pub fn under_way(&self) -> Result<Login, CredentialError> {
        self.oauth()?.under_way().ok_or(CredentialError::NoLogin)
    }

    /// Has the tokens revoked and forgets them. What comes back is why they were not revoked.
    pub async fn logout(&self) -> Result<Option<CredentialError>, CredentialError> {
        self.oauth()?.logout().await
    }

    fn oauth(&self) -> Result<&Arc<Oauth>, CredentialError> {
        match &self.0 {
            CredentialKind::Oauth(oauth) if oauth.takes_logins() => Ok(oauth),
            _ => Err(CredentialError::TakesNoLogin),
        }
    }
}

/// Whether a server of which nothing else is said may turn out to want a login.
fn may_want_login(config: &ServerConfig) -> bool {
    config.remote.socket.is_none() && !config.remote.headers.contains_key(AUTHORIZATION.as_str())
}
