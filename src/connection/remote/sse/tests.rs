use super::endpoint;

#[test]
fn an_endpoint_is_where_its_stream_is() {
    let url = "http://Here:80/a/sse?k=1".parse().unwrap();
    let check = |named: &str, expected: Result<&str, &str>| match (endpoint(&url, named), expected)
    {
        (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected),
        (Err(failure), Err(words)) => {
            assert!(failure.reason.contains(words), "{failure:?}");
        }
        (found, expected) => panic!("{named}: {found:?} instead of {expected:?}"),
    };
    check("/messages?sessionId=7", Ok("http://here/messages?sessionId=7"));
    check("messages/?s=7#x", Ok("http://here/a/messages/?s=7"));
    check("?s=7", Ok("http://here/a/sse?s=7"));
    check("http://here/x", Ok("http://here/x"));
    check("http://here:81/x", Err("another origin (here)"));
    check("https://here/x", Err("another origin (here)"));
    check("//there/x", Err("another origin (there)"));
    check(r"\\there\x", Err("another origin (there)"));
    check("http://there@here/x", Err("another origin"));
    check("http://here@there/x", Err("another origin (there)"));
    check("mailto:x@here", Err("another origin"));
    check("http://[/", Err("no address"));
}
