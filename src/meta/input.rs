//! What agents send to meta-tools, decoded strictly but kindly.
//!
//! Models write lists and objects as texts, and leave `arguments` out and put what belongs in there
//! beside `tool`. Both are understood, and said in `warnings`. Anything else that is wrong is an error
//! that names the field and the form that is expected, and nothing is run.

use std::time::Duration;

use super::refusal::{NAME_MAX, invalid, too_long, wrong};
use crate::base::quote::beginning;
use crate::base::quoted;
use crate::json::Json;
use crate::render::TextFormat;
use crate::replies::ToolError;

/// How long any other text than a name may be that says what to do, such as a query or a path.
const TEXT_MAX: usize = 4096;
/// Texts of one list at the most.
const TEXTS_MAX: usize = 64;
/// Names up to this length are compared with those that there are, in bytes.
const COMPARED_MAX: usize = 64;
/// The largest `timeoutMs`: a day.
const TIMEOUT_MAX: u64 = 24 * 60 * 60 * 1000;

/// The members of an object that is being read. What is taken is gone.
#[derive(Debug)]
pub(super) struct Fields {
    path: String,
    members: Vec<(String, Json)>,
    /// Something was understood that was written in another form.
    pub(super) notes: Notes,
}

/// What was understood though it was written in another form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// JSON in a text.
    pub(super) was_text: bool,
    /// What belongs in `arguments` stood beside it.
    pub(super) was_flat: bool,
    /// A `cwd` that has no meaning here.
    pub(super) has_cwd: bool,
}

impl Notes {
    pub(super) fn join(&mut self, other: Self) {
        self.was_text |= other.was_text;
        self.was_flat |= other.was_flat;
        self.has_cwd |= other.has_cwd;
    }

    /// The `warnings` of a reply. `noun`: what the calls are called: `calls`, `items`, `steps`.
    pub(super) fn warnings(self, noun: &str) -> Option<Json> {
        let warning = |code: String, message: &str, recommendation: &str| {
            Json::object([
                ("code", code.into()),
                ("message", message.into()),
                ("recommendation", recommendation.into()),
            ])
        };
        let mut warnings = Vec::new();
        if self.was_flat {
            warnings.push(warning(
                format!("auto_wrapped_flat_{noun}"),
                "what stood beside `tool` was taken for its arguments",
                "put arguments in `arguments`",
            ));
        }
        if self.was_text {
            warnings.push(warning(
                "parsed_json_text".to_owned(),
                "JSON in a text was read as what it says",
                "send arrays and objects, not texts of them",
            ));
        }
        if self.has_cwd {
            warnings.push(warning(
                "cwd_ignored".to_owned(),
                "servers are shared and keep their own directory",
                "leave `cwd` out",
            ));
        }
        (!warnings.is_empty()).then_some(Json::Array(warnings))
    }
}

/// The value, or what the JSON in it says if it is a text.
fn unfolded(value: Json, fits: fn(&Json) -> bool, notes: &mut Notes) -> Json {
    let parsed = value.as_str().and_then(|text| Json::parse(text).ok()).filter(fits);
    notes.was_text |= parsed.is_some();
    parsed.unwrap_or(value)
}

impl Fields {
    /// The members of an object; nothing is as good as none. `path`: of the object, empty at the top.
    pub(super) fn of(value: Json, path: impl Into<String>) -> Result<Self, ToolError> {
        let (path, mut notes) = (path.into(), Notes::default());
        match unfolded(value, Json::is_object, &mut notes) {
            Json::Object(members) => Ok(Self { path, members, notes }),
            Json::Null if path.is_empty() => Ok(Self { path, members: Vec::new(), notes }),
            other => {
                let field = if path.is_empty() { "arguments" } else { &path };
                Err(invalid(field, "an object", Some(&other)))
            }
        }
    }

