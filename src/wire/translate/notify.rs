//! Notifications on their way to a client.

use super::tasks;
use crate::wire::list::Topic;
use crate::wire::message::{Kind, Message};
use crate::wire::meta;
use crate::wire::object::{self, Span};
use crate::wire::payload::Payload;

/// A server's progress notification under the client's own token. `None` if it is no progress
/// notification with a token.
pub fn progress(message: &Message, client_token: &str) -> Option<Payload> {
    let token = progress_token(message)?;
    Some(message.splice().replace(Span::of(token, message.text()), client_token).finish())
}

/// The token a progress notification carries, as it is written.
pub fn progress_token(message: &Message) -> Option<&str> {
    object::get(message.params()?, "progressToken")
}

/// The subscription that a modern server's notification belongs to, as it is written.
pub fn subscription_id(message: &Message) -> Option<&str> {
    let meta = object::get(message.params()?, "_meta")?;
    object::get(meta, meta::SUBSCRIPTION_ID)
}

/// The notification that lists changed; for a modern client under its subscription's id.
pub fn list_changed(topic: Topic, subscription: Option<&str>) -> Payload {
    let method = topic.notification();
    Payload::from(match subscription {
        None => format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#),
        Some(id) => format!(
            r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"_meta":{{"{}":{id}}}}}}}"#,
            meta::SUBSCRIPTION_ID
        ),
    })
}

/// A server's `notifications/resources/updated` about the resource that clients know as `shown`, for
/// a modern client under its subscription's id. A legacy client is not told of ours.
pub fn resource_updated(
    message: &Message,
    shown: &str,
    subscription: Option<&str>,
) -> Option<Payload> {
    let Kind::Notification { params: Some(params), .. } = message.kind() else { return None };
    let text = message.at(*params);
    let [uri, meta] = object::members(text, ["uri", "_meta"]).ok()?;
    let span = |part: &str| Span::of(part, message.text());
    let mut splice = message.splice();
    if uri.and_then(object::string).as_deref() != Some(shown) {
        splice = splice.replace(span(uri?), serde_json::Value::from(shown).to_string());
    }
    let ours = subscription_id(message);
    splice = match (subscription, ours, meta) {
        (Some(id), Some(ours), _) => splice.replace(span(ours), id),
        (Some(id), None, Some(meta)) => {
            let comma = if super::is_empty_object(meta) { "" } else { "," };
            let member = format!(r#""{}":{id}{comma}"#, meta::SUBSCRIPTION_ID);
            splice.insert(span(meta).start + 1, member)
        }
        (Some(id), None, None) => {
            let member = format!(r#""_meta":{{"{}":{id}}},"#, meta::SUBSCRIPTION_ID);
            splice.insert(params.start + 1, member)
        }
        (None, Some(ours), _) => {
            let whole = super::member(message.text(), ours, meta::SUBSCRIPTION_ID);
            whole.map_or(message.splice(), |whole| splice.replace(whole, ""))
        }
        (None, None, _) => splice,
    };
    Some(splice.finish())
}

/// A server's notification about a task, under the id that clients know.
pub fn task_status(message: &Message, server: &str) -> Option<Payload> {
    let id = object::get(message.params()?, "taskId").filter(|id| id.starts_with('"'))?;
    let shown = tasks::shown(server, id);
    Some(message.splice().replace(Span::of(id, message.text()), shown).finish())
}

#[cfg(test)]
mod tests {
    use super::{resource_updated, task_status};
    use crate::wire::Message;

    fn note(params: &str) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"n","params":{params}}}"#);
        Message::parse(&text.into()).unwrap()
    }

    #[test]
    fn an_update_is_told_to_each_client_in_its_words() {
        let id = "io.modelcontextprotocol/subscriptionId";
        let check = |params: &str, shown: &str, subscription: Option<&str>, expected: &str| {
            let sent = resource_updated(&note(params), shown, subscription).unwrap().into_bytes();
            assert_eq!(sent, note(expected).text(), "{params}");
        };
        let ours = format!(r#"{{"_meta":{{"{id}":4,"x":1}},"uri":"a:b"}}"#);
        check(r#"{"uri":"a:b","z":1e400}"#, "a:b", None, r#"{"uri":"a:b","z":1e400}"#);
        check(r#"{"uri":"a:b"}"#, "c:s/a:b", None, r#"{"uri":"c:s/a:b"}"#);
        check(&ours, "a:b", None, r#"{"_meta":{"x":1},"uri":"a:b"}"#);
        check(&ours, "a:b", Some("\"l\""), &ours.replace('4', "\"l\""));
        let added = format!(r#"{{"_meta":{{"{id}":7}},"uri":"a:b"}}"#);
        check(r#"{"uri":"a:b"}"#, "a:b", Some("7"), &added);
        check(r#"{"_meta":{},"uri":"a:b"}"#, "a:b", Some("7"), &added);
    }

    #[test]
    fn a_task_is_named_with_its_server() {
        let sent = task_status(&note(r#"{"taskId":"t","status":"working"}"#), "s").unwrap();
        assert_eq!(sent.into_bytes(), note(r#"{"taskId":"s:t","status":"working"}"#).text());
        assert!(task_status(&note("{}"), "s").is_none());
    }
}
