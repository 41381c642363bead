use super::{behind, words};

#[test]
fn a_body_tells_its_words() {
    for (body, expected) in [
        ("your plan does not include this\r\n", "your plan does not include this"),
        (r#"{"error":{"code":403,"message":"no such plan"}}"#, "no such plan"),
        (r#"{"error":"invalid_token","error_description":"it expired"}"#, "it expired"),
        (r#"{"title":"Forbidden","status":403,"detail":"ask an admin"}"#, "ask an admin"),
        (r#"{"jsonrpc":"2.0","error":{"code":-32602,"message":"no"}}"#, "no (-32602)"),
        (r#"{"errors":[{"message":"quota"}]}"#, "quota"),
        (r#"{"error":"quota","message":null}"#, "quota"),
        ("{ \"code\": 7 }", r#"{"code":7}"#),
        ("<html>oops</html>", ""),
        ("\u{feff} <!doctype html>", ""),
        ("{}", ""),
        ("\n ", ""),
        ("", ""),
    ] {
        assert_eq!(words(body.as_bytes()).unwrap_or_default(), expected, "{body}");
    }
}

#[test]
fn a_refusal_is_told_in_short() {
    let told = |body: &[u8]| behind(body, str::to_owned);
    assert_eq!(told(b"a\x1b[2J\xff\nb"), ": a\u{1b}[2J\u{fffd} b");
    assert_eq!(told("ä".repeat(100_000).as_bytes()), format!(": {}…", "ä".repeat(300)));
    assert_eq!(told(b"<html>"), "");
}

#[test]
fn a_refusal_repeats_no_secret_nor_the_beginning_of_one() {
    for before in 0..320 {
        let body = format!("{}canary-of-a-key", "x".repeat(before));
        let said = behind(body.as_bytes(), |text| text.replace("canary-of-a-key", "(hidden)"));
        assert!(!said.contains("can"), "{said}");
    }
}
