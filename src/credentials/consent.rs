//! A person's consent: from the address that is shown to the tokens that come of it.

use std::sync::Arc;
use std::time::Duration;

use rmcp::transport::auth::{AuthorizationCallback, AuthorizationManager};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::callback::{self, Page, Visit};
use super::error::CredentialError;
use super::found::AuthorizationServer;
use super::login::{Login, Outcome, UnderWay, said};
use super::oauth::Oauth;
use super::store::{OauthClient, Store};
use super::way_back::WayBack;
use crate::http::reach::is_loopback;

/// How long a person may take.
const CONSENT_WITHIN: Duration = Duration::from_mins(10);
/// Addresses that came back and wait to be looked at.
const VISITS_MAX: usize = 4;

/// What a login works with.
struct Attempt {
    manager: AuthorizationManager,
    store: Store,
    /// What the address that comes back must repeat.
    state: String,
    /// What the authorization server calls itself.
    issuer: Option<String>,
}

impl Oauth {
    /// Begins a login in the place of the one that is under way.
    pub(super) async fn login(self: &Arc<Self>) -> Result<Login, CredentialError> {
        if let Some(ended) = self.give_up_login() {
            ended.cancelled().await;
        }
        let (challenge, wanted) = self.wanted();
        // The tokens there are hold until the login succeeds.
        let store = self.store.apart();
        let found = self.discover(challenge.as_deref(), &store).await;
        let mut found = found.map_err(|error| self.undiscovered(&error))?;
        for endpoint in [&found.metadata.authorization_endpoint, &found.metadata.token_endpoint] {
            self.check(endpoint)?;
        }
        let scopes = self.scopes(&found, &wanted).await;
        let way_back = self.way_back().await?;
        let client = self.client(&mut found, way_back.address.clone(), &scopes).await?;
        let AuthorizationServer { mut manager, metadata, .. } = found;
        manager.configure_client(client.config()).map_err(|error| self.told(&error))?;
        let asked: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let url = manager.get_authorization_url(&asked).await.map_err(|error| self.told(&error))?;
        let state = parameter(
            &Url::parse(&url).map_err(|error| CredentialError::Said(error.to_string()))?,
            "state",
        )
        .ok_or(CredentialError::NoState)?;
        store.begin(metadata.issuer.clone(), client, scopes);
        let issuer = metadata.issuer;
        Ok(self.attend(url, way_back, Attempt { manager, store, state, issuer }))
    }

    /// An address that is opened in a browser or asked for tokens is one of the web.
    fn check(&self, endpoint: &str) -> Result<(), CredentialError> {
        let wrong = || CredentialError::NotHttps;
        let url = Url::parse(endpoint).map_err(|_| wrong())?;
        let is_plain_here = url.scheme() == "http" && is_loopback(&url) && is_loopback(&self.url);
        let is_web = url.scheme() == "https" || is_plain_here;
        if is_web && url.username().is_empty() && url.password().is_none() {
            Ok(())
        } else {
            Err(wrong())
        }
    }

    /// Who we are to the authorization server: who the user says, a document on the web, who we were
    /// before, or who it lets us be (2026-07-28, "Client Registration").
    async fn client(
        &self,
        AuthorizationServer { manager, metadata, is_guessed }: &mut AuthorizationServer,
        redirect: String,
        scopes: &[String],
    ) -> Result<OauthClient, CredentialError> {
        let takes_documents =
            metadata.additional_fields.get("client_id_metadata_document_supported");
        let document = self.config.client_metadata_url.clone();
        if let Some(id) = self.config.client_id.clone() {
            let secret =
                self.config.client_secret.as_ref().map(|secret| secret.expose().to_owned());
            return Ok(OauthClient { id, secret, redirect, is_registered: false });
        }
        if let Some(id) = document.filter(|_| takes_documents.is_some_and(|takes| takes == true)) {
            return Ok(OauthClient { id, secret: None, redirect, is_registered: false });
        }
        let kept = self.store.kept().filter(|kept| kept.issuer == metadata.issuer);
        let before = kept.map(|kept| kept.client).filter(|client| client.is_registered);
        if let Some(client) = before.filter(|client| client.redirect == redirect) {
            return Ok(client);
        }
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        if metadata.registration_endpoint.is_none() {
            return Err(CredentialError::NoRegistration);
        }
        let name = self.config.client_name.as_deref().unwrap_or("callmux");
        let registered = manager.register_client(name, &redirect, &scopes).await;
        let registered = registered.map_err(|error| match self.told(&error) {
            why if *is_guessed => CredentialError::NoMetadata(why.to_string()),
            why => why,
        })?;
        let (id, secret) = (registered.client_id, registered.client_secret);
        Ok(OauthClient { id, secret, redirect, is_registered: true })
    }

