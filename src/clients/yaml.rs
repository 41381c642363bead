//! YAML: our lines come right behind the key of the servers.

use super::client::NAME;
use super::error::EditError;
use super::splice::line_break;
use crate::arguments::yaml;
use crate::json::Json;

/// What aliases may stand for, in bytes.
const ALIASES_MAX: usize = 4 << 20;
const INDENT: &str = "  ";

pub(super) fn read(text: &str) -> Result<Json, EditError> {
    yaml::parse(text, ALIASES_MAX)
        .map_err(|error| EditError::Syntax { at: 0, what: format!("not readable YAML: {error}") })
}

/// A line of a text: where it begins, and what stands in it.
struct Line<'a> {
    at: usize,
    text: &'a str,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut at = 0;
    let line = |whole: &'_ str| {
        let begin = at;
        at += whole.len();
        begin
    };
    let begins: Vec<usize> = text.split_inclusive('\n').map(line).collect();
    let texts = text.split_inclusive('\n').map(|line| line.trim_end_matches(['\r', '\n']));
    begins.into_iter().zip(texts).map(|(at, text)| Line { at, text }).collect()
}

impl Line<'_> {
    fn end(&self) -> usize {
        self.at + self.text.len()
    }

    fn indent(&self) -> &str {
        &self.text[..self.text.len() - self.text.trim_start_matches(' ').len()]
    }

    /// Nothing but space or a comment.
    fn is_empty(&self) -> bool {
        let text = self.text.trim();
        text.is_empty() || text.starts_with('#')
    }

    /// The key stands in it, and its value below.
    fn opens(&self, key: &str) -> bool {
        let rest = self.text.trim_start().strip_prefix(key).and_then(|rest| rest.strip_prefix(':'));
        rest.is_some_and(|rest| {
            let value = rest.trim_start();
            value.is_empty() || (value.starts_with('#') && value.len() < rest.len())
        })
    }
}

/// The place of the line in which the servers begin.
fn opening(lines: &[Line<'_>], key: &str) -> Option<usize> {
    let mut found = lines.iter().enumerate().filter(|(_, line)| line.indent().is_empty());
    found.find(|(_, line)| line.opens(key)).map(|(index, _)| index)
}

/// How far servers are indented.
fn indent_below(lines: &[Line<'_>], opening: usize) -> String {
    let first = lines[opening + 1..].iter().find(|line| !line.is_empty());
    let indent = first.map(Line::indent).filter(|indent| !indent.is_empty());
    indent.unwrap_or(INDENT).to_owned()
}

pub(super) fn with(text: &str, keys: &[&str], entry: &Json) -> Result<String, EditError> {
    let [key] = keys else { return Err(EditError::Form) };
    let tree = read(text)?;
    if !matches!(tree, Json::Null | Json::Object(_)) {
        return Err(EditError::Top);
    }
    let (eol, lines) = (line_break(text), lines(text));
    let Some(open) = opening(&lines, key) else {
        if tree.get(key).is_some() {
            return Err(EditError::NoObject((*key).to_owned()));
        }
        let block = format!("{key}:{eol}{}", block(entry, INDENT, eol));
        return Ok(match text {
            "" => format!("{block}{eol}"),
            text if text.ends_with('\n') => format!("{text}{block}{eol}"),
            text => format!("{text}{eol}{block}"),
        });
    };
    let block = block(entry, &indent_below(&lines, open), eol);
    let end = lines[open].end();
    Ok(format!("{}{eol}{block}{}", &text[..end], &text[end..]))
}

/// The lines of the entry, without a line break at their end.
pub(super) fn block(entry: &Json, indent: &str, eol: &str) -> String {
    let mut out = format!("{indent}{NAME}:");
    for (key, value) in entry.as_object().unwrap_or_default() {
        // Texts, lists and numbers of JSON are those of YAML.
        out += &format!("{eol}{indent}{indent}{key}: {}", super::json::compact(value));
    }
    out
}

pub(super) fn without(text: &str, keys: &[&str], name: &str) -> Result<String, EditError> {
    let [key] = keys else { return Err(EditError::Form) };
    let lines = lines(text);
    let open = opening(&lines, key).ok_or(EditError::Form)?;
    let indent = indent_below(&lines, open);
    let begins = |line: &&Line<'_>| line.indent() == indent && line.opens(name);
    let within =
        lines[open + 1..].iter().take_while(|line| line.is_empty() || !line.indent().is_empty());
    let mut entries = within.enumerate().filter(|(_, line)| begins(line));
    let first = open + 1 + entries.next().ok_or(EditError::Form)?.0;
    let belongs =
        |line: &&Line<'_>| line.text.trim().is_empty() || line.indent().len() > indent.len();
    let mut last = first;
    for (index, line) in
        lines.iter().enumerate().skip(first + 1).take_while(|(_, line)| belongs(line))
    {
        if !line.text.trim().is_empty() {
            last = index;
        }
    }
    // With the line break before it, as it came.
    Ok(format!("{}{}", &text[..lines[first - 1].end()], &text[lines[last].end()..]))
}
