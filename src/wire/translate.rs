//! From one era to the other: what is added, what is taken away. Pure functions on bytes.
//!
//! | from → to | request | result |
//! | --- | --- | --- |
//! | legacy client → legacy server | id, name, progress token | id |
//! | modern client → modern server | id, name, progress token | id |
//! | modern client → legacy server | id, name, progress token | id, `resultType` added |
//! | legacy client → modern server | id, name, progress token, `_meta` added | id, `resultType` removed |
//!
//! A modern client's `_meta` goes to a legacy server as it is: `_meta` is open in every revision.

use super::error::RpcError;
use super::message::{Kind, Message};
use super::meta;
use super::object::{self, Span};
use super::params::CallParams;
use super::payload::Payload;
use super::revision::{Era, Revision};
use super::splice::Splice;

/// The `_meta` members that make a legacy client's request one that a modern server accepts.
///
/// `client_info` is a JSON object. No client capability is passed on: a modern server would ask
/// by a multi-round result, which a legacy client cannot answer.
pub fn modern_meta(client_info: &str) -> String {
    format!(
        r#""{}":"{}","{}":{client_info},"{}":{{}}"#,
        meta::PROTOCOL_VERSION,
        Revision::MODERN,
        meta::CLIENT_INFO,
        meta::CLIENT_CAPABILITIES,
    )
}

/// A client's `tools/call` as `server` is to see it: our id, the server's own tool name, our id
/// as the progress token if there was one, and `added_meta` (see [`modern_meta`]).
pub fn call<'a>(
    message: &'a Message,
    params: &'a CallParams<'a>,
    id: u64,
    tool: &str,
    added_meta: Option<&'a str>,
) -> Payload {
    let Kind::Request { id: id_at, .. } = message.kind() else { return message.payload() };
    let mut splice = message.splice().replace(*id_at, id.to_string());
    if params.name != tool {
        splice = splice.replace(params.name_at, serde_json::Value::from(tool).to_string());
    }
    if let Some(token) = params.progress_token {
        splice = splice.replace(Span::of(token, message.text()), id.to_string());
    }
    add_meta(splice, message, params, added_meta).finish().on_one_line()
}

