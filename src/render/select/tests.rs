use proptest::prelude::*;

use super::{BUDGET_MIN, SelectError, Selected, Selection};
use crate::json::{Doc, Json, Path};
use crate::render::filter::Filter;
use crate::render::sample;

fn select(data: &Json, asked: &Selection, budget: usize) -> Result<Selected, SelectError> {
    super::select(Doc::of(data).root(), asked, budget)
}

const ISSUES: &str = r#"{"total":3,"items":[
    {"number":3,"state":"open","user":{"login":"ada"},"a.b":1},
    {"number":10,"state":"closed","user":{"login":"Bob"}},
    {"number":1,"state":"open","user":null}]}"#;

fn selection(path: &str) -> Selection {
    Selection { path: Path::parse(path).unwrap(), limit: 50, ..Selection::default() }
}

fn show(data: &str, selection: &Selection) -> String {
    select(&Json::parse(data).unwrap(), selection, 8000).unwrap().into_json().to_string()
}

fn by(path: &str, is_descending: bool) -> (Path, bool) {
    (Path::parse(path).unwrap(), is_descending)
}

#[test]
fn arrays_are_sliced() {
    let asked = Selection { offset: 1, limit: 2, ..selection("") };
    assert_eq!(
        show("[1,2,3,4]", &asked),
        r#"{"type":"array","total":4,"offset":1,"count":2,"hasMore":true,"nextOffset":3,"data":[2,3]}"#
    );
    let asked = Selection { offset: 9, ..selection("") };
    assert_eq!(
        show("[1]", &asked),
        r#"{"type":"array","total":1,"offset":9,"count":0,"hasMore":false,"data":[]}"#
    );
}

