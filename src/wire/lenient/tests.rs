use crate::wire::{Kind, Message};

fn read(text: &str) -> String {
    Message::parse(&text.to_owned().into()).unwrap().text().to_owned()
}

/// mcp-server-bundle#2, mcp.el#85, MonkeyCode#1268, MCPSharp#6.
#[test]
fn what_is_null_in_an_envelope_is_absent() {
    for (text, meant) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"result":{"a":null},"error":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{"a":null}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":-1}}"#,
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":null,"params":null,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        (r#"{"jsonrpc":"2.0","id":1,"result":[ ]}"#, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        ),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"x","result":null,"error":null}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#,
        ),
    ] {
        assert_eq!(read(text), meant);
    }
    let error = Message::parse(&r#"{"jsonrpc":"2.0","id":1,"result":null,"error":{}}"#.into());
    assert!(matches!(error.unwrap().kind(), Kind::Error { .. }));
    for text in [
        r#"{"jsonrpc":"2.0","id":null,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":null}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#,
        r#"{"jsonrpc":"2.0","id":null,"result":{}}"#,
    ] {
        assert!(Message::parse(&text.to_owned().into()).is_err(), "{text}");
    }
}

#[test]
fn what_is_null_within_is_absent_and_all_else_stays() {
    let check = |place: &str, text: &str, meant: &str| {
        let whole = |part: &str| format!(r#"{{ "jsonrpc":"2.0", "id":1,{place}:{part} }}"#);
        assert_eq!(read(&whole(text)), whole(meant));
    };
    let params = r#""method":"m","params""#;
    check(params, r#"{"_meta":null,"name":"a","x":null}"#, r#"{"name":"a","x":null}"#);
    check(params, r#"{"_meta" : [],"arguments":[]}"#, r#"{"_meta":{},"arguments":{}}"#);
    check(params, r#"{"arguments":null,"cursor":null}"#, "{}");
    check(params, r#"{"_meta":{"progressToken":null,"own":null}}"#, r#"{"_meta":{"own":null}}"#);
    let result = r#""result""#;
    check(result, r#"{"_meta":null,"content":null,"isError":null}"#, r#"{"content":[]}"#);
    check(
        result,
        r#"{"content":[{"type":"text","text":"\"_meta\":null","annotations":null,"_meta":null}],"structuredContent":null}"#,
        r#"{"content":[{"type":"text","text":"\"_meta\":null"}],"structuredContent":null}"#,
    );
    for right in [
        r#"{"arguments":{"a":null,"b":[],"_metadata":null}, "name":"x"}"#,
        r#"{"name":"x", "arguments":{"meta":null,"text":"\"_meta\":null"}}"#,
    ] {
        check(params, right, right);
    }
    let right = r#"{"structuredContent":{"meta":null}, "content":[ ],"x":1e400}"#;
    check(result, right, right);
}
