//! Tokens of OAuth 2.1, and how they are renewed.
//!
//! A token is renewed ahead of its end, by one task while the others wait; so is one that the server
//! refuses. What needs a person is only said: nothing here waits for one.

use std::sync::{Arc, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use oauth2::TokenResponse;
use rmcp::transport::auth::{
    AuthError, ClientCredentialsConfig, OAuthClientConfig, StoredCredentials, WWWAuthenticateParams,
};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::error::CredentialError;
use super::fetch::Fetch;
use super::found::AuthorizationServer;
use super::header::bearer;
use super::login::{Login, UnderWay, said};
use super::store::{OauthClient, Store, StoredLogin};
use super::understood::IssuerRule;
use super::verdict::Verdict;
use crate::base::{Lock, Secret, ServerName, Tasks};
use crate::http::Proxies;
use crate::settings::{self, Grant};

/// A token is renewed so long before its end, or a fifth of its life if that is shorter.
const AHEAD: Duration = Duration::from_secs(30);
/// What is left of why a request had no answer.
const UNANSWERED: &str = "Request failed";
/// How often one request is sent again because of its credential.
const TRIES_MAX: u32 = 2;

/// The tokens for one server.
pub(super) struct Oauth {
    pub(super) server: ServerName,
    pub(super) url: Url,
    pub(super) config: settings::Oauth,
    /// The user said nothing of it: it is there in case that the server wants a login.
    pub(super) is_unwritten: bool,
    pub(super) fetch: Arc<Fetch>,
    pub(super) store: Store,
    /// Ends with the server.
    pub(super) tasks: Tasks,
    /// Ends with the daemon.
    renewals: Tasks,
    state: Lock<OauthState>,
    /// Held by the one that renews.
    pub(super) renewing: tokio::sync::Mutex<()>,
    changed: Notify,
    pub(super) login: Lock<Option<UnderWay>>,
}

#[derive(Default)]
struct OauthState {
    token: Option<Token>,
    /// What the server last said about what it wants.
    challenge: Option<String>,
    /// Scopes that the server wants beside those that were asked for.
    wanted: Vec<String>,
    /// Nothing goes on without a person.
    login_needed: bool,
    /// The server was greeted, and answered.
    is_let_in: bool,
    /// A login was begun unasked.
    is_invited: bool,
}

#[derive(Clone)]
struct Token {
    value: HeaderValue,
    /// `None`: whenever the server refuses it.
    renew_at: Option<SystemTime>,
    end: Option<SystemTime>,
}

/// Why there is no new token.
enum NotRenewed {
    /// A person has to log in.
    LoginNeeded,
    /// Perhaps later.
    Failed(CredentialError),
}

impl Oauth {
    /// `config`: `None` if the user said nothing.
    pub(super) fn new(
        server: &ServerName,
        url: &Secret,
        config: Option<&settings::Oauth>,
        proxies: &Proxies,
        (tasks, renewals): (Tasks, Tasks),
    ) -> Result<Self, CredentialError> {
        let origin = settings::origin(url);
        let url = Url::parse(url.expose()).map_err(|_| CredentialError::NoUrl)?;
        let store = Store::of(server, origin);
        let token = store.kept().and_then(|kept| kept.tokens).as_ref().and_then(token);
        let is_unwritten = config.is_none();
        let config = config.cloned().unwrap_or_default();
        let rule = match &config.issuer {
            _ if config.allow_issuer_mismatch => IssuerRule::Any,
            Some(issuer) => IssuerRule::Named(issuer.clone()),
            None => IssuerRule::Own,
        };
        Ok(Self {
            server: server.clone(),
            fetch: Arc::new(Fetch::new(&url, proxies, rule)),
            url,
            config,
            is_unwritten,
            store,
            tasks,
            renewals,
            state: Lock::new(OauthState { token, ..OauthState::default() }),
            renewing: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            login: Lock::new(None),
        })
    }

    fn state(&self) -> MutexGuard<'_, OauthState> {
        self.state.lock()
    }

    /// Whether a person has anything to do with it.
    pub(super) fn takes_logins(&self) -> bool {
        self.config.grant == Grant::AuthorizationCode
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn begin(&self) {
        let mut state = self.state();
        (state.login_needed, state.is_let_in) = (false, false);
    }

    pub(super) fn note_let_in(&self) {
        self.state().is_let_in = true;
    }

    /// Whether no login was begun unasked yet; from now on one was.
    pub(super) fn is_first_invitation(&self) -> bool {
        !std::mem::replace(&mut self.state().is_invited, true)
    }

    pub(super) fn forget_invitation(&self) {
        self.state().is_invited = false;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().token.is_none()
    }

    pub(super) fn login_needed(&self) -> Option<String> {
        self.state().login_needed.then(|| self.remedy().to_string())
    }

    fn remedy(&self) -> CredentialError {
        CredentialError::LoginNeeded(self.server.clone())
    }

    /// The token, renewed if its end is near; nothing before there was any.
    pub(super) async fn show(self: &Arc<Self>) -> Result<Option<HeaderValue>, CredentialError> {
        let Some(token) = self.state().token.clone() else { return Ok(None) };
        let now = SystemTime::now();
        if token.renew_at.is_none_or(|at| now < at) {
            return Ok(Some(token.value));
        }
        match self.renew(&token.value).await {
            Ok(()) => Ok(self.state().token.clone().map(|token| token.value)),
            // It may be good to its very end.
            Err(_) if token.end.is_some_and(|end| SystemTime::now() < end) => Ok(Some(token.value)),
            Err(NotRenewed::LoginNeeded) => Err(self.remedy()),
            Err(NotRenewed::Failed(why)) => Err(CredentialError::Over(Box::new(why))),
        }
    }

    pub(super) async fn refused(
        self: &Arc<Self>,
        shown: Option<&HeaderValue>,
        status: StatusCode,
        headers: &HeaderMap,
        tries: u32,
    ) -> Verdict {
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter();
        let mut challenges = challenges.filter_map(|value| value.to_str().ok());
        let challenge = challenges.find(|text| begins_with_bearer(text)).map(str::to_owned);
        if self.is_unwritten && shown.is_none() && challenge.is_none() {
            // It wants something else.
            return Verdict::Stands;
        }
        if status == StatusCode::FORBIDDEN {
            return self.wants_more(challenge.as_deref(), tries).await;
        }
        let current = {
            let mut state = self.state();
            // What is said about no token names what is wanted of the first one.
            if challenge.is_some() || state.challenge.is_none() {
                state.challenge = challenge;
            }
            state.token.clone().map(|token| token.value)
        };
        if tries >= TRIES_MAX {
            return self.give_up();
        }
        match (shown, current) {
            (shown, Some(current)) if shown != Some(&current) => Verdict::Again,
            (Some(shown), Some(_)) => match self.renew(shown).await {
                Ok(()) => Verdict::Again,
                Err(NotRenewed::LoginNeeded) => self.give_up(),
                Err(NotRenewed::Failed(why)) => {
                    Verdict::Because(format!("its token is refused and {why}"))
                }
            },
            (_, _) if self.config.grant == Grant::ClientCredentials => {
                let _alone = self.renewing.lock().await;
                if self.state().token.is_some() {
                    return Verdict::Again;
                }
                match self.obtain(&[]).await {
                    Ok(()) => Verdict::Again,
                    Err(why) => Verdict::Because(why.to_string()),
                }
            }
            _ => self.give_up(),
        }
    }

    fn give_up(&self) -> Verdict {
        if self.config.grant == Grant::ClientCredentials {
            return Verdict::Because("it refuses the token that it was given".to_owned());
        }
        let mut state = self.state();
        // Who needs a login for some calls only is of use without one.
        state.login_needed = !(self.is_unwritten && state.is_let_in);
        Verdict::Because(self.remedy().to_string())
    }

    /// The server wants further scopes (2026-07-28, "Scope Challenge Handling"). Those that were asked
    /// for already are not asked for again.
    async fn wants_more(&self, challenge: Option<&str>, tries: u32) -> Verdict {
        let Some(challenge) = challenge else { return Verdict::Stands };
        let params = WWWAuthenticateParams::parse(challenge, &self.url);
        if !params.is_insufficient_scope() {
            return Verdict::Stands;
        }
        let asked = self.store.kept().map(|kept| kept.asked).unwrap_or_default();
        let named = params.scope.as_deref().unwrap_or_default().split_whitespace();
        let missing: Vec<String> =
            named.filter(|scope| !asked.iter().any(|a| a == scope)).map(str::to_owned).collect();
        if missing.is_empty() {
            return Verdict::Because("it wants rights that a login does not bring".to_owned());
        }
        if self.config.grant == Grant::ClientCredentials {
            let _alone = self.renewing.lock().await;
            return match self.obtain(&missing).await {
                Ok(()) if tries < TRIES_MAX => Verdict::Again,
                Ok(()) => Verdict::Stands,
                Err(why) => Verdict::Because(why.to_string()),
            };
        }
        let mut state = self.state();
        for scope in &missing {
            if !state.wanted.contains(scope) {
                state.wanted.push(scope.clone());
            }
        }
        Verdict::Because(format!(
            "it wants further scopes ({}); {}",
            missing.join(" "),
            self.remedy()
        ))
    }

    /// What the server said it wants, and further scopes.
    pub(super) fn wanted(&self) -> (Option<String>, Vec<String>) {
        let state = self.state();
        (state.challenge.clone(), state.wanted.clone())
    }

    /// Gets a new token in the place of this one, or waits for the one who does. It goes on without
    /// who asked: what is given out is given out once, and lost if nobody takes it.
    async fn renew(self: &Arc<Self>, old: &HeaderValue) -> Result<(), NotRenewed> {
        let (told, renewed) = oneshot::channel();
        let (oauth, old) = (self.clone(), old.clone());
        self.renewals.spawn("renewal of a token", async move {
            drop(told.send(oauth.renew_alone(&old).await));
        });
        let given_up = |_| NotRenewed::Failed(CredentialError::RenewalGivenUp);
        renewed.await.map_err(given_up)?
    }

    async fn renew_alone(&self, old: &HeaderValue) -> Result<(), NotRenewed> {
        let _alone = self.renewing.lock().await;
        {
            let state = self.state();
            if state.login_needed {
                return Err(NotRenewed::LoginNeeded);
            }
            if state.token.as_ref().is_some_and(|token| token.value != *old) {
                return Ok(());
            }
        }
        if self.config.grant == Grant::ClientCredentials {
            return self.obtain(&[]).await.map_err(NotRenewed::Failed);
        }
        let Some(kept) = self.store.kept() else { return Err(self.person_needed()) };
        if kept.tokens.as_ref().and_then(refresh_token).is_none() {
            return Err(self.person_needed());
        }
        let challenge = self.state().challenge.clone();
        match self.refresh(&kept, challenge.as_deref()).await {
            Ok(()) => Ok(()),
            Err(AuthError::TokenRefreshRejected(_) | AuthError::AuthorizationRequired) => {
                drop(self.store.forget_tokens());
                self.state().token = None;
                Err(self.person_needed())
            }
            Err(AuthError::AuthorizationServerMismatch { .. }) => Err(self.person_needed()),
            Err(error) => Err(NotRenewed::Failed(CredentialError::NotRenewed(self.line(&error)))),
        }
    }

    /// An error in a line, without what is secret: what others say may repeat what they were sent.
    fn line(&self, error: &AuthError) -> String {
        let kept = self.store.kept();
        let tokens = kept.as_ref().and_then(|kept| kept.tokens.as_ref()?.token_response.as_ref());
        let secrets = [
            tokens.map(|tokens| tokens.access_token().secret().as_str()),
            tokens.and_then(|tokens| Some(tokens.refresh_token()?.secret().as_str())),
            kept.as_ref().and_then(|kept| kept.client.secret.as_deref()),
            self.config.client_secret.as_ref().map(Secret::expose),
        ];
        let mut text = match error {
            AuthError::DiscoveryRequestFailed { source, .. } => format!("{error}: {source}"),
            _ => error.to_string(),
        };
        if let (Some(start), Some(why)) = (text.strip_suffix(UNANSWERED), self.fetch.failed()) {
            text = format!("{start}{why}");
        }
        for secret in secrets.into_iter().flatten().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "(hidden)");
        }
        said(&text)
    }

    /// What an authorization server says, as it is told.
    pub(super) fn told(&self, error: &AuthError) -> CredentialError {
        CredentialError::Said(self.line(error))
    }

    fn person_needed(&self) -> NotRenewed {
        self.state().login_needed = true;
        NotRenewed::LoginNeeded
    }

    async fn refresh(&self, kept: &StoredLogin, challenge: Option<&str>) -> Result<(), AuthError> {
        let AuthorizationServer { mut manager, metadata, .. } =
            self.discover(challenge, &self.store).await?;
        if metadata.issuer != kept.issuer {
            // A refresh token is nobody else's business.
            return Err(AuthError::AuthorizationServerMismatch {
                expected_issuer: kept.issuer.clone().unwrap_or_default(),
                received_issuer: metadata.issuer.unwrap_or_default(),
            });
        }
        manager.configure_client(kept.client.config())?;
        // They may be left out (RFC 6749, section 6), but Microsoft Entra refuses some requests without.
        manager.set_refresh_scopes(self.store.granted());
        manager.refresh_token().await?;
        self.take_tokens();
        Ok(())
    }

    /// The grant of client credentials (RFC 6749, section 4.4). `more`: scopes beside the usual ones.
    async fn obtain(&self, more: &[String]) -> Result<(), CredentialError> {
        let (challenge, _) = self.wanted();
        let failed = |error: AuthError| CredentialError::NoToken(self.line(&error));
        let store = &self.store;
        let found = self.discover(challenge.as_deref(), store).await;
        let found = found
            .map_err(|error| CredentialError::NoToken(self.undiscovered(&error).to_string()))?;
        let scopes = self.scopes(&found, more).await;
        let AuthorizationServer { mut manager, metadata, .. } = found;
        let (Some(id), Some(secret)) = (&self.config.client_id, &self.config.client_secret) else {
            return Err(CredentialError::NoClientSecret);
        };
        let config = ClientCredentialsConfig::ClientSecret {
            client_id: id.clone(),
            client_secret: secret.expose().to_owned(),
            scopes: scopes.clone(),
            resource: Some(self.url.to_string()),
        };
        manager.validate_client_credentials_metadata(&config).map_err(failed)?;
        manager.configure_client_credentials(&config).map_err(failed)?;
        let client = OauthClient {
            id: id.clone(),
            secret: None,
            redirect: String::new(),
            is_registered: false,
        };
        store.begin(metadata.issuer, client, scopes);
        manager.exchange_client_credentials(&config).await.map_err(failed)?;
        self.take_tokens();
        Ok(())
    }

    /// Uses the tokens in the store from now on.
    pub(super) fn take_tokens(&self) {
        let tokens = self.store.kept().and_then(|kept| kept.tokens);
        let mut state = self.state();
        state.token = tokens.as_ref().and_then(token);
        (state.login_needed, state.wanted) = (false, Vec::new());
    }

    /// Tells the server's owner that somebody logged in or out.
    pub(super) fn tell(&self) {
        self.changed.notify_one();
    }

    /// Has no tokens from now on.
    pub(super) fn drop_tokens(&self) {
        let mut state = self.state();
        (state.token, state.login_needed, state.wanted) = (None, false, Vec::new());
    }

    /// Gives up the login that is under way. What comes back is cancelled when its port is free.
    pub(super) fn give_up_login(&self) -> Option<CancellationToken> {
        let earlier = self.login.lock().take()?;
        earlier.stop.cancel();
        Some(earlier.ended)
    }

    /// Whether a login waits for a person.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way().is_some_and(|login| login.outcome.borrow().is_none())
    }

    pub(super) fn under_way(&self) -> Option<Login> {
        let login = self.login.lock();
        login.as_ref().map(|under_way| under_way.login.clone())
    }
}

impl OauthClient {
    pub(super) fn config(&self) -> OAuthClientConfig {
        let config = OAuthClientConfig::new(self.id.clone(), self.redirect.clone());
        match &self.secret {
            Some(secret) => config.with_client_secret(secret.clone()),
            None => config,
        }
    }
}

fn begins_with_bearer(challenge: &str) -> bool {
    challenge.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
}

fn refresh_token(stored: &StoredCredentials) -> Option<&str> {
    stored.token_response.as_ref()?.refresh_token().map(|token| token.secret().as_str())
}

fn token(stored: &StoredCredentials) -> Option<Token> {
    let response = stored.token_response.as_ref()?;
    let secret = Secret::new(response.access_token().secret().clone());
    let value = bearer(&secret).ok()?;
    let (mut renew_at, mut end) = (None, None);
    if let (Some(life), Some(since)) = (response.expires_in(), stored.token_received_at) {
        let ends = UNIX_EPOCH + Duration::from_secs(since) + life;
        (renew_at, end) = (Some(ends - AHEAD.min(life / 5)), Some(ends));
    }
    Some(Token { value, renew_at, end })
}