#[test]
fn items_are_searched_filtered_sorted_and_projected() {
    let numbers = |asked: Selection| {
        let fields = vec!["number".to_owned()];
        let page = select(&Json::parse(ISSUES).unwrap(), &Selection { fields, ..asked }, 8000);
        let page = page.unwrap();
        let number = |item: &Json| item.get("number").unwrap().as_u64().unwrap();
        let data = page.data.unwrap();
        assert_eq!((page.total, page.count), (data.as_array().unwrap().len(), page.total));
        data.as_array().unwrap().iter().map(number).collect::<Vec<_>>()
    };
    let items = || selection("items");
    let search = |text: &str| Some(text.to_owned());
    let filter = |text| Some(Filter::parse(text).unwrap());
    assert_eq!(numbers(items()), [3, 10, 1]);
    assert_eq!(numbers(Selection { search: search("bob"), ..items() }), [10]);
    assert_eq!(numbers(Selection { search: search(r#""STATE":"OPEN""#), ..items() }), [3, 1]);
    assert_eq!(numbers(Selection { filter: filter("number >= 3"), ..items() }), [3, 10]);
    assert_eq!(numbers(Selection { sort: Some(by("number", false)), ..items() }), [1, 3, 10]);
    assert_eq!(numbers(Selection { sort: Some(by("number", true)), ..items() }), [10, 3, 1]);
    assert_eq!(numbers(Selection { sort: Some(by("user.login", false)), ..items() }), [10, 3, 1]);
    assert_eq!(numbers(Selection { sort: Some(by("user.login", true)), ..items() }), [3, 10, 1]);
}

#[test]
fn fields_are_names_or_paths() {
    let fields = ["user.login", "a.b", "missing"].map(str::to_owned).to_vec();
    let asked = Selection { limit: 1, fields: fields.clone(), ..selection("items") };
    assert!(show(ISSUES, &asked).ends_with(r#""data":[{"user.login":"ada","a.b":1}]}"#));
    let asked = Selection { fields, ..selection("items[1]") };
    assert_eq!(
        show(ISSUES, &asked),
        r#"{"type":"object","total":1,"offset":0,"count":1,"hasMore":false,"data":{"user.login":"Bob"}}"#
    );
    let asked = Selection { fields: vec!["a..b".to_owned()], ..selection("items") };
    let error = select(&Json::parse(ISSUES).unwrap(), &asked, 8000).unwrap_err();
    assert!(error.to_string().starts_with("field `a..b`: a name in a path is empty"));
}

#[test]
fn strings_come_in_characters() {
    let text = "äöü\n".repeat(100);
    let data = Json::object([("t", text.as_str().into())]);
    let asked = Selection { offset: 2, limit: 1, ..selection("t") };
    let page = select(&data, &asked, 8000).unwrap();
    assert_eq!(
        (page.kind, page.total, page.count, page.next_offset),
        ("string", 400, 200, Some(202))
    );
    assert!(page.data.unwrap().as_str().unwrap().starts_with("ü\näöü"));
    let asked = Selection { search: Some("B".to_owned()), ..selection("") };
    assert_eq!(
        show(r#""abc\nxyz\nob""#, &asked),
        r#"{"type":"string","total":6,"offset":0,"count":6,"hasMore":false,"data":"abc\nob"}"#
    );
}

#[test]
fn of_a_long_line_what_is_around_the_matches_is_shown() {
    let filler = "lorem ipsum ".repeat(60);
    let line = format!("{filler}Needle one{filler}NEEDLE two, needle three{filler}");
    let asked = Selection { search: Some("needle".to_owned()), ..selection("") };
    let shown = select(&line.as_str().into(), &asked, 16 << 10).unwrap().data.unwrap();
    let shown = shown.as_str().unwrap().to_owned();
    let windows: Vec<&str> = shown.lines().collect();
    assert!(windows.len() == 2 && shown.len() < 800, "{shown}");
    assert!(windows[0].contains("Needle one") && windows[1].contains("NEEDLE two, needle three"));
    assert!(windows.iter().all(|it| it.starts_with('…') && it.ends_with('…')), "{shown}");
}

#[test]
fn a_text_that_holds_json_is_what_it_holds() {
    let inner = r#"{"rows":[{"id":1},{"id":2}]}"#;
    let value = Json::object([("result", inner.into()), ("plain", "[x".into())]).to_string();
    assert!(show(&value, &selection("result.rows[1]")).contains(r#""data":{"id":2}"#));
    assert!(show(&value, &selection("result")).contains(r#""type":"object""#));
    assert!(show(&value, &selection("plain")).contains(r#""data":"[x""#));
    let none = select(&Json::parse(&value).unwrap(), &selection("result.nothing"), 2000);
    assert_eq!(none, Err(SelectError::PathNotFound("result.nothing".to_owned())));
}

#[test]
fn objects_come_whole_or_in_pages() {
    let asked = Selection { limit: 1, ..selection("") };
    let page = select(&Json::parse(r#"{"a":1,"b":2}"#).unwrap(), &asked, 8000).unwrap();
    assert_eq!((page.count, page.has_more), (2, false));
    let members = (0..200).map(|index| (format!("m{index}"), "x".repeat(100).into()));
    let data = Json::Object(members.collect());
    let page = select(&data, &selection(""), 2000).unwrap();
    assert!(page.count > 10 && page.next_offset == Some(page.count), "{page:?}");
    let asked = Selection { search: Some("M19".to_owned()), ..selection("") };
    assert_eq!(select(&data, &asked, 8000).unwrap().total, 11);
}

#[test]
fn counts_have_no_data_and_no_next_page() {
    for asked in [
        Selection { limit: 0, ..selection("items") },
        Selection { count: true, ..selection("items") },
    ] {
        assert_eq!(
            show(ISSUES, &asked),
            r#"{"type":"array","total":3,"offset":0,"count":0,"hasMore":true}"#
        );
    }
}

#[test]
fn an_item_larger_than_a_page_comes_as_preview() {
    let large = Json::object([("id", 7usize.into()), ("text", "x".repeat(5000).into())]);
    let data = Json::object([("rows", Json::Array(vec![1usize.into(), large, 2usize.into()]))]);
    let asked = Selection { offset: 1, ..selection("rows") };
    let page = select(&data, &asked, 1024).unwrap();
    assert_eq!((page.count, page.next_offset), (1, Some(2)));
    assert!(page.note.as_ref().unwrap().contains("with path `rows[1]`"), "{page:?}");
    let item = &page.data.as_ref().unwrap().as_array().unwrap()[0];
    assert_eq!(item.get("id"), Some(&7usize.into()));
    assert!(page.into_json().len() <= 1024);
    let page = select(&data, &selection("rows[1]"), 1024).unwrap();
    assert_eq!((page.count, page.next_offset), (1, Some(1)));
}

#[test]
fn what_is_impossible_is_refused() {
    let data = Json::parse(ISSUES).unwrap();
    let error = |asked: &Selection| select(&data, asked, 8000).unwrap_err();
    assert_eq!(error(&selection("items[9]")), SelectError::PathNotFound("items[9]".to_owned()));
    let asked = Selection { filter: Filter::parse("a == 1").ok(), ..selection("total") };
    assert_eq!(error(&asked).to_string(), "`filter` works on arrays, and this is a number");
    let asked = Selection { sort: Some(by("a", false)), ..selection("") };
    assert_eq!(error(&asked).to_string(), "`sort` works on arrays, and this is an object");
    let asked = Selection { fields: vec!["a".to_owned()], ..selection("items[0].state") };
    let expected = "`fields` works on arrays and objects, and this is a string";
    assert_eq!(error(&asked).to_string(), expected);
}

#[test]
fn one_part_under_many_names_is_refused() {
    let row = Json::object([("a", "x".repeat(200_000).into()), ("b", 1usize.into())]);
    let data = Json::Array(vec![row]);
    let asked = |fields: &[&str]| {
        let fields = fields.iter().map(|&field| field.to_owned()).collect();
        select(&data, &Selection { fields, ..selection("") }, 8000)
    };
    assert_eq!(asked(&["a", "b"]).unwrap().count, 1);
    let error = asked(&["a", "$.a", "/a", "[\"a\"]"]).unwrap_err();
    assert!(error.to_string().contains("the same parts again"), "{error}");
}

/// All pages from the first to the last.
fn walk(data: &Json, limit: usize, budget: usize) -> Vec<Selected> {
    let mut pages = Vec::new();
    let mut offset = Some(0);
    while let Some(at) = offset {
        let asked = Selection { offset: at, limit, ..Selection::default() };
        let page = select(data, &asked, budget).unwrap();
        assert!(page.clone().into_json().len() <= budget.max(BUDGET_MIN), "{page:?}");
        assert_eq!(page.has_more, page.next_offset.is_some());
        assert!(page.next_offset.is_none_or(|next| next > at));
        offset = page.next_offset;
        pages.push(page);
    }
    pages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_show_every_item_once(
        items in proptest::collection::vec(sample::json(), 0..20),
        limit in 1..20usize,
        budget in 0..3000usize,
    ) {
        let shown: Vec<_> = walk(&Json::Array(items.clone()), limit, budget)
            .into_iter()
            .flat_map(|page| {
                let data = page.data.unwrap().as_array().unwrap().to_vec();
                assert_eq!(data.len(), page.count);
                let is_preview = page.note.is_some();
                data.into_iter().map(move |item| (item, is_preview))
            })
            .collect();
        prop_assert_eq!(shown.len(), items.len());
        for ((shown, is_preview), item) in shown.iter().zip(&items) {
            prop_assert!(*is_preview || shown == item);
        }
    }

    #[test]
    fn pages_show_every_member_once(
        members in proptest::collection::vec((sample::string(), sample::json()), 0..20),
        limit in 1..20usize,
    ) {
        let mut shown = Vec::new();
        for page in walk(&Json::Object(members.clone()), limit, 1024) {
            let data = page.data.unwrap();
            shown.extend(if page.note.is_some() {
                members[shown.len()..=shown.len()].to_vec()
            } else {
                data.as_object().unwrap().to_vec()
            });
        }
        prop_assert_eq!(shown, members);
    }

    #[test]
    fn pages_show_every_character_once(text in ".{0,3000}", limit in 1..9usize) {
        let pages = walk(&text.as_str().into(), limit, 1024).into_iter();
        let shown: String = pages.map(|page| page.data.unwrap().as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(shown, text);
    }
}
