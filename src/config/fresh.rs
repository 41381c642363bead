//! A config to begin with: nothing is set, and everything can be seen.

use std::fmt::Write;

use crate::keys::{DefaultValue, Key, SECTIONS, ValueKind};

/// Columns of a line.
const WIDTH: usize = 98;
const BEGINNING: &str = "\
# The config of callmux. Take the `# ` away from a line to set something: what stands there is what holds
# anyway, or an example. The daemon reads this file when it changes, and `callmux config check` says what
# is wrong with it. callmux.toml(5) has everything.
";
const SERVERS: &str = r#"
# Your servers. `callmux server add NAME -- COMMAND …` writes such a section and tries the server, and
# `callmux setup` takes over those that your clients have. This one is a program:
#
# [servers.memory]
# command = "npx"
# args = ["-y", "@modelcontextprotocol/server-memory"]
# env = { MEMORY_FILE_PATH = "${HOME}/memory.jsonl" }
# tools = ["read_*", "search_*"]
#
# And this one is asked over HTTP, with a token from a file beside this one:
#
# [servers.tracker]
# url = "https://tracker.example/mcp"
# headers = { Authorization = "Bearer ${file:tracker-token}" }
"#;

/// Its text.
pub fn fresh() -> String {
    let mut out = BEGINNING.to_owned();
    // Nobody has an issuer by default, and its section is wrong without one.
    let shown = |name: &str| !name.contains('*') && name != "access.oidc";
    for (name, keys, doc) in SECTIONS.iter().filter(|(name, ..)| shown(name)) {
        out.push('\n');
        comment(&mut out, doc);
        if !name.is_empty() {
            let _ = writeln!(out, "# [{name}]");
        }
        for key in *keys {
            out.push('\n');
            comment(&mut out, key.doc);
            assignment(&mut out, key);
        }
    }
    out.push_str(SERVERS);
    out
}

fn assignment(out: &mut String, key: &Key) {
    let value = match (key.default, key.kind) {
        (DefaultValue::Value(value), _) => value,
        (DefaultValue::Unset, ValueKind::Duration) => "\"10m\"",
        (DefaultValue::Unset, ValueKind::Size) => "\"1MiB\"",
        (DefaultValue::Unset, ValueKind::Bool) => "true",
        (DefaultValue::Unset, ValueKind::Number(..)) => "100",
        (DefaultValue::Unset, ValueKind::Texts) => "[]",
        // Whatever stood there would be a guess.
        (DefaultValue::Unset, _) => return,
    };
    let _ = writeln!(out, "# {} = {value}", key.name);
}

/// A text in lines.
fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::fresh;
    use crate::config::load;

    #[test]
    fn it_sets_nothing_and_all_of_it_can_be_set() {
        let text = fresh();
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 105), "{text}");
        let is_set = |line: &&str| {
            let name = line.split(" = ").next().unwrap_or_default();
            let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            (line.contains(" = ") && is_name) || line.starts_with('[')
        };
        let lines = text.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_set);
        let set: Vec<&str> = lines.collect();
        assert!(set.len() > 30, "{set:?}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        crate::base::file::replace(&path, set.join("\n").as_bytes()).unwrap();
        let token = dir.path().join("tracker-token");
        crate::base::file::replace(&token, b"made-up").unwrap();
        let reading = crate::config::Location::named(&path).read();
        let config = reading.config.unwrap_or_else(|wrong| panic!("{wrong:?}"));
        assert_eq!(config.servers.len(), 2);
        assert_eq!(config.list_timeout, load::empty().list_timeout);
    }
}
