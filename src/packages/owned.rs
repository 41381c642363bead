//! The file of a server that callmux wrote.

use std::path::Path;

use crate::base::{ServerName, file};
use crate::config::owned::{self, ADDED};
use crate::imports::ServerDraft;
use crate::imports::text;

/// The largest file that callmux may have written, in bytes.
const OURS_MAX: u64 = 1024 * 1024;

/// The text for a server. `from`: what it was made of, if that is not in it.
pub(super) fn text_of(draft: &ServerDraft, from: &[String]) -> String {
    let name = &draft.name;
    let mut out = format!("{ADDED}; `callmux server remove {name}` takes it away.\n");
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
    read.is_some_and(|text| owned::is_ours(path, &text, ["servers", name.as_str()]))
}
