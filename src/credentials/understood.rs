//! What authorization servers say, put as the standards have it: many say it a little differently, and
//! what reads it is strict.

use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::{Method, StatusCode, Uri};
use serde_json::{Map, Value};
use url::Url;

/// Where the issuer of metadata stands once it was looked at: what reads them knows only one rule.
pub(super) const ISSUER: &str = "callmux/issuer";
/// Words of some servers for `invalid_grant` (RFC 6749, section 5.2).
const INVALID_GRANT: [&str; 9] = [
    "bad_refresh_token",
    "bad_verification_code",
    "code_already_used",
    "expired_token",
    "invalid_code",
    "invalid_refresh_token",
    "token_expired",
    "token_revoked",
    "unknown_refresh_token",
];

/// Which issuers are taken for the one that was asked (RFC 8414, section 3.3).
#[derive(Debug, Clone, Default)]
pub(super) enum IssuerRule {
    /// One of the origin that was asked.
    #[default]
    Own,
    /// This one.
    Named(String),
    Any,
}

/// What was asked for.
pub(super) enum OauthQuestion {
    /// With the address that was asked.
    Metadata(Option<Url>),
    /// With the addresses to come back to that are to be registered.
    Registration(Option<Value>),
    Token,
}

impl OauthQuestion {
    pub(super) fn of(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        if *method != Method::POST {
            return Self::Metadata(Url::parse(&uri.to_string()).ok());
        }
        let kind =
            headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Self::Token;
        }
        let wanted = serde_json::from_slice::<Value>(body).ok();
        Self::Registration(wanted.and_then(|wanted| wanted.get("redirect_uris").cloned()))
    }

    /// The status and the body that mean the same; `None` if it is no JSON object, or fine as it is.
    pub(super) fn understand(
        &self,
        rule: &IssuerRule,
        status: StatusCode,
        body: &[u8],
    ) -> Option<(StatusCode, Vec<u8>)> {
        let Ok(Value::Object(mut said)) = serde_json::from_slice(body) else { return None };
        let status = match self {
            Self::Token => token(&mut said, status),
            Self::Registration(wanted) => registration(&mut said, wanted.as_ref(), status),
            Self::Metadata(asked) => {
                metadata(&mut said, asked.as_ref(), rule);
                status
            }
        };
        Some((status, serde_json::to_vec(&said).ok()?))
    }
}

/// An error in an answer that says that all is well is one all the same.
fn refused(said: &Map<String, Value>, has_what_was_asked: bool, status: StatusCode) -> bool {
    let is_error = said.get("error").is_some_and(Value::is_string);
    !has_what_was_asked && is_error && status.is_success()
}

fn token(said: &mut Map<String, Value>, status: StatusCode) -> StatusCode {
    let is_token = said.get("access_token").is_some_and(Value::is_string);
    let is_refused = refused(said, is_token, status);
    if let Some(error) = said.get("error").and_then(Value::as_str).filter(|_| !is_token) {
        if INVALID_GRANT.contains(&error) {
            let described = said.get("error_description").and_then(Value::as_str);
            let described = described.map_or(error.to_owned(), |text| format!("{error}: {text}"));
            said.insert("error_description".to_owned(), described.into());
            said.insert("error".to_owned(), "invalid_grant".into());
        }
        return if is_refused { StatusCode::BAD_REQUEST } else { status };
    }
    if !is_token {
        return status;
    }
    if let Some(life) = said.remove("expires_in")
        && let Some(seconds) = whole_seconds(&life)
    {
        said.insert("expires_in".to_owned(), seconds.into());
    }
    if let Some(Value::Array(scopes)) = said.get("scope") {
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        let scopes = scopes.join(" ");
        said.insert("scope".to_owned(), scopes.into());
    }
    for name in ["refresh_token", "scope"] {
        if said.get(name).is_some_and(|value| value.as_str().is_none_or(str::is_empty)) {
            said.remove(name);
        }
    }
    if said.get("token_type").is_none_or(|kind| !kind.is_string()) {
        said.insert("token_type".to_owned(), "Bearer".into());
    }
    status
}

