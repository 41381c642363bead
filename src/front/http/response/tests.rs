use super::accepts;
use axum::http::HeaderMap;

#[test]
fn media_types_are_matched_as_http_says() {
    let check = |accept: Option<&str>, expected: bool| {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert("accept", accept.parse().unwrap());
        }
        assert_eq!(accepts(&headers, "text/event-stream"), expected, "{accept:?}");
    };
    check(None, true);
    check(Some("*/*"), true);
    check(Some("application/json, text/event-stream"), true);
    check(Some("application/json;q=1, TEXT/Event-Stream;q=0.5"), true);
    check(Some("text/*"), true);
    check(Some("application/json"), false);
    check(Some("text/html"), false);
}
