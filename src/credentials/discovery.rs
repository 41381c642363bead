//! Who is asked for tokens: what the server says of it, what that says of itself, and what the user says
//! in place of either.

use rmcp::transport::auth::{
    AuthError, AuthorizationManager, AuthorizationMetadata, WWWAuthenticateParams,
};

use super::error::CredentialError;
use super::found::AuthorizationServer;
use super::login::said;
use super::oauth::Oauth;
use super::store::Store;
use super::understood::ISSUER;
use crate::settings::Grant;

/// What some authorization servers give refresh tokens for (OpenID Connect Core, section 11).
const OFFLINE: &str = "offline_access";

impl Oauth {
    /// Who is asked for tokens for this server, which last refused with this challenge.
    pub(super) async fn discover(
        &self,
        challenge: Option<&str>,
        store: &Store,
    ) -> Result<AuthorizationServer, AuthError> {
        let mut manager =
            AuthorizationManager::new_with_oauth_http_client(self.url.as_str(), self.fetch.clone())
                .await?;
        manager.set_credential_store(store.clone());
        // Which issuer is the right one was looked at by then.
        manager.set_allow_missing_issuer(true);
        let (mut metadata, is_guessed) = if self.is_by_hand() {
            (AuthorizationMetadata::default(), false)
        } else {
            self.resolve(&manager, challenge).await?
        };
        if let Some(issuer) = metadata.additional_fields.remove(ISSUER) {
            metadata.issuer = issuer.as_str().map(str::to_owned);
        }
        let by_hand = self.config.endpoints.clone();
        if let Some(url) = by_hand.authorization {
            metadata.authorization_endpoint = url;
        }
        if let Some(url) = by_hand.token {
            metadata.token_endpoint = url;
        }
        metadata.registration_endpoint = by_hand.registration.or(metadata.registration_endpoint);
        if self.is_by_hand() {
            metadata.issuer.clone_from(&self.config.issuer);
            if metadata.authorization_endpoint.is_empty() {
                // Nobody is sent there, but it has to be an address.
                metadata.authorization_endpoint.clone_from(&metadata.token_endpoint);
            }
        }
        manager.set_metadata(metadata.clone());
        Ok(AuthorizationServer { manager, metadata, is_guessed })
    }

    /// Whether the user said all that there is to know.
    fn is_by_hand(&self) -> bool {
        let endpoints = &self.config.endpoints;
        let needs_person = self.config.grant == Grant::AuthorizationCode;
        endpoints.token.is_some() && (endpoints.authorization.is_some() || !needs_person)
    }

    async fn resolve(
        &self,
        manager: &AuthorizationManager,
        challenge: Option<&str>,
    ) -> Result<(AuthorizationMetadata, bool), AuthError> {
        let found = manager.resolve_metadata_from_challenge(challenge).await;
        let Some(issuer) = &self.config.issuer else {
            return found.map(|found| (found.metadata, !found.source.is_discovered()));
        };
        if let Ok(found) = found
            && found.source.is_discovered()
        {
            return Ok((found.metadata, false));
        }
        let mut named =
            AuthorizationManager::new_with_oauth_http_client(issuer.as_str(), self.fetch.clone())
                .await?;
        named.set_allow_missing_issuer(true);
        let found = named.resolve_metadata().await?;
        if found.source.is_discovered() {
            Ok((found.metadata, false))
        } else {
            Err(AuthError::NoAuthorizationSupport)
        }
    }

    /// What went wrong with that, and what can be done about it.
    pub(super) fn undiscovered(&self, error: &AuthError) -> CredentialError {
        match error {
            AuthError::AuthorizationServerMismatch { received_issuer, .. }
                if received_issuer.is_empty() =>
            {
                CredentialError::NamelessIssuer
            }
            AuthError::AuthorizationServerMismatch { expected_issuer, received_issuer } => {
                CredentialError::UnexpectedIssuer(said(received_issuer), said(expected_issuer))
            }
            AuthError::AuthorizationServersUnavailable { .. }
            | AuthError::NoAuthorizationSupport => {
                CredentialError::NoMetadata(self.told(error).to_string())
            }
            error => self.told(error),
        }
    }

    /// The scopes that the server wanted when it last refused.
    fn challenged(&self) -> Vec<String> {
        let (challenge, _) = self.wanted();
        let scope = challenge.and_then(|text| WWWAuthenticateParams::parse(&text, &self.url).scope);
        let scope = scope.unwrap_or_default();
        scope.split_whitespace().map(str::to_owned).collect()
    }

    /// The scopes to ask for: what the user says, else what the server says, and what it wanted later.
    pub(super) async fn scopes(&self, found: &AuthorizationServer, more: &[String]) -> Vec<String> {
        let mut scopes = self.config.scopes.clone();
        let supported = found.metadata.scopes_supported.iter().flatten();
        if scopes.is_empty() {
            let challenged = self.challenged();
            let asked: Vec<&str> = challenged.iter().map(String::as_str).collect();
            scopes = found.manager.select_initial_scopes(&asked).await;
        } else if supported.into_iter().any(|scope| scope == OFFLINE)
            && !scopes.iter().any(|scope| scope == OFFLINE)
        {
            scopes.push(OFFLINE.to_owned());
        }
        if !more.is_empty() {
            let asked = self.store.kept().map(|kept| kept.asked).unwrap_or_default();
            for scope in asked.iter().chain(more) {
                if !scopes.contains(scope) {
                    scopes.push(scope.clone());
                }
            }
        }
        scopes
    }
}
