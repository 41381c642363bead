mod large;

use proptest::prelude::*;

use super::envelope::is_text;
use super::{FitLimits, Reader};
use crate::json::{Doc, Json};
use crate::render::TextFormat;
use crate::results::Results;
use crate::results::store::Caps;

fn reader(max_result: usize, format: TextFormat) -> Reader {
    Reader {
        owner: "user:1".into(),
        format,
        max_result,
        tool: "s__t".into(),
        server: None,
        results: Results::open(None, Caps::default()),
    }
}

fn result_for(reader: &Reader, result: &Json, len: usize) -> Option<Json> {
    let short = super::result_for(reader, Doc::of(result).root(), len)?;
    Some(Json::parse(&short).unwrap())
}

fn text(text: &str) -> Json {
    Json::object([("type", "text".into()), ("text", text.into())])
}

fn rows(count: usize) -> Json {
    let row = |n: usize| Json::object([("id", n.into()), ("name", format!("row {n}").into())]);
    Json::Array((0..count).map(row).collect())
}

fn shown(result: &Json) -> Json {
    let content = result.get("content").unwrap().as_array().unwrap();
    Json::parse(content[0].get("text").unwrap().as_str().unwrap()).unwrap()
}

#[test]
fn a_large_result_is_kept_and_its_beginning_shown() {
    let reader = reader(4096, TextFormat::Json);
    let image = Json::object([("type", "image".into()), ("data", "A".repeat(9000).into())]);
    let written = rows(500).to_string();
    let content = Json::Array(vec![text(&written), image.clone()]);
    let result = Json::object([("content", content), ("x", 1_usize.into())]);
    let short = result_for(&reader, &result, result.len()).unwrap();
    let about = shown(&short);
    let about = about.get("_callmux").unwrap();
    let reference = about.get("ref").and_then(Json::as_str).unwrap();
    // What it says in words is kept, and no picture.
    let stored = reader.results.get("user:1", reference).unwrap();
    assert_eq!(&stored.data[..], written.as_bytes());
    assert_eq!(about.get("originalBytes"), Some(&written.len().into()));
    assert!(reader.results.get("user:2", reference).is_err());
    let content = short.get("content").unwrap().as_array().unwrap();
    assert_eq!((content.len(), &content[1], short.get("x")), (2, &image, Some(&1_usize.into())));
}

#[test]
fn what_is_kept_is_the_value_itself() {
    let reader = reader(2048, TextFormat::Json);
    let result = Json::object([("content", Json::Array(vec![text(&rows(500).to_string())]))]);
    let short = shown(&result_for(&reader, &result, result.len()).unwrap());
    let about = short.get("_callmux").unwrap();
    let reference = about.get("ref").and_then(Json::as_str).unwrap();
    let stored = reader.results.get("user:1", reference).unwrap();
    assert_eq!(&stored.data[..], rows(500).to_string().as_bytes());
    assert_eq!(about.get("shape").unwrap().get("total"), Some(&500_usize.into()));
    let preview = short.get("preview").unwrap().as_array().unwrap();
    assert_eq!(preview[0].get("name"), Some(&"row 0".into()));
}

#[test]
fn several_texts_are_a_list_and_resources_count() {
    let reader = reader(4096, TextFormat::Json);
    let resource = Json::object([("uri", "a:b".into()), ("text", "line\n".repeat(2000).into())]);
    let embedded = Json::object([("type", "resource".into()), ("resource", resource)]);
    let content = Json::Array(vec![text(&rows(3).to_string()), embedded]);
    let result = Json::object([("content", content)]);
    let short = result_for(&reader, &result, result.len()).unwrap();
    let content = short.get("content").unwrap().as_array().unwrap();
    assert_eq!(content.len(), 1, "{short}");
    let shown = shown(&short);
    let preview = shown.get("preview").unwrap().as_array().unwrap();
    assert_eq!(preview[0].to_string(), rows(3).to_string());
    assert!(preview[1].as_str().unwrap().starts_with("line\nline"));
}

#[test]
fn one_is_told_how_to_read_on_behind_what_is_shown() {
    let reader = reader(4096, TextFormat::Json);
    let arguments = |said: &Json| {
        let result = Json::object([("content", Json::Array(vec![text(&said.to_string())]))]);
        let short = shown(&result_for(&reader, &result, result.len()).unwrap());
        let retrieval = short.get("_callmux").unwrap().get("retrieval").unwrap();
        (retrieval.get("arguments").unwrap().clone(), short.get("preview").unwrap().clone())
    };
    let (wanted, preview) = arguments(&rows(500));
    let shown = preview.as_array().unwrap().len() - 1;
    assert_eq!((wanted.get("path"), wanted.get("offset")), (None, Some(&shown.into())));
    // Names that are more than the data are not it.
    let names = Json::Array((0..60_usize).map(|n| format!("n{n}").into()).collect());
    let within = Json::object([("names", names), ("data", Json::object([("rows", rows(400))]))]);
    let (wanted, preview) = arguments(&within);
    let shown = preview.get("data").unwrap().get("rows").unwrap().as_array().unwrap().len() - 1;
    assert_eq!(wanted.get("path"), Some(&"data.rows".into()));
    assert_eq!(wanted.get("offset"), Some(&shown.into()));
}

