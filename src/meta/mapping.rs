//! Arguments of a pipeline's step that come from results of the steps before.
//!
//! | expression | stands for |
//! | --- | --- |
//! | `$text` | the text of the step before |
//! | `$json`, `$json.items[0].id` | the JSON in that text (or its `structuredContent`), or a part of it |
//! | `$structured.a` | a part of its `structuredContent` |
//! | `$result.content[1]` | a part of its whole result |
//! | `$steps[0].json.id`, `$steps[2].text` … | the same of any earlier step |
//! | anything else | itself |
//!
//! `{"from": "$json.id", "default": 7}` gives a value for an expression that leads nowhere. What comes
//! out is data: it is never looked at for references.

use std::sync::OnceLock;

use super::refusal::{invalid, wrong};
use crate::base::quoted;
use crate::json::{Doc, Json, Path, PathError, Slice};
use crate::replies::ToolError;

/// How long an expression may be, in bytes.
const EXPRESSION_MAX: usize = 4096;

/// Where an argument comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mapping {
    /// As it was written.
    pub(super) expression: String,
    source: Source,
    default: Option<Json>,
}

#[derive(Debug, Clone, PartialEq)]
enum Source {
    Literal,
    /// `step`: by its place; `None`: the one before.
    Result {
        step: Option<usize>,
        part: Part,
        path: Path,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Text,
    Json,
    Structured,
    Result,
}

/// Why an expression leads nowhere, as agents are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoValue {
    #[error("previous_result_not_json")]
    NotJson,
    #[error("path_not_found")]
    NoPath,
    #[error("no_previous_result")]
    NoResult,
}

impl Mapping {
    /// `field`: where it stands.
    pub(super) fn decode(field: &str, value: Json) -> Result<Self, ToolError> {
        let expected =
            "an expression such as \"$json.items[0].id\", or {\"from\": …, \"default\": …}";
        let refused = |value: &Json| invalid(field, expected, Some(value));
        match value {
            Json::String(expression) => Self::parse(field, expression, None),
            Json::Object(ref members) => {
                let is_known = |(name, _): &(String, Json)| name == "from" || name == "default";
                let from = value.get("from").and_then(Json::as_str);
                match from.filter(|_| members.iter().all(is_known)) {
                    Some(from) => {
                        Self::parse(field, from.to_owned(), value.get("default").cloned())
                    }
                    None => Err(refused(&value)),
                }
            }
            _ => Err(refused(&value)),
        }
    }

    fn parse(field: &str, expression: String, default: Option<Json>) -> Result<Self, ToolError> {
        if expression.len() > EXPRESSION_MAX {
            let expected = format!("an expression of at most {EXPRESSION_MAX} bytes");
            let message = format!("`{field}` must be {expected}; put texts in `arguments`");
            return Err(wrong(field, &expected, message));
        }
        let source = source(&expression).map_err(|why| {
            let shown = quoted(&expression);
            let message = format!("`{field}` has the expression `{shown}`: {why}");
            wrong(field, "an expression such as \"$json.items[0].id\"", message)
        })?;
        Ok(Self { expression, source, default })
    }

    /// The step whose result it is taken from, for the step at `index`.
    pub(super) fn looked_into(&self, index: usize) -> Option<usize> {
        match &self.source {
            Source::Literal => None,
            Source::Result { step, .. } => step.or(index.checked_sub(1)),
        }
    }

    /// The value, which shares the bytes of the result. `result`: of a step, if there is one, else of
    /// the step before. `Err`: why there is none.
    pub(super) fn value<'a>(
        &self,
        result: impl FnOnce(Option<usize>) -> Option<&'a Brought>,
    ) -> Result<Doc, NoValue> {
        let found = match &self.source {
            Source::Literal => Ok(Doc::of(&Json::from(self.expression.as_str()))),
            Source::Result { step, part, path } => {
                result(*step).ok_or(NoValue::NoResult).and_then(|result| part.of(result, path))
            }
        };
        match (found, &self.default) {
            (Err(_), Some(default)) => Ok(Doc::of(default)),
            (found, _) => found,
        }
    }
}

/// What a step brought. What its text says is read once, however many mappings look into it.
#[derive(Debug)]
pub(super) struct Brought {
    pub(super) result: Doc,
    /// As a string.
    text: OnceLock<Doc>,
    said: OnceLock<Option<Doc>>,
}

impl From<Doc> for Brought {
    fn from(result: Doc) -> Self {
        Self { result, text: OnceLock::new(), said: OnceLock::new() }
    }
}

impl Brought {
    /// Its texts, one below the other.
    fn text(&self) -> &Doc {
        self.text.get_or_init(|| {
            let texts = texts(self.result.root());
            match texts.as_slice() {
                [only] => only.to_doc(),
                texts => {
                    let texts = texts.iter().filter_map(|text| text.text());
                    Doc::of(&Json::from(texts.collect::<Vec<_>>().join("\n")))
                }
            }
        })
    }

    /// The JSON in its text.
    fn said(&self) -> Option<&Doc> {
        let read = || {
            let text = self.text().root().shared_text()?;
            Doc::read(text.slice_ref(text.trim())).ok()
        };
        self.said.get_or_init(read).as_ref()
    }
}

