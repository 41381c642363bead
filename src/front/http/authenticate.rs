//! Who makes a request: by the token that it presents, or by the kernel's word of its connection.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{self as names, HeaderMap, HeaderValue};
use axum::http::{Request, StatusCode, Uri};

use super::peer::{Peer, no_token, not_proved};
use super::response::{Response, refusal};
use super::well_known;
use crate::access::SlowTokens;
use crate::access::token::{self, BadToken, Presented};
use crate::api::path::NPM_MANAGEMENT;
use crate::base::{Principal, Secret};
use crate::front::Front;
use crate::oidc::{Issuer, NotProved};
use crate::wire::RpcError;
use crate::wire::error::code::INVALID_REQUEST;

/// What the npm callmux takes a token of its management API by.
const OF_MANAGEMENT: &str = "x-callmux-management-token";

/// Who makes a request, as far as that can be said at once.
pub(super) enum Who {
    Known(Principal),
    /// It does not matter: what is asked for is there for everybody, or looks itself.
    Anybody,
    /// Whom this token proves takes a while to be told.
    Proves(Prover, Secret),
}

/// What tells whom a token proves.
pub(super) enum Prover {
    Issuer(Arc<Issuer>),
    /// Slow hashes.
    Hashes(Arc<SlowTokens>),
}

/// Whoever presents a token is its principal and no other, whoever the process belongs to. Where there are
/// no tokens, what is presented says nothing of somebody whom the kernel knows.
#[expect(clippy::result_large_err, reason = "the error is the response, and is sent at once")]
pub(super) fn principal<B>(
    front: &Front,
    peer: &Peer,
    request: &Request<B>,
) -> Result<Who, Response> {
    if has_token(request.uri()) {
        // It is written down on its way (RFC 9700, section 4.3.2).
        let what = "a token belongs in the header `Authorization: Bearer …`, and not in the URL";
        return Err(refusal(StatusCode::BAD_REQUEST, &RpcError::new(INVALID_REQUEST, what)));
    }
    let Ok(presented) = presented(request) else {
        let what = "a request has one `Authorization` header";
        return Err(unauthorized(front, what, true));
    };
    let counts = |text: &&str| {
        let has_tokens = || front.hub.world().gate.has_tokens();
        text.starts_with(token::PREFIX) || peer.proved.is_none() || has_tokens()
    };
    let Some(text) = presented.filter(counts) else {
        let wanted = "who asks is not known: send a token of callmux as `Authorization: Bearer …`";
        let known = peer.proved.clone().map(Who::Known);
        return known.ok_or_else(|| unauthorized(front, wanted, false));
    };
    let issuer = is_of_issuer(front, text).then(|| front.issuer()).flatten();
    if let Some(issuer) = issuer {
        return Ok(match issuer.proved(text) {
            Some(principal) => Who::Known(principal),
            None => Who::Proves(Prover::Issuer(issuer), Secret::new(text.to_owned())),
        });
    }
    of_ours(front, peer, text).map(|presented| match presented {
        Presented::Known(principal) => Who::Known(principal),
        Presented::Unknown(slow) => Who::Proves(Prover::Hashes(slow), Secret::new(text.to_owned())),
    })
}

/// Whether a token is for the issuer to say something of, if there is one.
fn is_of_issuer(front: &Front, text: &str) -> bool {
    let is_jwt =
        || text.starts_with("ey") && text.bytes().filter(|byte| *byte == b'.').count() == 2;
    !text.starts_with(token::PREFIX) && (is_jwt() || !front.hub.world().gate.has_slow_tokens())
}

#[expect(clippy::result_large_err, reason = "the error is the response, and is sent at once")]
fn of_ours(front: &Front, peer: &Peer, text: &str) -> Result<Presented, Response> {
    let known = front.hub.world().gate.authenticate(text).inspect(|presented| {
        if let Presented::Known(principal) = presented {
            front.came(principal);
        }
    });
    known.map_err(|bad| {
        front.hub.recorder.record(no_token(bad, peer.address));
        not_taken(front)
    })
}

