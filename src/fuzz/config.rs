//! The config: TOML, keys, references, command lines.
//!
//! Input: the text of `config.toml`; behind a line `#---`, that of a file in `conf.d`. Files and programs
//! that it names are neither read nor run: both give [`MARK`].

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Once;

use crate::base::program;
use crate::config::source::Text;
use crate::config::{load, show};
use crate::keys::reference::{self, Sources};
use crate::keys::tree;

/// What a file holds, and a program prints. Nobody may ever see it.
const MARK: &str = reference::SECRET_OF_FUZZING;

/// A config is read or complained about; no complaint shows a secret, and what is shown can be read.
pub fn config(data: &[u8]) {
    static NOTHING_IS_OPENED: Once = Once::new();
    NOTHING_IS_OPENED.call_once(nothing_is_opened);
    let Some(text) = super::text(data) else { return };
    let (main, further) = text.split_once("\n#---\n").map_or((text, None), |(a, b)| (a, Some(b)));
    let text = |path: &str, text: &str| Text { path: PathBuf::from(path), text: text.to_owned() };
    let mut texts = vec![text("config.toml", main)];
    texts.extend(further.map(|further| text("conf.d/a.toml", further)));
    match load::from_texts(&texts, &sources()) {
        Ok(config) => {
            assert_eq!(
                load::from_texts(&texts, &sources()),
                Ok(config.clone()),
                "read alike twice"
            );
        }
        Err(complaints) => {
            assert!(!complaints.is_empty() && complaints.is_sorted());
            for complaint in complaints {
                let lines = main.lines().count().max(further.unwrap_or("").lines().count());
                assert!(complaint.at.line <= lines + 1, "{complaint}");
                hides(&complaint.to_string(), data);
            }
        }
    }
    if let Ok(table) = load::merge(&texts) {
        let shown = show::toml(&table);
        let mut complaints = Vec::new();
        tree::parse(&PathBuf::from("shown").as_path().into(), &shown, &mut complaints);
        assert!(complaints.is_empty(), "{complaints:?} in what is shown:\n{shown}");
    }
    for line in main.lines() {
        resolves(line);
    }
}

/// An input may write the mark itself.
fn hides(shown: &str, data: &[u8]) {
    let is_given = memchr::memmem::find(data, MARK.as_bytes()).is_some();
    assert!(is_given || !shown.contains(MARK), "a secret is shown: {shown}");
}

fn sources() -> Sources {
    let variable = |name: &str| match name {
        "SET" => Some("value".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    Sources {
        base: PathBuf::from("/nowhere"),
        credentials: Some(PathBuf::from("/nowhere/credentials")),
        variable,
        consulted: RefCell::default(),
        printed: RefCell::default(),
        remarks: RefCell::default(),
    }
}

fn resolves(text: &str) {
    let Ok(resolved) = reference::resolve(text, &sources()) else { return };
    let references = text.matches("${").count();
    assert!(resolved.text.expose().len() <= text.len() + references * MARK.len());
    assert!(reference::has_reference(text) || resolved.text.expose() == text);
    if let Ok(words) = program::words(text) {
        assert!(words.iter().map(String::len).sum::<usize>() <= text.len());
    }
}

/// Made-up names must reach nothing on this machine.
fn nothing_is_opened() {
    for text in ["${file:/proc/self/cmdline}", "${cred:name}", "${file:none}"] {
        let resolved = reference::resolve(text, &sources()).expect("a file that is not opened");
        assert_eq!(resolved.text.expose(), MARK, "files are opened");
    }
    let sources = sources();
    let text = "[servers.a]\ncommand = \"c\"\nenv = { A = \"${cmd:/nowhere/no-program}\" }\n";
    let texts = [Text { path: PathBuf::from("config.toml"), text: text.to_owned() }];
    let config = load::from_texts(&texts, &sources).expect("a config");
    assert_eq!(config.servers["a"].program.env["A"].expose(), MARK, "programs are run");
}