    fn attend(self: &Arc<Self>, url: String, way_back: WayBack, attempt: Attempt) -> Login {
        let (visits, visited) = mpsc::channel(VISITS_MAX);
        let (told, outcome) = watch::channel(None);
        let login = Login { url: url.into(), outcome, visits: visits.clone() };
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let under_way = UnderWay { login: login.clone(), stop: stop.clone(), ended: ended.clone() };
        *self.login.lock() = Some(under_way);
        let (oauth, guard) = (self.clone(), ended.drop_guard());
        self.tasks.spawn_until_stopped("login", async move {
            let consent = tokio::time::timeout(CONSENT_WITHIN, oauth.consent(visited, attempt));
            let here = (way_back.listeners.as_slice(), way_back.path.as_str());
            let outcome = tokio::select! {
                done = consent => {
                    done.unwrap_or(Err(CredentialError::NoConsent(CONSENT_WITHIN)))
                }
                () = callback::serve(here, &visits, &oauth.tasks) => {
                    Err(CredentialError::NoWayBack)
                }
                () = stop.cancelled() => Err(CredentialError::GivenUp),
            };
            drop((way_back, guard));
            if outcome.is_ok() {
                oauth.tell();
            }
            told.send_replace(Some(outcome));
        });
        login
    }

    /// Looks at what comes back until it is the answer.
    async fn consent(&self, mut visited: mpsc::Receiver<Visit>, attempt: Attempt) -> Outcome {
        while let Some(Visit { url, page }) = visited.recv().await {
            if parameter(&url, "state").as_ref() != Some(&attempt.state) {
                drop(page.send(Page::Unknown));
                continue;
            }
            let outcome = self.exchange(&url, &attempt).await;
            drop(page.send(match &outcome {
                Ok(()) => Page::Done,
                Err(why) => Page::Failed(why.clone()),
            }));
            return outcome;
        }
        Err(CredentialError::GivenUp)
    }

    async fn exchange(&self, url: &Url, attempt: &Attempt) -> Outcome {
        let Attempt { manager, store, .. } = attempt;
        if let Some(error) = parameter(url, "error") {
            let more = parameter(url, "error_description").map(|text| format!(": {text}"));
            return Err(CredentialError::Said(said(&format!(
                "{error}{}",
                more.unwrap_or_default()
            ))));
        }
        let answer = AuthorizationCallback::from_redirect_url(url.as_str());
        let AuthorizationCallback { code, csrf_token, issuer, .. } =
            answer.map_err(|error| self.told(&error))?;
        let issuer = match &attempt.issuer {
            // There is nothing to compare it with.
            None => None,
            // Who may call itself something else in its metadata may do so here.
            Some(own) if self.config.allow_issuer_mismatch => Some(own.as_str()),
            Some(_) => issuer.as_deref(),
        };
        let exchanged = manager.exchange_code_for_token_with_issuer(&code, &csrf_token, issuer);
        exchanged.await.map_err(|error| self.told(&error))?;
        self.store.take(store);
        self.take_tokens();
        Ok(())
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
