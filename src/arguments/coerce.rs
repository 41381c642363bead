//! Texts read as the values they stand for.
//!
//! Clients write `"12"` where a tool wants a number, and the text of an object where it wants the object.
//! A text is read as something else only if the schema permits no such text at its place, and only
//! as what it says digit for digit: `007`, `1e3` and `0x10` stay texts. What is still wrong afterwards is for
//! the server to refuse.

use std::fmt;

use super::shape::{Depth, Schemas, member};
use crate::json::Json;

/// From this length on a text is asked first whether it may stay one, in bytes.
const LONG: usize = 4096;

/// How deep arguments are followed.
const DEPTH_MAX: usize = 128;

/// A value that was read as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coercion {
    /// Where in the arguments, such as `items[0].limit`; empty for the arguments themselves.
    pub path: String,
    pub what: Reading,
}

/// What a value was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Number,
    Boolean,
    Array,
    Object,
    /// The members of `params`, in place of an object that only held these.
    Params,
}

impl fmt::Display for Coercion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.what {
            Reading::Number => "a number",
            Reading::Boolean => "a boolean",
            Reading::Array => "an array",
            Reading::Object => "an object",
            Reading::Params => return f.write_str("the members of `params` read as the arguments"),
        };
        match self.path.as_str() {
            "" => write!(f, "the arguments: a string read as {kind}"),
            path => write!(f, "`{path}`: a string read as {kind}"),
        }
    }
}

/// Reads texts in `arguments` as `schema` wants them, in place, and tells what was read. Arguments
/// that fit the schema are never changed, but for `{"params": {…}}` where the schema names all that
/// is within and no `params`.
pub fn coerce(arguments: &mut Json, schema: &Json) -> Vec<Coercion> {
    let mut coercer =
        Coercer { schemas: Schemas::new(schema), path: String::new(), changes: Vec::new() };
    coercer.open_params(arguments, schema);
    coercer.value(arguments, &[schema], 0);
    coercer.changes
}

struct Coercer<'a> {
    schemas: Schemas<'a>,
    path: String,
    changes: Vec<Coercion>,
}

impl<'a> Coercer<'a> {
    /// Some clients send the parameters of a request within the arguments: `{"method": …, "params": {…}}`.
    fn open_params(&mut self, arguments: &mut Json, schema: &'a Json) {
        let Json::Object(members) = arguments else { return };
        let binding = self.schemas.binding(schema);
        let names = |name: &str| {
            let mut properties = binding.iter().filter_map(|schema| schema.get("properties"));
            properties.any(|properties| properties.get(name).is_some())
        };
        let is_envelope = members.iter().all(|(name, value)| match name.as_str() {
            "params" => value.is_object(),
            "method" => value.as_str().is_some() && !names("method"),
            _ => false,
        });
        let has_names = binding.iter().any(|schema| schema.get("properties").is_some());
        let Some(params) = arguments.get("params").filter(|_| is_envelope) else { return };
        if !has_names || names("params") {
            return;
        }
        let within = params.as_object().unwrap_or_default();
        let takes_others = binding.iter().any(|schema| {
            matches!(schema.get("additionalProperties"), Some(Json::Bool(true) | Json::Object(_)))
        });
        let is_all_known = !within.is_empty() && within.iter().all(|(name, _)| names(name));
        let is_refused = !self.fits(schema, arguments) || refuses_others(&binding);
        if is_refused || is_all_known && !takes_others {
            *arguments = params.clone();
            self.changes.push(Coercion { path: String::new(), what: Reading::Params });
        }
    }

    fn fits(&self, schema: &'a Json, value: &Json) -> bool {
        self.schemas.permits(schema, value, Depth::Deep)
    }

