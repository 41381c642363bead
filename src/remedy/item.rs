//! A line of a list that is written over several: an item that lacks its quotes, or a comma before it.

use super::slip::Slip;
use super::written::{self, HIDDEN, is_hidden, short};
use crate::base::secret::is_name_of_secret;

/// So many lines before it the list may begin.
const LINES_MAX: usize = 200;

/// What was meant by the line that begins at `start`, if it is one of a list; `Err(())` if it is, and it is not
/// known what was meant.
pub(super) fn find(text: &str, start: usize) -> Option<Result<Slip, ()>> {
    let list = list_before(&text[..start])?;
    let line = text[start..].lines().next()?;
    let span = start..start + line.len() + 1;
    let at = start + line.len() - line.trim_start().len();
    let message = of_line(line.trim(), &list);
    Some(message.map(|message| Slip { at, span, message }).ok_or(()))
}

/// A list that is not closed.
struct List<'t> {
    key: &'t str,
    /// What stands last in it, if it stands on a line of its own.
    last: &'t str,
}

fn list_before(text: &str) -> Option<List<'_>> {
    let mut last = "";
    for line in text.lines().rev().take(LINES_MAX) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.contains(']') {
            return None;
        }
        if let Some((key, inside)) = line.split_once('=')
            && let Some(inside) = inside.trim().strip_prefix('[')
        {
            let last = if last.is_empty() { inside.trim() } else { last };
            let key = key.trim().rsplit('.').next().unwrap_or_default();
            return Some(List { key, last });
        }
        if line.starts_with('[') {
            return None;
        }
        if last.is_empty() {
            last = line;
        }
    }
    None
}

fn of_line(line: &str, list: &List<'_>) -> Option<String> {
    let bare = line.trim_end_matches([',', ']']).trim_end();
    let end = if line.ends_with(']') { "]" } else { "," };
    let is_text = |text: &str| format!("v = {text}").parse::<toml::Table>().is_ok();
    let before = list.last.trim_end_matches(',').trim_end();
    if is_text(bare) {
        // Then it is the line before it that lacks something.
        let is_missing = !list.last.is_empty() && !list.last.ends_with(',') && is_text(before);
        let hidden = is_hidden(list.key) || is_secret(before, "");
        let shown = if hidden { HIDDEN } else { before };
        let remedy =
            format!("between two texts stands a comma; write `{shown},` in the line before");
        return is_missing.then(|| short(remedy)).flatten();
    }
    if bare.is_empty() || bare.contains(['"', '\'', '#', '[', '{']) {
        return None;
    }
    let meant = if is_hidden(list.key) || is_secret(bare, before) {
        HIDDEN.to_owned()
    } else {
        written::text(bare)
    };
    short(format!("a text stands in quotes; write `{meant}{end}`"))
}

/// Whether an argument is a secret by its name, or by the option before it.
fn is_secret(argument: &str, before: &str) -> bool {
    let plain = |text: &str| text.trim_matches(['"', '\'']).to_owned();
    let (argument, before) = (plain(argument), plain(before));
    let name = argument.split_once('=').map(|(name, _)| name);
    name.is_some_and(is_name_of_secret) || before.starts_with('-') && is_name_of_secret(&before)
}
