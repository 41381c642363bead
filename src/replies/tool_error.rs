//! A result with `isError`, for agents: one sentence that says what to do, and the same as fields.

use crate::json::Json;
use crate::render::preview::preview_text;
use crate::wire::Era;

/// What an agent is told of a call of a tool that it has to make in another way.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolError {
    /// One word of a closed set: `invalid_arguments`, `tool_not_found` …
    pub code: &'static str,
    pub message: String,
    /// Further members, if any.
    pub details: Option<Json>,
}

impl ToolError {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        let message = shortened(message.into());
        Self { code, message, details: None }
    }

    #[must_use]
    pub fn with(self, details: Json) -> Self {
        Self { details: Some(details), ..self }
    }

    /// `{error: {code, message, details?}}`
    pub fn payload(&self) -> Json {
        let mut error = vec![("code", self.code.into()), ("message", self.message.as_str().into())];
        error.extend(self.details.clone().map(|details| ("details", details)));
        Json::object([("error", Json::object(error))])
    }

    /// The result of `tools/call`. `is_structured`: with the payload as `structuredContent`, too.
    pub fn result(&self, era: Era, is_structured: bool) -> Json {
        let payload = self.payload();
        let text = Json::object([("type", "text".into()), ("text", payload.to_string().into())]);
        let mut members = Vec::new();
        if era == Era::Modern {
            members.push(("resultType", "complete".into()));
        }
        members.push(("content", Json::Array(vec![text])));
        if is_structured {
            members.push(("structuredContent", payload));
        }
        members.push(("isError", true.into()));
        Json::object(members)
    }
}

/// How long a message may be, in bytes: what it quotes may come from anywhere.
const MESSAGE_MAX: usize = 4096;

fn shortened(message: String) -> String {
    if message.len() <= MESSAGE_MAX { message } else { preview_text(&message, MESSAGE_MAX) }
}
