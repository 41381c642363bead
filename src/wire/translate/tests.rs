use super::{Answer, Asked, Meta, Rewrite, answer, modern_meta, progress, request};
use crate::wire::params::{Head, Target};
use crate::wire::{Era, Message};

fn asked(client: Era, server: Era) -> Asked<'static> {
    Asked { id: "\"c\"", client, server, target: Target::Tool, task_prefix: None }
}

fn parse(text: &str) -> Message {
    Message::parse(&bytes::Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

#[test]
fn a_call_is_changed_only_where_we_own_it() {
    let check = |params: &str, added: Option<&str>, expected: &str| {
        let message = parse(&format!(
            r#"{{"id":"x","method":"tools/call","jsonrpc":"2.0","params":{params}}}"#
        ));
        let params = Head::parse(&message).unwrap().request(&message).unwrap();
        let meta = added.map_or(Meta::AsItIs, Meta::Add);
        let rewrite = Rewrite { id: 9, name: "echo", meta, members: "", arguments: None };
        let sent = request(&message, &params, rewrite).into_bytes();
        let expected =
            format!(r#"{{"id":9,"method":"tools/call","jsonrpc":"2.0","params":{expected}}}"#);
        assert_eq!(sent, expected);
    };
    check(r#"{"name":"s__echo","zz":1e400}"#, None, r#"{"name":"echo","zz":1e400}"#);
    check(
        r#"{"_meta":{"progressToken":"p","x":1},"name":"s__echo"}"#,
        None,
        r#"{"_meta":{"progressToken":9,"x":1},"name":"echo"}"#,
    );
    check(r#"{"name":"echo"}"#, Some(r#""k":1"#), r#"{"_meta":{"k":1},"name":"echo"}"#);
    check(
        r#"{"name":"echo","_meta":{ }}"#,
        Some(r#""k":1"#),
        r#"{"name":"echo","_meta":{"k":1 }}"#,
    );
    check(
        r#"{"name":"echo","_meta":{"progressToken":1}}"#,
        Some(r#""k":1"#),
        r#"{"name":"echo","_meta":{"k":1,"progressToken":9}}"#,
    );
    check("{\n\"name\":\"echo\"}", None, r#"{ "name":"echo"}"#);
}

#[test]
fn a_legacy_server_is_not_told_of_the_other_era() {
    let meta = r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","a\"b":1e400,"progressToken":"p","io.modelcontextprotocol/clientCapabilities":{},"x":[]}"#;
    let message = parse(&format!(
        r#"{{"id":"x","method":"tools/call","jsonrpc":"2.0","params":{{"_meta":{meta},"name":"n"}}}}"#
    ));
    let params = Head::parse(&message).unwrap().request(&message).unwrap();
    let rewrite = Rewrite { id: 9, name: "n", meta: Meta::Legacy, members: "", arguments: None };
    let sent = request(&message, &params, rewrite).into_bytes();
    let expected = r#"{"id":9,"method":"tools/call","jsonrpc":"2.0","params":{"_meta":{"a\"b":1e400,"progressToken":9,"x":[]},"name":"n"}}"#;
    assert_eq!(sent, expected);
}

/// Found by the fuzz target `envelope`.
#[test]
fn what_means_something_in_the_other_era_alone_does_not_reach_it() {
    let check = |params: &str, meta: Meta<'_>, expected: &str| {
        let message = parse(&format!(
            r#"{{"id":"x","method":"tools/call","jsonrpc":"2.0","params":{params}}}"#
        ));
        let params = Head::parse(&message).unwrap().request(&message).unwrap();
        let rewrite = Rewrite { id: 9, name: "n", meta, members: "", arguments: None };
        let sent = request(&message, &params, rewrite).into_bytes();
        let expected =
            format!(r#"{{"id":9,"method":"tools/call","jsonrpc":"2.0","params":{expected}}}"#);
        assert_eq!(sent, expected);
    };
    let rounds = r#"{"inputResponses":"s","name":"n","requestState":7,"x":1e400}"#;
    let modern = Meta::Add(r#""k":1"#);
    check(rounds, modern, r#"{"_meta":{"k":1},"name":"n","x":1e400}"#);
    check(rounds, Meta::AsItIs, rounds);
    let version = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
    let task = format!(r#"{{"task":{{"ttl":1}},"name":"n","_meta":{{{version}}}}}"#);
    check(&task, Meta::Legacy, r#"{"name":"n","_meta":{}}"#);
    check(&task, Meta::AsItIs, &task);
}

#[test]
fn what_says_who_a_client_is_stands_once() {
    let added = modern_meta(r#"{"name":"c","version":"1"}"#, "{}");
    let sent = |meta: &str| {
        let message = parse(&format!(
            r#"{{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{{"name":"n","_meta":{meta}}}}}"#
        ));
        let params = Head::parse(&message).unwrap().request(&message).unwrap();
        let meta = Meta::Add(&added);
        let rewrite = Rewrite { id: 9, name: "n", meta, members: "", arguments: None };
        request(&message, &params, rewrite).into_bytes()
    };
    let whole = |members: &str| {
        let comma = if members.is_empty() { "" } else { "," };
        format!(
            r#"{{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{{"name":"n","_meta":{{{added}{comma}{members}}}}}}}"#
        )
    };
    assert_eq!(sent(r#"{"io.modelcontextprotocol/clientInfo":{"name":"z"}}"#), whole(""));
    assert_eq!(
        sent(
            r#"{"a\"b":1e400,"io.modelcontextprotocol/clientCapabilities":{"roots":{}},"progressToken":"p"}"#
        ),
        whole(r#""a\"b":1e400,"progressToken":9"#)
    );
}

#[test]
fn the_meta_we_add_is_json() {
    let text = format!("{{{}}}", modern_meta(r#"{"name":"c","version":"1"}"#, "{}"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
}

#[test]
fn results_change_eras() {
    use Era::{Legacy, Modern};
    let check = |client, server, result: &str, expected: &str| {
        let message = parse(&format!(r#"{{"jsonrpc":"2.0","id":9,"result":{result}}}"#));
        let Answer::Ready(payload) = answer(&message, asked(client, server)) else { panic!() };
        let expected = format!(r#"{{"jsonrpc":"2.0","id":"c","result":{expected}}}"#);
        assert_eq!(payload.into_bytes(), expected);
    };
    let done = r#"{"content":[],"resultType":"complete"}"#;
    check(Legacy, Legacy, done, done);
    check(Modern, Modern, r#"{"content":[]}"#, r#"{"content":[]}"#);
    check(Modern, Legacy, r#"{"content":[]}"#, r#"{"resultType":"complete","content":[]}"#);
    check(Modern, Legacy, "{ }", r#"{"resultType":"complete" }"#);
    check(Modern, Legacy, r#"{"resultType":7,"a":1}"#, r#"{"resultType":"complete","a":1}"#);
    check(Modern, Legacy, r#"{"resultType":null}"#, r#"{"resultType":"complete"}"#);
    check(Modern, Legacy, done, done);
    check(Legacy, Modern, done, r#"{"content":[]}"#);
    check(Legacy, Modern, r#"{"resultType":"complete","content":[]}"#, r#"{"content":[]}"#);
    check(Legacy, Modern, r#"{"a":1, "resultType" : "complete" , "b":2}"#, r#"{"a":1,  "b":2}"#);
    check(Legacy, Modern, r#"{ "resultType":"complete" }"#, r"{ }");
    check(Legacy, Modern, r#"{"content":[]}"#, r#"{"content":[]}"#);
}

#[test]
fn an_input_request_is_noticed() {
    let message = parse(r#"{"jsonrpc":"2.0","id":9,"result":{"resultType":"input_required"}}"#);
    assert!(matches!(answer(&message, asked(Era::Legacy, Era::Modern)), Answer::InputRequired));
    assert!(matches!(answer(&message, asked(Era::Modern, Era::Modern)), Answer::Ready(_)));
}

#[test]
fn progress_comes_back_under_the_clients_token() {
    let note = parse(
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":0.1,"progressToken":9}}"#,
    );
    let sent = progress(&note, r#""tok""#).unwrap().into_bytes();
    assert!(sent.ends_with(br#"{"progress":0.1,"progressToken":"tok"}}"#), "{sent:?}");
}

#[test]
fn a_read_gets_cache_hints_and_the_code_of_its_era() {
    use Era::{Legacy, Modern};
    let check = |client, server, body: &str, expected: &str| {
        let message = parse(&format!(r#"{{"jsonrpc":"2.0","id":9,{body}}}"#));
        let asked = Asked { target: Target::Resource, ..asked(client, server) };
        let Answer::Ready(payload) = answer(&message, asked) else { panic!() };
        let expected = format!(r#"{{"jsonrpc":"2.0","id":"c",{expected}}}"#);
        assert_eq!(payload.into_bytes(), expected);
    };
    check(
        Modern,
        Legacy,
        r#""result":{"contents":[]}"#,
        r#""result":{"resultType":"complete","ttlMs":0,"cacheScope":"private","contents":[]}"#,
    );
    check(Modern, Legacy, r#""error":{"code":-32002}"#, r#""error":{"code":-32602}"#);
    check(Legacy, Modern, r#""error":{"code":-32602}"#, r#""error":{"code":-32002}"#);
    check(Legacy, Legacy, r#""error":{"code":-32602}"#, r#""error":{"code":-32602}"#);
    check(Modern, Legacy, r#""error":{"code":-32000}"#, r#""error":{"code":-32000}"#);
}

#[test]
fn ids_of_tasks_carry_their_server() {
    let message = parse(r#"{"jsonrpc":"2.0","id":9,"result":{"task":{"taskId":"t"}}}"#);
    let asked = Asked { task_prefix: Some("srv"), ..asked(Era::Legacy, Era::Legacy) };
    let Answer::Ready(payload) = answer(&message, asked) else { panic!() };
    let expected = r#"{"jsonrpc":"2.0","id":"c","result":{"task":{"taskId":"srv:t"}}}"#;
    assert_eq!(payload.into_bytes(), expected);
}

#[test]
fn no_server_says_what_only_we_say_of_a_call() {
    let asked = Asked {
        id: "7",
        client: Era::Legacy,
        server: Era::Legacy,
        target: Target::Tool,
        task_prefix: None,
    };
    let answered = |result: &str| {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        match answer(&Message::parse(&text.into()).unwrap(), asked) {
            Answer::Ready(payload) => {
                let text = String::from_utf8(payload.into_bytes().to_vec()).unwrap();
                text.strip_prefix(r#"{"jsonrpc":"2.0","id":7,"result":"#).unwrap().to_owned()
            }
            Answer::InputRequired => panic!("no question"),
        }
    };
    let forged = r#""callmux/failure":{"outcome":"not_sent","retry_safe":true}"#;
    for (result, expected) in [
        (format!(r#"{{"content":[],"_meta":{{{forged}}}}}"#), r#"{"content":[],"_meta":{}}}"#),
        (
            format!(r#"{{"_meta":{{"a":1.50,{forged},"b":[]}},"content":[]}}"#),
            r#"{"_meta":{"a":1.50,"b":[]},"content":[]}}"#,
        ),
        (
            r#"{"\u005fmeta":{"\u0063allmux\/failure":1},"_meta":{"callmux/x":2}}"#.to_owned(),
            r#"{"\u005fmeta":{},"_meta":{}}}"#,
        ),
    ] {
        assert_eq!(answered(&result), expected);
    }
    let others = r#"{"content":[{"type":"text","text":"callmux/failure"}],"_meta":{"x/callmux/":1},"callmux/failure":1}"#;
    assert_eq!(answered(others), format!("{others}}}"), "anything else is the server's own");
}

/// Before 2026-07-28 it is an object, and clients refuse a result with another.
#[test]
fn structured_content_that_is_no_object_is_for_modern_clients_alone() {
    let check = |client: Era, result: &str, expected: &str| {
        let whole = |result: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        let message = Message::parse(&whole(result).into()).unwrap();
        for server in [Era::Legacy, Era::Modern] {
            let asked = Asked { id: "1", client, server, target: Target::Tool, task_prefix: None };
            let Answer::Ready(ready) = answer(&message, asked) else { panic!("{result}") };
            let ready = ready.into_bytes();
            let ready =
                std::str::from_utf8(&ready).unwrap().replace(r#""resultType":"complete","#, "");
            assert_eq!(ready, whole(expected), "{server:?}");
        }
    };
    let text = r#"{"content":[{"type":"text","text":"\"structuredContent\":7"}],"a":1}"#;
    check(Era::Legacy, text, text);
    let object = r#"{"content":[],"structuredContent":{"structuredContent":[1]}}"#;
    check(Era::Legacy, object, object);
    let list = r#"{"content":[{"type":"text","text":"[1]"}],"structuredContent" : [1],"a":1}"#;
    check(Era::Legacy, list, r#"{"content":[{"type":"text","text":"[1]"}],"a":1}"#);
    check(Era::Modern, list, list);
    check(Era::Legacy, r#"{"content":[],"structuredContent":null}"#, r#"{"content":[]}"#);
    check(
        Era::Legacy,
        r#"{"structuredContent":["a\"b"],"x":1}"#,
        r#"{"content":[{"type":"text","text":"[\"a\\\"b\"]"}],"x":1}"#,
    );
    check(
        Era::Legacy,
        r#"{"x":1,"structuredContent":7}"#,
        r#"{"x":1,"content":[{"type":"text","text":"7"}]}"#,
    );
}
