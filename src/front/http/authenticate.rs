//! Who makes a request: by the token that it presents, or by the kernel's word of its connection.

use axum::http::header::{self as names, HeaderMap, HeaderValue};
use axum::http::{Request, StatusCode, Uri};

use super::peer::{Peer, no_token};
use super::response::{Response, refusal};
use crate::access::token;
use crate::base::Principal;
use crate::front::Front;
use crate::wire::RpcError;
use crate::wire::error::code::INVALID_REQUEST;

/// Whoever presents a token is its principal and no other, whoever the process belongs to. Where there are
/// no tokens, what is presented says nothing of somebody whom the kernel knows.
#[expect(clippy::result_large_err, reason = "the error is the response, and is sent at once")]
pub(super) fn principal<B>(
    front: &Front,
    peer: &Peer,
    request: &Request<B>,
) -> Result<Principal, Response> {
    if has_token(request.uri()) {
        // It is written down on its way (RFC 9700, section 4.3.2).
        let what = "a token belongs in the header `Authorization: Bearer …`, and not in the URL";
        return Err(refusal(StatusCode::BAD_REQUEST, &RpcError::new(INVALID_REQUEST, what)));
    }
    let Ok(presented) = bearer(request.headers()) else {
        return Err(unauthorized("a request has one `Authorization` header", true));
    };
    let counts = |text: &&str| {
        let has_tokens = || front.hub.world().gate.has_tokens();
        text.starts_with(token::PREFIX) || peer.proved.is_none() || has_tokens()
    };
    let Some(text) = presented.filter(counts) else {
        let wanted = "who asks is not known: send a token of callmux as `Authorization: Bearer …`";
        return peer.proved.clone().ok_or_else(|| unauthorized(wanted, false));
    };
    front.hub.world().gate.authenticate(text).map_err(|bad| {
        front.hub.recorder.record(no_token(bad, peer.address));
        unauthorized("this token is not taken; `callmux token list` tells which are", true)
    })
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
fn has_token(uri: &Uri) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.split_once('=')).any(|(name, value)| {
        name.eq_ignore_ascii_case("access_token") || value.starts_with(token::PREFIX)
    })
}

/// The challenge (RFC 6750, section 3). `was_presented`: there was something, which is not taken.
fn unauthorized(what: &str, was_presented: bool) -> Response {
    let mut response = refusal(StatusCode::UNAUTHORIZED, &RpcError::new(INVALID_REQUEST, what));
    let challenge = if was_presented { "Bearer error=\"invalid_token\"" } else { "Bearer" };
    let value = HeaderValue::from_static(challenge);
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
