//! What [`super::encode`] writes, read back: for tests and fuzzing, which know that it was written here.

use crate::json::Json;

struct ToonReader<'a> {
    lines: Vec<(usize, &'a str)>,
    at: usize,
}

/// The value of a text that [`super::encode`] wrote.
///
/// # Panics
/// At any other text.
pub fn decode(text: &str) -> Json {
    let lines = text.split('\n').map(|line| {
        let inner = line.trim_start_matches(' ');
        assert_eq!((line.len() - inner.len()) % 2, 0, "{text}");
        ((line.len() - inner.len()) / 2, inner)
    });
    let mut reader = ToonReader { lines: lines.collect(), at: 0 };
    let first = reader.lines[0].1;
    let value = if first == "[]" {
        reader.at = 1;
        Json::Array(Vec::new())
    } else if first.starts_with('[') {
        reader.at = 1;
        reader.array(first, 0)
    } else if reader.lines.len() == 1 && split_name(first).is_none() {
        reader.at = 1;
        scalar(first)
    } else {
        reader.members(0)
    };
    assert_eq!(reader.at, reader.lines.len(), "{text}");
    value
}

impl<'a> ToonReader<'a> {
    fn next_at(&mut self, depth: usize) -> Option<&'a str> {
        let &(at, line) = self.lines.get(self.at)?;
        (at == depth).then(|| {
            self.at += 1;
            line
        })
    }

    fn members(&mut self, depth: usize) -> Json {
        let mut members = Vec::new();
        while let Some(line) = self.next_at(depth) {
            members.push(self.member(line, depth));
        }
        Json::Object(members)
    }

    fn member(&mut self, line: &'a str, depth: usize) -> (String, Json) {
        let (name, rest) = split_name(line).unwrap_or_else(|| panic!("no member: {line}"));
        let value = match rest {
            ":" => self.members(depth + 1),
            ": []" => Json::Array(Vec::new()),
            _ if rest.starts_with('[') => self.array(rest, depth),
            _ => scalar(rest.strip_prefix(": ").expect("a member")),
        };
        (name, value)
    }

    /// An array from its `[`.
    fn array(&mut self, head: &'a str, depth: usize) -> Json {
        let (count, rest) = head[1..].split_once(']').expect("a count");
        let delimiter = if count.ends_with('\t') { '\t' } else { ',' };
        let count: usize = count.trim_end().parse().expect("a number");
        let items: Vec<Json> = if let Some(columns) = rest.strip_prefix('{') {
            let columns = columns.strip_suffix("}:").expect("columns");
            let columns: Vec<String> = cells(columns, delimiter).map(unquoted).collect();
            let row = |line| {
                let cells: Vec<&str> = cells(line, delimiter).collect();
                assert_eq!(cells.len(), columns.len(), "{line}");
                let there = columns.iter().cloned().zip(cells).filter(|(_, cell)| !cell.is_empty());
                Json::Object(there.map(|(name, cell)| (name, scalar(cell))).collect())
            };
            std::iter::from_fn(|| self.next_at(depth + 1)).map(row).collect()
        } else if rest == ":" && count > 0 {
            let mut items = Vec::new();
            while let Some(line) = self.next_at(depth + 1) {
                items.push(self.item(line, depth + 1));
            }
            items
        } else {
            cells(rest.strip_prefix(": ").unwrap_or_default(), ',').map(scalar).collect()
        };
        assert_eq!(items.len(), count);
        Json::Array(items)
    }

    fn item(&mut self, line: &'a str, depth: usize) -> Json {
        let Some(inner) = line.strip_prefix("- ") else {
            assert_eq!(line, "-");
            return Json::Object(Vec::new());
        };
        if inner.starts_with('[') {
            return self.array(inner, depth);
        }
        if split_name(inner).is_none() {
            return scalar(inner);
        }
        let first = self.member(inner, depth + 1);
        let Json::Object(others) = self.members(depth + 1) else { unreachable!() };
        Json::Object(std::iter::once(first).chain(others).collect())
    }
}

/// Where a quoted text at the beginning of `text` ends.
fn quoted_end(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let inner = text.strip_prefix('"')?;
    let end = inner.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    Some(end.expect("a quote") + 2)
}

/// The name at the beginning of a line, and what follows it from its `:` or `[`.
fn split_name(line: &str) -> Option<(String, &str)> {
    let end = quoted_end(line).or_else(|| line.find([':', '[']))?;
    let (name, rest) = line.split_at(end);
    rest.starts_with([':', '[']).then(|| (unquoted(name), rest))
}

fn unquoted(name: &str) -> String {
    if name.starts_with('"') {
        scalar(name).as_str().expect("a text").to_owned()
    } else {
        name.to_owned()
    }
}

/// The cells between the delimiters of a row.
fn cells(row: &str, delimiter: char) -> impl Iterator<Item = &str> {
    let mut rest = Some(row).filter(|row| !row.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let start = quoted_end(text).unwrap_or_default();
        let end = text[start..].find(delimiter).map_or(text.len(), |at| start + at);
        rest = text.get(end + 1..);
        Some(&text[..end])
    })
}

/// An unquoted text is never JSON unless it is meant to be.
fn scalar(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|_| text.into())
}
