//! Tokens that prove nobody, each with why, and those that prove somebody.

use std::fmt::Write;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::claims;
use super::documents;
use super::jwt::{Jwt, TOKEN_MAX};
use super::key::Key;
use super::made::{ISSUER, Signer, claims as good, claims_with, encoded, now, oidc};
use super::refused::Refused;
use crate::base::Principal;
use crate::settings::access::Oidc;

/// The keys of an issuer, and what it takes.
struct Judge {
    oidc: Oidc,
    keys: Vec<Key>,
}

impl Judge {
    fn new(keys: &[(&str, &Signer)]) -> Self {
        let key = |(kid, signer): &(&str, &Signer)| Key::parse(&signer.jwk(kid)).unwrap();
        Self { oidc: oidc(), keys: keys.iter().map(key).collect() }
    }

    fn judge(&self, text: &str) -> Result<Principal, Refused> {
        let token = Jwt::parse(text, &self.oidc.algorithms)?;
        let keys = self.keys.iter().filter(|key| {
            key.fits(token.algorithm) && (token.kid.is_none() || key.kid == token.kid)
        });
        let keys: Vec<&Key> = keys.collect();
        if keys.is_empty() {
            return Err(Refused::Key("".into()));
        }
        if !keys.iter().any(|key| key.signed(token.algorithm, token.signed, &token.signature)) {
            return Err(Refused::Signature);
        }
        claims::judge(&token.claims()?, &self.oidc, now())
    }

    fn word(&self, text: &str) -> &'static str {
        self.judge(text).map_or_else(|refused| refused.word(), |_| "taken")
    }
}

