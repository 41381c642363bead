//! What of a request's parameters we read or replace, found once.

use std::borrow::Cow;

use super::error::RpcError;
use super::message::Message;
use super::meta::Meta;
use super::object::{self, Span};
use super::revision::Era;

/// Where the parts of `params` lie that matter to us.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The position behind the opening brace of `params`; `None` without `params`.
    inside: Option<u32>,
    name: Option<Span>,
    /// `arguments` is there and no object.
    bad_arguments: bool,
    meta: Option<Span>,
    version: Option<Span>,
    client_info: Option<Span>,
    client_capabilities: Option<Span>,
    progress_token: Option<Span>,
}

impl Head {
    /// Reads the head of any message; one without `params` has an empty one.
    pub fn parse(message: &Message) -> Result<Self, RpcError> {
        let Some(params) = message.params() else { return Ok(Self::default()) };
        let [name, arguments, meta] = object::members(params, ["name", "arguments", "_meta"])
            .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))?;
        let text = message.text();
        let span = |part: &str| Span::of(part, text);
        let found = meta.map(Meta::parse).transpose()?.unwrap_or_default();
        Ok(Self {
            inside: Some(span(params).start + 1),
            name: name.map(span),
            bad_arguments: arguments.is_some_and(|json| json != "null" && !object::is_object(json)),
            meta: meta.map(span),
            version: found.version_at.map(span),
            client_info: found.client_info.map(span),
            client_capabilities: found.client_capabilities.map(span),
            progress_token: found.progress_token.map(span),
        })
    }

    /// The era the sender speaks: only a modern sender names its revision in every request.
    pub fn era(&self) -> Era {
        if self.version.is_some() { Era::Modern } else { Era::Legacy }
    }

    /// The members of `_meta`, of the message this head was read from.
    pub fn meta<'a>(&self, message: &'a Message) -> Meta<'a> {
        let at = |span: Option<Span>| span.map(|span| message.at(span));
        let version_at = at(self.version);
        Meta {
            version: version_at.and_then(object::string),
            version_at,
            client_info: at(self.client_info),
            client_capabilities: at(self.client_capabilities),
            progress_token: at(self.progress_token),
        }
    }

    /// What a `tools/call` needs, of the message this head was read from.
    pub fn call<'a>(&self, message: &'a Message) -> Result<CallParams<'a>, RpcError> {
        let wrong = |what: &str| RpcError::invalid_params(what);
        let inside = self.inside.ok_or_else(|| wrong("`params` is missing"))?;
        let name_at = self.name.ok_or_else(|| wrong("`params.name` is missing"))?;
        let name = object::string(message.at(name_at));
        let name = name.ok_or_else(|| wrong("`params.name` must be a string"))?;
        if self.bad_arguments {
            return Err(wrong("`params.arguments` must be an object"));
        }
        let at = |span: Option<Span>| span.map(|span| message.at(span));
        Ok(CallParams {
            name,
            name_at,
            meta: at(self.meta),
            progress_token: at(self.progress_token),
            inside,
        })
    }
}

/// The parameters of a `tools/call`.
#[derive(Debug, Clone)]
pub struct CallParams<'a> {
    /// The tool's name, without quotes and escapes.
    pub name: Cow<'a, str>,
    pub name_at: Span,
    /// The whole `_meta` object.
    pub meta: Option<&'a str>,
    pub progress_token: Option<&'a str>,
    /// The position behind the opening brace of `params`.
    pub inside: u32,
}

#[cfg(test)]
mod tests {
    use super::{Head, Message};

    #[test]
    fn wrong_parameters_are_named() {
        let check = |params: &str, words: &str| {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call"{params}}}"#);
            let message = Message::parse(&text.into()).unwrap();
            let error =
                Head::parse(&message).and_then(|head| head.call(&message).map(|_| ())).unwrap_err();
            assert_eq!(error.code, -32602);
            assert!(error.message.contains(words), "{params}: {}", error.message);
        };
        check("", "`params` is missing");
        check(r#","params":{}"#, "`params.name` is missing");
        check(r#","params":{"name":7}"#, "`params.name` must be a string");
        check(r#","params":{"name":"a","arguments":[]}"#, "`params.arguments` must be an object");
        check(r#","params":{"name":"a","arguments":"{}"}"#, "`params.arguments` must be an object");
        check(r#","params":{"name":"a","name":"b"}"#, "`name` occurs twice");
        check(r#","params":{"name":"a","Name":"b"}"#, "only in case");
        check(r#","params":{"name":"a","_meta":[]}"#, "expected a JSON object");
        check(r#","params":[]"#, "expected a JSON object");
    }

    #[test]
    fn parts_are_found_where_they_are_written() {
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"p","io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name":"a\u0062"}}"#;
        let message = Message::parse(&text.into()).unwrap();
        let head = Head::parse(&message).unwrap();
        let call = head.call(&message).unwrap();
        assert_eq!((&*call.name, call.progress_token), ("ab", Some("\"p\"")));
        assert_eq!(head.meta(&message).version.as_deref(), Some("2026-07-28"));
    }
}
