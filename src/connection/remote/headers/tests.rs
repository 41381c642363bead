use std::collections::HashMap;

use super::{HeaderMap, Remote};
use crate::base::Secret;
use crate::connection::{Address, Proxies};
use crate::wire::{Message, mirror};
use hyper::header::HeaderValue;

fn remote() -> Remote {
    let address = Address {
        url: Secret::new("http://localhost/mcp".to_owned()),
        socket: None,
        streamable: true,
        sse: true,
        headers: vec![],
        proxies: Proxies::none(),
        credential: None,
        max_message: 1000,
    };
    Remote::new(&address).unwrap()
}

fn shown(headers: &HeaderMap) -> Vec<String> {
    let mcp = headers.iter().filter(|(name, _)| name.as_str().starts_with("mcp-"));
    let mut lines: Vec<String> =
        mcp.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

fn check(remote: &Remote, method: &str, params: &str, expected: &[&str]) {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let message = Message::parse(&text.into()).unwrap();
    assert_eq!(shown(&remote.headers_of(&message).unwrap().0), expected, "{method} {params}");
}

#[test]
fn a_modern_request_is_repeated_in_its_headers() {
    let remote = remote();
    let schema = r#"{"properties":{"r":{"type":"string","x-mcp-header":"R"}}}"#;
    let mirrors = mirror::annotations(schema).unwrap().into();
    remote.mirror(HashMap::from([("echo".into(), mirrors)]));
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    let check = |method: &str, params: &str, expected: &[&str]| {
        let mut all = vec![format!("mcp-method: {method}")];
        all.extend(expected.iter().map(ToString::to_string));
        all.push("mcp-protocol-version: 2026-07-28".to_owned());
        all.sort();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        check(&remote, method, &format!("{{{params}{meta}}}"), &all);
    };
    check("server/discover", "", &[]);
    let call = r#""name":"echo","arguments":{"r":"é"},"#;
    check("tools/call", call, &["mcp-name: echo", "mcp-param-r: =?base64?w6k=?="]);
    check("tools/call", r#""name":"other","arguments":{"r":"é"},"#, &["mcp-name: other"]);
    check("resources/read", r#""uri":"a:ü","#, &["mcp-name: =?base64?YTrDvA==?="]);
    check("tasks/get", r#""taskId":"t 1","#, &["mcp-name: t 1"]);
    check("completion/complete", r#""ref":{"type":"ref/prompt","name":"p"},"#, &[]);
}

#[test]
fn a_legacy_request_names_its_session() {
    let remote = remote();
    check(&remote, "initialize", "{}", &[]);
    {
        let mut session = remote.session();
        session.id = Some(HeaderValue::from_static("s-1"));
        session.revision = Some(HeaderValue::from_static("2025-06-18"));
    }
    let expected = ["mcp-protocol-version: 2025-06-18", "mcp-session-id: s-1"];
    check(&remote, "tools/call", r#"{"name":"x"}"#, &expected);
}
