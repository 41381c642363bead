//! What an issuer publishes: what it says of itself, and its keys.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::key::Key;
use super::strict;

/// The most keys of an issuer.
const KEYS_MAX: usize = 64;

/// Where an issuer may say something of itself, first to last (RFC 8414, sections 3.1 and 5; OpenID
/// Connect Discovery, section 4.1).
pub(super) fn places(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut paths = vec![
        format!("/.well-known/oauth-authorization-server{path}"),
        format!("/.well-known/openid-configuration{path}"),
    ];
    if !path.is_empty() {
        paths.push(format!("{path}/.well-known/openid-configuration"));
    }
    let place = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    paths.into_iter().map(place).collect()
}

/// What an issuer says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) keys_at: Option<String>,
}

pub(super) fn metadata(text: &[u8]) -> Option<Metadata> {
    let members = strict::object(text)?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Metadata { issuer: text("issuer")?, keys_at: text("jwks_uri") })
}

/// The keys that check signatures; `None` if the text is no set of keys, or too large a one.
pub(super) fn keys(text: &[u8]) -> Option<Vec<Key>> {
    let members = strict::object(text)?;
    let all = members.get("keys")?.as_array().filter(|all| all.len() <= KEYS_MAX)?;
    Some(all.iter().filter_map(|key| Key::parse(key.as_object()?)).collect())
}

/// `max-age` of a `Cache-Control` (RFC 9111, section 5.2.2.1).
pub(super) fn max_age(header: &str) -> Option<Duration> {
    let directives = header.split(',').filter_map(|directive| directive.split_once('='));
    let found = directives.filter(|(name, _)| name.trim().eq_ignore_ascii_case("max-age"));
    let seconds = found.map(|(_, value)| value.trim().trim_matches('"')).next()?;
    seconds.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::{keys, max_age, metadata, places};
    use std::time::Duration;

    #[test]
    fn both_orders_of_a_path_are_tried() {
        let of = |issuer: &str| {
            let places = places(&issuer.parse().unwrap());
            places.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let root = [
            "https://i/.well-known/oauth-authorization-server",
            "https://i/.well-known/openid-configuration",
        ];
        assert_eq!(of("https://i"), root);
        assert_eq!(of("https://i/"), root);
        let tenant = [
            "https://i:8/.well-known/oauth-authorization-server/t/u",
            "https://i:8/.well-known/openid-configuration/t/u",
            "https://i:8/t/u/.well-known/openid-configuration",
        ];
        assert_eq!(of("https://i:8/t/u"), tenant);
        assert_eq!(of("https://i:8/t/u/"), tenant);
    }

    #[test]
    fn what_is_no_document_is_none() {
        let found = metadata(br#"{"issuer":"https://i","jwks_uri":"https://i/k"}"#).unwrap();
        assert_eq!(
            (found.issuer.as_str(), found.keys_at.as_deref()),
            ("https://i", Some("https://i/k"))
        );
        for wrong in [r#"{"issuer":"a","issuer":"b"}"#, r#"{"issuer":1}"#, "[]", "", "<html>"] {
            assert_eq!(metadata(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(keys(br#"{"keys":[]}"#), Some(vec![]));
        let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 65].join(","));
        for wrong in [r#"{"keys":{}}"#, "{}", "", many.as_str()] {
            assert_eq!(keys(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn how_long_keys_are_good_is_read() {
        for (header, expected) in [
            ("max-age=60", Some(60)),
            ("public, Max-Age = \"7\" , x", Some(7)),
            ("s-maxage=1", None),
            ("no-store", None),
            ("max-age=-1", None),
            ("max-age=99999999999999999999", None),
        ] {
            assert_eq!(max_age(header), expected.map(Duration::from_secs), "{header}");
        }
    }
}
