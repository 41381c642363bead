use proptest::prelude::*;

use crate::json::Json;
use crate::search::ranking::Found;
use crate::search::{Document, Index};

const TOOLS: &[(&str, &str, &str)] = &[
    ("forge__create_issue", "forge", "Open a new issue in a repository."),
    ("forge__list_issues", "forge", "List the issues of a repository."),
    ("forge__merge_pull_request", "forge", "Merge a pull request."),
    ("files__delete_file", "files", "Delete a file for good."),
    ("files__read_file", "files", "Return what is in a file."),
    ("files__make_folder", "files", "Create a folder."),
    ("x__a", "x", "Goes one round."),
    ("x__b", "x", "Goes one round."),
    ("net__traceroute", "net", "Show the way to a machine."),
];

fn index() -> Index {
    Index::build(TOOLS.iter().map(|(name, server, description)| Document {
        name,
        server,
        title: None,
        description,
        input_schema: None,
    }))
}

fn names(found: &Found) -> Vec<&'static str> {
    found.hits.iter().map(|hit| TOOLS[hit.document].0).collect()
}

fn search(query: &str) -> Vec<&'static str> {
    names(&index().search(&[query], 50, |_| true))
}

#[test]
fn the_tool_that_is_meant_comes_first() {
    for (query, expected) in [
        ("create an issue", "forge__create_issue"),
        ("creating issues", "forge__create_issue"),
        ("file a bug report", "forge__create_issue"),
        ("which tickets are there", "forge__list_issues"),
        ("merge the PR", "forge__merge_pull_request"),
        ("merge PRs", "forge__merge_pull_request"),
        ("get rid of a document", "files__delete_file"),
        ("remove file", "files__delete_file"),
        ("new directory", "files__make_folder"),
        ("mkdir", "files__make_folder"),
        // One letter is wrong, in a word of the index and in one of the thesaurus.
        ("foldr", "files__make_folder"),
        ("direcory", "files__make_folder"),
        // Apart here and together there, and the other way round.
        ("trace route", "net__traceroute"),
        ("makefolder", "files__make_folder"),
        // A name, whole or in part, in any notation.
        ("forge__list_issues", "forge__list_issues"),
        ("list_issues", "forge__list_issues"),
        ("readFile", "files__read_file"),
        ("ReadFile", "files__read_file"),
        ("b", "x__b"),
        // The beginning of a word.
        ("fold", "files__make_folder"),
    ] {
        assert_eq!(search(query).first(), Some(&expected), "{query}");
    }
}

#[test]
fn what_says_nothing_finds_nothing() {
    for query in ["e", "q z", "the", "please do it", "xylophone", "列", "of a thing"] {
        let found = search(query);
        assert!(found.is_empty() || found == ["x__a"], "{query}: {found:?}");
    }
    assert_eq!(search("a"), ["x__a"]);
}

#[test]
fn without_words_everything_is_listed_by_name() {
    let mut all: Vec<&str> = TOOLS.iter().map(|tool| tool.0).collect();
    all.sort_unstable();
    assert_eq!(search(""), all);
    assert_eq!(search(" … "), all);
    assert_eq!(names(&index().search(&[], 50, |_| true)), all);
    let two = index().search(&[""], 2, |_| true);
    assert_eq!((two.hits.len(), two.count), (2, TOOLS.len()));
}

#[test]
fn equal_scores_are_ordered_by_name() {
    let found = index().search(&["does"], 50, |_| true);
    assert!(found.hits.is_empty(), "a stop word: {found:?}");
    let found = index().search(&["round"], 50, |_| true);
    assert_eq!(names(&found), ["x__a", "x__b"]);
    assert!((found.hits[0].score - found.hits[1].score).abs() < f32::EPSILON);
}

#[test]
fn several_queries_get_their_turns() {
    // The limit is that of each.
    let found = index().search(&["list issues", "read file", ""], 2, |_| true);
    assert_eq!(names(&found)[..2], ["forge__list_issues", "files__read_file"]);
    assert_eq!(found.hits.len(), 4);
    let mut each: Vec<usize> = found.hits.iter().map(|hit| hit.document).collect();
    each.dedup();
    assert_eq!(each.len(), 4);
    let twice = index().search(&["read file", "read file"], 50, |_| true);
    assert_eq!(twice, index().search(&["read file"], 50, |_| true));
}

