use super::{check, is_url};

#[test]
fn only_addresses_of_servers_are_taken() {
    for url in ["http://127.0.0.1:9000/mcp", "https://example.com", "HTTP://[::1]:1/?k=v"] {
        assert_eq!(check(url), Ok(()), "{url}");
        assert!(is_url(url));
    }
    let refused = |url: &str, words: &str| {
        let error = check(url).unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains("canary"), "{url}: {error}");
    };
    refused("ws://canary/", "must begin with");
    refused("httpx", "must begin with");
    refused("http://", "is no URL");
    refused("http://a b/canary", "is no URL");
    refused("http://me:canary@host/", "must not hold a user");
}
