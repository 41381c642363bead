//! A line that lacks something: quotes, an `=`, a bracket.

use super::foreign::heading_name;
use super::item;
use super::slip::Slip;
use super::value::{truth, words};
use super::written::{self, HIDDEN, is_hidden, short};

const DOUBLE: [char; 6] = ['“', '”', '„', '‟', '«', '»'];
const SINGLE: [char; 4] = ['‘', '’', '‚', '‛'];
/// A longer line is not looked into, in bytes.
const LINE_MAX: usize = 4096;
/// Tables in tables of a line.
const DEPTH_MAX: usize = 8;

/// What was meant by the line that begins at `start`.
pub(super) fn find(text: &str, start: usize) -> Option<Slip> {
    let line = text[start..].lines().next().filter(|line| line.len() <= LINE_MAX)?;
    if let Some(item) = item::find(text, start) {
        return item.ok();
    }
    let indent = line.len() - line.trim_start().len();
    let (at, message) = of_line(line.trim(), &heading_before(&text[..start]))?;
    Some(Slip { at: start + indent + at, span: start..start + line.len() + 1, message })
}

/// The last heading before a line, without its brackets.
fn heading_before(text: &str) -> String {
    let heading = text.lines().rev().map(str::trim).find(|line| line.starts_with('['));
    heading.unwrap_or_default().trim_matches(['[', ']', ' ']).to_owned()
}

