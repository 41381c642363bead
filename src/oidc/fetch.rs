//! An issuer is asked for its keys.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{ACCEPT, CACHE_CONTROL, HeaderMap, HeaderValue};
use hyper::{Request, StatusCode};
use url::Url;

use super::documents::{self, keys, max_age, metadata};
use super::key::Key;
use crate::base::visible;
use crate::http::reach::is_loopback;
use crate::http::{self, GuardedClient, Proxies, RequestBody};
use crate::settings::access::Oidc;

/// How long all of it may take.
pub(super) const WITHIN: Duration = Duration::from_secs(5);
/// The largest document, in bytes.
const DOCUMENT_MAX: usize = 256 << 10;
/// What is shown of what another issuer says, in characters.
const SHOWN_MAX: usize = 200;

/// Why there are no keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoKeys {
    #[error("{0}")]
    Unreachable(String),
    #[error("no answer within {WITHIN:?}")]
    TooSlow,
    #[error("it says nothing of itself: {0}")]
    NoMetadata(NoDocument),
    /// As it is shown.
    #[error(
        "it says to be {0}, and the config says otherwise: to the letter they must be the same"
    )]
    OtherIssuer(String),
    #[error("it names no place of its keys that may be asked: `https://`, or this machine")]
    NoPlace,
    #[error("what lies where its keys should be is no set of keys: {0}")]
    NoSet(NoDocument),
    #[error("it has no key that checks signatures as the config wants them")]
    Unusable,
}

/// Why there is no document at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoDocument {
    #[error("HTTP status {0}")]
    Status(u16),
    #[error("it is larger than {DOCUMENT_MAX} bytes, or was cut off")]
    NotWhole,
    #[error("no JSON of that form")]
    NotJson,
}

/// The keys of an issuer, how many there are, and how long they are good.
///
/// # Errors
/// Each says what was found instead. It takes five seconds at the most.
pub async fn fetch(oidc: &Oidc) -> Result<usize, NoKeys> {
    ask(oidc).await.map(|(keys, _)| keys.len())
}

pub(super) async fn ask(oidc: &Oidc) -> Result<(Vec<Key>, Option<Duration>), NoKeys> {
    // It comes from somebody who may write anything at any speed.
    tokio::time::timeout(WITHIN, found(oidc)).await.unwrap_or(Err(NoKeys::TooSlow))
}

async fn found(oidc: &Oidc) -> Result<(Vec<Key>, Option<Duration>), NoKeys> {
    let issuer = Url::parse(&oidc.issuer).map_err(|_| NoKeys::NoPlace)?;
    let client = GuardedClient::new(Some(&issuer), &Proxies::of_environment(&[]));
    let mut why = NoKeys::NoMetadata(NoDocument::NotJson);
    for place in documents::places(&issuer) {
        let document = match get(&client, &place).await? {
            Ok((_, body)) => metadata(&body),
            Err(status) => {
                if !matches!(why, NoKeys::OtherIssuer(_)) {
                    why = NoKeys::NoMetadata(status);
                }
                continue;
            }
        };
        match document {
            Some(document) if *document.issuer == *oidc.issuer => {
                let keys_at = document.keys_at.and_then(|text| Url::parse(&text).ok());
                let is_fine = |url: &Url| {
                    let is_here = is_loopback(url) && is_loopback(&issuer);
                    url.scheme() == "https" || url.scheme() == "http" && is_here
                };
                let keys_at = keys_at.filter(is_fine).ok_or(NoKeys::NoPlace)?;
                return keys_of(&client, &keys_at, oidc).await;
            }
            Some(other) => {
                let shown: String = visible::line(&other.issuer).chars().take(SHOWN_MAX).collect();
                why = NoKeys::OtherIssuer(shown);
            }
            None => {}
        }
    }
    Err(why)
}

async fn keys_of(
    client: &GuardedClient,
    place: &Url,
    oidc: &Oidc,
) -> Result<(Vec<Key>, Option<Duration>), NoKeys> {
    let (headers, body) = get(client, place).await?.map_err(NoKeys::NoSet)?;
    let found = keys(&body).ok_or(NoKeys::NoSet(NoDocument::NotJson))?;
    let is_wanted = |key: &Key| oidc.algorithms.iter().any(|algorithm| key.fits(*algorithm));
    if !found.iter().any(is_wanted) {
        return Err(NoKeys::Unusable);
    }
    let age = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).and_then(max_age);
    Ok((found, age))
}

/// A document, or why there is none at this place. No redirect is followed: who moved says so to people.
async fn get(
    client: &GuardedClient,
    place: &Url,
) -> Result<Result<(HeaderMap, Bytes), NoDocument>, NoKeys> {
    let mut request = Request::new(RequestBody::default());
    *request.uri_mut() = place.as_str().parse().map_err(|_| NoKeys::NoPlace)?;
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    let unreachable = |error: http::Error| NoKeys::Unreachable(error.to_string());
    let (head, body) = client.ask(request).await.map_err(unreachable)?.into_parts();
    if head.status != StatusCode::OK {
        return Ok(Err(NoDocument::Status(head.status.as_u16())));
    }
    match Limited::new(body, DOCUMENT_MAX).collect().await {
        Ok(body) => Ok(Ok((head.headers, body.to_bytes()))),
        Err(_) => Ok(Err(NoDocument::NotWhole)),
    }
}
