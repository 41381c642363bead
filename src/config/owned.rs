//! The files that callmux wrote for somebody, each about one section.

use std::path::Path;

use crate::keys::tree::{self, Table, Value};

/// How one of `callmux server add` begins.
pub const ADDED: &str = "# Written by `callmux server add`";
/// How one begins that follows from a change.
pub const CHANGED: &str = "# Written by callmux";

/// Whether callmux wrote this text, and nothing else was written into it but the section of this name:
/// `["servers", "github"]`.
pub fn is_ours(path: &Path, text: &str, [kind, name]: [&str; 2]) -> bool {
    if ![ADDED, CHANGED].iter().any(|mark| text.starts_with(mark)) {
        return false;
    }
    let table = tree::parse(&path.into(), text, &mut Vec::new());
    let only = |table: &Table, name: &str| table.len() == 1 && table.contains_key(name);
    let sections = table.get(kind).map(|sections| &sections.value);
    only(&table, kind) && matches!(sections, Some(Value::Table(sections)) if only(sections, name))
}
