//! What of an answer is printed, and what goes to files.

use std::borrow::Cow;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::args::{OutputArgs, OutputFormat};
use super::outcome;
use super::saved::{self, Data};
use super::talk::Answered;
use super::trouble::Trouble;
use crate::json::Json;
use crate::render::{TextFormat, format};
use crate::terminal::{Exit, print};
use crate::wire::object;

/// The name of a file that means stdout.
const STDOUT: &str = "-";

/// Prints the answer to a call of `name`.
pub(super) fn answer(
    answered: &Answered,
    output: &OutputArgs,
    name: &str,
) -> Result<Exit, Trouble> {
    match answered {
        Answered::Error(failure) => Ok(error(failure, output.json)),
        Answered::Result(result) if output.json => {
            print::json(result);
            Ok(outcome::of_result(result))
        }
        Answered::Result(result) => {
            shown(result, output, name)?;
            Ok(outcome::of_result(result))
        }
    }
}

/// Prints a JSON-RPC error, in place of a result.
pub(super) fn error(error: &str, is_json: bool) -> Exit {
    if is_json {
        print::json(&format!(r#"{{"error":{error}}}"#));
    } else {
        let message = object::get(error, "message").and_then(object::string);
        print::error(&message.unwrap_or_default());
    }
    outcome::of_error(error)
}

/// A result in pieces.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) texts: Vec<String>,
    pub(super) data: Vec<Data>,
}

impl Pieces {
    /// Takes in a block of content, or the contents of a resource: a JSON text. What is unknown stays one.
    pub(super) fn take(&mut self, block: &str) {
        let text = |name| object::get(block, name).and_then(object::string);
        let encoded = text("data").or_else(|| text("blob"));
        let decoded = encoded.and_then(|data| STANDARD.decode(data.trim()).ok());
        let resource = object::get(block, "resource");
        match (text("type").as_deref(), text("text"), decoded) {
            (Some("resource"), ..) if resource.is_some() => self.take(resource.unwrap_or_default()),
            (Some("resource_link"), ..) => self.texts.extend(text("uri").map(Cow::into_owned)),
            (_, Some(text), _) => self.texts.push(text.into_owned()),
            (_, None, Some(bytes)) => {
                self.data.push(Data::new(&text("mimeType").unwrap_or_default(), bytes));
            }
            _ => self.texts.push(block.to_owned()),
        }
    }
}

fn shown(result: &str, output: &OutputArgs, name: &str) -> Result<(), Trouble> {
    let mut pieces = Pieces::default();
    for block in object::get(result, "content").and_then(object::items).unwrap_or_default() {
        pieces.take(block);
    }
    let structured = object::get(result, "structuredContent").map(str::to_owned);
    let is_error = object::get(result, "isError") == Some("true");
    let text = match text_format(output.output_format) {
        None if pieces.texts.is_empty() && pieces.data.is_empty() => structured,
        None => joined(&pieces.texts),
        Some(form) => match structured {
            Some(json) => Some(Json::parse(&json).map_or(json, |value| format::text(&value, form))),
            None => joined(&pieces.texts).map(|text| written(text, form)),
        },
    };
    if is_error {
        if let Some(text) = &text {
            print::text_aside(text);
        }
        return Ok(());
    }
    put(text, &pieces.data, output.out.as_deref(), name)
}

/// Puts a text and data where they belong.
pub(super) fn put(
    text: Option<String>,
    data: &[Data],
    out: Option<&Path>,
    name: &str,
) -> Result<(), Trouble> {
    let is_stdout = out == Some(Path::new(STDOUT));
    match (data, out) {
        ([], Some(path)) if !is_stdout => {
            let mut text = text.unwrap_or_default();
            if !text.ends_with('\n') {
                text.push('\n');
            }
            return saved::write(path, text.as_bytes());
        }
        ([], _) => {
            if let Some(text) = &text {
                print::text(text);
            }
            return Ok(());
        }
        ([one], _) if is_stdout => {
            if print::is_read_by_person() {
                let what = one.kind();
                return Err(Trouble::Usage(format!(
                    "the result is {what}, which is not for a terminal; name a file with --out"
                )));
            }
            print::bytes(&one.bytes);
            if let Some(text) = &text {
                print::text_aside(text);
            }
            return Ok(());
        }
        (several, _) if is_stdout => {
            let count = several.len();
            return Err(Trouble::Usage(format!(
                "the result has {count} pieces of data, and stdout takes one; name a file with --out"
            )));
        }
        (several, out) => {
            for (index, one) in several.iter().enumerate() {
                let path = match out {
                    Some(path) => one.save_as(&saved::numbered(path, index))?,
                    None => one.save_beside(name)?,
                };
                if out.is_none() || index > 0 {
                    print::note(&format!("{}: {}", path.display(), one.kind()));
                }
            }
        }
    }
    if let Some(text) = &text {
        print::text(text);
    }
    Ok(())
}

fn text_format(format: OutputFormat) -> Option<TextFormat> {
    match format {
        OutputFormat::Text => None,
        OutputFormat::Json => Some(TextFormat::Json),
        OutputFormat::Toon => Some(TextFormat::Toon),
        OutputFormat::Auto => Some(TextFormat::Auto),
    }
}

/// One text behind the other, each from a new line on.
pub(super) fn joined(texts: &[String]) -> Option<String> {
    let (last, before) = texts.split_last()?;
    let mut out = String::new();
    for text in before {
        out += text;
        if !text.ends_with('\n') {
            out.push('\n');
        }
    }
    Some(out + last)
}

/// What a text writes as JSON, or itself, in this format.
fn written(text: String, form: TextFormat) -> String {
    match Json::parse(&text) {
        Ok(value) => format::text(&value, form),
        Err(_) => Json::String(text).to_string(),
    }
}
