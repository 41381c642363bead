//! The errors for fields that are not as they should be.

use crate::base::quote::beginning;
use crate::base::quoted;
use crate::json::Json;
use crate::replies::ToolError;

/// How long the name of a tool, a server, an argument or a recipe may be, in bytes.
pub(super) const NAME_MAX: usize = 1024;

/// The error for a field that is not as it should be.
pub(super) fn invalid(field: &str, expected: &str, found: Option<&Json>) -> ToolError {
    let shown = beginning(field, NAME_MAX);
    let message = match found {
        Some(found) => format!("`{shown}` must be {expected}, not {}", found.title()),
        None => format!("`{shown}` is missing: it must be {expected}"),
    };
    wrong(field, expected, message)
}

/// The same in words of its own.
pub(super) fn wrong(field: &str, expected: &str, message: impl Into<String>) -> ToolError {
    // Names of members are as long as a client likes.
    let field = beginning(field, NAME_MAX).to_string();
    ToolError::new("invalid_arguments", message)
        .with(Json::object([("field", field.into()), ("expected", expected.into())]))
}

/// The error for a text of more bytes than this.
pub(super) fn too_long(field: &str, text: &str, max: usize) -> ToolError {
    let expected = format!("a string of at most {max} bytes");
    let (shown, text) = (beginning(field, NAME_MAX), quoted(text));
    wrong(field, &expected, format!("`{shown}` must be {expected}, not {text}"))
}
