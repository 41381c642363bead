//! A tool's schema and the arguments of a call.
//!
//! Input: the JSON of a schema on the first line, and that of arguments below it.

use crate::arguments::{Checker, coerce, may_need, references};
use crate::compression::definition::{self, Compression};
use crate::compression::signature::signature;
use crate::json::Json;
use crate::wire::mirror;

/// Problems that are asked for.
const PROBLEMS_MAX: usize = 8;
/// The longest words about one problem, beside its path.
const WORDS_MAX: usize = 4096;

/// A look at arguments ends, says little, and changes only what is announced.
pub fn schema(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let (schema, arguments) = super::first_line(text);
    let Ok(schema) = Json::parse(schema) else { return };
    let arguments = Json::parse(arguments).unwrap_or_default();
    is_checked(&schema, &arguments);
    is_coerced(&schema, &arguments);
    is_described(&schema, &arguments);
}

fn is_checked(schema: &Json, arguments: &Json) {
    let Some(checker) = Checker::compile(schema) else { return };
    let problems = checker.problems(arguments, PROBLEMS_MAX);
    assert!(problems.len() <= PROBLEMS_MAX);
    for problem in &problems {
        assert!(problem.message.len() <= WORDS_MAX, "{problem}");
    }
    assert_eq!(problems, checker.problems(arguments, PROBLEMS_MAX), "the same twice");
    assert_eq!(problems.first(), checker.problems(arguments, 1).first());
}

fn is_coerced(schema: &Json, arguments: &Json) {
    let mut read = arguments.clone();
    let changes = coerce(&mut read, schema);
    assert_eq!(changes.is_empty(), read == *arguments, "{changes:?}");
    if !changes.is_empty() || references::has_any(arguments) {
        assert!(may_need(&arguments.to_string()), "{arguments} is not looked at");
    }
    // What was read as a value is shorter by its quotes and escapes.
    assert!(read.len() <= arguments.len());
    let once = read.clone();
    let again = coerce(&mut read, schema);
    let is_settled = changes.iter().any(|change| change.path.is_empty()) || once == read;
    assert!(is_settled, "{once} becomes {read}: {again:?}");
}

fn is_described(schema: &Json, arguments: &Json) {
    let tool = Json::object([
        ("name", "tool".into()),
        ("description", "Does what it does.".into()),
        ("inputSchema", schema.clone()),
    ]);
    for mode in [Compression::Balanced, Compression::Aggressive] {
        let short = definition::definition(&tool, mode, 100);
        assert!(short.len() <= tool.len(), "{mode:?}: {short}");
        let accepts = |schema: &Json| {
            let checker = Checker::compile(schema)?;
            Some(checker.problems(arguments, PROBLEMS_MAX).is_empty())
        };
        let after = short.get("inputSchema").expect("a schema stays");
        assert_eq!(accepts(schema), accepts(after), "{mode:?}: {after}");
    }
    assert!(!signature("tool", schema).contains('\n'));
    if let Ok(mirrors) = mirror::annotations(&schema.to_string()) {
        for (name, value) in mirror::headers(&mirrors, &arguments.to_string()) {
            let is_visible = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            assert!(is_visible(&name) && is_visible(&value), "{name}: {value}");
        }
    }
}
