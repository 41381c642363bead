//! One JSON-RPC message: its text, and where the parts lie that we read.

use bytes::Bytes;
use bytestring::ByteString;

use super::error::Malformed;
use super::lenient;
use super::method::Method;
use super::object::{self, Span};
use super::payload::Payload;
use super::splice::Splice;

/// A message with the bytes it came in. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct Message {
    text: ByteString,
    kind: Kind,
}

/// The four kinds of message that JSON-RPC has.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Request { id: Span, method: Method, params: Option<Span> },
    Notification { method: Method, params: Option<Span> },
    Result { id: Span, result: Span },
    Error { id: Option<Span>, error: Span },
}

impl Message {
    /// Reads one message. Its text must be JSON from end to end, in UTF-8.
    pub fn parse(bytes: &Bytes) -> Result<Self, Malformed> {
        let text = ByteString::try_from(bytes.clone()).map_err(|_| {
            let valid = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
            Malformed::Utf8(valid)
        })?;
        let members = read_members(&text)?;
        let [_, rest @ ..] = members;
        if lenient::is_odd(rest) {
            let text = ByteString::from(lenient::envelope(&text));
            return Self { kind: kind_of(&text, read_members(&text)?)?, text }.meant();
        }
        Self { kind: kind_of(&text, members)?, text }.meant()
    }

    /// The message as it is meant, if what it holds says it in another way.
    fn meant(self) -> Result<Self, Malformed> {
        let (part, is_result) = match &self.kind {
            Kind::Request { params: Some(params), .. }
            | Kind::Notification { params: Some(params), .. } => (*params, false),
            Kind::Result { result, .. } => (*result, true),
            _ => return Ok(self),
        };
        let Some(meant) = lenient::part(self.at(part), is_result) else { return Ok(self) };
        let mut text = self.text().to_owned();
        text.replace_range(part.range(), &meant);
        Ok(Self { kind: kind_of(&text, read_members(&text)?)?, text: text.into() })
    }

    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// The text at `span`.
    pub fn at(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// The same, sharing the bytes.
    pub fn shared(&self, span: Span) -> ByteString {
        self.text.slice_ref(self.at(span))
    }

    /// The id as it is written, if the message has one.
    pub fn id(&self) -> Option<&str> {
        match &self.kind {
            Kind::Request { id, .. } | Kind::Result { id, .. } => Some(self.at(*id)),
            Kind::Error { id, .. } => id.map(|id| self.at(id)),
            Kind::Notification { .. } => None,
        }
    }

    /// The text of `params`, if there is one.
    pub fn params(&self) -> Option<&str> {
        match &self.kind {
            Kind::Request { params, .. } | Kind::Notification { params, .. } => {
                params.map(|params| self.at(params))
            }
            Kind::Result { .. } | Kind::Error { .. } => None,
        }
    }

    /// The cursor of a request for a list, as it is written. An empty one is none.
    pub fn cursor(&self) -> Option<&str> {
        let cursor = object::get(self.params()?, "cursor");
        cursor.filter(|cursor| !matches!(*cursor, "null" | "\"\""))
    }

    pub fn method(&self) -> Option<&Method> {
        match &self.kind {
            Kind::Request { method, .. } | Kind::Notification { method, .. } => Some(method),
            Kind::Result { .. } | Kind::Error { .. } => None,
        }
    }

    /// The code of an error. 0 where it has none.
    pub fn error_code(&self) -> Option<i64> {
        let Kind::Error { error, .. } = &self.kind else { return None };
        let code = object::get(self.at(*error), "code");
        Some(code.and_then(|code| code.parse().ok()).unwrap_or_default())
    }

    /// The whole text, unchanged.
    pub fn payload(&self) -> Payload {
        Payload::from(self.text.as_bytes().clone())
    }

    /// Starts a copy of this message in which some parts are replaced.
    pub fn splice(&self) -> Splice<'_> {
        Splice::new(&self.text)
    }

    /// The same message under another id. A message without an id is returned unchanged.
    pub fn with_id(&self, id: &str) -> Payload {
        let span = match &self.kind {
            Kind::Request { id, .. } | Kind::Result { id, .. } => Some(*id),
            Kind::Error { id, .. } => *id,
            Kind::Notification { .. } => None,
        };
        match span {
            Some(span) => self.splice().replace(span, id).finish(),
            None => self.payload(),
        }
    }
}

/// Of a message's members those that say which kind it is.
fn read_members(text: &str) -> Result<[Option<&str>; 6], Malformed> {
    const NAMES: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
    object::members(text, NAMES).map_err(|error| not_an_object(text, error))
}

fn kind_of(text: &str, members: [Option<&str>; 6]) -> Result<Kind, Malformed> {
    let [version, id, method, params, result, error] = members;
    let usable_id = id.filter(|id| is_id(id));
    let wrong = |reason: &str| Malformed::envelope(reason, usable_id);
    if version.and_then(object::string).as_deref() != Some("2.0") {
        return Err(wrong("`jsonrpc` must be \"2.0\""));
    }
    let span = |part: &str| Span::of(part, text);
    match (method, result, error) {
        (Some(method), None, None) => {
            let method =
                object::string(method).ok_or_else(|| wrong("`method` must be a string"))?;
            let method = Method::parse(&method);
            if params.is_some_and(|params| !params.starts_with(['{', '['])) {
                return Err(wrong("`params` must be an object"));
            }
            let params = params.map(span);
            match (id, usable_id) {
                (None, _) => Ok(Kind::Notification { method, params }),
                (Some(_), Some(id)) => Ok(Kind::Request { id: span(id), method, params }),
                (Some(_), None) => {
                    Err(wrong("`id` must be a string or a number of at most 1024 bytes"))
                }
            }
        }
        (None, Some(result), None) => match usable_id {
            Some(id) => Ok(Kind::Result { id: span(id), result: span(result) }),
            None => Err(wrong("a result needs an `id` that is a string or a number")),
        },
        (None, None, Some(error)) if object::is_object(error) => match (id, usable_id) {
            (None | Some("null"), _) => Ok(Kind::Error { id: None, error: span(error) }),
            (_, Some(id)) => Ok(Kind::Error { id: Some(span(id)), error: span(error) }),
            _ => Err(wrong("`id` must be a string, a number or null")),
        },
        (None, None, Some(_)) => Err(wrong("`error` must be an object")),
        (None, None, None) => Err(wrong("it has neither `method` nor `result` nor `error`")),
        _ => Err(wrong("it has more than one of `method`, `result` and `error`")),
    }
}

/// The longest id, in bytes. It is kept and written again for as long as its request is in flight.
const ID_MAX: usize = 1024;

/// MCP narrows JSON-RPC: an id is a string or a number, never null.
fn is_id(json: &str) -> bool {
    json.len() <= ID_MAX && json.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit())
}

fn not_an_object(text: &str, error: serde_json::Error) -> Malformed {
    let start = text.trim_start();
    if error.is_data() && start.starts_with('[') {
        Malformed::Batch
    } else if error.is_data() {
        Malformed::envelope(error.to_string(), None)
    } else {
        Malformed::Json(error)
    }
}

#[cfg(test)]
mod tests;