fn of_line(line: &str, heading: &str) -> Option<(usize, String)> {
    if line.starts_with('[') {
        return of_heading(line).map(|meant| (0, format!("is no heading; write `{meant}`")));
    }
    let curly = line.find(DOUBLE).or_else(|| line.find(SINGLE));
    let straight = line.replace(DOUBLE, "\"").replace(SINGLE, "'");
    let sign = straight.find(['=', ':'])?;
    let (name, value) = (straight[..sign].trim(), without_comment(straight[sign + 1..].trim()));
    let name = name.trim_matches(['"', '\'']);
    if matches!(name, "servers" | "mcpServers" | "mcp_servers") && value.is_empty() {
        let message = "is YAML, and the config is TOML: write `[servers.NAME]` and below it \
                       `command = \"…\"`";
        return Some((0, message.to_owned()));
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    if value.is_empty() {
        return without_value(name, last).map(|message| (sign, message));
    }
    if name.is_empty() {
        return None;
    }
    let is_inside = ["env", "headers"].iter().any(|part| heading.rsplit('.').next() == Some(part));
    let is_secret = is_inside || name.split('.').any(is_hidden);
    let has_equals = line.contains('=') && straight.as_bytes()[sign] == b'=';
    let column = curly.or(Some(sign)).filter(|_| curly.is_some() || !has_equals);
    let column = column.unwrap_or(sign + 1 + leading(&straight[sign + 1..]));
    let meant = of_value(last, value, is_secret)?;
    let key = name.split('.').map(|part| written::key(part.trim())).collect::<Vec<_>>().join(".");
    let lines = match split_command(last, value, &meant) {
        Some(both) if !is_secret => both,
        _ => format!("{key} = {meant}"),
    };
    // What is pasted has to be right.
    let is_toml = lines.replace("` and `", "\n").parse::<toml::Table>().is_ok();
    let why = match (curly.map(|at| &line[at..]), has_equals) {
        (Some(rest), _) => format!("`{}` is no quote in TOML", rest.chars().next()?),
        (None, false) => "between a key and its value stands `=`".to_owned(),
        (None, true) => why(value, &meant).to_owned(),
    };
    is_toml.then(|| short(lines)).flatten().map(|lines| (column, format!("{why}; write `{lines}`")))
}

/// `command =`, and nothing behind it.
fn without_value(name: &str, last: &str) -> Option<String> {
    let name = name.split('.').map(|part| written::key(part.trim())).collect::<Vec<_>>().join(".");
    let sample = match last {
        "command" | "url" | "cwd" | "prefix" | "description" | "token" | "auth" => "\"…\"",
        "args" | "tools" | "inherit_env" => "[\"…\"]",
        "env" | "headers" => "{ NAME = \"…\" }",
        _ => "…",
    };
    let is_key = !name.is_empty() && !name.contains('"');
    is_key
        .then(|| short(format!("has no value; write `{name} = {sample}`, or take the line away")))
        .flatten()
}

fn leading(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Why a value is none, when `meant` is one.
fn why(value: &str, meant: &str) -> &'static str {
    if value.starts_with(meant) {
        return "nothing stands behind a value";
    }
    if matches!(meant, "true" | "false") {
        return "true and false are written so, and in small letters";
    }
    if meant.starts_with('[') && ["\" \"", "' '"].iter().any(|gap| value.contains(gap)) {
        return "between two texts stands a comma";
    }
    if value.starts_with('"') && value.contains('\\') {
        return "in \"…\" a backslash begins a special character, in '…' it does not";
    }
    "a text stands in quotes"
}

/// `command = npx -y x` has two keys here.
fn split_command(key: &str, value: &str, meant: &str) -> Option<String> {
    let is_line = key == "command" && !meant.starts_with('[') && !value.starts_with(['"', '\'']);
    let words = words(key, value.trim_end_matches(',').trim_matches(['"', '\'']));
    (is_line && words.len() > 1).then(|| written::command(&words, "` and `")).flatten()
}

fn without_comment(value: &str) -> &str {
    if value.starts_with('#') {
        return "";
    }
    let is_plain = !value.contains(['"', '\'']);
    value.split(" #").next().filter(|_| is_plain).unwrap_or(value).trim()
}

/// The value as TOML has it.
fn of_value(key: &str, value: &str, is_secret: bool) -> Option<String> {
    nested(key, value, is_secret, DEPTH_MAX)
}

fn nested(key: &str, value: &str, is_secret: bool, depth: usize) -> Option<String> {
    let value = value.trim().trim_end_matches([',', ';']).trim_end();
    let depth = depth.checked_sub(1)?;
    if let Some(inner) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        // Between two texts a comma may be missing.
        let spaced = inner.replace("\" \"", "\", \"").replace("' '", "', '");
        let items = parts(&spaced).into_iter().map(|item| nested("", item, is_secret, depth));
        return Some(format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(", ")));
    }
    if let Some(inner) = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let member = |part: &str| {
            let (name, value) = part.split_once(['=', ':'])?;
            let name = name.trim().trim_matches(['"', '\'']);
            Some((name.to_owned(), nested(name, value, true, depth)?))
        };
        return Some(written::table(
            parts(inner).into_iter().map(member).collect::<Option<Vec<_>>>()?,
        ));
    }
    if value.is_empty() {
        return None;
    }
    if is_secret {
        return Some(HIDDEN.to_owned());
    }
    if format!("v = {value}").parse::<toml::Table>().is_ok() {
        return Some(value.to_owned());
    }
    if let Some(bool) = truth(value).filter(|_| !value.starts_with(|c: char| c.is_ascii_digit())) {
        return Some(bool.to_string());
    }
    if key == "args" || value.contains("\", \"") {
        return Some(written::arguments(&words(key, value)));
    }
    let bare = value.trim_matches(['"', '\'']);
    // With quotes inside it is anybody's guess.
    (!bare.contains(['"', '\''])).then(|| written::text(bare))
}

/// What stands between commas that are in no quotes and no brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut out, mut from, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                out.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(&text[from..]);
    out.retain(|part| !part.trim().is_empty());
    out
}

/// `[servers.my server]`, `[servers.x`.
fn of_heading(line: &str) -> Option<String> {
    let inner = without_comment(line).trim_matches(['[', ']', ' ']);
    let (kind, name) = inner.split_once('.').map_or((inner, None), |(a, b)| (a, Some(b)));
    let kind = written::key(kind.trim());
    let name = match (kind.as_str(), name) {
        ("servers", Some(name)) => Some(match name.rsplit_once('.') {
            Some((name, part @ ("env" | "headers" | "auth"))) => {
                format!("{}.{part}", heading_name(name))
            }
            _ => heading_name(name),
        }),
        (_, Some(name)) => Some(written::key(name.trim().trim_matches(['"', '\'']))),
        (_, None) => None,
    };
    let meant = name.map_or_else(|| format!("[{kind}]"), |name| format!("[{kind}.{name}]"));
    (meant != line && meant.parse::<toml::Table>().is_ok()).then(|| short(meant)).flatten()
}
