use super::{ArgumentsKept, KEPT_MAX, READ_MAX, SecretTexts, ShownArguments, shown};

const ENV: &str = "correct horse/battery";

fn kept(json: &str, kept: ArgumentsKept) -> String {
    let secrets = SecretTexts::new([ENV, "48151623", "short"]);
    match shown(json, kept, &secrets) {
        Some(ShownArguments::Whole(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_choice_keeps_what_it_says() {
    let json =
        "{ \"title\": \"a \\\"b\\\"\",\n \"api_key\": \"xyz\", \"n\": 1.0, \"list\": [ true ] }";
    for (choice, expected) in [
        (ArgumentsKept::Keys, r#"["title","api_key","n","list"]"#),
        (
            ArgumentsKept::Redacted,
            r#"{"title":"a \"b\"","api_key":"(hidden)","n":1.0,"list":[true]}"#,
        ),
        (ArgumentsKept::Full, r#"{"title":"a \"b\"","api_key":"xyz","n":1.0,"list":[true]}"#),
    ] {
        assert_eq!(kept(json, choice), expected);
    }
    assert_eq!(shown(json, ArgumentsKept::None, &SecretTexts::default()), None);
}

#[test]
fn no_secret_is_kept_however_it_is_written() {
    let pem = "-----BEGIN RSA PRIVATE KEY-----\\nMIIabc\\n-----END RSA PRIVATE KEY-----";
    for (json, expected) in [
        (r#"{"a":"x correct horse/battery y"}"#, r#"{"a":"x (hidden) y"}"#),
        (r#"{"a":"?q=correct%20horse%2Fbattery&b"}"#, r#"{"a":"?q=(hidden)&b"}"#),
        // `me:` before it, in base64: the digits that it shares with what is around it stay.
        (r#"{"a":"Basic bWU6Y29ycmVjdCBob3JzZS9iYXR0ZXJ5"}"#, r#"{"a":"Basic bWU6(hidden)"}"#),
        (r#"{"a":48151623,"b":4815162}"#, r#"{"a":"(hidden)","b":4815162}"#),
        (r#"{"correct horse/battery":1}"#, r#"{"(hidden)":1}"#),
        (r#"{"a":"a short one"}"#, r#"{"a":"a short one"}"#),
        (
            r#"{"auth":{"user":"me","password":["p"]},"Authorization":7,"isToken":true}"#,
            r#"{"auth":"(hidden)","Authorization":"(hidden)","isToken":true}"#,
        ),
        (
            r#"{"a":"curl -H 'Authorization: Bearer ghp_0123456789abcdef0123' x"}"#,
            r#"{"a":"curl -H 'Authorization: Bearer (hidden)' x"}"#,
        ),
        (r#"{"a":"key=sk-ant-0123456789abcdefgh;"}"#, r#"{"a":"key=(hidden);"}"#),
        (r#"{"a":"see postgres://me:pw@host/db now"}"#, r#"{"a":"see (hidden) now"}"#),
        (r#"{"a":["eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.sig"]}"#, r#"{"a":["(hidden)"]}"#),
        (r#"{"a":"no secret: sk- and /home/me"}"#, r#"{"a":"no secret: sk- and /home/me"}"#),
    ] {
        assert_eq!(kept(json, ArgumentsKept::Redacted), expected);
    }
    let json = format!(
        r#"{{"a":"x {pem} y -----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"}}"#
    );
    let expected =
        r#"{"a":"x (hidden) y -----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"}"#;
    assert_eq!(kept(&json, ArgumentsKept::Redacted), expected);
    let cut = r#"{"a":"-----BEGIN PRIVATE KEY-----\nMIIabc"}"#;
    assert_eq!(kept(cut, ArgumentsKept::Redacted), r#"{"a":"(hidden)"}"#);
}

#[test]
fn what_is_kept_is_bounded_and_hides_nothing_from_who_reads_it() {
    let none = SecretTexts::default();
    let long = format!(r#"{{"a":"{}"}}"#, "ü".repeat(KEPT_MAX));
    for choice in [ArgumentsKept::Redacted, ArgumentsKept::Full] {
        let Some(ShownArguments::Start(start)) = shown(&long, choice, &none) else { panic!() };
        assert!(start.len() <= KEPT_MAX && start.starts_with(r#"{"a":"ü"#));
    }
    let too_long = format!(r#"{{"a":"{}"}}"#, "x".repeat(READ_MAX));
    assert_eq!(shown(&too_long, ArgumentsKept::Redacted, &none), Some(ShownArguments::TooLong));
    assert_eq!(shown(&too_long, ArgumentsKept::Keys, &none), Some(ShownArguments::TooLong));
    assert!(matches!(shown(&too_long, ArgumentsKept::Full, &none), Some(ShownArguments::Start(_))));
    let text = kept("{\"a\":\"\u{202e}b\"}", ArgumentsKept::Full);
    assert!(!text.contains('\u{202e}') && serde_json::from_str::<serde_json::Value>(&text).is_ok());
}