    pub(super) fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(member, value)| member == name && *value != Json::Null)
    }

    /// Takes a member; `null` is as good as none.
    pub(super) fn take(&mut self, name: &str) -> Option<Json> {
        let mut found = None;
        self.members.retain_mut(|(member, value)| {
            let is_it = member == name;
            if is_it {
                found = Some(std::mem::take(value));
            }
            !is_it
        });
        found.filter(|value| *value != Json::Null)
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ToolError> {
        self.short_text(name, TEXT_MAX)
    }

    /// The name of something.
    pub(super) fn name(&mut self, name: &str) -> Result<Option<String>, ToolError> {
        self.short_text(name, NAME_MAX)
    }

    pub(super) fn needed_name(&mut self, name: &str) -> Result<String, ToolError> {
        self.name(name)?.ok_or_else(|| invalid(&self.at(name), "a non-empty string", None))
    }

    fn short_text(&mut self, name: &str, max: usize) -> Result<Option<String>, ToolError> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::String(text)) if text.len() > max => {
                Err(too_long(&self.at(name), &text, max))
            }
            Some(Json::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(Json::String(_)) => {
                let (field, expected) = (self.at(name), "a non-empty string");
                let message = format!("`{field}` must be {expected}, and it is empty");
                Err(wrong(&field, expected, message))
            }
            Some(other) => Err(invalid(&self.at(name), "a non-empty string", Some(&other))),
        }
    }

    /// A whole number of a range; a text of one is understood.
    pub(super) fn count(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, ToolError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let is_number = |value: &Json| matches!(value, Json::Number(_));
        let value = unfolded(value, is_number, &mut self.notes);
        let number = value.as_u64().filter(|number| range.contains(number));
        if number.is_some() {
            return Ok(number);
        }
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let field = self.at(name);
        Err(match value {
            // The type is right, so the number itself says what is wrong.
            Json::Number(_) => {
                let value = quoted(&value.to_string()).to_string();
                wrong(&field, &expected, format!("`{field}` must be {expected}, not {value}"))
            }
            _ => invalid(&field, &expected, Some(&value)),
        })
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, ToolError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let is_bool = |value: &Json| matches!(value, Json::Bool(_));
        match unfolded(value, is_bool, &mut self.notes) {
            Json::Bool(bool) => Ok(Some(bool)),
            other => Err(invalid(&self.at(name), "true or false", Some(&other))),
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<Json>>, ToolError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let is_list = |value: &Json| value.as_array().is_some();
        match unfolded(value, is_list, &mut self.notes) {
            Json::Array(items) => Ok(Some(items)),
            other => Err(invalid(&self.at(name), "an array", Some(&other))),
        }
    }

    pub(super) fn needed_list(&mut self, name: &str) -> Result<Vec<Json>, ToolError> {
        self.list(name)?.ok_or_else(|| invalid(&self.at(name), "an array", None))
    }

    /// A list of texts; a single text is a list of one.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, ToolError> {
        let field = self.at(name);
        let is_single =
            |value: &Json| value.as_str().is_some_and(|text| !text.trim_start().starts_with('['));
        if let Some((_, value)) = self.members.iter().find(|(member, _)| member == name)
            && is_single(value)
        {
            return Ok(self.text(name)?.into_iter().collect());
        }
        let items = self.list(name)?.unwrap_or_default();
        if items.len() > TEXTS_MAX {
            let expected = format!("an array of at most {TEXTS_MAX} strings");
            return Err(wrong(&field, &expected, format!("`{field}` must be {expected}")));
        }
        let text = |(index, item): (usize, Json)| match item {
            Json::String(text) if text.len() > TEXT_MAX => {
                Err(too_long(&format!("{field}[{index}]"), &text, TEXT_MAX))
            }
            Json::String(text) if !text.trim().is_empty() => Ok(text),
            other => Err(invalid(&format!("{field}[{index}]"), "a non-empty string", Some(&other))),
        };
        items.into_iter().enumerate().map(text).collect()
    }

    /// An object.
    pub(super) fn table(&mut self, name: &str) -> Result<Option<Json>, ToolError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match unfolded(value, Json::is_object, &mut self.notes) {
            table @ Json::Object(_) => Ok(Some(table)),
            other => Err(invalid(&self.at(name), "an object", Some(&other))),
        }
    }

    /// `outputFormat`
    pub(super) fn format(&mut self) -> Result<Option<TextFormat>, ToolError> {
        let expected = "\"json\", \"toon\" or \"auto\"";
        let Some(value) = self.take("outputFormat") else { return Ok(None) };
        match value.as_str().and_then(TextFormat::parse) {
            Some(format) => Ok(Some(format)),
            None => Err(invalid(&self.at("outputFormat"), expected, Some(&value))),
        }
    }

    /// `timeoutMs`
    pub(super) fn timeout(&mut self) -> Result<Option<Duration>, ToolError> {
        Ok(self.count("timeoutMs", 1..=TIMEOUT_MAX)?.map(Duration::from_millis))
    }

    /// `cwd`, which has to be an absolute path and changes nothing.
    pub(super) fn cwd(&mut self) -> Result<(), ToolError> {
        let Some(cwd) = self.text("cwd")? else { return Ok(()) };
        if cwd.starts_with('/') {
            self.notes.has_cwd = true;
            return Ok(());
        }
        let (field, expected) = (self.at("cwd"), "an absolute path");
        let cwd = quoted(&cwd);
        Err(wrong(&field, expected, format!("`{field}` must be {expected}, not `{cwd}`")))
    }

    /// What is left.
    pub(super) fn rest(&mut self) -> Vec<(String, Json)> {
        std::mem::take(&mut self.members)
    }

    /// Refuses what is left. `known`: the names that there are.
    pub(super) fn finish(&self, known: &[&str]) -> Result<(), ToolError> {
        let Some((name, _)) = self.members.first() else { return Ok(()) };
        let distance = |known: &&&str| strsim::damerau_levenshtein(known, name);
        let near = known.iter().filter(|_| name.len() <= COMPARED_MAX).min_by_key(distance);
        let near = near.filter(|known| distance(known) <= 3);
        let field = self.at(name);
        let shown = beginning(&field, NAME_MAX);
        let message = match near {
            Some(near) => format!("`{shown}` is unknown; did you mean `{near}`?"),
            None => format!("`{shown}` is unknown; known are {}", known.join(", ")),
        };
        let expected = format!("one of {}", known.join(", "));
        Err(wrong(&field, &expected, message))
    }
}
