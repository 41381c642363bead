//! Large results of many kinds: what an agent reads first of each, and in how many calls it has an answer.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{reader, result_for};
use crate::json::{Doc, Json, Path};
use crate::render::TextFormat;
use crate::render::select::{Selection, select};
use crate::render::tokens::estimate;
use crate::results::reference::Ref;

/// A result, a word that an agent looks for in it, and what it is after.
struct Large {
    kind: &'static str,
    content: Value,
    structured: Option<Value>,
    word: &'static str,
    answer: &'static str,
}

fn large(
    kind: &'static str,
    said: impl Into<String>,
    word: &'static str,
    answer: &'static str,
) -> Large {
    let said: String = said.into();
    let content = json!([{ "type": "text", "text": said }]);
    Large { kind, content, structured: None, word, answer }
}

fn data(kind: &'static str, said: &Value, word: &'static str, answer: &'static str) -> Large {
    large(kind, said.to_string(), word, answer)
}

fn rows(count: usize) -> Vec<Value> {
    let row = |n: usize| {
        json!({ "id": n, "name": format!("row-{n:04}"), "state": if n.is_multiple_of(3) { "open" } else { "closed" },
                "score": n * 3, "mail": format!("user{n}@example.org") })
    };
    (0..count).map(row).collect()
}

/// A line for each number, of which one says the answer.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut out, n| {
        writeln!(out, "{}", line(n)).unwrap();
        out
    })
}

const WORD: &str = "row-0417";
const MAIL: &str = "user417@example.org";

/// Lists of the same rows, and what lies around them.
fn tables() -> Vec<Large> {
    let all = rows(900);
    let within = |kind, value: Value| data(kind, &value, WORD, MAIL);
    let mut odd = all.clone();
    odd[7] = json!({ "id": null, "extra": { "a": [1] } });
    let by_id: serde_json::Map<_, _> =
        all.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), row.clone())).collect();
    let matrix: Vec<Value> = all.iter().map(|row| json!([row["name"], row["mail"], 1])).collect();
    let groups: Vec<Value> =
        all.chunks(100).map(|rows| json!({ "group": rows[0]["id"], "rows": rows })).collect();
    vec![
        within("rows", json!(all)),
        within("rows in a member", json!({ "total": 900, "items": all })),
        within("rows far inside", json!({ "ok": true, "data": { "list": { "items": all } } })),
        within("a page with a cursor", json!({ "next": "abc", "more": true, "results": all })),
        within("members by id", json!(by_id)),
        within("rows with an odd one", json!(odd)),
        within("rows of arrays", json!(matrix)),
        within("two lists", json!({ "users": all, "orders": all, "meta": { "page": 1 } })),
        within("groups of rows", json!(groups)),
        within("columns and rows", json!({ "columns": ["name", "mail", "n"], "rows": matrix })),
        large("pretty JSON", serde_json::to_string_pretty(&json!(all)).unwrap(), WORD, MAIL),
        within("JSON in JSON", json!({ "status": 200, "body": json!(all).to_string() })),
        Large {
            structured: Some(json!({ "rows": all })),
            ..large("structuredContent", json!(all).to_string(), WORD, MAIL)
        },
    ]
}

/// Rows that are large each for itself.
fn large_rows() -> Vec<Large> {
    let nested = |n: usize| {
        let login = format!("user{n}@example.org");
        let labels = json!([{ "name": "bug" }, { "name": format!("l{n}") }]);
        let node = json!({ "id": n, "title": format!("row-{n:04}"), "labels": labels,
                           "author": { "login": login } });
        json!({ "node": node })
    };
    let edges: Vec<Value> = (0..500).map(nested).collect();
    let wide = |n: usize| {
        let mail = format!("user{n}@example.org");
        let mut row = json!({ "key": format!("row-{n:04}"), "mail": mail });
        for column in 0..60 {
            row[format!("column_{column}")] = json!(column * n);
        }
        row
    };
    let long = |n: usize| {
        let prose = "prose and more prose. ".repeat(200);
        json!({ "id": format!("row-{n:04}"), "body": format!("{prose} user{n}@example.org") })
    };
    let within = |kind, value: Value| data(kind, &value, WORD, MAIL);
    vec![
        within("edges", json!({ "data": { "repo": { "issues": { "edges": edges } } } })),
        within("wide rows", json!((380..440).map(wide).collect::<Vec<_>>())),
        within("rows with long texts", json!((400..430).map(long).collect::<Vec<_>>())),
    ]
}

