//! References in arguments: what is too large for a client to write out stands in a file or is a
//! stored result, and is put in its place here.
//!
//! A reference is an object, at any depth: `{"$file": path, "maxBytes"?}` is a file's text,
//! `$jsonFile` and `$yamlFile` what the text says, `{"$text": text}` or `{"$text": {"lines": […],
//! "join"?}}` a text, `{"$ref": "r_…", "path"?}` a stored result or a part of it. A string that is
//! nothing but the JSON of a reference counts as one, as some clients write objects as strings.
//!
//! What a reference stands for is data: it is never looked at for references again, and only what
//! a client wrote itself may be given to [`resolve`].

use std::fmt;
use std::io::Read;

use super::bounds::{BYTES_MAX, REFERENCES_MAX};
use super::error::{FileProblem, ReferenceError, ReferenceFlaw, StoredProblem};
use super::roots::Roots;
use super::yaml;
use crate::json::{Doc, Json};

/// The bytes of one file, unless its reference says otherwise.
const FILE_DEFAULT: u64 = 1_000_000;
/// The most that a reference may ask for.
const FILE_MAX: u64 = 10_000_000;
/// Characters of a path, and bytes of a place in the arguments, in an error.
const SHOWN_MAX: usize = 300;

/// A part of a stored result, by its handle and a path into it (empty: all of it).
pub type Lookup<'a> = dyn Fn(&str, &str) -> Result<Json, StoredProblem> + 'a;

/// Whether there is anything for [`resolve`] to do.
pub fn has_any(arguments: &Json) -> bool {
    match arguments {
        Json::String(text) => in_string(text).is_some(),
        Json::Array(items) => items.iter().any(has_any),
        Json::Object(members) => {
            keyword(arguments).is_some() || members.iter().any(|(_, value)| has_any(value))
        }
        _ => false,
    }
}

/// Puts what the references stand for in their places. Reads files, so async callers use a
/// blocking thread.
pub fn resolve(
    arguments: Json,
    roots: &Roots,
    stored: &Lookup<'_>,
) -> Result<Json, ReferenceError> {
    Resolver { roots, stored, references: 0, left: BYTES_MAX }.walk(arguments, &At::Arguments)
}

/// A place in the arguments.
enum At<'a> {
    Arguments,
    Member(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl At<'_> {
    /// As errors tell it: names are as long as a client likes.
    fn short(&self) -> String {
        let mut text = self.to_string();
        if text.len() > SHOWN_MAX {
            text.truncate(text.floor_char_boundary(SHOWN_MAX));
            text.push('…');
        }
        text
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_word = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        };
        match self {
            Self::Arguments => f.write_str("arguments"),
            Self::Member(of, name) if is_word(name) => write!(f, "{of}.{name}"),
            Self::Member(of, name) => write!(f, "{of}[{name:?}]"),
            Self::Item(of, index) => write!(f, "{of}[{index}]"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Yaml,
}

/// What an object asks for.
#[derive(Debug, PartialEq, Eq)]
enum Reference {
    File { format: Format, path: String, max: u64 },
    Text(String),
    Stored { reference: String, path: String },
}

/// The member that makes an object a reference. JSON Schema has `$ref` as well, but never with a
/// handle of ours, and queries of MongoDB have `$text`, but never with lines.
fn keyword(value: &Json) -> Option<&'static str> {
    let is_ours = |name: &&str| match (*name, value.get(name)) {
        (_, None) => false,
        ("$text", Some(text)) => !text.is_object() || text.get("lines").is_some(),
        ("$ref", Some(handle)) => handle.as_str().is_some_and(|text| text.starts_with("r_")),
        _ => true,
    };
    ["$file", "$jsonFile", "$yamlFile", "$text", "$ref"].into_iter().find(is_ours)
}

impl Reference {
    fn read(keyword: &'static str, value: &Json) -> Result<Self, ReferenceFlaw> {
        let main = value.get(keyword).unwrap_or(&Json::Null);
        let text =
            || main.as_str().map(str::to_owned).ok_or(ReferenceFlaw::Type(keyword, "a string"));
        let file = |format| {
            only(value, &[keyword, "maxBytes"])?;
            let max = match value.get("maxBytes") {
                None => FILE_DEFAULT,
                Some(max) => max.as_u64().filter(|max| (1..=FILE_MAX).contains(max)).ok_or(
                    ReferenceFlaw::MaxBytes { max: FILE_MAX, found: format!("{max:.40}") },
                )?,
            };
            Ok(Self::File { format, path: text()?, max })
        };
        match keyword {
            "$file" => file(Format::Text),
            "$jsonFile" => file(Format::Json),
            "$yamlFile" => file(Format::Yaml),
            "$text" => {
                only(value, &[keyword])?;
                if main.is_object() { lines(main).map(Self::Text) } else { text().map(Self::Text) }
            }
            _ => {
                only(value, &[keyword, "path"])?;
                let path = value
                    .get("path")
                    .map(|path| path.as_str().ok_or(ReferenceFlaw::Type("path", "a string")));
                let path = path.transpose()?.unwrap_or_default().to_owned();
                Ok(Self::Stored { reference: text()?, path })
            }
        }
    }
}

/// Refuses other members than these.
fn only(value: &Json, names: &[&str]) -> Result<(), ReferenceFlaw> {
    let members = value.as_object().unwrap_or_default().iter();
    let more: Vec<&str> =
        members.map(|(name, _)| name.as_str()).filter(|name| !names.contains(name)).collect();
    if more.is_empty() {
        return Ok(());
    }
    let known = names.join(" and ");
    Err(ReferenceFlaw::Keys { more: shown(&more.join(", ")), known })
}

fn lines(value: &Json) -> Result<String, ReferenceFlaw> {
    only(value, &["lines", "join"])?;
    let lines = value.get("lines").and_then(Json::as_array);
    let lines: Option<Vec<&str>> = lines.and_then(|lines| lines.iter().map(Json::as_str).collect());
    let join = value.get("join").map_or(Some("\n"), Json::as_str);
    match (lines, join) {
        (Some(lines), Some(join)) => {
            // Counted first: a long separator repeats.
            let length = lines.iter().map(|line| line.len() + join.len()).sum::<usize>();
            if length > BYTES_MAX + join.len() {
                return Err(ReferenceFlaw::Long);
            }
            Ok(lines.join(join))
        }
        (None, _) => Err(ReferenceFlaw::Type("lines", "an array of strings")),
        (_, None) => Err(ReferenceFlaw::Type("join", "a string")),
    }
}

/// The reference that a string is the JSON of. Anything that is not quite one is a string.
fn in_string(text: &str) -> Option<Reference> {
    let inner = text.trim();
    if !inner.starts_with('{') || !inner.ends_with('}') || !inner.contains("\"$") {
        return None;
    }
    let value = Json::parse(inner).ok()?;
    Reference::read(keyword(&value)?, &value).ok()
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_MAX).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{}{more}", short.escape_debug())
}