/// The texts of a result.
fn texts(result: Slice<'_>) -> Vec<Slice<'_>> {
    let items = result.get("content").into_iter().flat_map(Slice::items);
    items.filter_map(|item| item.get("text").filter(|text| text.is_string())).collect()
}

/// Why an expression leads nowhere.
#[derive(Debug, thiserror::Error)]
enum MappingError {
    #[error("behind `$steps` stand the number of a step and a part: `$steps[0].json`")]
    Step,
    #[error("a step has no `{0}`; it has text, json, structured, result")]
    Part(String),
    #[error("a text has no parts; use `$json`")]
    TextPart,
    #[error(transparent)]
    Path(#[from] PathError),
}

fn source(expression: &str) -> Result<Source, MappingError> {
    let Some(rest) = expression.strip_prefix('$') else { return Ok(Source::Literal) };
    let (step, rest) = match rest.strip_prefix("steps") {
        Some(after) if after.starts_with(['[', '.']) => {
            let (step, rest) = step(after).ok_or(MappingError::Step)?;
            (Some(step), rest)
        }
        _ => (None, rest),
    };
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let part = match &rest[..end] {
        "text" => Part::Text,
        "json" => Part::Json,
        "structured" => Part::Structured,
        "result" => Part::Result,
        other if step.is_some() => {
            return Err(MappingError::Part(other.to_owned()));
        }
        // `$5.00` and the like are texts.
        _ => return Ok(Source::Literal),
    };
    let path = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]);
    if part == Part::Text && !path.is_empty() {
        return Err(MappingError::TextPart);
    }
    let path = Path::parse(path)?;
    Ok(Source::Result { step, part, path })
}

/// The number behind `$steps`, and what follows it.
fn step(after: &str) -> Option<(usize, &str)> {
    let (number, rest) = match after.strip_prefix('[') {
        Some(inner) => inner.split_once("].")?,
        None => after.strip_prefix('.')?.split_once('.')?,
    };
    Some((number.parse().ok()?, rest))
}

impl Part {
    fn of(self, result: &Brought, path: &Path) -> Result<Doc, NoValue> {
        let find = |value: Slice<'_>| path.find_in(value).map(Slice::to_doc).ok_or(NoValue::NoPath);
        let structured = result.result.root().get("structuredContent");
        match self {
            Self::Text => Ok(result.text().clone()),
            Self::Json => match (result.said(), structured) {
                (Some(said), _) => find(said.root()),
                (None, Some(value)) => find(value),
                (None, None) => Err(NoValue::NotJson),
            },
            Self::Structured => find(structured.ok_or(NoValue::NoPath)?),
            Self::Result => find(result.result.root()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Brought, Doc, Json, Mapping, NoValue};

    fn result(text: &str, more: &str) -> Brought {
        let text = Json::from(text);
        let result = format!(r#"{{"content":[{{"type":"text","text":{text}}}]{more}}}"#);
        Doc::read(result).unwrap().into()
    }

    fn value(mapping: &Mapping, results: &[Brought]) -> Result<String, NoValue> {
        let result = |step: Option<usize>| match step {
            Some(step) => results.get(step),
            None => results.last(),
        };
        mapping.value(result).map(|value| value.text().to_string())
    }

    #[test]
    fn expressions_lead_to_results() {
        let results = [
            result(r#"{"id":12345678901234567890,"a":[{"b":"x"}]}"#, ""),
            result("plain", r#","structuredContent":{"n":1.10}"#),
        ];
        let check = |expression: &str, results: &[Brought], expected: Result<&str, NoValue>| {
            let mapping = Mapping::decode("m", Json::from(expression)).unwrap();
            let found = value(&mapping, results);
            assert_eq!(found.as_deref().map_err(|why| *why), expected, "{expression}");
        };
        check(
            "$text",
            &results[..1],
            Ok(r#""{\"id\":12345678901234567890,\"a\":[{\"b\":\"x\"}]}""#),
        );
        check("$json.id", &results[..1], Ok("12345678901234567890"));
        check("$json.a.0.b", &results[..1], Ok("\"x\""));
        check("$json.a[0].b", &results[..1], Ok("\"x\""));
        check("$json.none", &results[..1], Err(NoValue::NoPath));
        check("$json.n", &results, Ok("1.10"));
        check("$structured.n", &results, Ok("1.10"));
        check("$steps[0].json.id", &results, Ok("12345678901234567890"));
        check("$steps.1.text", &results, Ok("\"plain\""));
        check("$result.content[0].type", &results, Ok("\"text\""));
        check("$json", &[result("plain", "")], Err(NoValue::NotJson));
        check("$text", &[], Err(NoValue::NoResult));
        check("$steps[7].text", &results, Err(NoValue::NoResult));
        check("$5.00", &results, Ok("\"$5.00\""));
        check("literal", &[], Ok("\"literal\""));
    }

    #[test]
    fn a_text_is_read_once_and_its_parts_are_not_copied() {
        let large = result(&format!("[{}1]", "1,".repeat(50_000)), "");
        let mapping = Mapping::decode("m", "$json".into()).unwrap();
        let values: Vec<Doc> = (0..60).map(|_| mapping.value(|_| Some(&large)).unwrap()).collect();
        let place = values[0].text().as_ptr();
        assert!(values.iter().all(|value| value.text().as_ptr() == place));
    }

    #[test]
    fn defaults_stand_in_and_wrong_ones_are_refused() {
        let decode = |json: &str| Mapping::decode("m.x", Json::parse(json).unwrap());
        let mapping = decode(r#"{"from":"$json.a","default":7}"#).unwrap();
        assert_eq!(value(&mapping, &[]).unwrap(), "7");
        for json in [
            "7",
            "[]",
            r#"{"from":7}"#,
            r#"{"from":"$text","x":1}"#,
            r#""$json.a[""#,
            r#""$text.a""#,
            r#""$steps[x].text""#,
            r#""$steps[0].what""#,
            r#""$steps[0]""#,
        ] {
            let error = decode(json).unwrap_err();
            assert_eq!(error.code, "invalid_arguments");
            assert!(error.message.contains("m.x"), "{json}: {}", error.message);
        }
    }
}