/// Whom a token proves, once somebody said so.
pub(super) async fn proved(
    front: &Front,
    peer: &Peer,
    prover: &Prover,
    token: Secret,
) -> Result<Principal, Response> {
    match prover {
        Prover::Issuer(issuer) => issuer.prove(token.expose()).await.map_err(|why| {
            front.hub.recorder.record(not_proved(&why, peer.address));
            match why {
                NotProved::Refused(_) => not_taken(front),
                NotProved::Later(after) => {
                    later(after, "the keys of the token's issuer are not there; come again")
                }
            }
        }),
        Prover::Hashes(slow) => {
            let untried = |after| {
                front.hub.recorder.record(no_token(BadToken::Untried, peer.address));
                later(after, "this token cannot be looked at now; come again")
            };
            let from = peer.address.map(|address| address.ip());
            slow.learn(token.clone(), from).await.map_err(untried)?;
            match of_ours(front, peer, token.expose())? {
                Presented::Known(principal) => Ok(principal),
                // Meanwhile the config has others.
                Presented::Unknown(_) => Err(untried(Duration::from_secs(1))),
            }
        }
    }
}

/// What is wrong with it is told to nobody who does not read the journal.
fn not_taken(front: &Front) -> Response {
    let what = "this token is not taken; `callmux token list` tells which are";
    unauthorized(front, what, true)
}

/// The answer while nobody can say whether a token is good (RFC 9110, section 15.6.4).
fn later(after: Duration, what: &str) -> Response {
    let error = RpcError::new(INVALID_REQUEST, what);
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, &error);
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    response.headers_mut().insert(names::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}

/// The token of a request; an error if there are several. At the management API of the npm callmux there is a header
/// for it beside that of a proxy, and it comes first.
fn presented<B>(request: &Request<B>) -> Result<Option<&str>, ()> {
    let authorization = bearer(request.headers())?;
    let below = request.uri().path().strip_prefix(NPM_MANAGEMENT);
    if !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        return Ok(authorization);
    }
    let mut values = request.headers().get_all(OF_MANAGEMENT).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(());
    }
    let own = first.and_then(|value| value.to_str().ok()).map(str::trim);
    Ok(own.filter(|token| !token.is_empty()).or(authorization))
}

/// The token of the header (RFC 6750, section 2.1); an error if there are several.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(names::AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(());
    }
    let written = first.and_then(|value| value.to_str().ok());
    let (scheme, token) = written.and_then(|text| text.split_once(' ')).unwrap_or_default();
    Ok(Some(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer")))
}

/// Whether a token stands where it does not belong (RFC 6750, section 2.3).
pub(super) fn has_token(uri: &Uri) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.split_once('=')).any(|(name, value)| {
        name.eq_ignore_ascii_case("access_token") || value.starts_with(token::PREFIX)
    })
}

/// The challenge (RFC 6750, section 3; RFC 9728, section 5.1). `was_presented`: there was something, which
/// is not taken.
fn unauthorized(front: &Front, what: &str, was_presented: bool) -> Response {
    let mut response = refusal(StatusCode::UNAUTHORIZED, &RpcError::new(INVALID_REQUEST, what));
    let mut parameters = well_known::challenge(&front.hub.world().gate);
    if was_presented {
        parameters.push("error=\"invalid_token\"".to_owned());
    }
    let challenge = format!("Bearer {}", parameters.join(", "));
    let value = HeaderValue::try_from(challenge.trim_end());
    let value = value.unwrap_or(HeaderValue::from_static("Bearer"));
    response.headers_mut().insert(names::WWW_AUTHENTICATE, value);
    response
}

#[cfg(test)]
mod tests {
    use super::{bearer, has_token};
    use axum::http::{HeaderMap, HeaderValue, Uri, header::AUTHORIZATION};

    #[test]
    fn one_header_of_one_scheme_is_read() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            bearer(&headers).map(|token| token.map(str::to_owned))
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["Bearer a"]), Ok(Some("a".to_owned())));
        assert_eq!(read(&["bEARER  a "]), Ok(Some("a".to_owned())));
        assert_eq!(read(&["Basic a"]), Ok(None));
        assert_eq!(read(&["Bearer"]), Ok(None));
        assert_eq!(read(&["Bearer a", "Bearer a"]), Err(()));
        assert_eq!(read(&["Basic a", "Bearer a"]), Err(()));
    }

    #[test]
    fn a_token_in_the_url_is_noticed() {
        for (uri, expected) in [
            ("/mcp", false),
            ("/mcp?a=b", false),
            ("/mcp?access_token=x", true),
            ("/mcp?a=b&ACCESS_TOKEN=", true),
            ("/mcp?key=cmx_x", true),
        ] {
            assert_eq!(has_token(&uri.parse::<Uri>().unwrap()), expected, "{uri}");
        }
    }
}
