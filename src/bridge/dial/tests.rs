use super::{Target, dial, read_head};
use crate::peers::tcp_owner::tests::give_away;
use crate::wire::link::Hello;
use std::io::Read;
use std::net::TcpListener;

#[test]
fn urls_lead_to_addresses() {
    let check = |url: &str, expected: Option<&str>| {
        let found = Target::from_url(url, None).ok().map(|target| target.to_string());
        assert_eq!(found.as_deref(), expected, "{url}");
    };
    check("http://127.0.0.1:4860", Some("http://127.0.0.1:4860"));
    check("http://127.0.0.1:4860/mcp", Some("http://127.0.0.1:4860"));
    check("http://localhost", Some("http://localhost:80"));
    check("http://[::1]:4860/", Some("http://[::1]:4860"));
    check("http://[::1]", Some("http://[::1]:80"));
    check("https://mux.example", Some("https://mux.example:443"));
    check("https://mux.example:4861/mcp", Some("https://mux.example:4861"));
    check("https://[fd00::1]:4861/", Some("https://[fd00::1]:4861"));
    for bad in [
        "https://",
        "HTTPS://x",
        "https://x/other",
        "https://u:p@x",
        "http://",
        "http://x/other",
        "ftp://x",
        "",
        "http://u@x",
    ] {
        check(bad, None);
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_port_of_another_user() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    if !give_away(&listener, 4711) {
        return;
    }
    let address = listener.local_addr().unwrap().to_string();
    let target = Target::Tcp { address, is_tls: false, token: None };
    let hello = Hello {
        link: "0".repeat(32),
        epoch: 1,
        seen: 0,
        cwd: "/secret".to_owned(),
        version: String::new(),
        kinds: 0,
    };
    let error = dial(&target, &hello).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("belongs to user 4711 and not to you"), "{error}");
    let mut said = Vec::new();
    listener.accept().unwrap().0.read_to_end(&mut said).unwrap();
    assert!(said.is_empty(), "{said:?}");
}

#[tokio::test]
async fn a_refusal_is_told_without_its_control_characters() {
    let told = async |answer: &str| read_head(&mut answer.as_bytes()).await.unwrap_err();
    let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10\r\n\r\nall \x1b[2J full";
    let error = told(busy).await;
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
    assert_eq!(error.to_string(), "no link: HTTP/1.1 503 Service Unavailable: all \\u{1b}[2J full");
    let other = told("HTTP/1.1 404 Not Found\r\n\r\n").await;
    assert_eq!(other.to_string(), "no link: HTTP/1.1 404 Not Found");
    let endless =
        format!("HTTP/1.1 500 x\r\nContent-Length: 999999999\r\n\r\n{}", "y".repeat(90_000));
    assert!(told(&endless).await.to_string().len() < 300);
}