/// `3600`, `3600.0` and `"3600"`; what is none of these says nothing.
fn whole_seconds(life: &Value) -> Option<u64> {
    let seconds = match life {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    std::time::Duration::try_from_secs_f64(seconds).ok().map(|life| life.as_secs())
}

fn registration(
    said: &mut Map<String, Value>,
    wanted: Option<&Value>,
    status: StatusCode,
) -> StatusCode {
    let is_client = said.get("client_id").is_some_and(Value::is_string);
    if refused(said, is_client, status) {
        return StatusCode::BAD_REQUEST;
    }
    let is_listed = said.get("redirect_uris").is_some_and(Value::is_array);
    if let Some(wanted) = wanted.filter(|_| is_client && !is_listed) {
        said.insert("redirect_uris".to_owned(), wanted.clone());
    }
    status
}

fn metadata(said: &mut Map<String, Value>, asked: Option<&Url>, rule: &IssuerRule) {
    let is_of_a_server = said.get("token_endpoint").is_some_and(Value::is_string);
    if !is_of_a_server {
        return;
    }
    // It is ours to say.
    said.remove(ISSUER);
    let named = said.remove("issuer");
    let named = named.as_ref().and_then(Value::as_str);
    let issuer = match (rule, named) {
        (IssuerRule::Any, named) => Ok(named),
        (IssuerRule::Named(right), None) => Ok(Some(right.as_str())),
        (IssuerRule::Named(right), Some(named)) if is_same(right, named) => Ok(Some(named)),
        (IssuerRule::Own, Some(named)) if is_of_origin(named, asked) => Ok(Some(named)),
        (_, named) => Err(named.unwrap_or_default()),
    };
    match issuer {
        Ok(Some(issuer)) => _ = said.insert(ISSUER.to_owned(), issuer.into()),
        Ok(None) => {}
        // What reads it complains about it.
        Err(wrong) => _ = said.insert("issuer".to_owned(), wrong.into()),
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn is_of_origin(issuer: &str, asked: Option<&Url>) -> bool {
    let issuer = Url::parse(issuer).ok();
    issuer.is_some_and(|issuer| asked.is_some_and(|asked| asked.origin() == issuer.origin()))
}

#[cfg(test)]
mod tests {
    use super::{ISSUER, IssuerRule, OauthQuestion};
    use hyper::StatusCode;
    use serde_json::{Value, json};

    fn understood(asked: &OauthQuestion, rule: &IssuerRule, said: &Value) -> (StatusCode, Value) {
        let body = said.to_string();
        let (status, body) = asked.understand(rule, StatusCode::OK, body.as_bytes()).unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn token(said: &Value) -> (StatusCode, Value) {
        understood(&OauthQuestion::Token, &IssuerRule::Own, said)
    }

    /// Microsoft Entra gives the life of a token as a text.
    #[test]
    fn the_life_of_a_token_is_a_number_of_seconds() {
        for (life, expected) in [
            (json!(3600), json!(3600)),
            (json!("3600"), json!(3600)),
            (json!(3600.0), json!(3600)),
            (json!("3599.5"), json!(3599)),
            (json!("soon"), Value::Null),
            (json!(-1), Value::Null),
            (json!([]), Value::Null),
        ] {
            let said = json!({ "access_token": "a", "token_type": "Bearer", "expires_in": life });
            let (status, understood) = token(&said);
            assert_eq!((status, &understood["expires_in"]), (StatusCode::OK, &expected), "{life}");
        }
    }

    #[test]
    fn what_a_token_has_not_is_not_there() {
        let said = json!({ "access_token": "a", "refresh_token": null, "scope": "" });
        assert_eq!(token(&said).1, json!({ "access_token": "a", "token_type": "Bearer" }));
        let said = json!({ "access_token": "a", "token_type": "user", "scope": ["a", "b"] });
        assert_eq!(token(&said).1["scope"], "a b");
    }

    /// Slack and GitHub.
    #[test]
    fn an_error_that_comes_with_200_is_one() {
        let (status, said) = token(&json!({ "ok": false, "error": "invalid_refresh_token" }));
        assert_eq!((status, &said["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
        assert_eq!(said["error_description"], "invalid_refresh_token");
        let said = json!({ "error": "bad_verification_code", "error_description": "It is over." });
        let (status, said) = token(&said);
        assert_eq!((status, &said["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")));
        assert_eq!(said["error_description"], "bad_verification_code: It is over.");
        let (status, said) = token(&json!({ "ok": false, "error": "ratelimited" }));
        assert_eq!((status, &said["error"]), (StatusCode::BAD_REQUEST, &json!("ratelimited")));
        let said = json!({ "ok": true, "access_token": "a", "token_type": "b", "error": "" });
        assert_eq!(token(&said).0, StatusCode::OK);
    }

    #[test]
    fn a_registration_need_not_repeat_where_to_come_back_to() {
        let asked = OauthQuestion::Registration(Some(json!(["http://127.0.0.1:1/"])));
        let check = |said: &Value| understood(&asked, &IssuerRule::Own, said);
        assert_eq!(
            check(&json!({ "client_id": "c" })).1["redirect_uris"][0],
            "http://127.0.0.1:1/"
        );
        let said = json!({ "client_id": "c", "redirect_uris": ["http://127.0.0.1:2/"] });
        assert_eq!(check(&said).1, said);
        let (status, said) = check(&json!({ "ok": false, "error": "no" }));
        assert_eq!((status, said.get("redirect_uris")), (StatusCode::BAD_REQUEST, None));
    }

    #[test]
    fn an_issuer_is_of_the_origin_that_was_asked_or_the_one_that_is_named() {
        let at = "https://mcp.as.example/.well-known/oauth-authorization-server";
        let asked = OauthQuestion::Metadata(Some(at.parse().unwrap()));
        let check = |rule: &IssuerRule, issuer: Option<&str>| {
            let said = json!({ "token_endpoint": "t", "issuer": issuer, ISSUER: "https://evil" });
            let (_, said) = understood(&asked, rule, &said);
            (said[ISSUER].as_str().map(str::to_owned), said["issuer"].as_str().map(str::to_owned))
        };
        let right = |issuer: &str| (Some(issuer.to_owned()), None);
        let wrong = |issuer: &str| (None, Some(issuer.to_owned()));
        let (here, above) = ("https://mcp.as.example/tenant/1", "https://as.example");
        assert_eq!(check(&IssuerRule::Own, Some(here)), right(here));
        assert_eq!(check(&IssuerRule::Own, Some(above)), wrong(above));
        assert_eq!(check(&IssuerRule::Own, None), wrong(""));
        let named = IssuerRule::Named(format!("{above}/"));
        assert_eq!(check(&named, Some(above)), right(above));
        assert_eq!(check(&named, Some(here)), wrong(here));
        assert_eq!(check(&named, None), right("https://as.example/"));
        assert_eq!(check(&IssuerRule::Any, Some("x")), right("x"));
        assert_eq!(check(&IssuerRule::Any, None), (None, None));
        let resource = json!({ "resource": "r", "authorization_servers": [] });
        assert_eq!(understood(&asked, &IssuerRule::Own, &resource).1, resource);
    }
}