struct Resolver<'a> {
    roots: &'a Roots,
    stored: &'a Lookup<'a>,
    /// Resolved so far.
    references: usize,
    /// Bytes that may still be put in.
    left: usize,
}

impl Resolver<'_> {
    fn walk(&mut self, value: Json, at: &At<'_>) -> Result<Json, ReferenceError> {
        if let Some(keyword) = keyword(&value) {
            let invalid = |why| ReferenceError::Invalid { keyword, at: at.short(), why };
            let reference = Reference::read(keyword, &value).map_err(invalid)?;
            return self.put_in(reference, at);
        }
        Ok(match value {
            Json::String(text) => match in_string(&text) {
                Some(reference) => self.put_in(reference, at)?,
                None => Json::String(text),
            },
            Json::Array(items) => {
                let items = items.into_iter().enumerate();
                let walked = items.map(|(index, item)| self.walk(item, &At::Item(at, index)));
                Json::Array(walked.collect::<Result<_, _>>()?)
            }
            Json::Object(members) => {
                let walked = members.into_iter().map(|(name, value)| {
                    let value = self.walk(value, &At::Member(at, &name))?;
                    Ok((name, value))
                });
                Json::Object(walked.collect::<Result<_, _>>()?)
            }
            other => other,
        })
    }

    fn put_in(&mut self, reference: Reference, at: &At<'_>) -> Result<Json, ReferenceError> {
        self.references += 1;
        if self.references > REFERENCES_MAX {
            return Err(ReferenceError::TooMany { at: at.short() });
        }
        match reference {
            Reference::File { format, path, max } => self.file(format, &path, max, at),
            Reference::Text(text) => {
                self.spend(text.len(), at)?;
                Ok(Json::String(text))
            }
            Reference::Stored { reference, path } => {
                let value = (self.stored)(&reference, &path);
                let value =
                    value.map_err(|problem| ReferenceError::Stored { at: at.short(), problem })?;
                self.spend(value.len(), at)?;
                Ok(value)
            }
        }
    }

    fn spend(&mut self, bytes: usize, at: &At<'_>) -> Result<(), ReferenceError> {
        let too_much = || ReferenceError::TooMuch { at: at.short() };
        self.left = self.left.checked_sub(bytes).ok_or_else(too_much)?;
        Ok(())
    }

    fn file(
        &mut self,
        format: Format,
        path: &str,
        max: u64,
        at: &At<'_>,
    ) -> Result<Json, ReferenceError> {
        let failed = |problem| ReferenceError::File { at: at.short(), path: shown(path), problem };
        let bytes = self.read(path, max).map_err(failed)?;
        self.spend(bytes.len(), at)?;
        let text = String::from_utf8(bytes)
            .map_err(|error| failed(FileProblem::Text(error.utf8_error().valid_up_to())))?;
        let wrong = |format, why| failed(FileProblem::Format { format, why });
        match format {
            Format::Text => Ok(Json::String(text)),
            Format::Json => {
                let value = Doc::read(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned());
                let value = value.map_err(|error| wrong("JSON", error.to_string()))?;
                Ok(value.root().to_json_or_text())
            }
            Format::Yaml => {
                let value = yaml::parse(&text, self.left)
                    .map_err(|error| wrong("YAML", error.to_string()))?;
                self.spend(value.len().saturating_sub(text.len()), at)?;
                Ok(value)
            }
        }
    }

    /// Reads one byte more than may be used at most, so that what is too long is known to be.
    fn read(&self, path: &str, max: u64) -> Result<Vec<u8>, FileProblem> {
        let (file, size) = self.roots.open(path)?;
        if size > max {
            return Err(FileProblem::Size { actual: size, max });
        }
        let mut bytes = Vec::new();
        file.take(max.min(self.left as u64) + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 {
            actual if actual > max => Err(FileProblem::Size { actual, max }),
            _ => Ok(bytes),
        }
    }
}