#[test]
fn only_what_is_permitted_is_found_and_counted() {
    let index = index();
    let all = index.search(&["issue"], 1, |_| true);
    assert_eq!((all.hits.len(), all.count), (1, 2));
    let some = index.search(&["issue"], 50, |document| document != 0);
    assert_eq!((names(&some), some.count), (vec!["forge__list_issues"], 1));
    let none = index.search(&["", "issue"], 50, |_| false);
    assert_eq!((none.hits.len(), none.count, none.unmatched), (0, 0, vec![1]));
}

#[test]
fn the_thesaurus_can_be_left_out() {
    let index = index().without_thesaurus();
    assert!(index.search(&["remove"], 50, |_| true).hits.is_empty());
    assert_eq!(index.search(&["deleting"], 50, |_| true).count, 1);
}

#[test]
fn an_empty_index_can_be_searched() {
    let index = Index::build([]);
    let found = index.search(&["a b", ""], 5, |_| true);
    assert_eq!((index.len(), found.hits.len(), found.unmatched), (0, 0, vec![0]));
}

#[test]
fn what_no_tool_fits_is_told() {
    for (query, fits) in [
        ("create an issue", true),
        ("get rid of a document", true),
        ("list_issues", true),
        // One common word of many.
        ("weather forecast humidity tomorrow in a repository", false),
        ("xylophone", false),
        // Of a whole task, most words are about something else.
        ("issue one two three weather forecast humidity tomorrow morning at noon in paris", true),
    ] {
        let found = index().search(&[query], 5, |_| true);
        assert_eq!(found.unmatched.is_empty(), fits, "{query}: {found:?}");
    }
}

#[test]
fn only_what_is_about_as_good_is_counted() {
    // Each shares a word with the query, and one all of them.
    let found = index().search(&["merge a pull request in a repository"], 50, |_| true);
    assert_eq!((names(&found)[0], found.count), ("forge__merge_pull_request", 1));
    assert!(found.hits.len() > 1);
}

#[test]
fn numbers_are_about_no_tool() {
    let tools = ["media__find_3_films", "forge__list_releases"];
    let index = Index::build(tools.map(|name| Document {
        name,
        server: "x",
        title: None,
        description: "",
        input_schema: None,
    }));
    let first = |query| index.search(&[query], 1, |_| true).hits.first().map(|hit| hit.document);
    assert_eq!(first("release of version 2.1.3"), Some(1));
    assert_eq!(first("media__find_3_films"), Some(0));
}

#[test]
fn the_words_of_a_long_task_are_read_to_its_end() {
    let task = "the weather of ".repeat(60) + "tomorrow, and merge the pull request";
    let found = index().search(&[&task], 1, |_| true);
    assert_eq!(names(&found), ["forge__merge_pull_request"]);
}

#[test]
fn scripts_without_spaces_are_searched_by_pairs_of_characters() {
    let tools =
        [("a__x", "列出仓库的所有文件"), ("a__y", "创建一个新的议题"), ("a__z", "ファイルを読む")];
    let index = Index::build(tools.map(|(name, description)| Document {
        name,
        server: "a",
        title: None,
        description,
        input_schema: None,
    }));
    for (query, expected) in [("列出文件", 0), ("新建议题", 1), ("ファイル", 2)] {
        let found = index.search(&[query], 1, |_| true);
        assert_eq!(found.hits.first().map(|hit| hit.document), Some(expected), "{query}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(
        query in ".{0,60}",
        name in ".{0,20}",
        text in ".{0,60}",
        key in ".{0,10}",
    ) {
        let schema = Json::object([("properties", Json::object([(key.as_str(), Json::Null)]))]);
        let document = |name| Document {
            name,
            server: &text,
            title: Some(&query),
            description: &text,
            input_schema: Some(&schema),
        };
        let index = Index::build([document(&name), document(&query)]);
        let found = index.search(&[&query, &text], 1, |_| true);
        prop_assert!(found.hits.len() <= 2 && found.count <= 2);
        prop_assert!(found.hits.iter().all(|hit| hit.score.is_finite()));
        prop_assert_eq!(found, index.search(&[&query, &text], 1, |_| true));
    }
}
