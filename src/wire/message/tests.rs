use super::{Kind, Message};
use bytes::Bytes;

fn parse(text: &str) -> Result<Message, super::Malformed> {
    Message::parse(&Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn reads_the_four_kinds() {
    let request =
        parse(r#"{"jsonrpc":"2.0","id":"a\"1","method":"tools/call","params":{}}"#).unwrap();
    assert_eq!(request.id(), Some(r#""a\"1""#));
    assert_eq!(request.params(), Some("{}"));
    let note = parse(r#"{"method":"x/y","jsonrpc":"2.0"}"#).unwrap();
    assert_eq!(note.method().unwrap().as_str(), "x/y");
    let result = parse(r#"{"result":{"big":1e400},"id":7,"jsonrpc":"2.0"}"#).unwrap();
    assert!(matches!(result.kind(), Kind::Result { .. }));
    let error = parse(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1}}"#).unwrap();
    assert!(matches!(error.kind(), Kind::Error { id: None, .. }));
}

#[test]
fn another_id_changes_nothing_else() {
    let text = r#"{ "jsonrpc":"2.0","x":[1e400,"\ud800"] ,"id": 7 ,"result":{"z":1,"a":2}}"#;
    let moved = parse(text).unwrap().with_id(r#""c-1""#);
    assert_eq!(moved.into_bytes(), text.replace(": 7 ", r#": "c-1" "#));
}

#[test]
fn says_what_is_wrong_and_to_whom() {
    let check = |text: &[u8], code: i64, id: Option<&str>, words: &str| {
        let error = Message::parse(&Bytes::copy_from_slice(text)).unwrap_err();
        let (answer, at) = error.answer();
        let shown = String::from_utf8_lossy(text).into_owned();
        assert_eq!((answer.code, at), (code, id), "{shown}");
        assert!(answer.message.contains(words), "{shown}: {}", answer.message);
    };
    check(b"{\"jsonrpc\":\"2.0\",\"id\":\xff}", -32700, None, "not UTF-8: byte 22");
    check(b"hello", -32700, None, "not JSON");
    check(b"{\"jsonrpc\":\"2.0\"", -32700, None, "not JSON");
    check(b"", -32700, None, "not JSON");
    check(b"[{}]", -32600, None, "batch");
    check(b"7", -32600, None, "expected a JSON object");
    check(br#"{"id":3,"method":"ping"}"#, -32600, Some("3"), "`jsonrpc` must be");
    check(br#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#, -32600, Some("3"), "`jsonrpc` must be");
    check(br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, None, "`id` must be");
    check(br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600, None, "`id` must be");
    check(
        br#"{"jsonrpc":"2.0","id":3,"method":7}"#,
        -32600,
        Some("3"),
        "`method` must be a string",
    );
    check(
        br#"{"jsonrpc":"2.0","id":3,"method":"a","params":7}"#,
        -32600,
        Some("3"),
        "`params` must be",
    );
    check(br#"{"jsonrpc":"2.0","id":3}"#, -32600, Some("3"), "neither");
    check(br#"{"jsonrpc":"2.0","id":3,"result":1,"error":{}}"#, -32600, Some("3"), "more than one");
    check(br#"{"jsonrpc":"2.0","id":3,"ID":4,"method":"a"}"#, -32600, None, "only in case");
}
