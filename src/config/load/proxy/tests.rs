use super::is_proxy;

#[test]
fn a_proxy_is_an_address_of_http() {
    for url in ["http://proxy:3128", "https://me:p%40ss@proxy.example/", "http://[::1]:1"] {
        assert!(is_proxy(url), "{url}");
    }
    for url in ["proxy:3128", "socks5://proxy", "http://", "http://proxy/pac", "", "http://a b"] {
        assert!(!is_proxy(url), "{url}");
    }
}
