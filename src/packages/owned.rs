//! The file of a server that callmux wrote.

use std::path::Path;

use crate::base::{ServerName, file};
use crate::imports::ServerDraft;
use crate::imports::text;
use crate::keys::tree::{self, Table, Value};

/// How each such file begins.
pub(super) const MARK: &str = "# Written by `callmux server add`";
/// The largest file that callmux may have written, in bytes.
const OURS_MAX: u64 = 1024 * 1024;

/// The text for a server. `from`: what it was made of, if that is not in it.
pub(super) fn text_of(draft: &ServerDraft, from: &[String]) -> String {
    let name = &draft.name;
    let mut out = format!("{MARK}; `callmux server remove {name}` takes it away.\n");
    for line in from {
        let line = line.replace(|c: char| c.is_control(), "?");
        out += &format!("# {line}\n");
    }
    out + &text::server(draft)
}

/// The files of secrets that callmux made for a server, as its own file names them.
pub fn secrets_of(path: &Path, name: &ServerName) -> Vec<String> {
    let read = file::read(path, OURS_MAX).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = read.unwrap_or_default();
    let references = text.split("${file:").skip(1).filter_map(|rest| rest.split('}').next());
    let is_its = |path: &&str| {
        path.rsplit('/').next().is_some_and(|file| file.starts_with(&format!("{name}-")))
    };
    references.filter(is_its).map(str::to_owned).collect()
}

/// Whether callmux wrote this file, and nothing else was written into it.
pub fn is_ours(path: &Path, name: &ServerName) -> bool {
    let read = file::read(path, OURS_MAX).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = read else { return false };
    let table = tree::parse(&path.into(), &text, &mut Vec::new());
    let only = |table: &Table, name: &str| table.len() == 1 && table.contains_key(name);
    let servers = table.get("servers").map(|servers| &servers.value);
    text.starts_with(MARK)
        && only(&table, "servers")
        && matches!(servers, Some(Value::Table(servers)) if only(servers, name.as_str()))
}
