use super::error_for;

#[test]
fn an_error_is_an_answer_if_it_is_for_this_request() {
    let check = |body: &str, expected: Option<(i64, &str)>| {
        let found = error_for(&body.to_owned().into(), "7");
        let found = found.map(|(code, bytes)| (code, String::from_utf8(bytes.into()).unwrap()));
        let found = found.as_ref().map(|(code, text)| (*code, text.as_str()));
        assert_eq!(found, expected, "{body}");
    };
    let own = r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"x":1e400}}"#;
    check(own, Some((-32601, own)));
    check(&own.replace("\"id\":7", "\"id\":null"), Some((-32601, own)));
    check(&own.replace("\"id\":7", "\"id\":8"), None);
    check(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#, None);
    check("<html>Bad Gateway</html>", None);
    check("", None);
}
