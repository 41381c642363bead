use super::Redaction;
use hyper::header::{HeaderMap, HeaderValue};

#[test]
fn nothing_that_was_shown_is_repeated() {
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-key", "k-secret"), ("x-mode", "on"), ("x-auth", "Key a-secret")] {
        let mut value = HeaderValue::from_static(value);
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    headers.insert("user-agent", HeaderValue::from_static("callmux"));
    let url = "https://host/mcp/0123456789ab/?key=q-secret&n=1&w-secret".parse().unwrap();
    let mut redaction = Redaction::new(&url, &headers);
    for n in 0..6 {
        redaction.note(&format!("Bearer token-{n}").parse().unwrap());
    }
    let text =
        "callmux /mcp/0123456789ab on 1: k-secret Key a-secret q-secret w-secret token-5 token-2";
    assert_eq!(
        redaction.redact(text),
        "callmux /mcp/(hidden) on 1: (hidden) Key (hidden) (hidden) (hidden) (hidden) (hidden)"
    );
}
