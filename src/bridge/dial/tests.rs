use super::Target;

#[test]
fn urls_lead_to_addresses() {
    let check = |url: &str, expected: Option<&str>| {
        let found = Target::from_url(url).ok().map(|target| target.to_string());
        assert_eq!(found.as_deref(), expected, "{url}");
    };
    check("http://127.0.0.1:4860", Some("http://127.0.0.1:4860"));
    check("http://127.0.0.1:4860/mcp", Some("http://127.0.0.1:4860"));
    check("http://localhost", Some("http://localhost:80"));
    check("http://[::1]:4860/", Some("http://[::1]:4860"));
    check("http://[::1]", Some("http://[::1]:80"));
    for bad in ["https://x", "http://", "http://x/other", "ftp://x", "", "http://u@x"] {
        check(bad, None);
    }
}
