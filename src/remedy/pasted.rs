//! The JSON of another client, in a file that is to be TOML.

use std::ops::Range;

use super::foreign;
use super::slip::Slip;
use crate::json::Json;

/// Objects within each other that are looked into for servers.
const DEPTH_MAX: usize = 3;
/// Servers that get a line each.
const SERVERS_MAX: usize = 50;

/// Places that are looked at for a name.
const TRIES_MAX: usize = 100;

const UNREAD: &str = "is JSON, and the config is TOML: write `[servers.NAME]` and below it `command = \"…\"`, \
                      or have it written: `callmux server add NAME -- COMMAND …`";

/// What to say of the JSON that begins with the line at `start`, if one does.
pub(super) fn find(text: &str, start: usize) -> Option<Vec<Slip>> {
    let line = text[start..].lines().next().unwrap_or_default();
    let (from, is_whole) = begin(text, start, line)?;
    let (inside, cut) = braces(text, from)?;
    let span = start..inside.end;
    let Ok(object) = Json::parse(&cut) else { return Some(vec![unread(span)]) };
    let mut servers = Vec::new();
    if !is_whole && foreign::is_server(&object) {
        let own_name = line[..from - start].split('"').nth(1).unwrap_or_default();
        servers.push((own_name, &object));
    } else {
        collect(&object, DEPTH_MAX, &mut servers);
    }
    if servers.is_empty() {
        return Some(vec![unread(span)]);
    }
    let mut behind = start;
    let slips = servers.into_iter().take(SERVERS_MAX).map(|(name, value)| {
        let at = place(&text[..span.end], behind, name);
        behind = at.map_or(behind, |at| at + name.len());
        let message = match foreign::server(name, value) {
            Some(line) => format!(
                "is JSON of another client; in place of it, above the first `[…]`, write `{line}`{}",
                if line.contains('…') { " with what stands here for each …" } else { "" }
            ),
            None => UNREAD.to_owned(),
        };
        Slip { at: at.unwrap_or(start), span: span.clone(), message }
    });
    Some(slips.collect())
}

/// Where the object of this name stands.
fn place(text: &str, behind: usize, name: &str) -> Option<usize> {
    let quoted = Json::from(name).to_string();
    let is_name = |at: &usize| {
        let rest = text[at + quoted.len()..].trim_start();
        rest.strip_prefix(':').is_some_and(|rest| rest.trim_start().starts_with('{'))
    };
    let found = text[behind..].match_indices(&quoted).map(|(at, _)| behind + at);
    found.take(TRIES_MAX).find(is_name)
}

/// Where the object begins, and whether it has no name before it.
fn begin(text: &str, start: usize, line: &str) -> Option<(usize, bool)> {
    let trimmed = line.trim_start_matches('\u{feff}').trim_start();
    let at = start + line.len() - trimmed.len();
    if trimmed.starts_with('{') {
        return Some((at, true));
    }
    let behind_name = trimmed.strip_prefix('"')?.split_once('"')?.1.trim_start();
    let behind = behind_name.strip_prefix(':')?;
    let open = text.len() - text[start + line.len() - behind.len()..].trim_start().len();
    text[open..].starts_with('{').then_some((open, false))
}

/// The object that begins at `from`: where it stands, and its text without comments and without commas
/// that have nothing behind them, as long as it was.
fn braces(text: &str, from: usize) -> Option<(Range<usize>, String)> {
    let bytes = &text.as_bytes()[from..];
    let mut out = bytes.to_vec();
    let (mut depth, mut at, mut comma) = (0_usize, 0, None);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                comma = None;
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    out[at] = b' ';
                    at += 1;
                }
            }
            b'{' | b'[' => {
                depth += 1;
                comma = None;
            }
            b'}' | b']' => {
                if let Some(comma) = comma.take() {
                    out[comma] = b' ';
                }
                depth -= 1;
                if depth == 0 {
                    out.truncate(at + 1);
                    let text = String::from_utf8(out).ok()?;
                    return Some((from..from + at + 1, text));
                }
            }
            b',' => comma = Some(at),
            byte if !byte.is_ascii_whitespace() => comma = None,
            _ => {}
        }
        at += 1;
    }
    // It is not closed.
    Some((from..text.len(), String::new()))
}

/// The members that are servers, or hold some.
fn collect<'a>(object: &'a Json, depth: usize, out: &mut Vec<(&'a str, &'a Json)>) {
    for (name, member) in object.as_object().unwrap_or_default() {
        if foreign::is_server(member) {
            out.push((name, member));
        } else if depth > 0 {
            collect(member, depth - 1, out);
        }
    }
}

fn unread(span: Range<usize>) -> Slip {
    Slip { at: span.start, span, message: UNREAD.to_owned() }
}
