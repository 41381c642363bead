//! What is wrong with arguments, in words that help to write them again.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{PatternOptions, ValidationError};
use serde_json::Value;

use super::coerce::push_name;
use crate::json::{Json, Path};

/// Characters of a name or a constant within a message.
const SHOWN_MAX: usize = 80;
/// Options of an `enum` within a message.
const OPTIONS_MAX: usize = 8;
/// Steps of a backtracking pattern on one text. A server writes the pattern and a client the text;
/// together they must not hold us up.
const BACKTRACKS_MAX: usize = 100_000;
/// Bytes of a compiled pattern.
const PATTERN_MAX: usize = 1 << 20;

/// An `inputSchema` that was made ready to check arguments.
#[derive(Debug)]
pub struct Checker {
    validator: jsonschema::Validator,
    schema: Json,
}

/// One thing that is wrong with arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where in the arguments, such as `items[0].limit`; empty for the arguments themselves.
    pub path: String,
    /// What is wrong there, such as `must be an integer, not a string`.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}`: {}", self.message),
        }
    }
}

impl Checker {
    /// Makes a schema ready. `None` if it is no schema, or refers to something outside of itself:
    /// nothing is fetched.
    pub fn compile(schema: &Json) -> Option<Self> {
        let patterns = PatternOptions::fancy_regex()
            .backtrack_limit(BACKTRACKS_MAX)
            .size_limit(PATTERN_MAX)
            .dfa_size_limit(PATTERN_MAX);
        let options = jsonschema::options().with_pattern_options(patterns).offline();
        let validator = options.build(&schema.to_value()).ok()?;
        Some(Self { validator, schema: schema.clone() })
    }

    /// What is wrong with the arguments; at most `max` problems. None if they are valid.
    pub fn problems(&self, arguments: &Json, max: usize) -> Vec<Problem> {
        let value = arguments.to_value();
        let mut found = Vec::new();
        for error in self.validator.iter_errors(&value) {
            if found.len() >= max {
                break;
            }
            self.tell(&error, max, &mut found);
        }
        found.truncate(max);
        found
    }

    fn tell(&self, error: &ValidationError<'_>, max: usize, found: &mut Vec<Problem>) {
        let mut add = |message: String| {
            let problem = Problem { path: path_of(error.instance_path()), message };
            if !found.contains(&problem) {
                found.push(problem);
            }
        };
        match error.kind() {
            // What could not be checked is not wrong.
            Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {}
            Kind::Required { property } => {
                add(self.missing(property.as_str().unwrap_or_default(), error));
            }
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                let known = self.names(error);
                for name in unexpected.iter().take(max) {
                    // A name that is given already was not meant.
                    let near = nearest(
                        name,
                        known.iter().copied().filter(|known| error.instance().get(known).is_none()),
                    );
                    add(format!("{} is not known{}", shown(name), meant(near)));
                }
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                match nearest_way(context, error.instance_path()) {
                    Some(way) => way.iter().for_each(|error| self.tell(error, max, found)),
                    None => add(none_fits(context, error)),
                }
            }
            kind => add(sentence(kind, error)),
        }
    }

    fn missing(&self, name: &str, error: &ValidationError<'_>) -> String {
        let known = self.names(error);
        let given = error.instance().as_object();
        let strange = given.into_iter().flat_map(serde_json::Map::keys).map(String::as_str);
        let near = nearest(name, strange.filter(|given| !known.contains(given)));
        let instead = near.map(|near| format!("; {} is given instead", shown(near)));
        format!("{} is missing{}", shown(name), instead.unwrap_or_default())
    }

    /// The names that the schema of the error knows.
    fn names(&self, error: &ValidationError<'_>) -> Vec<&str> {
        let pointer = error.schema_path().as_str();
        let schema = pointer.rsplit_once('/').and_then(|(parent, _)| match parent {
            "" => Some(&self.schema),
            parent => Path::parse(parent).ok()?.find(&self.schema),
        });
        let properties = schema.and_then(|schema| schema.get("properties"));
        let members = properties.and_then(Json::as_object).unwrap_or_default();
        members.iter().map(|(name, _)| name.as_str()).collect()
    }
}

