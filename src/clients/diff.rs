//! What changes in a file, in its lines.

use crate::base::clip::clipped;
use crate::base::secret::{looks_secret, may_name_secret};

/// What stands for a secret.
const HIDDEN: char = '…';
/// Lines shown before and behind those that change.
const AROUND: usize = 3;

/// The lines that change, each behind `-` or `+`, with some around them; for texts that differ in one
/// place. Secrets are not shown. A line is cut off behind `width` characters.
pub fn diff(before: &str, after: &str, width: usize) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let first = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - first;
    let ends = old.iter().rev().zip(new.iter().rev());
    let last = ends.take_while(|(a, b)| a == b).count().min(most);
    let line = |sign: char, text: &&str| {
        format!("{sign} {}\n", clipped(masked(text.trim_end()).trim_end(), width))
    };
    let mut out = String::new();
    out.extend(old[first.saturating_sub(AROUND)..first].iter().map(|text| line(' ', text)));
    out.extend(old[first..old.len() - last].iter().map(|text| line('-', text)));
    out.extend(new[first..new.len() - last].iter().map(|text| line('+', text)));
    let behind = &new[new.len() - last..];
    out.extend(behind[..behind.len().min(AROUND)].iter().map(|text| line(' ', text)));
    out
}

/// A line of JSON, TOML or YAML without the secrets in it.
fn masked(line: &str) -> String {
    let mut out = String::new();
    let (mut rest, mut before) = (line, String::new());
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = &rest[at..=at];
        let Some(len) = end_of(&rest[at + 1..], quote) else { break };
        let (head, text) = (&rest[..at], &rest[at + 1..at + 1 + len]);
        out.push_str(head);
        // `"KEY": "text"`, `KEY = "text"`; or the option before it in a list.
        let name = match head.trim_end().strip_suffix([':', '=']) {
            Some(head) if !word(head).is_empty() => word(head).to_owned(),
            Some(_) => before.clone(),
            None if is_option(&before) && head.trim() == "," => before.clone(),
            None => String::new(),
        };
        out += &format!("{quote}{}{quote}", value(&name, text));
        text.clone_into(&mut before);
        rest = &rest[at + 1 + len + 1..];
    }
    match rest.split_once(": ") {
        // YAML.
        Some((head, text))
            if out.is_empty() && may_name_secret(word(head)) && !text.trim().is_empty() =>
        {
            format!("{head}: {HIDDEN}")
        }
        _ => out + rest,
    }
}

/// Whether it is an option whose value comes next.
fn is_option(word: &str) -> bool {
    word.starts_with('-') && !word.contains('=')
}

/// Where a text in quotes ends.
fn end_of(text: &str, quote: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let was_escaped = std::mem::take(&mut is_escaped);
        is_escaped = c == '\\' && !was_escaped && quote == "\"";
        (quote.starts_with(c) && !was_escaped).then_some(at)
    })
}

/// The word at the end, without what is around it.
fn word(head: &str) -> &str {
    let head = head.trim_end();
    let start = head.rfind([' ', '\t', '{', ',', '"', '\'']).map_or(0, |at| at + 1);
    &head[start..]
}

/// A value as it is shown.
fn value(name: &str, text: &str) -> String {
    if text.is_empty() || text.starts_with("${") {
        return text.to_owned();
    }
    if may_name_secret(name) || looks_secret(text) {
        return HIDDEN.to_string();
    }
    // `--token=…`, `?api_key=…&`, `Authorization: …`
    let part = |part: &str| match part.split_once('=') {
        Some((name, text))
            if may_name_secret(name.rsplit('?').next().unwrap_or(name)) && !text.is_empty() =>
        {
            format!("{name}={HIDDEN}")
        }
        _ => part.to_owned(),
    };
    match text.split_once(": ") {
        Some((name, _)) if may_name_secret(name) => format!("{name}: {HIDDEN}"),
        _ => text.split('&').map(part).collect::<Vec<_>>().join("&"),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_are_not_shown() {
        for (line, shown) in [
            (r#"  "API_TOKEN": "canary","#, r#"  "API_TOKEN": "…","#),
            (
                r#"{"env": {"A": "b", "GH_KEY": "can\"ary"}, "x": 1}"#,
                r#"{"env": {"A": "b", "GH_KEY": "…"}, "x": 1}"#,
            ),
            (r#"API_TOKEN = "canary""#, r#"API_TOKEN = "…""#),
            ("env = { TOKEN = 'canary' }", "env = { TOKEN = '…' }"),
            ("    API_TOKEN: canary", "    API_TOKEN: …"),
            (
                r#""args": ["--api-key", "canary", "--token=canary", "x"]"#,
                r#""args": ["--api-key", "…", "--token=…", "x"]"#,
            ),
            (r#""--header", "Authorization: Bearer canary""#, r#""--header", "Authorization: …""#),
            (
                r#""url": "https://h/mcp?x=1&api_key=canary""#,
                r#""url": "https://h/mcp?x=1&api_key=…""#,
            ),
            (
                r#""url": "https://h/mcp?api_key=canary&x=1""#,
                r#""url": "https://h/mcp?api_key=…&x=1""#,
            ),
            (r#""DB": "postgres://me:canary@h/d""#, r#""DB": "…""#),
            (
                r#""TOKEN": "${TOKEN}", "command": "callmux""#,
                r#""TOKEN": "${TOKEN}", "command": "callmux""#,
            ),
            ("// it's mine: yes", "// it's mine: yes"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }
}
