//! Holds the house to its plan: who imports whom, how large a file may be, what must not appear.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod house;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use plan::PLAN;

const FILE_LINES_MAX: usize = 500;
const ROOM_LINES_MAX: usize = 4000;
/// Of a room's `mod.rs`.
const MOD_LINES_MAX: usize = 80;
const FIELDS_MAX: usize = 15;

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut entries: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            out.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
    out
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn room_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(source()).unwrap();
    let mut parts = inside.components();
    let first = parts.next()?.as_os_str().to_str()?.to_owned();
    parts.next().map(|_| first)
}

/// The text without its tests and its comments.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = body.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What callmux says to servers of its own accord is said in few places.
#[test]
fn only_a_few_need_no_permit() {
    let may = [
        "connection/tests.rs",
        "mux/subscriptions.rs",
        "servers/announcements.rs",
        "servers/handshake.rs",
        "servers/offer/read.rs",
    ];
    for path in rust_files(&source()) {
        let text = code(&fs::read_to_string(&path).unwrap());
        let is_one = may.into_iter().any(|end| path.ends_with(end));
        assert!(is_one || !text.contains("Permit::own("), "{}", path.display());
    }
}

/// Who has read one file of a circle has read none of it.
#[test]
fn no_two_files_of_a_room_import_each_other() {
    let circles = files::circles(&files::imports(&files::modules()));
    let names = |circle: &BTreeSet<files::Module>| -> Vec<String> {
        circle.iter().map(|module| module.join("/")).collect()
    };
    let shown: Vec<String> = circles.iter().map(|circle| names(circle).join(" ")).collect();
    assert!(shown.is_empty(), "circles of files:\n{}", shown.join("\n"));
}

