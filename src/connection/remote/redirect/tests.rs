use super::{target, unfollowed};
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue, LOCATION};

fn location(text: &str) -> HeaderMap {
    HeaderMap::from_iter([(LOCATION, HeaderValue::from_bytes(text.as_bytes()).unwrap())])
}

#[test]
fn a_redirect_stays_where_it_is() {
    let from = "http://Here:80/mcp?k=1".parse().unwrap();
    let check =
        |to: &str, expected: Result<&str, &str>| match (target(&from, &location(to)), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected),
            (Err(failure), Err(words)) => {
                assert!(failure.reason.contains(words), "{failure:?}");
            }
            (found, expected) => panic!("{to}: {found:?} instead of {expected:?}"),
        };
    check("/mcp/", Ok("http://Here:80/mcp/"));
    check("http://here/x", Ok("http://here/x"));
    check("http://here:81/mcp", Err("another origin (http://here:81/mcp)"));
    check("https://here/mcp", Err("another origin (https://here/mcp)"));
    check("//there/mcp", Err("another origin (http://there/mcp)"));
    check("http://there/mcp?key=k", Err("another origin (http://there/mcp)"));
    check("http://here@there/mcp", Err("another origin (http://there/mcp)"));
    check("", Err("no address"));
}

#[test]
fn where_a_redirect_points_to_is_told() {
    let from = "https://here/mcp?k=1".parse().unwrap();
    let check = |to: &str, words: &str| {
        let told = unfollowed(&from, StatusCode::FOUND, &location(to)).unwrap();
        let expected = format!(
            "HTTP status 302 Found: it points to {words}; if the server is there, make it the `url`"
        );
        assert_eq!(told, expected);
    };
    check("/v1/mcp?session=s#f", "https://here/v1/mcp");
    check("https://me:secret@www.here/mcp", "https://www.here/mcp");
    check("https://[nowhere/\u{202e}?key=k", "https://[nowhere/\\u{202e}");
    check("/\u{202e}x", "https://here/%E2%80%AEx");
    check("mailto:me", "mailto:me");
    let long = unfollowed(&from, StatusCode::FOUND, &location(&"/x".repeat(4000))).unwrap();
    assert!(long.len() < 300, "{long}");
    assert_eq!(unfollowed(&from, StatusCode::FOUND, &HeaderMap::new()), None);
    assert_eq!(unfollowed(&from, StatusCode::OK, &location("/x")), None);
}
