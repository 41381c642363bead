//! A tool taken apart into the words of its fields.

use crate::json::Json;

use super::Document;
use super::words::{Style, first_sentence, is_stop_word, words};

/// Where a word stands in a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Server,
    Title,
    /// The first sentence of the description.
    Summary,
    Description,
    /// The name of a parameter.
    Parameter,
    ParameterDescription,
    /// One of a parameter's permitted values.
    Value,
}

pub(super) const FIELDS: usize = 8;

/// Words taken from one tool at most.
const WORDS_MAX: usize = 4096;
/// How deep parameters may lie in each other.
const DEPTH_MAX: usize = 8;

/// The tool's own name: what follows the server's in the shown one.
pub(super) fn own_name<'a>(name: &'a str, server: &str) -> &'a str {
    let after = name.strip_prefix(server).and_then(|rest| rest.strip_prefix("__"));
    let own = after.or_else(|| name.split_once("__").map(|(_, own)| own));
    own.filter(|own| !own.is_empty()).unwrap_or(name)
}

/// Hands every word that counts over, with the field it stands in.
pub(super) fn take_apart(document: &Document<'_>, mut each: impl FnMut(Field, &str)) {
    let mut left = WORDS_MAX;
    let mut reader = FieldReader {
        each: &mut |field, word| {
            if left > 0 {
                left -= 1;
                each(field, word);
            }
        },
    };
    let own = own_name(document.name, document.server);
    let prefix = &document.name[..document.name.len() - own.len()];
    reader.name(Field::Name, own);
    reader.name(Field::Server, document.server);
    if prefix.trim_end_matches('_') != document.server {
        reader.name(Field::Server, prefix);
    }
    reader.name(Field::Title, document.title.unwrap_or_default());
    let (summary, rest) = first_sentence(document.description);
    reader.prose(Field::Summary, summary);
    reader.prose(Field::Description, rest);
    if let Some(schema) = document.input_schema {
        reader.schema(schema, 0);
    }
}

struct FieldReader<'a> {
    each: &'a mut dyn FnMut(Field, &str),
}

impl FieldReader<'_> {
    /// Every word of a name counts: `get_all` and `x` are names.
    fn name(&mut self, field: Field, text: &str) {
        words(text, Style::Name, |word| (self.each)(field, word));
    }

    fn prose(&mut self, field: Field, text: &str) {
        words(text, Style::Prose, |word| {
            let is_letter = word.len() == 1;
            if !is_letter && !is_stop_word(word) {
                (self.each)(field, word);
            }
        });
    }

    /// Names, descriptions and values of the parameters that a JSON Schema describes.
    fn schema(&mut self, schema: &Json, depth: usize) {
        let Some(members) = schema.as_object().filter(|_| depth < DEPTH_MAX) else { return };
        for (keyword, value) in members {
            match (keyword.as_str(), value) {
                ("properties", Json::Object(properties)) => {
                    for (name, property) in properties {
                        words(name, Style::Name, |word| {
                            if word.len() > 1 {
                                (self.each)(Field::Parameter, word);
                            }
                        });
                        self.schema(property, depth + 1);
                    }
                }
                ("$defs" | "definitions", Json::Object(definitions)) => {
                    for (_, definition) in definitions {
                        self.schema(definition, depth + 1);
                    }
                }
                ("description", Json::String(text)) if depth > 0 => {
                    self.prose(Field::ParameterDescription, text);
                }
                ("enum", Json::Array(values)) => {
                    for value in values.iter().filter_map(Json::as_str) {
                        self.prose(Field::Value, value);
                    }
                }
                ("const", Json::String(value)) => self.prose(Field::Value, value),
                ("items" | "additionalProperties", inner) => self.schema(inner, depth + 1),
                ("anyOf" | "oneOf" | "allOf" | "prefixItems", Json::Array(branches)) => {
                    for branch in branches {
                        self.schema(branch, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Document, Field, Json, own_name, take_apart};

    #[test]
    fn every_field_is_read() {
        let schema = Json::parse(
            r##"{"type":"object","description":"not read","properties":{
                "dueDate":{"type":"string","description":"The day"},
                "in":{"anyOf":[{"enum":["open","closed"]},{"type":"null"}]},
                "list":{"type":"array","items":{"$ref":"#/$defs/A"}}},
                "$defs":{"A":{"properties":{"deep_one":{"const":"fixed"}}}}}"##,
        )
        .unwrap();
        let document = Document {
            name: "gh__createIssue",
            server: "github",
            title: Some("New issue"),
            description: "Creates an issue in a project. A label may be given.",
            input_schema: Some(&schema),
        };
        let mut found: Vec<(Field, String)> = Vec::new();
        take_apart(&document, |field, word| found.push((field, word.to_owned())));
        let of = |field: Field| -> Vec<&str> {
            found.iter().filter(|(f, _)| *f == field).map(|(_, word)| word.as_str()).collect()
        };
        assert_eq!(of(Field::Name), ["create", "issue"]);
        assert_eq!(of(Field::Server), ["github", "gh"]);
        assert_eq!(of(Field::Title), ["new", "issue"]);
        assert_eq!(of(Field::Summary), ["creates", "issue", "project"]);
        assert_eq!(of(Field::Description), ["label", "given"]);
        assert_eq!(of(Field::Parameter), ["due", "date", "in", "list", "deep", "one"]);
        assert_eq!(of(Field::ParameterDescription), ["day"]);
        assert_eq!(of(Field::Value), ["open", "closed", "fixed"]);
    }

    #[test]
    fn the_own_name_follows_the_servers() {
        assert_eq!(own_name("github__create_issue", "github"), "create_issue");
        assert_eq!(own_name("gh__create_issue", "github"), "create_issue");
        assert_eq!(own_name("create_issue", "github"), "create_issue");
        assert_eq!(own_name("a__b__c", "a__b"), "c");
        assert_eq!(own_name("x__", "x"), "x__");
    }

    #[test]
    fn a_huge_tool_is_read_in_part() {
        let description = "word ".repeat(10_000);
        let document = Document {
            name: "a",
            server: "b",
            title: None,
            description: &description,
            input_schema: None,
        };
        let mut count = 0;
        take_apart(&document, |_, _| count += 1);
        assert_eq!(count, super::WORDS_MAX);
    }
}
