//! A message: its envelope, its parameters, and its way through the translation between eras.
//!
//! Input: the text of one message.

use bytes::Bytes;

use crate::json::Json;
use crate::wire::params::{Head, RequestParams, Target};
use crate::wire::translate::{self, Answer, Asked, Meta, Rewrite, rounds, tasks};
use crate::wire::{ClientCapabilities, Era, Kind, Message, Span, meta};

const ID: &str = r#""c-1""#;
/// What a client's word for itself adds to `_meta`.
const ADDED: [&str; 3] = [meta::PROTOCOL_VERSION, meta::CLIENT_INFO, meta::CLIENT_CAPABILITIES];

/// A message is read or refused; what is sent on in its place says the same but for what is ours.
pub fn envelope(data: &[u8]) {
    let message = match Message::parse(&Bytes::copy_from_slice(data)) {
        Ok(message) => message,
        Err(malformed) => {
            let (error, id) = malformed.answer();
            let response = error.response(id);
            assert!(
                response.len() <= 6 * data.len() + 1024,
                "a refusal as large as what it refuses"
            );
            Message::parse(&response).expect("a refusal is a message");
            return;
        }
    };
    assert_eq!(message.text().as_bytes(), data);
    has_its_parts(&message);
    gets_another_id(&message);
    is_answered(&message);
    asks_in_rounds(&message);
    if let Ok(head) = Head::parse(&message) {
        if let (Kind::Request { .. }, Ok(params)) = (message.kind(), head.request(&message)) {
            is_passed_on(&message, &params);
        }
        if let Some(params) = message.params() {
            _ = ClientCapabilities::parse(params).as_json().len();
        }
    }
}

/// As another reader sees it; `None` where a lone surrogate stands for no text.
fn tree(text: &str) -> Option<Json> {
    Json::parse(text).ok()
}

fn has_its_parts(message: &Message) {
    let Some(whole) = tree(message.text()) else { return };
    let part = |name: &str| whole.get(name).map(Json::to_string);
    let read = |text: Option<&str>| text.map(|text| tree(text).expect("a part").to_string());
    if message.id().is_some() {
        assert_eq!(read(message.id()), part("id"));
    }
    if message.method().is_some() {
        assert_eq!(read(message.params()), part("params"));
    }
    if let Kind::Result { result, .. } = message.kind() {
        assert_eq!(read(Some(message.at(*result))), part("result"));
    }
}

fn gets_another_id(message: &Message) {
    let moved = message.with_id(ID).into_bytes();
    match message.id() {
        Some(id) => {
            let (text, at) = (message.text(), Span::of(id, message.text()).range());
            let expected = [&text[..at.start], ID, &text[at.end..]].concat();
            assert_eq!(moved, expected, "every other byte stays");
            let moved = Message::parse(&moved).expect("it is still a message");
            assert_eq!(moved.id(), Some(ID));
        }
        None => assert_eq!(moved, message.text()),
    }
}