#[test]
fn errors_and_images_are_not_touched() {
    let reader = reader(256, TextFormat::Json);
    let large = Json::Array(vec![text(&"x".repeat(10_000))]);
    let error = Json::object([("content", large), ("isError", true.into())]);
    assert_eq!(result_for(&reader, &error, error.len()), None);
    let image = Json::object([("type", "image".into()), ("data", "A".repeat(10_000).into())]);
    let image = Json::object([("content", Json::Array(vec![image]))]);
    assert_eq!(result_for(&reader, &image, image.len()), None);
}

#[test]
fn white_space_goes_where_nobody_needs_it_to_the_letter() {
    let pretty = "[\n  {\n    \"id\": 1.10,\n    \"name\": \"a  b\"\n  }\n]\n";
    let lines = format!("{}\n{}", r#"{"a": 1}"#, r#"{"a": 2}"#);
    let content = Json::Array(vec![text(pretty), text("{ no"), text(&lines)]);
    let result = Json::object([("content", content), ("structuredContent", rows(1))]);
    let short = result_for(&reader(0, TextFormat::Json), &result, result.len()).unwrap();
    let content = short.get("content").unwrap().as_array().unwrap();
    assert_eq!(content[0], text(r#"[{"id":1.10,"name":"a  b"}]"#));
    assert_eq!(content[1..], [text("{ no"), text(&lines)]);
    assert_eq!(short.get("structuredContent"), Some(&rows(1)));
    assert_eq!(result_for(&reader(0, TextFormat::Verbatim), &result, result.len()), None);
}

#[test]
fn what_cannot_be_shorter_is_not_looked_at() {
    let limits = |format, definition| FitLimits { format, max_result: 1000, definition };
    let free = r#"{"name":"t","inputSchema":{"properties":{"query":{}}}}"#;
    let file = r#"{"name":"t","inputSchema":{"properties":{"path":{}}}}"#;
    let pretty = Json::from("{\n  \"a\": 1}".repeat(20).as_str()).to_string();
    for (format, definition, answer, is_touched) in [
        (TextFormat::Json, free, &*pretty, true),
        (TextFormat::Json, file, &pretty, false),
        (TextFormat::Json, free, "plain", false),
        (TextFormat::Verbatim, free, &pretty, false),
        (TextFormat::Auto, file, "plain", true),
        (TextFormat::Verbatim, file, &"x".repeat(2000), true),
    ] {
        let limits = limits(format, definition);
        assert_eq!(limits.touch(&[answer]), is_touched, "{format:?} {definition} {answer}");
    }
    assert_eq!(limits(TextFormat::Json, file).format(), TextFormat::Verbatim);
}

fn item() -> impl Strategy<Value = Json> {
    let plain = prop_oneof![".{0,40}", "(line of text\n){0,400}"];
    prop_oneof![
        plain.prop_map(|plain| text(&plain)),
        (0usize..300).prop_map(|count| text(&rows(count).to_string())),
        (0usize..3000).prop_map(|count| {
            Json::object([("type", "image".into()), ("data", "A".repeat(count).into())])
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever the limit and the format: nothing grows, and what is not text stays.
    #[test]
    fn nothing_grows(
        items in prop::collection::vec(item(), 0..4),
        structured in prop::option::of(0usize..200),
        max in prop_oneof![Just(0usize), 256usize..8000],
        format in prop_oneof![
            Just(TextFormat::Json), Just(TextFormat::Toon), Just(TextFormat::Auto),
            Just(TextFormat::Verbatim)
        ],
    ) {
        let mut members = vec![("content", Json::Array(items.clone()))];
        members.extend(structured.map(|count| ("structuredContent", rows(count))));
        let result = Json::object(members);
        let Some(short) = result_for(&reader(max, format), &result, result.len()) else {
            return Ok(());
        };
        prop_assert!(short.len() <= result.len(), "{} > {}", short.len(), result.len());
        let images = |items: &[Json]| -> Vec<Json> {
            items.iter().filter(|item| !is_text(Doc::of(item).root())).cloned().collect()
        };
        prop_assert_eq!(images(short.get("content").unwrap().as_array().unwrap()), images(&items));
        prop_assert_eq!(Json::parse(&short.to_string()).unwrap(), short);
    }
}