#[test]
fn every_algorithm_lets_its_own_keys_in_and_no_others() {
    let signers = [Signer::p256(), Signer::p384(), Signer::ed25519(), Signer::rsa()];
    let [p256, p384, ed25519, rsa] = &signers;
    let keys = [("p256", p256), ("p384", p384), ("ed", ed25519), ("rsa", rsa)];
    let judge = Judge::new(&keys);
    let own = |algorithm: &str| match algorithm {
        "ES256" => "p256",
        "ES384" => "p384",
        "EdDSA" => "ed",
        _ => "rsa",
    };
    let algorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
    for algorithm in algorithms {
        for (kid, signer) in keys {
            let header = json!({ "alg": algorithm, "kid": kid }).to_string();
            let expected = if own(algorithm) == kid { "taken" } else { "jwt_key" };
            assert_eq!(
                judge.word(&signer.token(&header, &good().to_string())),
                expected,
                "{header}"
            );
        }
        let (_, signer) = keys.iter().find(|(kid, _)| *kid == own(algorithm)).unwrap();
        let nameless = signer.token(&json!({ "alg": algorithm }).to_string(), &good().to_string());
        assert_eq!(judge.word(&nameless), "taken", "{algorithm}");
        // A key that is for one algorithm is for no other.
        let mut jwk = signer.jwk("k");
        jwk.insert("alg".into(), algorithm.into());
        let only = Key::parse(&jwk).unwrap();
        for other in algorithms {
            let parsed = crate::settings::access::Algorithm::parse(other).unwrap();
            assert_eq!(only.fits(parsed), other == algorithm, "{algorithm} {other}");
        }
    }
    let alice = judge.judge(&p256.token(r#"{"alg":"ES256"}"#, &good().to_string())).unwrap();
    let names: Vec<&str> = alice.proof().unwrap().names().collect();
    assert_eq!(names, ["oidc:alice", "group:dev", "scope:mcp", "scope:read"]);
}

#[test]
fn headers_that_ask_for_trust_get_none() {
    let signer = Signer::p256();
    let judge = Judge::new(&[("k", &signer)]);
    let with = |header: &str| judge.word(&signer.token(header, &good().to_string()));
    for (header, expected) in [
        (r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#, "taken"),
        (r#"{"alg":"ES256","kid":"k","typ":"application/AT+JWT"}"#, "taken"),
        (r#"{"alg":"none"}"#, "jwt_algorithm"),
        (r#"{"alg":"None"}"#, "jwt_algorithm"),
        (r#"{"alg":"HS256","kid":"k"}"#, "jwt_algorithm"),
        (r#"{"alg":"es256","kid":"k"}"#, "jwt_algorithm"),
        (r#"{"alg":["ES256"],"kid":"k"}"#, "jwt_header"),
        (r#"{"kid":"k"}"#, "jwt_algorithm"),
        (r#"{"alg":"ES256","alg":"ES256"}"#, "jwt_header"),
        (r#"{"alg":"ES256","\u0061lg":"none"}"#, "jwt_header"),
        (r#"{"alg":"ES256","kid":"../../../../dev/null"}"#, "jwt_key"),
        (r#"{"alg":"ES256","kid":"k' OR '1'='1"}"#, "jwt_key"),
        (r#"{"alg":"ES256","kid":7}"#, "jwt_header"),
        (r#"{"alg":"ES256","kid":"k","crit":["exp"]}"#, "jwt_critical"),
        (r#"{"alg":"ES256","kid":"k","crit":[]}"#, "jwt_critical"),
        (r#"{"alg":"ES256","kid":"k","typ":"dpop+jwt"}"#, "jwt_type"),
        (r#"{"alg":"ES256","kid":"k","typ":"logout+jwt"}"#, "jwt_type"),
        (r#"{"alg":"ES256","a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1}"#, "jwt_header"),
        ("[]", "jwt_header"),
        ("", "jwt_header"),
    ] {
        assert_eq!(with(header), expected, "{header}");
    }
    let long = json!({ "alg": "ES256", "kid": "k".repeat(300) }).to_string();
    assert_eq!(with(&long), "jwt_header");
    // A key of their own, wherever they say it is, and ours to be asked nowhere.
    let other = Signer::p256();
    for trust in [
        json!({ "jku": "http://127.0.0.1:9/keys" }),
        json!({ "x5u": "http://127.0.0.1:9/cert" }),
        json!({ "jwk": other.jwk("k") }),
        json!({ "x5c": ["MIIB"] }),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": "k" });
        header.as_object_mut().unwrap().extend(trust.as_object().unwrap().clone());
        let token = other.token(&header.to_string(), &good().to_string());
        assert_eq!(judge.word(&token), "jwt_signature", "{header}");
        let token = signer.token(&header.to_string(), &good().to_string());
        assert_eq!(judge.word(&token), "taken", "it is not even looked at: {header}");
    }
}

#[test]
fn a_shared_secret_made_of_the_public_key_signs_nothing() {
    let rsa = Signer::rsa();
    let judge = Judge::new(&[("rsa", &rsa)]);
    // With HS256, whoever reads the public key could sign; the check never comes that far.
    let public = serde_json::to_vec(&rsa.jwk("rsa")).unwrap();
    let header = encoded(r#"{"alg":"HS256","kid":"rsa"}"#);
    let message = format!("{header}.{}", encoded(good().to_string()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
    let tag = ring::hmac::sign(&key, message.as_bytes());
    assert_eq!(judge.word(&format!("{message}.{}", encoded(tag.as_ref()))), "jwt_algorithm");
}

#[test]
fn what_a_token_says_is_taken_to_the_letter() {
    let signer = Signer::ed25519();
    let judge = Judge::new(&[("k", &signer)]);
    let with = |claims: &str| judge.word(&signer.token(r#"{"alg":"EdDSA","kid":"k"}"#, claims));
    for (others, expected) in [
        (json!({}), "taken"),
        (json!({ "iss": format!("{ISSUER}/") }), "jwt_issuer"),
        (json!({ "iss": "HTTPS://ISSUER.EXAMPLE" }), "jwt_issuer"),
        (json!({ "iss": [ISSUER] }), "jwt_issuer"),
        (json!({ "iss": null }), "jwt_issuer"),
        (json!({ "aud": "https://mcp.example.com/mcp/" }), "jwt_audience"),
        (json!({ "aud": null }), "jwt_audience"),
        (json!({ "aud": ["other", "https://mcp.example.com/mcp"] }), "taken"),
        (json!({ "aud": ["https://mcp.example.com/mcp", 7] }), "jwt_audience"),
        (json!({ "aud": [["https://mcp.example.com/mcp"]] }), "jwt_audience"),
        (json!({ "aud": [] }), "jwt_audience"),
        (json!({ "aud": { "0": "https://mcp.example.com/mcp" } }), "jwt_audience"),
        (json!({ "exp": null }), "jwt_time"),
        (json!({ "exp": "9999999999" }), "jwt_time"),
        (json!({ "exp": 9_999_999_999.5 }), "jwt_time"),
        (json!({ "exp": 1e300 }), "jwt_time"),
        (json!({ "exp": 1_u64 << 53 }), "jwt_time"),
        (json!({ "exp": u64::MAX }), "jwt_time"),
        (json!({ "exp": -1 }), "jwt_time"),
        (json!({ "exp": true }), "jwt_time"),
        (json!({ "exp": now() - 31 }), "jwt_expired"),
        (json!({ "exp": now() - 20 }), "taken"),
        (json!({ "exp": 0 }), "jwt_expired"),
        (json!({ "nbf": now() + 90 }), "jwt_future"),
        (json!({ "nbf": now() + 10 }), "taken"),
        (json!({ "nbf": "soon" }), "jwt_time"),
        (json!({ "iat": now() + 90 }), "jwt_future"),
        (json!({ "iat": 0.5 }), "jwt_time"),
        (json!({ "sub": null }), "jwt_subject"),
        (json!({ "sub": "" }), "jwt_subject"),
        (json!({ "sub": 7 }), "jwt_subject"),
        (json!({ "sub": "alice\ngroup:admin" }), "jwt_subject"),
        (json!({ "sub": "ali\u{202e}ce" }), "jwt_subject"),
        (json!({ "sub": "a".repeat(256) }), "jwt_subject"),
        (json!({ "sub": "auth0|12*/.. ü" }), "taken"),
        (json!({ "groups": "dev" }), "taken"),
        (json!({ "groups": ["dev\nscope:all"] }), "jwt_groups"),
        (json!({ "groups": ["dev", 7] }), "jwt_groups"),
        (json!({ "groups": { "dev": true } }), "jwt_groups"),
        (json!({ "groups": [""] }), "jwt_groups"),
        (json!({ "groups": vec!["g"; 257] }), "jwt_groups"),
        (json!({ "groups": null, "_claim_names": { "groups": "src1" } }), "jwt_groups"),
        (json!({ "scope": 7 }), "jwt_scopes"),
        (json!({ "scope": "a\tb" }), "jwt_scopes"),
        (json!({ "scope": null, "scp": ["a", "b"] }), "taken"),
        (json!({ "scope": null, "nonce": "n" }), "jwt_id_token"),
        (json!({ "scope": null, "at_hash": "h" }), "jwt_id_token"),
        (json!({ "cnf": { "jkt": "x" } }), "jwt_bound"),
    ] {
        let claims = claims_with(&others).to_string();
        let expected = if claims.len() > TOKEN_MAX { "jwt_size" } else { expected };
        assert_eq!(with(&claims), expected, "{others}");
    }
    let text = good().to_string();
    let twice = format!("{},\"sub\":\"bob\"}}", text.trim_end_matches('}'));
    assert_eq!(with(&twice), "jwt_claims");
    let inside = format!("{},\"a\":{{\"b\":1,\"b\":2}}}}", text.trim_end_matches('}'));
    assert_eq!(with(&inside), "jwt_claims");
    for none in ["", "[]", "null", "{", "\"alice\"", "{\"iss\":\"\\ud800\"}"] {
        assert_eq!(with(none), "jwt_claims", "{none}");
    }
    let mut deep = String::from("{\"a\":");
    let _ = write!(deep, "{}", "[".repeat(5_000));
    assert_eq!(with(&deep), "jwt_claims");
}

#[test]
fn what_is_no_token_is_told_at_once() {
    let signer = Signer::p256();
    let judge = Judge::new(&[("k", &signer)]);
    let token = signer.token(r#"{"alg":"ES256"}"#, &good().to_string());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let zeros = encoded([0; 64]);
    let other = claims_with(&json!({ "sub": "bob" })).to_string();
    for (text, expected) in [
        (String::new(), "jwt_form"),
        ("..".to_owned(), "jwt_header"),
        (signed.to_owned(), "jwt_form"),
        (format!("{token}.x"), "jwt_form"),
        (format!("{signed}."), "jwt_signature"),
        (format!("{signed}.{zeros}"), "jwt_signature"),
        (format!("{signed}.{signature}="), "jwt_form"),
        (format!("{signed}.{signature}A"), "jwt_signature"),
        (format!(" {token}"), "jwt_form"),
        (format!("{header}.{}.{signature}", encoded(other)), "jwt_signature"),
        (format!("{}.{claims}.{signature}", encoded(r#"{"alg":"ES384"}"#)), "jwt_key"),
        (format!("{}.{claims}.", encoded(r#"{"alg":"none"}"#)), "jwt_algorithm"),
        ("a".repeat(TOKEN_MAX + 1), "jwt_size"),
        ("a.".repeat(500_000), "jwt_size"),
        (format!("{signed}.ü"), "jwt_form"),
    ] {
        assert_eq!(judge.word(&text), expected, "{}", text.chars().take(60).collect::<String>());
    }
}

#[test]
fn groups_stand_where_the_config_says() {
    let claims = json!({
        "realm_access": { "roles": ["a"] }, "https://x.example/groups": ["b"], "cognito:groups": ["c"],
        "groups": ["d"], "flat.name": ["e"],
    });
    for (path, expected) in [
        ("realm_access.roles", Some("a")),
        ("https://x.example/groups", Some("b")),
        ("cognito:groups", Some("c")),
        ("groups", Some("d")),
        ("flat.name", Some("e")),
        ("realm_access.none", None),
        ("groups.d", None),
        ("", None),
    ] {
        let settings = Oidc { groups_claim: path.to_owned(), ..oidc() };
        let all = claims_with(&claims);
        let principal = claims::judge(all.as_object().unwrap(), &settings, now()).unwrap();
        let names = principal.proof().unwrap().names();
        let found: Vec<&str> = names.filter_map(|name| name.strip_prefix("group:")).collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{path}");
    }
}

#[test]
fn keys_that_prove_nothing_are_left_out() {
    let (p256, rsa) = (Signer::p256(), Signer::rsa());
    let with = |of: &Signer, name: &str, value: Value| {
        let mut jwk = of.jwk("k");
        jwk.insert(name.to_owned(), value);
        jwk
    };
    let is_left_out = |jwk| Key::parse(&jwk).is_none();
    assert!(!is_left_out(with(&p256, "use", json!("sig"))));
    assert!(!is_left_out(with(&p256, "key_ops", json!(["sign", "verify"]))));
    for (name, value) in [
        ("use", json!("enc")),
        ("use", json!(7)),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!("verify")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", json!(null)),
        ("d", json!("AAAA")),
        ("kty", json!("oct")),
        ("crv", json!("P-384")),
        ("crv", json!("secp256k1")),
        ("x", json!("AA")),
        ("y", json!(null)),
        ("x", json!("not base64!")),
    ] {
        assert!(is_left_out(with(&p256, name, value.clone())), "{name} {value}");
    }
    for (name, value) in [
        ("n", json!("")),
        ("n", json!(encoded([0; 256]))),
        ("e", json!("")),
        ("n", json!(encoded([1; 1025]))),
    ] {
        assert!(is_left_out(with(&rsa, name, value.clone())), "{name} {value}");
    }
    // Points on no curve, and keys that are too weak, are of the right form and sign nothing.
    let token = p256.token(r#"{"alg":"ES256"}"#, &good().to_string());
    for (x, y) in [([0; 32], [0; 32]), ([255; 32], [255; 32]), ([1; 32], [2; 32])] {
        let mut jwk = with(&p256, "x", json!(encoded(x)));
        jwk.insert("y".into(), json!(encoded(y)));
        let judge = Judge { oidc: oidc(), keys: vec![Key::parse(&jwk).unwrap()] };
        assert_eq!(judge.word(&token), "jwt_signature");
    }
    let weak = with(&rsa, "n", json!(encoded([255; 128])));
    let judge = Judge { oidc: oidc(), keys: vec![Key::parse(&weak).unwrap()] };
    assert_eq!(judge.word(&rsa.token(r#"{"alg":"RS256"}"#, &good().to_string())), "jwt_signature");
}

proptest! {
    #[test]
    fn nothing_that_anybody_sends_is_taken_or_panics(
        text in ".{0,200}", header in ".{0,60}", claims in ".{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let signer = Signer::ed25519();
        let judge = Judge::new(&[("k", &signer)]);
        prop_assert!(judge.judge(&text).is_err());
        // Signed by the issuer itself, it is still no JSON that says anything.
        let signed = signer.token(&header, &claims);
        prop_assert!(judge.judge(&signed).is_err());
        let signed = signer.token(r#"{"alg":"EdDSA"}"#, &claims);
        prop_assert!(judge.judge(&signed).is_err());
        let parts = [encoded(&bytes), encoded(&bytes), encoded(&bytes)].join(".");
        prop_assert!(judge.judge(&parts).is_err());
        prop_assert!(judge.judge(&String::from_utf8_lossy(&bytes)).is_err());
        _ = documents::keys(&bytes);
        _ = documents::metadata(&bytes);
        _ = documents::max_age(&text);
    }
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_is_not_waited_for_twice() {
    use super::issuer::{Issuer, NotProved};
    use crate::base::Tasks;
    let signer = Signer::ed25519();
    // Port 9 (discard) is nobody's here.
    let settings = Oidc { issuer: "http://127.0.0.1:9".into(), ..oidc() };
    let issuer = Arc::new(Issuer::new(Arc::new(settings), Tasks::new()));
    let claims = claims_with(&json!({ "iss": "http://127.0.0.1:9" })).to_string();
    let token = signer.token(r#"{"alg":"EdDSA","kid":"k"}"#, &claims);
    for _ in 0..2 {
        let found = issuer.prove(&token).await;
        assert!(matches!(found, Err(NotProved::Later(_))), "{found:?}");
    }
    // Who does not even say to be of this issuer has nobody asked.
    let other = signer.token(r#"{"alg":"EdDSA","kid":"k"}"#, &good().to_string());
    let found = issuer.prove(&other).await;
    assert!(matches!(found, Err(NotProved::Refused(Refused::Key(_)))), "{found:?}");
    assert_eq!(issuer.proved(&token), None);
}
