use super::target;
use hyper::header::{HeaderMap, HeaderValue, LOCATION};

#[test]
fn a_redirect_stays_where_it_is() {
    let from = "http://Here:80/mcp?k=1".parse().unwrap();
    let check = |location: &'static str, expected: Result<&str, &str>| {
        let headers = HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]);
        match (target(&from, &headers), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected),
            (Err(failure), Err(words)) => {
                assert!(failure.reason.contains(words), "{failure:?}");
            }
            (found, expected) => panic!("{location}: {found:?} instead of {expected:?}"),
        }
    };
    check("/mcp/", Ok("http://Here:80/mcp/"));
    check("http://here/x", Ok("http://here/x"));
    check("http://here:81/mcp", Err("another origin (here)"));
    check("https://here/mcp", Err("another origin (here)"));
    check("//there/mcp", Err("another origin"));
    check("http://there/mcp", Err("another origin (there)"));
    check("http://here@there/mcp", Err("another origin (there)"));
    check("", Err("no address"));
}
