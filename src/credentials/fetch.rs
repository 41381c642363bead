//! The HTTP client for authorization servers.
//!
//! Their addresses come from what a server on the network says, so none of them may lead to where
//! that server itself could not ([`GuardedClient`]).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode, Uri};
use rmcp::transport::auth::{
    OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture, OAuthHttpRedirectPolicy,
    OAuthHttpRequest,
};
use url::Url;

use super::error::CredentialError;
use super::repeated::RequestSecrets;
use super::understood::{IssuerRule, OauthQuestion};
use crate::base::Lock;
use crate::http::reach::is_loopback;
use crate::http::{self, GuardedClient, Proxies, RequestBody, ResponseBody};

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// The longest answer, in bytes.
const BODY_MAX: usize = 512 * 1024;
const REDIRECTS_MAX: usize = 3;
/// How long to wait before each further try where a server is busy or away: a call waits, and so may a
/// person.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];
/// Who wants a longer pause is not asked again.
const PAUSE_MAX: Duration = Duration::from_secs(10);
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Whose authorization servers are asked.
#[derive(Debug, Clone)]
pub(super) struct Fetch {
    client: GuardedClient,
    base: Url,
    /// Whom an authorization server may say to be.
    rule: IssuerRule,
    /// Why the last request had no answer: who has it asked says no more than that.
    failed: Arc<Lock<Option<String>>>,
}

impl Fetch {
    /// For the server at this URL.
    pub(super) fn new(base: &Url, proxies: &Proxies, rule: IssuerRule) -> Self {
        Self {
            client: GuardedClient::new(Some(base), proxies),
            base: base.clone(),
            rule,
            failed: Arc::default(),
        }
    }

    /// Asks. Each is asked once in a while: no connection is kept.
    async fn ask(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, OAuthHttpClientError> {
        self.check(request.uri())?;
        self.client.ask(request).await.map_err(|error| match error {
            http::Error::Unreachable(why) => Unconnected(why).into(),
            http::Error::NoCertificates(error) => {
                CredentialError::NoCertificates(error.to_string()).into()
            }
            error => error.into(),
        })
    }

    fn check(&self, uri: &Uri) -> Result<(), OAuthHttpClientError> {
        let url = Url::parse(&uri.to_string())?;
        let is_local = is_loopback(&url) && is_loopback(&self.base);
        if url.scheme() != "https" && !is_local && url.origin() != self.base.origin() {
            return Err("it is not asked over plain HTTP".into());
        }
        Ok(())
    }

    /// Posts a form, and follows no redirect. What the answer says beside its status is not read.
    pub(super) async fn post_form(
        &self,
        url: &str,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<StatusCode, CredentialError> {
        let uri: Uri = url.parse().map_err(|_| CredentialError::NoEndpoint(url.to_owned()))?;
        let exchange = async {
            let mut request = Request::new(RequestBody::new(Bytes::from(form)));
            *request.method_mut() = Method::POST;
            *request.uri_mut() = uri;
            let headers = request.headers_mut();
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
            headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
            Ok::<_, OAuthHttpClientError>(self.ask(request).await?.status())
        };
        match tokio::time::timeout(ANSWER_WITHIN, exchange).await {
            Ok(done) => done.map_err(|error| CredentialError::Said(error.to_string())),
            Err(_) => Err(CredentialError::NoAnswer(ANSWER_WITHIN)),
        }
    }

    /// Why the last request had no answer.
    pub(super) fn failed(&self) -> Option<String> {
        self.failed.lock().clone()
    }

    async fn send_within(
        &self,
        wanted: &OAuthHttpRequest,
    ) -> Result<Response<Vec<u8>>, OAuthHttpClientError> {
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.send(wanted))
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {ANSWER_WITHIN:?}").into()));
        *self.failed.lock() = answer.as_ref().err().map(ToString::to_string);
        answer
    }

    async fn send(
        &self,
        wanted: &OAuthHttpRequest,
    ) -> Result<Response<Vec<u8>>, OAuthHttpClientError> {
        let request = &wanted.request;
        let (method, headers, form) = (request.method(), request.headers(), request.body());
        let follows =
            wanted.redirect_policy == OAuthHttpRedirectPolicy::Follow && *method == Method::GET;
        let mut uri = request.uri().clone();
        for _ in 0..=REDIRECTS_MAX {
            let mut sent = Request::new(RequestBody::new(Bytes::from(form.clone())));
            *sent.method_mut() = method.clone();
            *sent.uri_mut() = uri.clone();
            *sent.headers_mut() = headers.clone();
            let (mut answer, body) = self.ask(sent).await?.into_parts();
            let body = Limited::new(body, BODY_MAX).collect().await?.to_bytes();
            let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
            if let Some(location) = location.filter(|_| follows && answer.status.is_redirection()) {
                uri = beside(&uri, location)?;
                continue;
            }
            let asked = OauthQuestion::of(method, &uri, headers, form);
            let body = match asked.understand(&self.rule, answer.status, &body) {
                Some((status, body)) => {
                    answer.status = status;
                    answer.headers.insert(CONTENT_TYPE, JSON);
                    body
                }
                None => body.to_vec(),
            };
            if answer.status.is_success() {
                return Ok(Response::from_parts(answer, body));
            }
            let body = RequestSecrets::new(headers, form).redact(&body);
            return Ok(Response::from_parts(answer, body));
        }
        Err("it redirects too often".into())
    }
}

/// There was no connection, so nothing was asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unconnected(String);

/// How long to wait before asking once more; `None` if that would be of no use.
fn pause(
    answer: &Result<Response<Vec<u8>>, OAuthHttpClientError>,
    least: Duration,
) -> Option<Duration> {
    let busy = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::GATEWAY_TIMEOUT,
    ];
    match answer {
        Ok(response) if busy.contains(&response.status()) => {
            let wanted = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wanted = wanted.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            wanted.map_or(Some(least), |wanted| (wanted <= PAUSE_MAX).then(|| wanted.max(least)))
        }
        Err(error) if error.is::<Unconnected>() => Some(least),
        _ => None,
    }
}

impl OAuthHttpClient for Fetch {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(async move {
            for least in PAUSES {
                let answer = self.send_within(&request).await;
                match pause(&answer, least) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return answer,
                }
            }
            self.send_within(&request).await
        })
    }
}

/// Where a redirect leads; never to another origin.
fn beside(from: &Uri, location: &str) -> Result<Uri, OAuthHttpClientError> {
    let from = Url::parse(&from.to_string())?;
    let to = from.join(location)?;
    if to.origin() != from.origin() {
        return Err("it redirects to another origin".into());
    }
    Ok(to.as_str().parse()?)
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn a_redirect_stays_with_its_origin() {
        let from = "https://as.example/a".parse().unwrap();
        assert_eq!(beside(&from, "/b").unwrap().to_string(), "https://as.example/b");
        for other in ["http://as.example/b", "//other/b", "https://as.example:8443/", "file:///x"] {
            assert!(beside(&from, other).is_err(), "{other}");
        }
    }
}
