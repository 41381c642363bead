//! What an authorization server was sent, kept out of its refusals: servers repeat it in their
//! `error_description`, and what they say is shown to people and written down.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use url::form_urlencoded::{byte_serialize, parse};

use crate::base::Secret;

/// What a form may have that is no secret (RFC 6749, RFC 7009, RFC 8707). All else is one.
const HARMLESS: [&str; 6] =
    ["grant_type", "client_id", "redirect_uri", "resource", "scope", "token_type_hint"];
/// What is shorter is no secret, and would be found everywhere.
const SECRET_MIN: usize = 4;
/// What stands in its place.
const HIDDEN: &str = "(hidden)";

/// The secrets of one request.
pub(super) struct RequestSecrets(Vec<Secret>);

impl RequestSecrets {
    /// `form`: the body, unless the request has none or another kind.
    pub(super) fn new(headers: &HeaderMap, form: &[u8]) -> Self {
        let mut all: Vec<String> = headers.get(AUTHORIZATION).map(basic).unwrap_or_default();
        let pairs = parse(form).filter(|(name, _)| !HARMLESS.contains(&name.as_ref()));
        all.extend(pairs.map(|(_, value)| value.into_owned()));
        // Some servers repeat the form as it was.
        let encoded: Vec<String> =
            all.iter().map(|text| byte_serialize(text.as_bytes()).collect()).collect();
        all.extend(encoded);
        all.retain(|secret| secret.len() >= SECRET_MIN);
        // Long ones first, since one may hold another.
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(all.into_iter().map(Secret::new).collect())
    }

    /// An answer without any of it.
    pub(super) fn redact(&self, answer: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(answer);
        let redact = |text: String, secret: &Secret| text.replace(secret.expose(), HIDDEN);
        self.0.iter().fold(text.into_owned(), redact).into_bytes()
    }
}

/// What follows the scheme, and the password in it if that is `Basic` (RFC 6749, section 2.3.1).
fn basic(value: &HeaderValue) -> Vec<String> {
    let text = value.to_str().unwrap_or_default();
    let Some((_, proof)) = text.split_once(' ') else { return vec![text.to_owned()] };
    let pair = STANDARD.decode(proof.trim()).ok().and_then(|pair| String::from_utf8(pair).ok());
    let password = pair.and_then(|pair| {
        let form = format!("password={}", pair.split_once(':')?.1);
        parse(form.as_bytes()).next().map(|(_, password)| password.into_owned())
    });
    password.into_iter().chain([proof.trim().to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::RequestSecrets;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hyper::header::{AUTHORIZATION, HeaderMap};

    #[test]
    fn what_was_sent_is_not_repeated_in_any_form() {
        let basic = format!("Basic {}", STANDARD.encode("me:pass%2Fword"));
        let headers = HeaderMap::from_iter([(AUTHORIZATION, basic.parse().unwrap())]);
        let form = "grant_type=authorization_code&code=a%2Fcode&code_verifier=proof&client_id=mine";
        let sent = RequestSecrets::new(&headers, form.as_bytes());
        let hidden = |answer: &str| String::from_utf8(sent.redact(answer.as_bytes())).unwrap();
        assert_eq!(
            hidden(form),
            "grant_type=authorization_code&code=(hidden)&code_verifier=(hidden)&client_id=mine"
        );
        assert_eq!(hidden("no a/code of mine"), "no (hidden) of mine");
        assert_eq!(hidden(&basic), "Basic (hidden)");
        assert_eq!(hidden("pass/word, pass%2Fword"), "(hidden), (hidden)");
    }

    #[test]
    fn a_request_without_secrets_hides_nothing() {
        let sent = RequestSecrets::new(&HeaderMap::new(), b"");
        assert_eq!(sent.redact(b"any text"), b"any text");
    }
}
