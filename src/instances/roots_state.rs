//! A client that is asked for its roots by the end of a round (2026-07-28, "Multi Round-Trip Requests").
//!
//! Nothing is kept here of such a round. The state that the client repeats says its directory, which it named itself,
//! and what the server wants repeated.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use super::roots::{PATH_MAX, first};
use crate::wire::params::RequestParams;
use crate::wire::translate::rounds;
use crate::wire::{Kind, Message, object};

/// The one question of such a round has this key.
pub const KEY: &str = "callmux-roots";
/// What a state begins with. Behind it are a tag, the directory in Base64, if it is known, and what the server wants
/// repeated, if it does; a colon before each.
const PREFIX: &str = "callmux-roots:";

/// The state of the round that asks. `tag`: text without a colon; what has another is not read as ours.
pub fn asking(tag: &str) -> String {
    format!("{PREFIX}{tag}")
}

/// The directory, and the request as the server is to get it, of a request that answers the question, or comes after
/// one that did. `params`: of `request`. `None`: it is neither.
pub fn answered(
    tag: &str,
    request: &Message,
    params: &RequestParams<'_>,
) -> Option<(Option<Arc<Path>>, Message)> {
    let state = object::string(params.request_state?)?;
    let said = state.strip_prefix(PREFIX)?.strip_prefix(tag)?;
    let (directory, left_out, of_server) = match said.strip_prefix(':') {
        Some(known) => {
            let (directory, of_server) = match known.split_once(':') {
                Some((directory, state)) => (directory, Some(state)),
                None => (known, None),
            };
            (decoded(directory), &["requestState"][..], of_server)
        }
        None if said.is_empty() => {
            let answer = params.input_responses.and_then(|json| rounds::answer_to(KEY, json));
            let roots = answer.as_ref().and_then(|answer| match answer.kind() {
                Kind::Result { result, .. } => first(answer.at(*result)),
                _ => None,
            });
            (roots, &["requestState", "inputResponses"][..], None)
        }
        None => return None,
    };
    let params = with_state(request.params()?, left_out, of_server);
    Some((directory, rebuilt(request, &params)?))
}

/// A result by which the server asks for input, with the directory in its state, too. `None`: it is none.
pub fn asked_by_server(tag: &str, directory: &Path, answer: &Bytes) -> Option<String> {
    let answer = Message::parse(answer).ok()?;
    let Kind::Result { result, .. } = answer.kind() else { return None };
    let result = answer.at(*result);
    let [kind, state] = object::members(result, ["resultType", "requestState"]).ok()?;
    if object::string(kind?)? != "input_required" {
        return None;
    }
    let directory = URL_SAFE_NO_PAD.encode(directory.as_os_str().as_bytes());
    let of_server = state.and_then(object::string);
    let of_server = of_server.map_or_else(String::new, |state| format!(":{state}"));
    let state = format!("{PREFIX}{tag}:{directory}{of_server}");
    let result = with_state(result, &["requestState"], Some(&state));
    Some(format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, answer.id()?))
}

/// An object without some of its members, and with this state, which is plain text.
fn with_state(text: &str, left_out: &[&str], state: Option<&str>) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let all = object::all(text);
    let stays = all.iter().filter(|(name, _)| !left_out.contains(&&**name));
    let mut members: Vec<String> =
        stays.map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    members.extend(state.map(|state| format!(r#""requestState":{}"#, quoted(state))));
    format!("{{{}}}", members.join(","))
}

/// The request with other parameters.
fn rebuilt(request: &Message, params: &str) -> Option<Message> {
    let (id, method) = (request.id()?, serde_json::Value::from(request.method()?.as_str()));
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method},"params":{params}}}"#);
    Message::parse(&text.into()).ok()
}

/// The request as it was when its client was not yet asked for anything.
pub fn begun_anew(request: &Message) -> Option<Message> {
    let params = with_state(request.params()?, &["requestState", "inputResponses"], None);
    rebuilt(request, &params)
}

fn decoded(directory: &str) -> Option<Arc<Path>> {
    let bytes = URL_SAFE_NO_PAD.decode(directory).ok()?;
    let path = Path::new(OsStr::from_bytes(&bytes));
    (path.is_absolute() && bytes.len() <= PATH_MAX).then(|| path.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{asked_by_server, begun_anew, decoded, with_state};
    use crate::wire::Message;

    #[test]
    fn the_state_of_the_server_comes_back_as_it_was() {
        let asks = |state: &str| {
            let text = format!(
                r#"{{"jsonrpc":"2.0","id":"x","result":{{"n":1e400,"resultType":"input_required"{state}}}}}"#
            );
            asked_by_server("t", Path::new("/a b"), &text.into())
        };
        let with = asks(r#","requestState":"a:\"b""#).unwrap();
        assert_eq!(
            with,
            r#"{"jsonrpc":"2.0","id":"x","result":{"n":1e400,"resultType":"input_required","requestState":"callmux-roots:t:L2EgYg:a:\"b"}}"#
        );
        assert!(asks("").unwrap().ends_with(r#""requestState":"callmux-roots:t:L2EgYg"}}"#));
        let whole = r#"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}}"#;
        assert_eq!(asked_by_server("t", Path::new("/"), &whole.into()), None);
    }

    #[test]
    fn only_a_whole_path_is_a_directory() {
        assert_eq!(decoded("L2EgYg").as_deref(), Some(Path::new("/a b")));
        for wrong in ["", "YQ", "%", "L2E="] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_request_begins_anew_as_its_client_wrote_it() {
        let params = r#"{"a":{"requestState":1e400},"requestState":"x","inputResponses":{}}"#;
        let text = |params: &str| {
            format!(r#"{{"jsonrpc":"2.0","id":"i","method":"tools/call","params":{params}}}"#)
        };
        let anew = begun_anew(&Message::parse(&text(params).into()).unwrap()).unwrap();
        assert_eq!(anew.text(), text(r#"{"a":{"requestState":1e400}}"#));
        assert_eq!(
            with_state(params, &["requestState", "inputResponses"], Some("s")),
            r#"{"a":{"requestState":1e400},"requestState":"s"}"#
        );
    }
}
