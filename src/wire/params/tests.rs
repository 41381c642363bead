use super::{Head, Message, Target};

#[test]
fn wrong_parameters_are_named() {
    let check = |params: &str, words: &str| {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call"{params}}}"#);
        let message = Message::parse(&text.into()).unwrap();
        let error =
            Head::parse(&message).and_then(|head| head.request(&message).map(|_| ())).unwrap_err();
        assert_eq!(error.code, -32602);
        assert!(error.message.contains(words), "{params}: {}", error.message);
    };
    check("", "`params` is missing");
    check(r#","params":{}"#, "`params.name` is missing");
    check(r#","params":{"name":7}"#, "`params.name` must be a string");
    check(r#","params":{"name":"a","arguments":[7]}"#, "`params.arguments` must be an object");
    check(r#","params":{"name":"a","arguments":"{}"}"#, "`params.arguments` must be an object");
    check(r#","params":{"name":"a","name":"b"}"#, "`name` occurs twice");
    check(r#","params":{"name":"a","Name":"b"}"#, "only in case");
    check(r#","params":{"name":"a","_meta":[7]}"#, "expected a JSON object");
    check(r#","params":[7]"#, "expected a JSON object");
    check(r#","params":[]"#, "`params.name` is missing");
    let check = |method: &str, params: &str, words: &str| {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let message = Message::parse(&text.into()).unwrap();
        let error =
            Head::parse(&message).and_then(|head| head.request(&message).map(|_| ())).unwrap_err();
        assert_eq!((error.code, &*error.message), (-32602, words));
    };
    check("resources/read", r#"{"name":"x"}"#, "`params.uri` is missing");
    check("tasks/get", r#"{"taskId":7}"#, "`params.taskId` must be a string");
    check("completion/complete", "{}", "`params.ref` is missing");
    check(
        "completion/complete",
        r#"{"ref":{"type":"x"}}"#,
        "`params.ref.type` must be \"ref/prompt\" or \"ref/resource\"",
    );
    check(
        "completion/complete",
        r#"{"ref":{"type":"ref/prompt"}}"#,
        "`params.ref.name` is missing",
    );
}

#[test]
fn what_a_request_is_about_is_found() {
    let check = |method: &str, params: &str, expected: (Target, &str)| {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let message = Message::parse(&text.into()).unwrap();
        let head = Head::parse(&message).unwrap();
        let request = head.request(&message).unwrap();
        assert_eq!((request.target, &*request.name), expected);
    };
    check("prompts/get", r#"{"name":"p"}"#, (Target::Prompt, "p"));
    check("resources/subscribe", r#"{"uri":"a:b"}"#, (Target::Resource, "a:b"));
    let reference =
        r#"{"ref":{"type":"ref/resource","uri":"a:{b}"},"argument":{"name":"b","value":""}}"#;
    check("completion/complete", reference, (Target::TemplateReference, "a:{b}"));
    check("tasks/cancel", r#"{"taskId":"s:1"}"#, (Target::Task, "s:1"));
}

#[test]
fn parts_are_found_where_they_are_written() {
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name":"a\u0062"}}"#;
    let message = Message::parse(&text.into()).unwrap();
    let head = Head::parse(&message).unwrap();
    let call = head.request(&message).unwrap();
    assert_eq!((&*call.name, call.progress_token), ("ab", Some("\"p\"")));
    assert_eq!(head.meta(&message).version.as_deref(), Some("2026-07-28"));
}
