//! A server's question (MCP 2025-11-25, "Elicitation"), as fields to be filled in one after the other.

use std::borrow::Cow;

use crate::base::quoted;
use crate::json::Json;
use crate::wire::object;

/// Fields that are asked for at the most, and choices of each.
const FIELDS_MAX: usize = 64;

/// What a server asks.
#[derive(Debug, Default)]
pub(super) struct ServerQuestion {
    pub(super) message: String,
    /// An address to open, in place of fields.
    pub(super) url: Option<String>,
    pub(super) fields: Vec<AskedField>,
}

/// A value that is asked for.
#[derive(Debug)]
pub(super) struct AskedField {
    pub(super) name: String,
    title: String,
    pub(super) description: Option<String>,
    is_required: bool,
    default: Option<Json>,
    kind: FieldKind,
}

#[derive(Debug)]
enum FieldKind {
    Text,
    Integer,
    Number,
    Boolean,
    /// One of these: value and title.
    One(Vec<Choice>),
    /// Any of these.
    Several(Vec<Choice>),
}

#[derive(Debug)]
struct Choice {
    value: String,
    title: String,
}

/// What was typed is no value of the field.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("this needs an answer")]
    Missing,
    #[error("{0} is no whole number")]
    Integer(String),
    #[error("{0} is no number")]
    Number(String),
    #[error("say y or n")]
    Boolean,
    #[error("{0} is none of them")]
    Choice(String),
}

impl ServerQuestion {
    /// Reads the parameters of `elicitation/create`. What is not understood is a text.
    pub(super) fn read(params: &str) -> Self {
        let text = |json: Option<&str>| json.and_then(object::string).map(Cow::into_owned);
        // Piece by piece: what is odd in one says nothing about the others.
        let schema = object::get(params, "requestedSchema").unwrap_or_default();
        let required = object::get(schema, "required").and_then(object::items).unwrap_or_default();
        let is_required =
            |name: &str| required.iter().any(|one| object::string(one).as_deref() == Some(name));
        let properties = object::get(schema, "properties").map(object::all).unwrap_or_default();
        let field = |(name, schema): &(Cow<'_, str>, &str)| {
            let schema = Json::parse(schema).unwrap_or_default();
            AskedField::of(name, &schema, is_required(name))
        };
        let fields = properties.iter().take(FIELDS_MAX).map(field).collect();
        let is_url = text(object::get(params, "mode")).as_deref() == Some("url");
        let url = text(object::get(params, "url")).filter(|_| is_url);
        Self { message: text(object::get(params, "message")).unwrap_or_default(), url, fields }
    }
}

impl AskedField {
    fn of(name: &str, schema: &Json, is_required: bool) -> Self {
        let text = |name: &str| schema.get(name).and_then(Json::as_str).map(str::to_owned);
        let kind = match text("type").as_deref() {
            Some("integer") => FieldKind::Integer,
            Some("number") => FieldKind::Number,
            Some("boolean") => FieldKind::Boolean,
            Some("array") => {
                FieldKind::Several(schema.get("items").map(choices).unwrap_or_default())
            }
            _ => Some(choices(schema))
                .filter(|choices| !choices.is_empty())
                .map_or(FieldKind::Text, FieldKind::One),
        };
        Self {
            name: name.to_owned(),
            title: text("title").unwrap_or_else(|| name.to_owned()),
            description: text("description"),
            is_required,
            default: schema.get("default").cloned(),
            kind,
        }
    }

    /// What stands before the answer.
    pub(super) fn prompt(&self) -> String {
        let titles = |choices: &[Choice]| {
            let title = |(at, choice): (usize, &Choice)| format!("{} {}", at + 1, choice.title);
            choices.iter().enumerate().map(title).collect::<Vec<_>>().join(", ")
        };
        let wanted = match &self.kind {
            FieldKind::Text => String::new(),
            FieldKind::Integer => " (a whole number)".to_owned(),
            FieldKind::Number => " (a number)".to_owned(),
            FieldKind::Boolean => " (y or n)".to_owned(),
            FieldKind::One(choices) => format!(" ({})", titles(choices)),
            FieldKind::Several(choices) => format!(" ({}; several with commas)", titles(choices)),
        };
        let otherwise = match &self.default {
            Some(Json::String(text)) => format!(" [{text}]"),
            Some(value) => format!(" [{value}]"),
            None if self.is_required => String::new(),
            None => " [nothing]".to_owned(),
        };
        format!("{}{wanted}{otherwise}", self.title)
    }

    /// The value that a line says; nothing of a field that may be left out.
    pub(super) fn read_line(&self, line: &str) -> Result<Json, Unfit> {
        let number = |is_fit: fn(&Json) -> bool| Json::parse(line).ok().filter(is_fit);
        Ok(match &self.kind {
            FieldKind::Text => line.into(),
            FieldKind::Integer => {
                number(|value| matches!(value, Json::Number(number) if number.is_integer()))
                    .ok_or_else(|| Unfit::Integer(quoted(line).to_string()))?
            }
            FieldKind::Number => number(|value| matches!(value, Json::Number(_)))
                .ok_or_else(|| Unfit::Number(quoted(line).to_string()))?,
            FieldKind::Boolean => match line.to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" => true.into(),
                "n" | "no" | "false" => false.into(),
                _ => return Err(Unfit::Boolean),
            },
            FieldKind::One(choices) => pick(choices, line)?,
            FieldKind::Several(choices) => {
                let picked = line.split(',').map(|word| pick(choices, word.trim()));
                Json::Array(picked.collect::<Result<_, _>>()?)
            }
        })
    }

    /// The value that a line says, or the default where it says nothing.
    pub(super) fn read(&self, line: &str) -> Result<Option<Json>, Unfit> {
        match (line, &self.default) {
            ("", Some(default)) => Ok(Some(default.clone())),
            ("", None) if self.is_required => Err(Unfit::Missing),
            ("", None) => Ok(None),
            (line, _) => self.read_line(line).map(Some),
        }
    }
}

/// By its number, its value or its title.
fn pick(choices: &[Choice], word: &str) -> Result<Json, Unfit> {
    let by_number = || choices.get(word.parse::<usize>().ok()?.checked_sub(1)?);
    let by_word = choices.iter().find(|choice| choice.value == word || choice.title == word);
    // Where nothing is known of them, any is one.
    if choices.is_empty() {
        return Ok(word.into());
    }
    let found = by_word.or_else(by_number);
    found
        .map(|choice| choice.value.as_str().into())
        .ok_or_else(|| Unfit::Choice(quoted(word).to_string()))
}

/// The choices of a schema: `enum` with or without `enumNames`, `oneOf`, `anyOf`.
fn choices(schema: &Json) -> Vec<Choice> {
    let list = |name: &str| schema.get(name).and_then(Json::as_array).unwrap_or_default();
    let names = list("enumNames");
    let of_enum = list("enum").iter().enumerate().filter_map(|(at, value)| {
        let value = value.as_str()?;
        let title = names.get(at).and_then(Json::as_str).unwrap_or(value);
        Some(Choice { value: value.to_owned(), title: title.to_owned() })
    });
    let titled = list("oneOf").iter().chain(list("anyOf")).filter_map(|one| {
        let value = one.get("const")?.as_str()?;
        let title = one.get("title").and_then(Json::as_str).unwrap_or(value);
        Some(Choice { value: value.to_owned(), title: title.to_owned() })
    });
    of_enum.chain(titled).take(FIELDS_MAX).collect()
}

#[cfg(test)]
mod tests;