fn is_passed_on(message: &Message, params: &RequestParams<'_>) {
    let own = format!("own \"{}\u{7}", params.name);
    let modern = translate::modern_meta(r#"{"name":"n","version":"1"}"#, "{}");
    let is_modern = params.meta.is_some_and(|json| json.contains(meta::PROTOCOL_VERSION));
    for name in [&*params.name, &own] {
        let mut ways = vec![Meta::AsItIs, Meta::Legacy];
        // Only what a legacy client says lacks it.
        ways.extend((!is_modern).then_some(Meta::Add(&modern)));
        for way in ways {
            let rewrite =
                Rewrite { id: 7, name, meta: way, members: "", arguments: Some(r#"{"z":1}"#) };
            let sent = translate::request(message, params, rewrite).into_bytes();
            assert!(!sent.contains(&b'\n') && !sent.contains(&b'\r'), "one line");
            let sent = Message::parse(&sent).expect("what is passed on is a message");
            assert_eq!((sent.id(), sent.method()), (Some("7"), message.method()));
            let head = Head::parse(&sent).expect("its parameters are read");
            let again = head.request(&sent).expect("it is a request");
            assert_eq!((&*again.name, again.target), (name, params.target));
            assert_eq!(again.arguments, params.arguments.map(|_| r#"{"z":1}"#));
            if let (Some(before), Some(after)) = (tree(message.text()), tree(sent.text())) {
                let expected = passed_on(&before, params, name, way);
                assert_eq!(after, expected, "{way:?}");
            }
        }
    }
}

/// What a server is to see, made member by member.
fn passed_on(message: &Json, params: &RequestParams<'_>, name: &str, way: Meta<'_>) -> Json {
    let named = |value: &Json| match params.target {
        Target::Tool | Target::Prompt => with(value, "name", name.into()),
        Target::Resource => with(value, "uri", name.into()),
        Target::Task => with(value, "taskId", name.into()),
        Target::PromptReference => within(value, "ref", |it| with(it, "name", name.into())),
        Target::TemplateReference => within(value, "ref", |it| with(it, "uri", name.into())),
    };
    let given = |value: &Json| with(value, "arguments", Json::object([("z", 1_usize.into())]));
    // What only the other era knows.
    let foreign: &[&str] = match way {
        Meta::AsItIs => &[],
        Meta::Add(_) => &["inputResponses", "requestState"],
        Meta::Legacy if params.is_mixed => &["task"],
        Meta::Legacy => &[],
    };
    let said = |value: &Json| {
        let value = without(value, |name| foreign.contains(&name));
        let value = within(&value, "_meta", |meta| with(meta, "progressToken", 7_usize.into()));
        match way {
            Meta::AsItIs => value,
            Meta::Legacy => within(&value, "_meta", |json| {
                without(json, |name| ADDED.contains(&name) || name == meta::LOG_LEVEL)
            }),
            Meta::Add(added) => {
                let added = tree(&format!("{{{added}}}")).expect("members of ours");
                let before = |old: &[(String, Json)]| {
                    let new = added.as_object().unwrap_or_default();
                    let of_an_era = |name: &str| ADDED.contains(&name) || name == meta::LOG_LEVEL;
                    let old = old.iter().filter(|(name, _)| !of_an_era(name));
                    Json::Object(new.iter().chain(old).cloned().collect())
                };
                match value.get("_meta") {
                    Some(_) => {
                        within(&value, "_meta", |meta| before(meta.as_object().unwrap_or_default()))
                    }
                    None => {
                        let first = [("_meta".to_owned(), before(&[]))];
                        let rest = value.as_object().unwrap_or_default().iter().cloned();
                        Json::Object(first.into_iter().chain(rest).collect())
                    }
                }
            }
        }
    };
    let message = with(message, "id", 7_usize.into());
    within(&message, "params", |params| said(&given(&named(params))))
}

/// The object with another value for a member that it has.
fn with(object: &Json, name: &str, value: Json) -> Json {
    within(object, name, |_| value.clone())
}

fn within(object: &Json, name: &str, change: impl Fn(&Json) -> Json) -> Json {
    let Json::Object(members) = object else { return object.clone() };
    let member = |(key, value): &(String, Json)| {
        (key.clone(), if key == name { change(value) } else { value.clone() })
    };
    Json::Object(members.iter().map(member).collect())
}

fn without(object: &Json, is_out: impl Fn(&str) -> bool) -> Json {
    let Json::Object(members) = object else { return object.clone() };
    Json::Object(members.iter().filter(|(name, _)| !is_out(name)).cloned().collect())
}

fn is_answered(message: &Message) {
    let Kind::Result { result, .. } = message.kind() else {
        answers(message, |_| {});
        return;
    };
    let before = message.at(*result);
    let ids = tasks::ids_in_result(before).len();
    answers(message, |answer| {
        let Kind::Result { result, .. } = answer.kind() else { panic!("a result stays one") };
        let after = answer.at(*result);
        assert_eq!(tasks::ids_in_result(after).len(), ids, "ids of tasks");
        let (Some(before), Some(after)) = (tree(before), tree(after)) else { return };
        let ours = ["resultType", "ttlMs", "cacheScope"];
        let is_ours = |name: &str| ours.contains(&name);
        if ids == 0 {
            assert_eq!(without(&before, is_ours), without(&after, is_ours));
        }
        for name in ours {
            assert!(count(&after, name) <= count(&before, name).max(1), "`{name}` occurs twice");
        }
    });
}

fn answers(message: &Message, check: impl Fn(&Message)) {
    for client in [Era::Legacy, Era::Modern] {
        for server in [Era::Legacy, Era::Modern] {
            for target in [Target::Tool, Target::Resource, Target::Task] {
                for task_prefix in [None, Some("srv")] {
                    let asked = Asked { id: ID, client, server, target, task_prefix };
                    let Answer::Ready(ready) = translate::answer(message, asked) else {
                        assert_eq!(client, Era::Legacy, "a modern client is asked");
                        continue;
                    };
                    let ready = Message::parse(&ready.into_bytes()).expect("an answer");
                    assert!(message.id().is_none() || ready.id() == Some(ID));
                    check(&ready);
                }
            }
        }
    }
}

fn count(object: &Json, name: &str) -> usize {
    object.as_object().unwrap_or_default().iter().filter(|(key, _)| key == name).count()
}

fn asks_in_rounds(message: &Message) {
    if let Ok(round) = rounds::read(message) {
        for question in &round.questions {
            let asked = rounds::ask(ID, "k", question, "state").into_bytes();
            Message::parse(&asked).expect("a question is asked");
        }
    }
    if let Some(answer) = message.params().and_then(|params| rounds::answer_to("k", params)) {
        assert!(matches!(answer.kind(), Kind::Result { .. }));
    }
    _ = translate::cancelled_id(message);
    if let Some(progress) = translate::progress(message, ID) {
        Message::parse(&progress.into_bytes()).expect("progress under another token");
    }
    if let Some(status) = translate::task_status(message, "srv") {
        Message::parse(&status.into_bytes()).expect("the state of a task under another id");
    }
}
