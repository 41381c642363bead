//! Tools are found by what people and agents say, measured by the program itself.

use std::path::Path;

use crate::support::Sandbox;

fn data(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/data/search").join(file).to_str().unwrap().to_owned()
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let output = sandbox.command().arg("search-quality").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn tools_are_found_by_other_words_than_their_own() {
    let sandbox = Sandbox::new();
    let (tools, queries) = (data("tools.json"), data("queries.json"));
    let files = ["--tools", &tools, "--queries", &queries];
    let report = |more: &[&str]| -> serde_json::Value {
        let (code, stdout, stderr) = run(&sandbox, &[&files, more].concat());
        assert_eq!(code, Some(0), "{stderr}");
        serde_json::from_str(&stdout).unwrap()
    };
    let with = report(&["--json", "--verbose"]);
    assert!(with["tools"].as_u64().unwrap() >= 30 && with["queries"].as_u64().unwrap() >= 60);
    let recall = |report: &serde_json::Value| report["recall"]["5"].as_f64().unwrap();
    assert!(recall(&with) >= 0.92 && with["mrr"].as_f64().unwrap() >= 0.7, "{with}");
    let without = report(&["--json", "--no-thesaurus"]);
    assert!(recall(&without) + 0.2 < recall(&with), "the queries use the tools' words: {without}");
    assert!(without.get("missed").is_none());

    let (_, stdout, _) = run(&sandbox, &[&files[..], &["--verbose"]].concat());
    for words in ["recall@5 ", "MRR ", "nDCG@10 ", " µs per search", "missed q", "  expected "] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
}

#[test]
fn a_wrong_file_is_named_with_what_is_wrong() {
    let sandbox = Sandbox::new();
    let tool = r#"{"server":"s","tool":"t","tool_id":"s:t","description":"Does it."}"#;
    let check = |tools: &str, queries: &str, words: &str| {
        sandbox.write("tools.json", tools);
        sandbox.write("queries.json", queries);
        let files = ["--tools", "tools.json", "--queries", "queries.json"];
        let (code, stdout, stderr) = run(&sandbox, &files);
        assert_eq!((code, stdout.as_str()), (Some(65), ""), "{stderr}");
        assert!(stderr.contains(words), "{words}: {stderr}");
    };
    let tools = format!(r#"{{"tools":[{tool}]}}"#);
    let query =
        |labels: &str| format!(r#"{{"queries":[{{"id":"q","query":"do","labels":[{labels}]}}]}}"#);
    check("{", "{}", "tools.json: no JSON: expected a member name at byte 1");
    check("[]", "{}", "tools.json: lacks the list `tools`");
    check(r#"{"tools":[]}"#, "{}", "tools.json: the list `tools` is empty");
    check(r#"{"tools":[{"server":"s"}]}"#, "{}", "tools.json: tools[0]: lacks the text `tool`");
    let twice = format!(r#"{{"tools":[{tool},{tool}]}}"#);
    check(&twice, "{}", "tools.json: tools[1]: another tool has this `tool_id`");
    check(&tools, "{}", "queries.json: lacks the list `queries`");
    check(&tools, &query(""), "queries.json: queries[0]: no label has a relevance above 0");
    let unknown = query(r#"{"tool_id":"s:u","relevance":1}"#);
    check(&tools, &unknown, "queries.json: queries[0]: no tool is called s:u");
    let negative = query(r#"{"tool_id":"s:t","relevance":-1}"#);
    check(&tools, &negative, "s:t: relevance is no whole number from 0 to 10");
    let (code, _, stderr) = run(&sandbox, &["--tools", "missing.json", "--queries", "q.json"]);
    assert_eq!(code, Some(65));
    assert!(stderr.contains("missing.json: No such file"), "{stderr}");
    assert_eq!(run(&sandbox, &[]).0, Some(64));
}