fn trees() -> Vec<Large> {
    fn folder(depth: usize, name: &str) -> Value {
        let inner: Vec<Value> = match depth {
            0 => (0..6)
                .map(|n| json!({ "name": format!("{name}-{n}.rs"), "size": n * 11 + 7 }))
                .collect(),
            _ => (0..6).map(|n| folder(depth - 1, &format!("{name}-{n}"))).collect(),
        };
        json!({ "name": name, "type": "directory", "children": inner })
    }
    let packages: serde_json::Map<_, _> = (0..500)
        .map(|n| {
            let at = format!("node_modules/package-{n}");
            (at, json!({ "version": format!("1.{n}.0"), "integrity": "sha512-".to_owned() + &"x".repeat(60) }))
        })
        .collect();
    let paths: serde_json::Map<_, _> = (0..120)
        .map(|n| {
            let operation = json!({ "operationId": format!("op{n}"), "summary": "does it ".repeat(9),
                "responses": { "200": { "description": format!("answer {n}") } } });
            (format!("/things/{n}"), json!({ "get": operation }))
        })
        .collect();
    let features: Vec<Value> = (0..200)
        .map(|n| json!({ "type": "Feature", "properties": { "name": format!("place-{n}"), "people": n * 1001 },
            "geometry": { "type": "Polygon", "coordinates": [(0..9).map(|m| json!([n, m])).collect::<Vec<_>>()] } }))
        .collect();
    let pods: Vec<Value> = (0..80)
        .map(|n| json!({ "metadata": { "name": format!("pod-{n}"), "labels": { "app": "web" } },
            "spec": { "containers": [{ "image": format!("registry/app:{n}"), "env": vec![json!({ "name": "A", "value": "b" }); 9] }] },
            "status": { "phase": if n == 41 { "CrashLoopBackOff" } else { "Running" } } }))
        .collect();
    vec![
        data("a tree of files", &folder(4, "src"), "src-1-2-3-4-5.rs", "62"),
        data(
            "a lock file",
            &json!({ "lockfileVersion": 3, "packages": packages }),
            "package-417\"",
            "1.417.0",
        ),
        data(
            "an OpenAPI document",
            &json!({ "openapi": "3.1.0", "paths": paths }),
            "op97",
            "answer 97",
        ),
        data(
            "GeoJSON",
            &json!({ "type": "FeatureCollection", "features": features }),
            "place-117",
            "117117",
        ),
        data(
            "objects of a cluster",
            &json!({ "kind": "List", "items": pods }),
            "CrashLoop",
            "pod-41",
        ),
        data(
            "many texts",
            &json!((0..3000).map(|n| format!("file-{n}: {}", n * 7)).collect::<Vec<_>>()),
            "file-1234:",
            "8638",
        ),
        data(
            "one long text in an object",
            &json!({ "ok": true, "output": lines(3000, |n| format!("step {n} took {} ms", n * 3)) }),
            "step 1777 ",
            "5331 ms",
        ),
    ]
}

/// Texts of a line for each row.
fn lists() -> Vec<Large> {
    let of =
        |kind, count, line: &dyn Fn(usize) -> String| large(kind, lines(count, line), WORD, MAIL);
    let mail = |n: usize| format!("user{n}@example.org");
    vec![
        of("a line of JSON each", 900, &|n| rows(n + 1).pop().unwrap().to_string()),
        of("CSV", 1500, &|n| format!("{n},row-{n:04},{}", mail(n))),
        of("a table of Markdown", 900, &|n| format!("| row-{n:04} | {} |", mail(n))),
        of("XML", 900, &|n| format!("<row><name>row-{n:04}</name><mail>{}</mail></row>", mail(n))),
        of("YAML", 900, &|n| format!("row-{n:04}: {{ mail: {}, state: open }}", mail(n))),
        of("SQL", 900, &|n| format!("INSERT INTO t VALUES ('row-{n:04}', '{}');", mail(n))),
    ]
}

fn texts() -> Vec<Large> {
    let prose = "It was so and not otherwise, as everybody knows. ";
    let at = |place: usize, said: &'static str, else_: &dyn Fn(usize) -> String, n: usize| {
        if n == place { said.to_owned() } else { else_(n) }
    };
    let log = |n| format!("2026-01-01T00:00:{:02}Z INFO request {n} took {} ms", n % 60, n * 3);
    let chapter = |n| format!("## Chapter {n}\n\n{}\n\nIts key is k{}.\n", prose.repeat(2), n * 13);
    let program = |n| format!("pub fn f{n}(value: u64) -> u64 {{\n    value * {}\n}}\n", n + 3);
    let frame = |n| format!("\tat org.example.Class{n}.method(Class{n}.java:{n})");
    let cause = "Caused by: java.io.IOException: disk is full";
    let line = |n| format!(" line {n} of the file");
    let meeting = "The meeting is on Thursday at the harbour.";
    let product = |n| {
        let price = n * 2 + 1;
        format!("<div class=\"c{n}\"><a href=\"/p/{n}\">Product {n}</a> costs {price} EUR</div>")
    };
    let chinese = |n| format!("第{n}章:これは長い文章です。番号は{}です。", n * 17);
    let on_one = |line: &dyn Fn(usize) -> String| lines(900, line).replace('\n', "");
    let minified = |n| format!("function f{n}(a){{return a*{}}}", n + 5);
    let diff = |n| at(777, "-timeout = 30\n+timeout = 45", &line, n);
    let trace = |n| at(640, cause, &frame, n);
    let windows = |n| format!("entry {n}; value {}\r", n * 5);
    vec![
        large("log lines", lines(3000, log), "request 1777 ", "5331 ms"),
        large(
            "prose",
            lines(600, |n| at(311, meeting, &|_| prose.to_owned(), n)),
            "meeting",
            "Thursday",
        ),
        large("Markdown", lines(200, chapter), "Its key is k1872", "k1872"),
        large("HTML on one line", on_one(&product), "Product 417<", "835 EUR"),
        large("a program", lines(1500, program), "f1234(", "fn f1234(value"),
        large("a program on one line", on_one(&minified), "function f822(", "a*827"),
        large("a diff", lines(1200, diff), "+timeout", "45"),
        large("a trace of a stack", lines(900, trace), "caused by", "disk is full"),
        large("other scripts", lines(900, chinese), "第417章", "7089"),
        large("lines that end as on Windows", lines(2000, windows), "entry 1417;", "7085"),
    ]
}