fn sentence(kind: &Kind, error: &ValidationError<'_>) -> String {
    match kind {
        Kind::Type { kind } => wrong_type(&[kind], error.instance()),
        Kind::Enum { options } => wrong_option(options, error.instance()),
        Kind::Constant { expected_value } => format!("must be {}", shown_value(expected_value)),
        Kind::Minimum { limit } => format!("must be {limit} or more"),
        Kind::Maximum { limit } => format!("must be {limit} or less"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("must have at least {}", counted(*limit, "character")),
        Kind::MaxLength { limit } => format!("must have at most {}", counted(*limit, "character")),
        Kind::MinItems { limit } => format!("must have at least {}", counted(*limit, "item")),
        Kind::MaxItems { limit } => format!("must have at most {}", counted(*limit, "item")),
        Kind::AdditionalItems { limit } => {
            format!("must have at most {}", counted(*limit as u64, "item"))
        }
        Kind::MinProperties { limit } => {
            format!("must have at least {}", counted(*limit, "member"))
        }
        Kind::MaxProperties { limit } => format!("must have at most {}", counted(*limit, "member")),
        Kind::UniqueItems => "must not have the same item twice".to_owned(),
        Kind::Pattern { pattern } => format!("must match the pattern {}", shown(pattern)),
        Kind::Format { format } => format!("must be in the format {}", shown(format)),
        Kind::FalseSchema => "must not be there".to_owned(),
        Kind::Not { .. } => "has a form that is excluded".to_owned(),
        Kind::OneOfMultipleValid { .. } => "fits several alternatives, must fit one".to_owned(),
        _ => clipped(&error.masked().to_string()),
    }
}

/// The one alternative that was probably meant: the value is of its kind, and no constant of it is
/// missed.
fn nearest_way<'e>(
    ways: &'e [Vec<ValidationError<'static>>],
    at: &Location,
) -> Option<&'e [ValidationError<'static>]> {
    let is_other_kind = |error: &ValidationError<'_>| {
        matches!(error.kind(), Kind::Type { .. } | Kind::FalseSchema) && error.instance_path() == at
    };
    let is_other_label = |error: &ValidationError<'_>| {
        matches!(error.kind(), Kind::Constant { .. } | Kind::Enum { .. })
    };
    let kin: Vec<_> = ways.iter().filter(|way| !way.iter().any(is_other_kind)).collect();
    if let [only] = kin.as_slice() {
        return Some(only);
    }
    let labelled: Vec<_> = kin.iter().filter(|way| !way.iter().any(is_other_label)).collect();
    if let [only] = labelled.as_slice() { Some(only) } else { None }
}

