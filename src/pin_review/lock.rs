//! The lock text: a line for each item, sorted, so that a change of one is a change of one line.

use std::collections::BTreeMap;

use super::error::BadLine;
use crate::base::ServerName;
use crate::pins::{Book, PinKind};

/// The first line.
const HEAD: &str = "# What was accepted of MCP servers: `callmux pins export` wrote it, `callmux pins check` compares.";
const ALGORITHM: &str = "sha256:";
/// What stands in place of the name of the instructions.
const NAMELESS: &str = "-";

/// An item of a server.
pub(super) type LockedItem = (ServerName, PinKind, String);

/// What a lock text has: the digest of each item.
pub(super) type Locked = BTreeMap<LockedItem, String>;

/// What was accepted of these servers, as a lock text.
pub(super) fn written(books: &[(ServerName, Book)]) -> String {
    let mut lines = vec![HEAD.to_owned()];
    for (server, book) in books {
        let accepted = book.pins().filter_map(|pin| Some((pin, pin.accepted.as_ref()?)));
        lines.extend(accepted.map(|(pin, accepted)| {
            let (kind, name, digest) = (pin.kind.as_str(), word(&pin.name), &accepted.digest);
            format!("{server} {kind} {name} {ALGORITHM}{digest}")
        }));
    }
    lines.join("\n") + "\n"
}

/// A name in one word of plain characters; in quotes, as JSON has it, if it is not one by itself.
fn word(name: &str) -> String {
    match name {
        "" => NAMELESS.to_owned(),
        _ if name.chars().all(|c| c.is_ascii_graphic() && c != '"') => name.to_owned(),
        _ => {
            let quoted = serde_json::Value::from(name).to_string();
            crate::base::visible::json(&quoted).into_owned()
        }
    }
}

/// Reads a lock text.
pub(super) fn read(text: &str) -> Result<Locked, BadLine> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(number, line)| item(line).ok_or(BadLine { number })).collect()
}

fn item(line: &str) -> Option<(LockedItem, String)> {
    let (server, rest) = line.split_once(' ')?;
    let (kind, rest) = rest.split_once(' ')?;
    let (name, digest) = rest.rsplit_once(' ')?;
    let digest = digest.strip_prefix(ALGORITHM)?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let kind = PinKind::parse(kind).filter(|_| is_digest)?;
    let name = match name {
        NAMELESS if kind == PinKind::Instructions => String::new(),
        quoted if quoted.starts_with('"') => serde_json::from_str(quoted).ok()?,
        plain => plain.to_owned(),
    };
    Some(((ServerName::parse(server).ok()?, kind, name), digest.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::{item, word};
    use crate::base::ServerName;
    use crate::pins::PinKind;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let digest = "0a".repeat(32);
        for (kind, name, shown) in [
            (PinKind::Tool, "search_code", "search_code"),
            (PinKind::Prompt, "two words", "\"two words\""),
            (PinKind::Prompt, "a\u{202e}b", "\"a\\u202eb\""),
            (PinKind::Prompt, "\"q\"", "\"\\\"q\\\"\""),
            (PinKind::Prompt, "-", "-"),
            (PinKind::Instructions, "", "-"),
        ] {
            assert_eq!(word(name), shown);
            let line = format!("gh {} {shown} sha256:{digest}", kind.as_str());
            let expected = (ServerName::parse("gh").unwrap(), kind, name.to_owned());
            assert_eq!(item(&line), Some((expected, digest.clone())), "{line}");
        }
        for line in [
            "gh tool search_code",
            "gh tool x md5:00",
            "gh other x sha256:{digest}",
            "gh tool x sha256:0a",
            "gh tool \"x sha256:{digest}",
            "GH! tool x sha256:{digest}",
        ] {
            assert_eq!(item(&line.replace("{digest}", &digest)), None, "{line}");
        }
    }
}