fn add_meta<'a>(
    splice: Splice<'a>,
    message: &Message,
    params: &CallParams<'a>,
    added: Option<&'a str>,
) -> Splice<'a> {
    let Some(added) = added else { return splice };
    match params.meta {
        None => splice.insert(params.inside, format!(r#""_meta":{{{added}}},"#)),
        Some(meta) => {
            let inside = Span::of(meta, message.text()).start + 1;
            let empty = meta[1..].trim_start().starts_with('}');
            splice.insert(inside, format!("{added}{}", if empty { "" } else { "," }))
        }
    }
}

/// What a server's answer is for the client that asked.
#[derive(Debug)]
pub enum Answer {
    /// The answer, ready to send.
    Ready(Payload),
    /// The server asks for more input (2026-07-28, multi-round-trip requests) and the client's
    /// revision has no way to be asked like that.
    InputRequired,
}

/// A server's answer to `tools/call`, under the client's `id` and in the client's era.
pub fn answer(message: &Message, id: &str, client: Era, server: Era) -> Answer {
    let Kind::Result { id: id_at, result } = message.kind() else {
        return Answer::Ready(message.with_id(id));
    };
    if client == server {
        return Answer::Ready(message.with_id(id));
    }
    let splice = message.splice().replace(*id_at, id);
    let text = message.at(*result);
    let Ok([kind]) = object::members(text, ["resultType"]) else {
        return Answer::Ready(message.with_id(id));
    };
    match (client, kind.and_then(object::string).as_deref()) {
        (Era::Modern, None) => {
            let empty = text[1..].trim_start().starts_with('}');
            let comma = if empty { "" } else { "," };
            let added = format!(r#""resultType":"complete"{comma}"#);
            Answer::Ready(splice.insert(result.start + 1, added).finish())
        }
        (Era::Legacy, Some("input_required")) => Answer::InputRequired,
        (Era::Legacy, Some(_)) => {
            let whole = kind.and_then(|value| member(message.text(), value, "resultType"));
            Answer::Ready(match whole {
                Some(span) => splice.replace(span, "").finish(),
                None => splice.finish(),
            })
        }
        _ => Answer::Ready(splice.finish()),
    }
}

/// The span of a whole member with the comma that belongs to it, found from its value. `None` if
/// the name is written in another way than `"name"`.
fn member(text: &str, value: &str, name: &str) -> Option<Span> {
    let at = Span::of(value, text);
    let quoted = format!("\"{name}\"");
    let before = text[..at.start as usize].trim_end().strip_suffix(':')?;
    let before = before.trim_end().strip_suffix(quoted.as_str())?;
    let after = &text[at.end as usize..];
    if let Some(rest) = after.trim_start().strip_prefix(',') {
        return Some(Span { start: Span::of(before, text).end, end: Span::of(rest, text).start });
    }
    let before = before.trim_end();
    let before = before.strip_suffix(',').unwrap_or(before);
    Some(Span { start: Span::of(before, text).end, end: at.end })
}

/// A server's progress notification under the client's own token. `None` if it is no progress
/// notification with a token.
pub fn progress(message: &Message, client_token: &str) -> Option<Payload> {
    let token = progress_token(message)?;
    Some(message.splice().replace(Span::of(token, message.text()), client_token).finish())
}

/// The token a progress notification carries, as it is written.
pub fn progress_token(message: &Message) -> Option<&str> {
    let [token] = object::members(message.params()?, ["progressToken"]).ok()?;
    token
}

/// The id of the request that a `notifications/cancelled` names, as it is written.
pub fn cancelled_id(message: &Message) -> Option<&str> {
    let [id] = object::members(message.params()?, ["requestId"]).ok()?;
    id
}

/// `notifications/cancelled` for a request we sent to a server under `id`.
pub fn cancel(id: impl std::fmt::Display, reason: &str) -> Payload {
    let reason = serde_json::Value::from(reason);
    Payload::from(format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":{reason}}}}}"#
    ))
}

/// A response whose result we wrote ourselves.
pub fn result(id: &str, result: &str) -> Payload {
    Payload::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#))
}

/// A response with an error of ours.
pub fn refusal(id: &str, error: &RpcError) -> Payload {
    Payload::from(error.response(Some(id)))
}

#[cfg(test)]
mod tests {
    use super::{Answer, answer, call, modern_meta, progress};
    use crate::wire::params::Head;
    use crate::wire::{Era, Message};

    fn parse(text: &str) -> Message {
        Message::parse(&bytes::Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    #[test]
    fn a_call_is_changed_only_where_we_own_it() {
        let check = |params: &str, added: Option<&str>, expected: &str| {
            let message = parse(&format!(
                r#"{{"id":"x","method":"tools/call","jsonrpc":"2.0","params":{params}}}"#
            ));
            let params = Head::parse(&message).unwrap().call(&message).unwrap();
            let sent = call(&message, &params, 9, "echo", added).into_bytes();
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
    fn the_meta_we_add_is_json() {
        let text = format!("{{{}}}", modern_meta(r#"{"name":"c","version":"1"}"#));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    }

    #[test]
    fn results_change_eras() {
        use Era::{Legacy, Modern};
        let check = |client, server, result: &str, expected: &str| {
            let message = parse(&format!(r#"{{"jsonrpc":"2.0","id":9,"result":{result}}}"#));
            let Answer::Ready(payload) = answer(&message, "\"c\"", client, server) else {
                panic!()
            };
            let expected = format!(r#"{{"jsonrpc":"2.0","id":"c","result":{expected}}}"#);
            assert_eq!(payload.into_bytes(), expected);
        };
        let done = r#"{"content":[],"resultType":"complete"}"#;
        check(Legacy, Legacy, done, done);
        check(Modern, Modern, r#"{"content":[]}"#, r#"{"content":[]}"#);
        check(Modern, Legacy, r#"{"content":[]}"#, r#"{"resultType":"complete","content":[]}"#);
        check(Modern, Legacy, "{ }", r#"{"resultType":"complete" }"#);
        check(Modern, Legacy, done, done);
        check(Legacy, Modern, done, r#"{"content":[]}"#);
        check(Legacy, Modern, r#"{"resultType":"complete","content":[]}"#, r#"{"content":[]}"#);
        check(
            Legacy,
            Modern,
            r#"{"a":1, "resultType" : "complete" , "b":2}"#,
            r#"{"a":1,  "b":2}"#,
        );
        check(Legacy, Modern, r#"{ "resultType":"complete" }"#, r"{ }");
        check(Legacy, Modern, r#"{"content":[]}"#, r#"{"content":[]}"#);
    }

    #[test]
    fn an_input_request_is_noticed() {
        let message = parse(r#"{"jsonrpc":"2.0","id":9,"result":{"resultType":"input_required"}}"#);
        assert!(matches!(answer(&message, "1", Era::Legacy, Era::Modern), Answer::InputRequired));
        assert!(matches!(answer(&message, "1", Era::Modern, Era::Modern), Answer::Ready(_)));
    }

    #[test]
    fn progress_comes_back_under_the_clients_token() {
        let note = parse(
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":0.1,"progressToken":9}}"#,
        );
        let sent = progress(&note, r#""tok""#).unwrap().into_bytes();
        assert!(sent.ends_with(br#"{"progress":0.1,"progressToken":"tok"}}"#), "{sent:?}");
    }
}
