use super::toml;
use crate::keys::tree;

#[test]
fn what_is_invisible_in_a_text_is_written_by_number() {
    let text = "a\u{1b}\"\\\u{202e}\u{e0041}\u{7f}é\n";
    let shown = super::quoted(text);
    assert_eq!(shown, r#""a\u001b\"\\\U0000202e\U000e0041\U0000007fé\n""#);
    let again: ::toml::Table = format!("a = {shown}").parse().unwrap();
    assert_eq!(again["a"].as_str(), Some(text));
}

#[test]
fn hides_what_of_a_url_may_be_a_secret() {
    for (url, shown) in [
        ("https://host/mcp", "https://host/mcp"),
        ("https://host?key=canary", "https://host?(hidden)"),
        ("https://me:canary@host:1/mcp?a=canary", "https://(hidden)@host:1/mcp?(hidden)"),
        ("https://host/mcp?key=${file:k}", "https://host/mcp?key=${file:k}"),
        ("${URL}", "${URL}"),
        ("${URL}/mcp", "${URL}/mcp"),
    ] {
        assert_eq!(super::url(url), shown);
    }
}

#[test]
fn shows_references_and_hides_literals() {
    let text = "call_timeout = \"1s\"\n[servers.a]\ncommand = \"x\"\nenv = { A = \"canary\", B = \"${cred:b}\" }\n";
    let table = tree::parse(&std::path::Path::new("c").into(), text, &mut Vec::new());
    let shown = toml(&table);
    assert!(shown.contains("call_timeout = \"1s\"  # c:1:1"), "{shown}");
    assert!(shown.contains(r#"env = { A = "(hidden)", B = "${cred:b}" }"#), "{shown}");
    assert!(shown.contains("# list_timeout = \"5s\""), "{shown}");
    let again = tree::parse(&std::path::Path::new("c").into(), &shown, &mut Vec::new());
    assert_eq!(again.len(), 10, "what is shown can be read");
}

#[test]
fn an_address_is_shown_without_its_secrets() {
    for (text, shown) in [
        ("https://a.example/mcp", "https://a.example/mcp"),
        ("https://a.example/mcp?key=canary#x", "https://a.example/mcp?(hidden)"),
        ("https://me:canary@a.example/@b", "https://(hidden)@a.example/@b"),
        ("me:canary@a.example", "(hidden)@a.example"),
        ("https://a.example/?key=${cred:a}", "https://a.example/?key=${cred:a}"),
    ] {
        assert_eq!(super::url(text), shown);
    }
}
