//! Variables of others, as the config has them.

use super::kind::Habit;

/// How texts of a file are read.
#[derive(Debug, Clone)]
pub(super) struct Variables {
    pub(super) habit: Habit,
    /// The directory of secrets, as references name it.
    pub(super) secrets: String,
    /// References are written as callmux has them, and nothing else is one.
    pub(super) is_ours: bool,
}

/// A text, translated.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ForeignText {
    pub(super) text: String,
    /// Something is said in another way.
    pub(super) is_other: bool,
    /// It is about the directory that the client works in.
    pub(super) is_of_directory: bool,
    /// What a person has to do.
    pub(super) to_do: Vec<String>,
}

/// What stands for the directory that a client works in.
const DIRECTORIES: [&str; 3] = ["workspaceFolder", "workspaceRoot", "CLAUDE_PROJECT_DIR"];
/// What only an editor knows.
const OF_EDITORS: [&str; 12] = [
    "cwd",
    "defaultBuildTask",
    "execPath",
    "file",
    "fileBasename",
    "fileBasenameNoExtension",
    "fileDirname",
    "fileExtname",
    "lineNumber",
    "relativeFile",
    "selectedText",
    "workspaceFolderBasename",
];
/// What makes more of a line than words.
const OF_SHELL: &str = "|&;<>()$`*?[]#~{}!\n";

impl Variables {
    /// A text as the config has to have it.
    pub(super) fn translated(&self, text: &str) -> ForeignText {
        let mut out = ForeignText::default();
        if self.is_ours {
            text.clone_into(&mut out.text);
            return out;
        }
        let mut rest = text;
        while let Some(at) = rest.find(['$', '{']) {
            out.text.push_str(&rest[..at]);
            rest = &rest[at..];
            rest = self.one(rest, &mut out);
        }
        out.text.push_str(rest);
        out
    }

    /// Reads what begins here, and says what is left.
    fn one<'t>(&self, rest: &'t str, out: &mut ForeignText) -> &'t str {
        if let Some(inner) = rest.strip_prefix("${{")
            && let Some((inner, behind)) = inner.split_once("}}")
        {
            self.secret(inner.trim().trim_start_matches("secrets."), out);
            return behind;
        }
        if let Some(inner) = rest.strip_prefix("${")
            && let Some((inner, behind)) = inner.split_once('}')
        {
            self.reference(inner, out);
            return behind;
        }
        if self.habit.commands
            && let Some(inner) = rest.strip_prefix("$(")
            && let Some((line, behind)) = inner.split_once(')')
            && !line.contains(|c| OF_SHELL.contains(c))
        {
            out.is_other = true;
            out.text += &format!("${{cmd:{line}}}");
            return behind;
        }
        if self.habit.dollar
            && let Some(inner) = rest.strip_prefix('$')
        {
            let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let len = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
            if is_variable(&inner[..len]) {
                out.is_other = true;
                out.text += &format!("${{{}}}", &inner[..len]);
                return &inner[len..];
            }
        }
        if self.habit.braces
            && let Some(inner) = rest.strip_prefix('{')
            && let Some((inner, behind)) = inner.split_once('}')
            && let Some((kind @ ("env" | "file"), name)) = inner.split_once(':')
        {
            out.is_other = true;
            let name = if kind == "env" { name } else { inner };
            out.text += &format!("${{{name}}}");
            return behind;
        }
        // `${` that is not closed would be refused.
        if rest.starts_with("${") {
            out.text.push('$');
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        out.text.push_str(&rest[..first]);
        &rest[first..]
    }

    /// What stands between `${` and `}`.
    fn reference(&self, inner: &str, out: &mut ForeignText) {
        let name = inner.split(":-").next().unwrap_or_default();
        let is_in_front = out.text.is_empty();
        if DIRECTORIES.contains(&inner) && is_in_front {
            (out.is_other, out.is_of_directory) = (true, true);
            out.text.push('.');
        } else if is_variable(name) && !DIRECTORIES.contains(&inner) && !OF_EDITORS.contains(&inner)
        {
            match inner {
                "userHome" => {
                    out.is_other = true;
                    out.text += "${HOME}";
                }
                "pathSeparator" => {
                    out.is_other = true;
                    out.text.push('/');
                }
                _ => out.text += &format!("${{{inner}}}"),
            }
        } else if inner == "/" {
            out.is_other = true;
            out.text.push('/');
        } else if let Some(name) = inner
            .strip_prefix("env:")
            .filter(|name| is_variable(name.split(":-").next().unwrap_or_default()))
        {
            out.is_other = true;
            out.text += &format!("${{{name}}}");
        } else if let Some(id) = inner.strip_prefix("input:") {
            self.secret(&format!("input-{id}"), out);
        } else {
            let shown = format!("${{{inner}}}");
            out.to_do
                .push(format!("`{shown}` means nothing here and is passed on as it is written"));
            out.text += &format!("$${{{inner}}}");
        }
    }

    /// A secret that somebody has to put there.
    fn secret(&self, name: &str, out: &mut ForeignText) {
        let path = format!("{}/{}", self.secrets, file_name(name));
        out.is_other = true;
        out.text += &format!("${{file:{path}}}");
        out.to_do.push(format!("write what it stands for into {path}, mode 0600"));
    }
}

/// A name that a file may have.
pub(super) fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = name.chars().map(plain).take(120).collect();
    name.trim_start_matches('.').to_owned()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
}
