use std::time::Duration;

use serde_json::{Value, json};

use super::{Offer, read_all};
use crate::connection::tests::open;
use crate::servers::identity::Identity;
use crate::wire::{Era, ListKind, Topic};

/// What is read of a server that says this of itself and answers so, and how often it was asked.
async fn offered(
    era: Era,
    said: &str,
    answer: impl Fn(&str, &Value) -> Option<Value>,
) -> (Offer, usize) {
    let (connection, mut far) = open(10_000);
    let identity = Identity::read(era, "2025-11-25", said);
    let mut asked = 0;
    let server = async {
        loop {
            let request: Value = serde_json::from_str(&far.line().await).unwrap();
            let Some(method) = request["method"].as_str().filter(|_| request["id"].is_u64()) else {
                continue;
            };
            asked += 1;
            let mut reply = json!({ "jsonrpc": "2.0", "id": request["id"] });
            match answer(method, &request["params"]) {
                Some(result) => reply["result"] = result,
                None => reply["error"] = json!({ "code": -32601, "message": "no" }),
            }
            far.say(&reply.to_string()).await;
        }
    };
    let offer = tokio::select! {
        offer = read_all(connection, identity, Duration::from_mins(1)) => offer.unwrap(),
        () = server => unreachable!("a server does not leave"),
    };
    (offer, asked)
}

fn names(offer: &Offer, kind: ListKind) -> Vec<&str> {
    offer.list(kind).items.iter().map(|item| &*item.name).collect()
}

fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}

#[tokio::test]
async fn a_legacy_server_that_declares_nothing_is_asked_all_the_same() {
    let answer = |method: &str, _: &Value| match method {
        "tools/list" => Some(json!({ "tools": [tool("t")] })),
        "prompts/list" => Some(json!({ "prompts": [{ "name": "p" }] })),
        _ => None,
    };
    for said in [
        r#"{"capabilities":{}}"#,
        r#"{"capabilities":[]}"#,
        r#"{"capabilities":null}"#,
        r#"{"capabilities":{"tools":null,"logging":{}}}"#,
        "{}",
    ] {
        let (offer, _) = offered(Era::Legacy, said, answer).await;
        assert_eq!(names(&offer, ListKind::Tools), ["t"], "{said}");
        assert_eq!(names(&offer, ListKind::Prompts), ["p"], "{said}");
        let has = Topic::ALL.map(|topic| offer.capabilities.has(topic));
        assert_eq!(has, [true, true, false], "{said}: what it does not know, it does not have");
    }
    // Who declares something is believed, and so is a modern server.
    let (offer, asked) = offered(Era::Legacy, r#"{"capabilities":{"prompts":{}}}"#, answer).await;
    assert_eq!((names(&offer, ListKind::Tools).len(), asked), (0, 1));
    let (offer, asked) = offered(Era::Modern, r#"{"capabilities":{}}"#, answer).await;
    assert_eq!((names(&offer, ListKind::Tools).len(), asked), (0, 0));
}

/// A page by the parameters of the request for it.
type Page = fn(&Value) -> Value;

/// java-sdk#628, csharp-sdk#1072.
#[tokio::test]
async fn a_last_page_with_the_same_or_an_empty_cursor_ends_the_list() {
    let said = r#"{"capabilities":{"tools":{}}}"#;
    let pages: [(&str, Page, &[&str], &str); 4] = [
        (
            "the same cursor, another page",
            |params| match params["cursor"].as_str() {
                None => json!({ "tools": [tool("a")], "nextCursor": "x" }),
                _ => json!({ "tools": [tool("b")], "nextCursor": "x" }),
            },
            &["a", "b"],
            "ends with the cursor \"x\", which it sent before: 2 tools were read",
        ),
        (
            "cursors are not read",
            |_| json!({ "tools": [tool("a"), tool("b")], "nextCursor": "x" }),
            &["a", "b"],
            "ends with the cursor \"x\", which it sent before: 2 tools were read",
        ),
        (
            "an empty cursor",
            |_| json!({ "tools": [tool("a")], "nextCursor": "" }),
            &["a"],
            "ends with an empty cursor: 1 tools were read",
        ),
        ("null", |_| json!({ "tools": [tool("a")], "nextCursor": null }), &["a"], ""),
    ];
    for (what, page, expected, told) in pages {
        let (offer, asked) = offered(Era::Legacy, said, |_, params| Some(page(params))).await;
        let list = offer.list(ListKind::Tools);
        assert_eq!(names(&offer, ListKind::Tools), expected, "{what}");
        assert!(asked <= 2, "{what}: {asked}");
        assert_eq!(list.refused.count(), 0, "{what}: {:?}", list.refused);
        let complaint = list.complaint(ListKind::Tools).unwrap_or_default();
        assert!(complaint.contains(told) && complaint.is_empty() == told.is_empty(), "{complaint}");
    }
}
