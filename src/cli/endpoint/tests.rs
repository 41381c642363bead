use super::address;

#[test]
fn only_this_machine_is_asked() {
    for url in ["http://127.0.0.1:1/mcp", "http://localhost/mcp?x=1", "http://[::1]:1"] {
        assert!(address(url).is_ok(), "{url}");
    }
    for url in ["https://127.0.0.1/mcp", "http://example.com/", "http://a@localhost/", "x"] {
        assert!(address(url).is_err(), "{url}");
    }
}