#[test]
fn front_pages_of_rooms_only_name_what_is_in_them() {
    let mut complaints = Vec::new();
    for path in rust_files(&source()).into_iter().filter(|path| path.ends_with("mod.rs")) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        let has_impl = code(&text).lines().any(|line| line.trim_start().starts_with("impl"));
        if lines > MOD_LINES_MAX || has_impl {
            complaints.push(format!("{}: {lines} lines, impl: {has_impl}", path.display()));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A type with more is several.
#[test]
fn types_have_few_fields() {
    let mut complaints = Vec::new();
    for path in rust_files(&source()) {
        let text = code(&fs::read_to_string(&path).unwrap());
        for (at, _) in text.match_indices("struct ") {
            let rest = &text[at + "struct ".len()..];
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            let Some((head, body)) = rest.split_once("{\n") else { continue };
            if head.contains([';', '(']) {
                continue;
            }
            let body = body.split("\n}").next().unwrap();
            let is_field = |line: &&str| {
                let line = line.strip_prefix("    ").unwrap_or_default();
                !line.starts_with([' ', '#', '}', ')', ']', '>']) && line.contains(": ")
            };
            let fields = body.lines().filter(is_field).count();
            if fields > FIELDS_MAX {
                complaints.push(format!("{}: {name} has {fields} fields", path.display()));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn files_and_rooms_stay_liveable() {
    let mut complaints = Vec::new();
    let mut rooms = BTreeMap::<String, usize>::new();
    for path in rust_files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            complaints.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", path.display()));
        }
        let is_test = path.file_name().is_some_and(|name| name == "tests.rs");
        if !is_test && !text.starts_with("//!") {
            complaints.push(format!("{}: must begin with what it is for", path.display()));
        }
        let is_of_tests = is_test || path.iter().any(|part| part == "tests");
        if let Some(room) = room_of(&path).filter(|_| !is_of_tests) {
            *rooms.entry(room).or_default() += lines;
        }
    }
    for (room, lines) in rooms {
        if lines > ROOM_LINES_MAX {
            complaints.push(format!("src/{room}: {lines} lines, at most {ROOM_LINES_MAX}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A word means one thing: whoever reads the name of a type need not ask which one is meant.
#[test]
fn a_type_name_is_in_two_places_at_most() {
    let mut places = BTreeMap::<String, Vec<String>>::new();
    for (module, text) in files::modules() {
        for name in text.lines().filter_map(declared_type) {
            places.entry(name.to_owned()).or_default().push(module.join("::"));
        }
    }
    let said = |(name, places): (&String, &Vec<String>)| format!("{name}: {}", places.join(", "));
    let too_many: Vec<String> = places.iter().filter(|(_, it)| it.len() > 2).map(said).collect();
    assert!(too_many.is_empty(), "{}", too_many.join("\n"));
}

/// The name of the type that the line declares at the top of its file.
fn declared_type(line: &str) -> Option<&str> {
    // `pub(in crate::room) struct` has a space within its parentheses.
    let line = match line.strip_prefix("pub(") {
        Some(rest) => rest.split_once(") ")?.1,
        None => line.strip_prefix("pub ").unwrap_or(line),
    };
    let words = ["struct ", "enum ", "trait ", "type "];
    let rest = words.iter().find_map(|word| line.strip_prefix(word))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// An error that is a text can only be shown; one that is a type can be told from others.
#[test]
fn errors_are_types() {
    // How the journal of the system is asked.
    let may = ["telemetry::audit"];
    let mut breaches = Vec::new();
    for (module, text) in files::modules() {
        let is_above_base = module[0] != "base";
        let name = module.join("::");
        for (at, _) in text.match_indices("Result<") {
            if is_above_base && is_text(error_of(&text[at..])) && !may.contains(&&*name) {
                let line = text[..at].lines().count();
                breaches.push(format!("{name}: an error is a text, about code line {line}"));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

fn is_text(error: &str) -> bool {
    ["String", "&'static str", "Box<str>", "Arc<str>"].contains(&error)
}

/// The second argument of the type that the text begins with; empty if it has none.
fn error_of(text: &str) -> &str {
    let (mut depth, mut from) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            // The arrow of a function's type closes nothing.
            '>' if text[..at].ends_with('-') => {}
            '>' | ')' | ']' if depth == 1 => {
                let error = from.map_or("", |from| &text[from..at]);
                return error.trim().trim_end_matches(',');
            }
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 1 && from.is_none() => from = Some(at + 1),
            _ => {}
        }
    }
    ""
}

#[test]
fn the_error_of_a_result_is_found() {
    assert_eq!(error_of("Result<(u8, Vec<(u8, String)>), String>> {"), "String");
    assert_eq!(error_of("Result<\n    Box<dyn Fn(u8) -> u8>,\n    Bad,\n>"), "Bad");
    assert_eq!(error_of("Result<HashMap<u8, String>> {"), "");
}

#[test]
fn every_room_says_what_it_knows() {
    for (room, _) in PLAN {
        let text = fs::read_to_string(source().join(room).join("mod.rs")).unwrap();
        for heading in ["# Knows", "# Does not know", "# How to read it"] {
            assert!(text.contains(heading), "src/{room}/mod.rs lacks the heading `{heading}`");
        }
    }
}

#[test]
fn some_things_stay_out() {
    let mut breaches = Vec::new();
    for path in rust_files(&source()) {
        let text = code(&fs::read_to_string(&path).unwrap());
        let is = |end: &str| path.ends_with(end);
        let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
        let mut forbid = |word: &str, except: bool, why: &str| {
            if text.contains(word) && !except {
                breaches.push(format!("{}: `{word}`: {why}", path.display()));
            }
        };
        for word in ["upstream", "downstream", "backend"] {
            // One of the configs that are imported has it as a key.
            let may = path.iter().any(|part| part == "imports");
            forbid(word, may, "the field uses it in opposite senses");
        }
        forbid("todo!", false, "nothing is left to do");
        forbid("var_os(\"HOME\")", is("base/dirs.rs"), "only base::dirs knows where home is");
        let writes = ["terminal/print.rs", "telemetry/sink.rs", "terminal/diagnostics.rs"];
        for word in ["io::stdout", "io::stderr"] {
            let may = is_test || writes.into_iter().any(is) || is("base/stdio.rs");
            forbid(word, may, "what others say is shown by terminal::print and telemetry alone");
        }
        for word in ["fs::read(", "fs::read_to_string(", "File::open("] {
            // The kernel's lists of processes are no such files, and are read for each of many.
            let of_processes = ["process/orphans.rs", "process/resident.rs", "peers/stat.rs"];
            let of_processes = of_processes.into_iter().any(is);
            let may = is_test || is("base/trust.rs") || of_processes;
            forbid(word, may, "it may be a pipe, endless, or hang; base::file reads files");
        }
        let machine =
            is("servers/machine.rs") || is("wire/link/endpoint.rs") || is("bridge/machine.rs");
        if machine {
            for word in ["Instant::now", "tokio::", "async fn", "std::fs"] {
                if text.contains(word) {
                    breaches.push(format!(
                        "{}: `{word}`: a machine has no clock and no I/O",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

/// What the documents for people name is there.
#[test]
fn documents_lead_to_files_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<PathBuf> = ["", "docs/design", "fuzz", "tests"]
        .into_iter()
        .flat_map(|dir| fs::read_dir(root.join(dir)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.sort();
    assert!(documents.len() >= 6, "{documents:?}");
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        let quoted = text.split('`').skip(1).step_by(2);
        for path in quoted.filter_map(|words| words.split_whitespace().next()) {
            let is_path = ["src/", "tests/", "docs/", "dist/", "packaging/", "fuzz/run"]
                .iter()
                .any(|start| path.starts_with(start));
            let is_there = root.join(path).exists();
            assert!(!is_path || is_there, "{}: there is no {path}", document.display());
        }
    }
}