fn several() -> Vec<Large> {
    let text = |text: String| json!({ "type": "text", "text": text });
    let table = lines(900, |n| format!("row-{n:04} user{n}@example.org"));
    let image = json!({ "type": "image", "mimeType": "image/png", "data": "A".repeat(4000) });
    let resource = |text: &str| json!({ "type": "resource", "resource": { "uri": "file:///a.txt", "mimeType": "text/plain", "text": text } });
    let of = |kind, content| Large { kind, content, structured: None, word: WORD, answer: MAIL };
    vec![
        of(
            "several texts",
            json!([
                text("The rows:".to_owned()),
                text(table.clone()),
                text("That was all.".to_owned())
            ]),
        ),
        of("a text and an image", json!([text(table.clone()), image])),
        of("a resource", json!([resource(&table)])),
        of(
            "JSON and a text",
            json!([text("900 rows".to_owned()), text(json!(rows(900)).to_string())]),
        ),
    ]
}

/// What `callmux_get_result` answers within its budget.
fn get_result(stored: &Doc, path: &str, search: &str) -> String {
    let asked = Selection {
        path: Path::parse(path).unwrap(),
        search: Some(search.to_owned()),
        limit: 50,
        ..Selection::default()
    };
    select(stored.root(), &asked, 16 << 10).unwrap().into_json().to_string()
}

/// An agent that reads the beginning, then searches in all of it, then where it is told to read on. Gives how many
/// calls it took, and the tokens of the first answer.
fn played(large: &Large) -> (Option<usize>, usize) {
    let reader = reader(16 << 10, TextFormat::Json);
    let mut result = json!({ "content": large.content });
    if let Some(structured) = &large.structured {
        result["structuredContent"] = structured.clone();
    }
    let result = Json::parse(&result.to_string()).unwrap();
    let short = result_for(&reader, &result, result.len()).expect(large.kind);
    assert!(short.len() < result.len() / 2, "{}: {} bytes", large.kind, short.len());
    let said: Vec<&Json> = short.get("content").unwrap().as_array().unwrap().iter().collect();
    let said = said[0].get("text").unwrap().as_str().unwrap();
    assert!(!said.contains("AAAAAAAA"), "{}: of an image nothing is text", large.kind);
    let tokens = estimate(said);
    let envelope = Json::parse(said).unwrap();
    if said.contains(large.answer) {
        return (Some(0), tokens);
    }
    let about = envelope.get("_callmux").unwrap();
    let reference = about.get("ref").unwrap().as_str().unwrap();
    assert!(Ref::parse(reference).is_some());
    let stored = reader.results.get(&reader.owner, reference).unwrap();
    let text = String::from_utf8(stored.data.to_vec()).unwrap();
    let stored = Doc::read(text).unwrap();
    let path = about.get("retrieval").unwrap().get("arguments").unwrap().get("path");
    let path = path.and_then(Json::as_str).unwrap_or_default();
    for (calls, path) in [(1, ""), (2, path)] {
        let answer = get_result(&stored, path, large.word);
        assert!(answer.len() <= 16 << 10, "{}", large.kind);
        if answer.contains(large.answer) {
            return (Some(calls), tokens);
        }
    }
    (None, tokens)
}

#[test]
#[expect(clippy::print_stdout, reason = "figures for who wants to see them")]
fn what_is_looked_for_is_found_in_two_calls() {
    let all: Vec<Large> = [tables(), large_rows(), trees(), lists(), texts(), several()]
        .into_iter()
        .flatten()
        .collect();
    let mut found = 0;
    let mut tokens = Vec::new();
    let mut missed = Vec::new();
    for large in &all {
        let (calls, cost) = played(large);
        println!("{:32} {cost:5} tokens, calls: {calls:?}", large.kind);
        found += usize::from(calls.is_some());
        missed.extend(calls.is_none().then_some(large.kind));
        tokens.push(cost);
    }
    tokens.sort_unstable();
    let median = tokens[tokens.len() / 2];
    println!("{found} of {}; median {median}, most {}", all.len(), tokens[tokens.len() - 1]);
    assert!(missed.is_empty(), "not found: {missed:?}");
    assert!(median <= 1_050 && tokens[tokens.len() - 1] <= 1_300, "{tokens:?}");
}
