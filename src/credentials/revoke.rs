//! Telling the authorization server that tokens are not to be good any more (RFC 7009).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use oauth2::TokenResponse;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::error::CredentialError;
use super::oauth::Oauth;
use super::store::{OauthClient, StoredLogin};

/// How long all of it may take: a person waits.
const WITHIN: Duration = Duration::from_secs(20);

impl Oauth {
    /// Has the tokens revoked, and forgets them whatever comes of that.
    pub(super) async fn logout(&self) -> Result<Option<CredentialError>, CredentialError> {
        let _alone = self.renewing.lock().await;
        self.give_up_login();
        let not_revoked = self.revoke().await.err();
        let forgotten = self.store.forget();
        self.drop_tokens();
        self.tell();
        forgotten.map(|()| not_revoked)
    }

    /// Has the tokens revoked. The error says why they may be good for longer.
    async fn revoke(&self) -> Result<(), CredentialError> {
        let Some(kept) = self.store.kept().filter(|kept| kept.tokens.is_some()) else {
            return Ok(());
        };
        let revoked = tokio::time::timeout(WITHIN, self.revoke_kept(&kept)).await;
        revoked.unwrap_or(Err(CredentialError::TooSlow(WITHIN)))
    }

    async fn revoke_kept(&self, kept: &StoredLogin) -> Result<(), CredentialError> {
        let (challenge, _) = self.wanted();
        let found = self.discover(challenge.as_deref(), &self.store.apart()).await;
        let metadata = found.map_err(|error| self.undiscovered(&error))?.metadata;
        if metadata.issuer != kept.issuer {
            // A token is nobody else's business.
            return Err(CredentialError::OtherIssuer);
        }
        let endpoint = metadata.additional_fields.get("revocation_endpoint");
        let endpoint = endpoint.and_then(|url| url.as_str());
        let endpoint = endpoint.ok_or(CredentialError::NoRevocation)?;
        let response = kept.tokens.as_ref().and_then(|stored| stored.token_response.as_ref());
        let Some(response) = response else { return Ok(()) };
        // The refresh token first: with it usually goes what came of it.
        let refresh = response.refresh_token().map(|token| (token.secret(), "refresh_token"));
        let mut outcome = Ok(());
        for (token, kind) in
            refresh.into_iter().chain([(response.access_token().secret(), "access_token")])
        {
            let (authorization, form) = form(token, kind, &kept.client);
            let answered = self.fetch.post_form(endpoint, authorization, form).await;
            outcome = outcome.and(match answered {
                Ok(StatusCode::OK) => Ok(()),
                Ok(status) => Err(CredentialError::Status(status)),
                Err(why) => Err(CredentialError::NotAsked(Box::new(why))),
            });
        }
        outcome
    }
}

/// The request for one token (RFC 7009, section 2.1), with what proves the client (RFC 6749, section
/// 2.3.1).
fn form(token: &str, kind: &str, client: &OauthClient) -> (Option<HeaderValue>, String) {
    let mut form = Serializer::new(String::new());
    form.append_pair("token", token).append_pair("token_type_hint", kind);
    let Some(secret) = &client.secret else {
        form.append_pair("client_id", &client.id);
        return (None, form.finish());
    };
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encoded(&client.id), encoded(secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok();
    if let Some(value) = &mut value {
        value.set_sensitive(true);
    }
    (value, form.finish())
}

#[cfg(test)]
mod tests {
    use super::form;
    use crate::credentials::store::OauthClient;

    #[test]
    fn a_client_proves_itself_with_what_it_has() {
        let client = |secret: Option<&str>| OauthClient {
            id: "c 1".to_owned(),
            secret: secret.map(str::to_owned),
            redirect: String::new(),
            is_registered: true,
        };
        let (header, text) = form("a&b", "access_token", &client(None));
        assert_eq!(header, None);
        assert_eq!(text, "token=a%26b&token_type_hint=access_token&client_id=c+1");
        let (header, text) = form("t", "refresh_token", &client(Some("s:1")));
        assert_eq!(header.unwrap(), "Basic YysxOnMlM0Ex");
        assert_eq!(text, "token=t&token_type_hint=refresh_token");
    }
}