    /// Reads `value`, which has to fit all schemas of `place`.
    fn value(&mut self, value: &mut Json, place: &[&'a Json], depth: usize) {
        if depth > DEPTH_MAX || !self.schemas.spend(1) {
            return;
        }
        if let Json::String(text) = value {
            let Some((read, what)) = self.read(text, place) else { return };
            *value = read;
            self.changes.push(Coercion { path: self.path.clone(), what });
        }
        if !matches!(value, Json::Array(_) | Json::Object(_)) {
            return;
        }
        let binding: Vec<&'a Json> =
            place.iter().flat_map(|schema| self.schemas.binding(schema)).collect();
        self.parts(value, &binding, depth);
        for schema in binding {
            for keyword in ["anyOf", "oneOf"] {
                if let Some(ways) = schema.get(keyword).and_then(Json::as_array) {
                    self.one_way(value, ways, depth);
                }
            }
        }
    }

    fn parts(&mut self, value: &mut Json, binding: &[&'a Json], depth: usize) {
        let end = self.path.len();
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    let place = binding.iter().filter_map(|schema| member(schema, name));
                    let place: Vec<&'a Json> = place.collect();
                    if !place.is_empty() {
                        push_name(&mut self.path, name);
                        self.value(value, &place, depth + 1);
                        self.path.truncate(end);
                    }
                }
            }
            Json::Array(items) => {
                for (index, value) in items.iter_mut().enumerate() {
                    let place =
                        binding.iter().filter_map(|schema| self.schemas.item(schema, index));
                    let place: Vec<&'a Json> = place.collect();
                    if !place.is_empty() {
                        self.path += &format!("[{index}]");
                        self.value(value, &place, depth + 1);
                        self.path.truncate(end);
                    }
                }
            }
            _ => {}
        }
    }

    /// Reads `value` by the one of several schemas that it fits afterwards, if it fits none before.
    fn one_way(&mut self, value: &mut Json, ways: &'a [Json], depth: usize) {
        if ways.iter().any(|way| self.fits(way, value)) {
            return;
        }
        let start = self.changes.len();
        let mut found: Option<(Json, Vec<Coercion>)> = None;
        for way in ways {
            if !self.schemas.spend(value.len() / 8) {
                return;
            }
            let mut read = value.clone();
            self.value(&mut read, &[way], depth + 1);
            let changes = self.changes.split_off(start);
            if self.schemas.is_spent() {
                return;
            }
            if changes.is_empty() || !self.fits(way, &read) {
                continue;
            }
            match &found {
                Some((other, _)) if *other != read => return,
                Some(_) => {}
                None => found = Some((read, changes)),
            }
        }
        if let Some((read, changes)) = found.filter(|_| !self.schemas.is_spent()) {
            *value = read;
            self.changes.extend(changes);
        }
    }

    /// What a text stands for where no such text is permitted.
    fn read(&self, text: &str, place: &[&'a Json]) -> Option<(Json, Reading)> {
        let takes = |value: &Json| {
            place.iter().all(|schema| self.schemas.permits(schema, value, Depth::Shallow))
        };
        // A large text is not read for nothing.
        if text.len() >= LONG && takes(&Json::from(text)) {
            return None;
        }
        let (read, what) = literal(text)?;
        // `1.0` is an integer too, but not to every server.
        let is_exact = |value: &Json| match value {
            Json::Number(number) if !number.is_integer() => {
                !takes_integers_only(&self.schemas, place)
            }
            _ => true,
        };
        let fits = !takes(&Json::from(text)) && takes(&read) && is_exact(&read);
        (fits && !self.schemas.is_spent()).then_some((read, what))
    }
}

/// Whether names that the schemas do not know are wrong.
fn refuses_others(binding: &[&Json]) -> bool {
    binding.iter().any(|schema| {
        schema.get("additionalProperties").and_then(Json::as_bool) == Some(false)
            && schema.get("patternProperties").is_none()
    })
}

/// Whether a place takes a whole number and refuses one that is not.
fn takes_integers_only<'a>(schemas: &Schemas<'a>, place: &[&'a Json]) -> bool {
    Json::parse("0.5").is_ok_and(|half| {
        place.iter().any(|schema| !schemas.permits(schema, &half, Depth::Shallow))
    })
}

/// The value that a text writes, if a text can stand for it.
fn literal(text: &str) -> Option<(Json, Reading)> {
    match text.trim_start_matches([' ', '\t', '\r', '\n']).as_bytes().first()? {
        b't' if text == "true" => Some((Json::Bool(true), Reading::Boolean)),
        b'f' if text == "false" => Some((Json::Bool(false), Reading::Boolean)),
        b'[' => Json::parse(text).ok().map(|value| (value, Reading::Array)),
        b'{' => Json::parse(text).ok().map(|value| (value, Reading::Object)),
        b'-' | b'0'..=b'9' if is_canonical(text) && is_exact(text) => {
            Json::parse(text).ok().map(|value| (value, Reading::Number))
        }
        _ => None,
    }
}

/// Whether a text is a decimal number with nothing around it, no exponent, and no minus before zero.
/// [`Json::parse`] refuses zeros at its beginning.
fn is_canonical(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    is_plain
        && !(text.starts_with('-') && text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.')))
}

/// The largest whole number up to which a floating-point number has every one.
const WHOLE_MAX: u64 = 1 << 53;
/// Digits of which a floating-point number loses none.
const DIGITS_MAX: usize = 15;

/// Whether every reader has the number to its last digit: many have floating-point numbers alone, and what is
/// an id there must not become another.
fn is_exact(text: &str) -> bool {
    let digits = text.trim_start_matches('-');
    if digits.contains('.') {
        let digits = digits.trim_start_matches(['0', '.']);
        return digits.bytes().filter(u8::is_ascii_digit).count() <= DIGITS_MAX;
    }
    digits.parse().is_ok_and(|whole: u64| whole <= WHOLE_MAX)
}

/// Adds a name to a path as [`crate::json::Path`] reads it.
pub(super) fn push_name(path: &mut String, name: &str) {
    let is_word =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if !is_word {
        *path += &format!("[{}]", Json::from(name));
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    *path += name;
}

#[cfg(test)]
mod tests;
