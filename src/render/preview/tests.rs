use proptest::prelude::*;

use super::{BUDGET_MIN, Preview, preview_text};
use crate::json::{Doc, Json};
use crate::render::sample;

fn preview(value: &Json, budget: usize) -> Preview {
    super::preview(Doc::of(value).root(), budget)
}

fn issue(number: usize) -> Json {
    Json::object([
        ("number", number.into()),
        ("title", format!("Title of {number}").into()),
        ("body", "Long text. ".repeat(30).into()),
        ("labels", Json::Array(vec![Json::object([("name", "bug".into())]); 20])),
    ])
}

fn items(value: &Json) -> &[Json] {
    value.as_array().unwrap()
}

fn check(json: &str, expected: &str) {
    let shown = preview(&Json::parse(json).unwrap(), BUDGET_MIN).value.to_string();
    assert_eq!(shown, expected);
}

#[test]
fn what_fits_is_whole() {
    let value = Json::parse(r#"{"a":[1,2,3]}"#).unwrap();
    let shown = preview(&value, 256);
    assert!(shown.is_whole && shown.value == value);
    assert_eq!(preview_text("a\nb", 3), "a\nb");
}

#[test]
fn arrays_show_leading_items() {
    let numbers = Json::Array((0..1000usize).map(Json::from).collect());
    let shown = preview(&numbers, 256);
    let (last, first) = items(&shown.value).split_last().unwrap();
    assert!(!shown.is_whole && first.len() > 50);
    assert_eq!(first, &items(&numbers)[..first.len()]);
    assert_eq!(last.to_string(), format!(r#"{{"_more":{{"items":{}}}}}"#, 1000 - first.len()));
    assert_eq!(shown.shape.to_string(), r#"{"type":"array","total":1000}"#);
}

#[test]
fn what_lies_in_items_is_cut_before_items_are_left_out() {
    let value = Json::object([
        ("total", 950usize.into()),
        ("items", Json::Array((0..950).map(issue).collect())),
        ("next", "abc".into()),
    ]);
    let shown = preview(&value, 4000).value;
    assert_eq!(shown.get("total"), value.get("total"));
    assert_eq!(shown.get("next"), value.get("next"));
    let rows = items(shown.get("items").unwrap());
    assert!(rows.len() > 10, "{shown}");
    let first = &rows[0];
    assert_eq!(first.get("title").and_then(Json::as_str), Some("Title of 0"));
    assert!(first.get("labels").unwrap().to_string().ends_with(r#"{"_more":{"items":17}}]"#));
    assert!(shown.len() > 3600, "{}", shown.len());
}

#[test]
fn strings_and_objects_say_what_is_missing() {
    let text = "é".repeat(1000);
    let kept = "é".repeat(116);
    check(&format!("\"{text}\""), &format!(r#""{kept}…[_more: 884 chars]""#));
    check(&"1".repeat(300), r#"{"_more":{"digits":300}}"#);
    check(&format!(r#"{{"{text}":1,"b":2}}"#), r#"{"_more":{"members":2}}"#);
    let members: Vec<String> = (0..100).map(|index| format!(r#""m{index:02}":{index}"#)).collect();
    let shown = preview(&Json::parse(&format!("{{{}}}", members.join(","))).unwrap(), 256).value;
    assert!(shown.to_string().ends_with(r#""_more":{"members":74}}"#), "{shown}");
}

#[test]
fn one_item_larger_than_the_budget_is_shown_in_part() {
    let shown = preview(&Json::Array(vec![issue(1), issue(2)]), 256).value;
    assert_eq!(items(&shown).len(), 2, "{shown}");
    assert_eq!(items(&shown)[0].get("number"), Some(&1usize.into()));
    assert_eq!(items(&shown)[1].to_string(), r#"{"_more":{"items":1}}"#);
}

#[test]
fn a_mark_is_never_data() {
    let long = "x".repeat(300);
    check(
        &format!(r#"[{{"_more":{{"items":1}}}},"[__more: ","{long}{long}"]"#),
        &format!(
            r#"[{{"_more":{{"items":1}}}},"[__more: ","{}…[___more: 500 chars]"]"#,
            "x".repeat(100)
        ),
    );
}

/// Whether `shown` is `value` with parts left out under the mark.
fn is_part(shown: &Json, value: &Json, mark: &str) -> bool {
    let more = |shown: &Json, what: &str| {
        let count = shown.get(mark).and_then(|more| more.get(what));
        count.and_then(Json::as_u64).map(|count| usize::try_from(count).unwrap())
    };
    match (shown, value) {
        _ if shown == value => true,
        (Json::Array(part), Json::Array(whole)) => {
            let Some((last, first)) = part.split_last() else { return false };
            let missing = more(last, "items");
            let shown = if missing.is_some() { first } else { part };
            shown.len() + missing.unwrap_or(0) == whole.len()
                && shown.iter().zip(whole).all(|(part, whole)| is_part(part, whole, mark))
        }
        (Json::Object(part), Json::Object(whole)) => {
            let missing = more(shown, "members");
            let shown = &part[..part.len() - usize::from(missing.is_some())];
            shown.len() + missing.unwrap_or(0) == whole.len()
                && shown
                    .iter()
                    .zip(whole)
                    .all(|(part, whole)| part.0 == whole.0 && is_part(&part.1, &whole.1, mark))
        }
        (Json::String(part), Json::String(whole)) => {
            let Some((part, end)) = part.rsplit_once(&format!("…[{mark}: ")) else {
                return false;
            };
            let missing: usize = end.strip_suffix(" chars]").unwrap().parse().unwrap();
            whole.starts_with(part) && part.chars().count() + missing == whole.chars().count()
        }
        (_, Json::Number(number)) => more(shown, "digits") == Some(number.as_str().len()),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn previews_fit_and_are_parts(
        value in proptest::collection::vec(sample::json(), 1..8),
        budget in 256..2000usize,
    ) {
        let value = Json::Array(value);
        let shown = preview(&value, budget);
        let len = shown.value.len();
        prop_assert!(len <= budget && len <= value.len(), "{len} {budget}");
        prop_assert_eq!(Json::parse(&shown.value.to_string()).unwrap(), shown.value.clone());
        prop_assert_eq!(shown.is_whole, shown.value == value);
        let mark = super::mark(&value.to_string());
        prop_assert!(is_part(&shown.value, &value, &mark), "{}\n{}", shown.value, value);
    }
}