fn none_fits(ways: &[Vec<ValidationError<'static>>], error: &ValidationError<'_>) -> String {
    let kinds: Vec<&TypeKind> = ways
        .iter()
        .filter_map(|way| {
            way.iter().find_map(|error| match error.kind() {
                Kind::Type { kind } => Some(kind),
                _ => None,
            })
        })
        .collect();
    let is_all = ways.iter().all(|way| {
        let mut here = way.iter().filter(|inner| inner.instance_path() == error.instance_path());
        here.any(|error| matches!(error.kind(), Kind::Type { .. }))
    });
    if is_all && kinds.len() == ways.len() {
        return wrong_type(&kinds, error.instance());
    }
    format!("fits none of {} alternatives", ways.len())
}

fn wrong_type(kinds: &[&TypeKind], value: &Value) -> String {
    let mut names: Vec<String> = Vec::new();
    for kind in kinds {
        match kind {
            TypeKind::Single(kind) => names.push(kind.to_string()),
            TypeKind::Multiple(kinds) => names.extend(kinds.iter().map(|kind| kind.to_string())),
        }
    }
    let titles: Vec<&str> = names.iter().map(|name| title(name)).collect();
    let given = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    // A number that is no integer is best shown.
    let given = if value.is_number() { shown_value(value) } else { title(given).to_owned() };
    format!("must be {}, not {given}", titles.join(" or "))
}

/// A type's name with its article.
fn title(kind: &str) -> &str {
    match kind {
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        "string" => "a string",
        "array" => "an array",
        "object" => "an object",
        other => other,
    }
}

fn wrong_option(options: &Value, value: &Value) -> String {
    let all = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let rest = all.len().saturating_sub(OPTIONS_MAX);
    let mut listed: Vec<String> = all.iter().take(OPTIONS_MAX).map(shown_value).collect();
    listed.extend((rest > 0).then(|| format!("{rest} more")));
    let near = value.as_str().and_then(|text| nearest(text, all.iter().filter_map(Value::as_str)));
    format!("must be one of {}{}", listed.join(", "), meant(near))
}

fn meant(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean {}?", shown(name))).unwrap_or_default()
}

/// The name that could have been meant by `name`: alike but for case and signs between words, or
/// with few slips.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Long names are no slips, and comparing them is not free.
    let plain = |name: &str| {
        let letters = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        letters.take(SHOWN_MAX).collect::<String>()
    };
    let wanted = plain(name);
    let distance = |known: &'n str| (strsim::damerau_levenshtein(&wanted, &plain(known)), known);
    let (slips, best) = names.take(200).map(distance).min_by_key(|(slips, _)| *slips)?;
    (slips <= 3.min(wanted.chars().count() / 3)).then_some(best)
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn shown(text: &str) -> String {
    clipped(&Json::from(text).to_string())
}

fn shown_value(value: &Value) -> String {
    clipped(&value.to_string())
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn path_of(location: &Location) -> String {
    let mut path = String::new();
    for segment in location {
        match segment {
            LocationSegment::Property(name) => push_name(&mut path, &name),
            LocationSegment::Index(index) => path += &format!("[{index}]"),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{Checker, Json, Problem};

    fn check(schema: &str, arguments: &str, expected: &[&str]) {
        let checker = Checker::compile(&Json::parse(schema).unwrap()).unwrap();
        let problems = checker.problems(&Json::parse(arguments).unwrap(), 8);
        let told: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(told, expected, "{schema} {arguments}");
    }

    fn of_one(schema: &str, value: &str, expected: &str) {
        let schema = format!(r#"{{"properties":{{"a":{schema}}}}}"#);
        check(&schema, &format!(r#"{{"a":{value}}}"#), &[&format!("`a`: {expected}")]);
    }

    #[test]
    fn names_that_were_meant_are_told() {
        let closed = r#"{"properties":{"owner":{},"repo_name":{},"b":{}},"required":["owner"],"additionalProperties":false}"#;
        check(closed, r#"{"owner":1}"#, &[]);
        check(closed, "{}", &[r#""owner" is missing"#]);
        check(
            closed,
            r#"{"ownr":1,"repoName":2,"c":3}"#,
            &[
                r#""c" is not known"#,
                r#""ownr" is not known; did you mean "owner"?"#,
                r#""repoName" is not known; did you mean "repo_name"?"#,
                r#""owner" is missing; "ownr" is given instead"#,
            ],
        );
        let open = r#"{"properties":{"owner":{},"other":{}},"required":["owner"]}"#;
        check(
            open,
            r#"{"Owner":1,"other":2}"#,
            &[r#""owner" is missing; "Owner" is given instead"#],
        );
        let deep = r##"{"properties":{"a":{"items":{"$ref":"#/$defs/n"}}},"$defs":{"n":{"properties":{"name":{}},"additionalProperties":false}}}"##;
        check(
            deep,
            r#"{"a":[{},{"nmae":1}]}"#,
            &[r#"`a[1]`: "nmae" is not known; did you mean "name"?"#],
        );
    }

    #[test]
    fn messages_are_plain() {
        of_one(r#"{"type":"integer"}"#, r#""x""#, "must be an integer, not a string");
        of_one(r#"{"type":"integer"}"#, "1.5", "must be an integer, not 1.5");
        of_one(r#"{"type":["string","null"]}"#, "[]", "must be null or a string, not an array");
        of_one(
            r#"{"enum":["open","closed"]}"#,
            r#""opn""#,
            r#"must be one of "open", "closed"; did you mean "open"?"#,
        );
        of_one(
            r#"{"enum":[1,2,3,4,5,6,7,8,9,10]}"#,
            "0",
            "must be one of 1, 2, 3, 4, 5, 6, 7, 8, 2 more",
        );
        of_one(r#"{"const":"x"}"#, "1", r#"must be "x""#);
        of_one(r#"{"minimum":1}"#, "0", "must be 1 or more");
        of_one(r#"{"exclusiveMaximum":1}"#, "1", "must be less than 1");
        of_one(r#"{"multipleOf":2}"#, "3", "must be a multiple of 2");
        of_one(r#"{"minLength":1}"#, r#""""#, "must have at least 1 character");
        of_one(r#"{"maxItems":2}"#, "[1,2,3]", "must have at most 2 items");
        of_one(r#"{"uniqueItems":true}"#, "[1,1]", "must not have the same item twice");
        of_one(r#"{"pattern":"^a"}"#, r#""b""#, r#"must match the pattern "^a""#);
        of_one("false", "1", "must not be there");
        of_one(r#"{"not":{}}"#, "1", "has a form that is excluded");
        check(r#"{"type":"object"}"#, "[]", &["must be an object, not an array"]);
    }

    #[test]
    fn of_alternatives_the_nearest_is_explained() {
        of_one(
            r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#,
            r#""x""#,
            "must be an integer or null, not a string",
        );
        of_one(
            r#"{"anyOf":[{"type":"integer","minimum":3},{"type":"null"}]}"#,
            "1",
            "must be 3 or more",
        );
        let ways = r#"{"oneOf":[{"type":"object","properties":{"kind":{"const":"a"}},"required":["kind","x"]},
            {"type":"object","properties":{"kind":{"const":"b"}},"required":["kind","y"]}]}"#;
        of_one(ways, r#"{"kind":"b"}"#, r#""y" is missing"#);
        of_one(ways, r#"{"kind":"c"}"#, "fits none of 2 alternatives");
        of_one(r#"{"oneOf":[{},{}]}"#, "1", "fits several alternatives, must fit one");
    }

    #[test]
    fn what_is_no_schema_or_lies_elsewhere_gives_no_checker() {
        for schema in [
            r#"{"type":"nonsense"}"#,
            r#"{"$ref":"http://example.org/a.json"}"#,
            r#"{"$ref":"file:///a.json"}"#,
            r#"{"$schema":"urn:own"}"#,
            r#"{"pattern":"("}"#,
            r#"{"pattern":"(((a{99}){99}){99}){99}"}"#,
            "5",
        ] {
            assert!(Checker::compile(&Json::parse(schema).unwrap()).is_none(), "{schema}");
        }
    }

    #[test]
    fn what_comes_from_outside_is_bounded() {
        let long = "x".repeat(10_000);
        let schema = format!(
            r#"{{"properties":{{"a":{{"pattern":"^{long}"}}}},"additionalProperties":false}}"#
        );
        let checker = Checker::compile(&Json::parse(&schema).unwrap()).unwrap();
        let many: Vec<String> = (0..100).map(|n| format!(r#""{n}{long}":1"#)).collect();
        let arguments = Json::parse(&format!(r#"{{"a":"b",{}}}"#, many.join(","))).unwrap();
        let problems = checker.problems(&arguments, 5);
        assert_eq!(problems.len(), 5);
        assert!(problems.iter().all(|problem| problem.message.len() < 400));
        check(r##"{"$ref":"#"}"##, "{}", &[]);
        // A pattern that takes too long is not checked.
        let hard = format!(r#"{{"a":"{}b"}}"#, "a".repeat(60));
        check(r#"{"properties":{"a":{"pattern":"^(?=(a|a)*$)(a|aa)+\\1$"}}}"#, &hard, &[]);
    }
}
