//! Files that were meant to be a part of the config, as it seems, and are none.

use std::path::Path;

use crate::base::file;
use crate::base::quote::word;
use crate::config::{Location, source};
use crate::settings::Complaint;

/// How names end that were meant to be read.
const ENDINGS: [&str; 8] =
    [".toml.txt", ".toml", ".tml", ".json", ".jsonc", ".json5", ".yaml", ".yml"];
const NOT_TOML: [&str; 5] = [".json", ".jsonc", ".json5", ".yaml", ".yml"];
/// The most entries of a directory that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// What to say of each, with the command that mends it in backquotes.
pub fn unread(location: &Location) -> Vec<Complaint> {
    let path = location.path();
    if location.main_file() == path {
        return Vec::new();
    }
    let at = path.to_path_buf();
    file::within(path, move || unread_in(&at)).unwrap_or_default()
}

fn unread_in(path: &Path) -> Vec<Complaint> {
    let dropins = path.join(source::DROPINS);
    let mut all = Vec::new();
    for dir in [path, &dropins] {
        let entries = std::fs::read_dir(dir).into_iter().flatten().take(ENTRIES_MAX).flatten();
        for found in entries.map(|entry| entry.path()) {
            let name = found.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_read = if dir == dropins {
                found.extension().is_some_and(|ending| ending == "toml")
            } else {
                name == source::MAIN
            };
            let lower = name.to_lowercase();
            let Some(stem) = ENDINGS.iter().find_map(|ending| lower.strip_suffix(ending)) else {
                continue;
            };
            if is_read || name.starts_with('.') || !found.is_file() {
                continue;
            }
            let is_toml = !NOT_TOML.iter().any(|ending| lower.ends_with(ending));
            let to = if dir == path && stem == "config" && !dir.join(source::MAIN).exists() {
                dir.join(source::MAIN)
            } else {
                dropins.join(format!("{stem}.toml"))
            };
            let message = if is_toml {
                let is_new = to.parent().is_some_and(|dir| !dir.exists());
                let first =
                    if is_new { format!("mkdir {} && ", word(&dropins)) } else { String::new() };
                format!("it is not read; `{first}mv {} {}`", word(&found), word(&to))
            } else {
                format!("it is not read: a config is TOML, such as {}", to.display())
            };
            all.push(Complaint::of_file(&found, &message));
        }
    }
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::unread;
    use crate::base::file;
    use crate::config::Location;

    #[test]
    fn a_command_to_paste_has_its_paths_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my config");
        file::replace(&path.join("my server.toml"), b"").unwrap();
        let remarks = unread(&Location::named(&path));
        let shown = path.display();
        let expected = format!(
            "it is not read; `mkdir '{shown}/conf.d' && mv '{shown}/my server.toml' '{shown}/conf.d/my server.toml'`"
        );
        assert_eq!(remarks.len(), 1, "{remarks:?}");
        assert_eq!(remarks[0].message, expected);
    }

    #[test]
    fn files_that_are_not_read_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        let names = [
            "config.toml.txt",
            "mcp.json",
            "tracker.toml",
            "conf.d/a.toml",
            "conf.d/b.toml.txt",
            "conf.d/c.json",
            "conf.d/d.toml.bak",
            "conf.d/.e.json",
            "token",
            "notes.md",
        ];
        for name in names {
            file::replace(&path.join(name), b"").unwrap();
        }
        let remarks = unread(&Location::named(path));
        let shown: Vec<String> = remarks
            .iter()
            .map(|it| format!("{}: {}", it.at.file.display(), it.message))
            .map(|it| it.replace(&format!("{}/", path.display()), ""))
            .collect();
        let expected = [
            "conf.d/b.toml.txt: it is not read; `mv conf.d/b.toml.txt conf.d/b.toml`",
            "conf.d/c.json: it is not read: a config is TOML, such as conf.d/c.toml",
            "config.toml.txt: it is not read; `mv config.toml.txt config.toml`",
            "mcp.json: it is not read: a config is TOML, such as conf.d/mcp.toml",
            "tracker.toml: it is not read; `mv tracker.toml conf.d/tracker.toml`",
        ];
        assert_eq!(shown, expected);
    }
}
