//! A page of Markdown, as far as it can be run: what it shows is tried.
//!
//! Comments of HTML say what a reader need not know. Right before a block: `<!-- file PATH -->`: it is the content of
//! that file; `<!-- exit N -->`: so its last command ends; `<!-- not run: WHY -->`. Alone: `<!-- given PATH`, lines,
//! `-->`: a file that is there; `<!-- run`, lines, `-->`: what is done before; `<!-- no daemon -->`: until
//! then it has ended. `~/` is a home of the page's own.

use std::path::{Path, PathBuf};

use super::callmux;

/// What a page has to be tried, in its order.
#[derive(Debug)]
pub enum Part {
    Given {
        path: String,
        text: String,
    },
    Block(Block),
    /// Whoever runs has ended.
    NoDaemon,
}

/// A block of code.
#[derive(Debug)]
pub struct Block {
    pub language: String,
    pub text: String,
    /// The comment before it.
    pub mark: Option<String>,
}

impl Block {
    /// What the mark says if it begins with this word.
    pub fn marked(&self, word: &str) -> Option<&str> {
        self.mark.as_deref()?.strip_prefix(word).map(str::trim)
    }
}

/// The parts of the page at `path`.
pub fn parts(path: &Path) -> Vec<Part> {
    let page = path.display();
    let text = std::fs::read_to_string(path).unwrap();
    let (mut parts, mut mark) = (Vec::new(), None);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(path) = line.strip_prefix("<!-- given ") {
            let text = taken(&mut lines, "-->");
            parts.push(Part::Given { path: path.to_owned(), text });
        } else if line == "<!-- no daemon -->" {
            parts.push(Part::NoDaemon);
        } else if line == "<!-- run" {
            let (language, text) = ("sh".to_owned(), taken(&mut lines, "-->"));
            parts.push(Part::Block(Block { language, text, mark: None }));
        } else if let Some(language) = line.strip_prefix("```") {
            let (language, text) = (language.to_owned(), taken(&mut lines, "```"));
            assert!(!language.is_empty(), "{page}: a block without a language");
            parts.push(Part::Block(Block { language, text, mark: mark.take() }));
        } else if let Some(words) = line.strip_prefix("<!-- ") {
            let words = words.strip_suffix(" -->").expect("a mark in one line");
            let known = ["file ", "exit ", "not run: ", "generated: ", "end"];
            assert!(known.iter().any(|word| words.starts_with(word)), "{page}: {line}");
            mark = (!words.starts_with("generated: ") && words != "end").then(|| words.to_owned());
        } else {
            assert!(mark.is_none(), "{page}: a mark that belongs to no block: {mark:?}");
        }
    }
    parts
}

fn taken<'a>(lines: &mut impl Iterator<Item = &'a str>, end: &str) -> String {
    let lines: Vec<&str> = lines.take_while(|line| *line != end).collect();
    lines.join("\n") + "\n"
}

/// The blocks of a page in this language.
pub fn blocks(path: &Path, language: &str) -> Vec<Block> {
    let block = |part: Part| match part {
        Part::Block(block) if block.language == language => Some(block),
        _ => None,
    };
    parts(path).into_iter().filter_map(block).collect()
}

/// Fails if a command that is only shown is none. `false`: the line is none.
pub fn exists(line: &str) -> bool {
    let command = line.split(" #").next().unwrap().trim();
    let words: Vec<&str> = command.split_whitespace().collect();
    match words[..] {
        [] | ["#", ..] => return false,
        ["callmux", ..] => {
            // Help for the same words fails if one of them does not exist.
            let before: Vec<&str> =
                words[1..].iter().take_while(|word| **word != "--").copied().collect();
            let mut help = std::process::Command::new(callmux());
            let output = help.args(&before).arg("--help").output().unwrap();
            assert!(output.status.success(), "{command}");
        }
        ["systemctl", "--user", verb, .., unit] if unit.starts_with("callmux") => {
            let tested = in_lab();
            assert!(
                tested.contains(verb) && tested.contains(unit),
                "tests/systemd does not run: {command}"
            );
        }
        ["systemctl", "--user", "daemon-reload"]
        // How packages come is tried by tests/nosystemd and tests/systemd; the last by `readme`.
        | ["npm", "exec", .., "--", "callmux", "setup"]
        | ["uvx", "--from", _, "callmux", "setup"]
        | ["npm" | "pip" | "uv", .., "callmux"]
        | ["cargo" | "journalctl" | "loginctl" | "apt" | "curl", ..]
        | ["PREFIX=~/.local", "packaging/stage", "target/release/callmux"] => {}
        _ => panic!("nobody runs: {command}"),
    }
    true
}

/// What the suites of a booted systemd do.
fn in_lab() -> String {
    let systemd = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systemd");
    walk(&systemd).iter().map(|path| std::fs::read_to_string(path).unwrap_or_default()).collect()
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
