//! `${…}` in a text: variables, files, credentials.
//!
//! | form | stands for |
//! | --- | --- |
//! | `${NAME}` | the environment variable; unset is an error |
//! | `${NAME:-text}` | the environment variable, or `text` where it is unset or empty |
//! | `${file:PATH}` | the file's content without its last line break; a secret |
//! | `${cred:NAME}` | the systemd credential of that name (systemd.exec(5), "CREDENTIALS"); a secret |
//! | `$${` | the characters `${` |

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::base::{Secret, dirs};

/// The largest file a reference may name, in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// Where references are looked up.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Relative paths in `${file:…}` start here: the directory of the config.
    pub base: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`.
    pub credentials: Option<PathBuf>,
    /// The environment.
    pub variable: fn(&str) -> Option<String>,
    /// The files that were looked up, whether they were there or not.
    pub consulted: RefCell<BTreeSet<PathBuf>>,
}

impl Sources {
    /// Those of this process.
    pub fn of_process(base: PathBuf) -> Self {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let variable = |name: &str| std::env::var(name).ok();
        Self { base, credentials, variable, consulted: RefCell::default() }
    }
}

/// A text after its references were replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub text: Secret,
    /// Whether a file or a credential is in it.
    pub secret: bool,
}

/// Replaces every reference in `text`. What a reference yields is not searched again.
pub fn resolve(text: &str, sources: &Sources) -> Result<Resolved, String> {
    let mut out = String::with_capacity(text.len());
    let mut secret = false;
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let end = rest[at..].find('}').ok_or_else(|| {
            format!("`{}` is not closed by `}}`; write `$${{` for a literal `${{`", &rest[at..])
        })?;
        let inner = &rest[at + 2..at + end];
        let (value, is_secret) = one(inner, sources)?;
        out.push_str(&value);
        secret |= is_secret;
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    Ok(Resolved { text: Secret::new(out), secret })
}

/// Whether `text` holds a reference at all.
pub fn has_reference(text: &str) -> bool {
    text.contains("${")
}

fn one(inner: &str, sources: &Sources) -> Result<(String, bool), String> {
    if let Some(path) = inner.strip_prefix("file:") {
        let path = sources.base.join(dirs::expand_home(path));
        return read(path, sources).map(|text| (text, true));
    }
    if let Some(name) = inner.strip_prefix("cred:") {
        let dir = sources.credentials.as_ref().ok_or_else(|| {
            format!("`${{cred:{name}}}`: there are no credentials; add `LoadCredential={name}:…` to callmux.service")
        })?;
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(format!("`${{cred:{name}}}`: `{name}` is no credential name"));
        }
        return read(dir.join(name), sources).map(|text| (text, true));
    }
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    if !is_variable(name) {
        return Err(format!(
            "`${{{inner}}}` is no reference; known are ${{NAME}}, ${{NAME:-default}}, ${{file:PATH}} and ${{cred:NAME}}"
        ));
    }
    let value = (sources.variable)(name);
    match (value.filter(|value| default.is_none() || !value.is_empty()), default) {
        (Some(value), _) => Ok((value, false)),
        (None, Some(default)) => Ok((default.to_owned(), false)),
        (None, None) => Err(format!("the environment variable {name} is not set")),
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
}

fn read(path: PathBuf, sources: &Sources) -> Result<String, String> {
    let found = read_file(&path);
    sources.consulted.borrow_mut().insert(path);
    found
}

fn read_file(path: &Path) -> Result<String, String> {
    let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| fail(&error))?;
    if !file.metadata().map_err(|error| fail(&error))?.is_file() {
        return Err(fail(&"not a regular file"));
    }
    let mut text = String::new();
    file.take(FILE_MAX + 1).read_to_string(&mut text).map_err(|error| fail(&error))?;
    if text.len() as u64 > FILE_MAX {
        return Err(fail(&"larger than 1 MiB"));
    }
    if text.ends_with('\n') {
        text.truncate(text.len() - if text.ends_with("\r\n") { 2 } else { 1 });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Sources, resolve};

    fn sources(base: &std::path::Path) -> Sources {
        let variable = |name: &str| match name {
            "SET" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            "TRICK" => Some("${SET}".to_owned()),
            _ => None,
        };
        let (base, credentials) = (base.to_path_buf(), Some(base.join("creds")));
        Sources { base, credentials, variable, consulted: std::cell::RefCell::default() }
    }

    #[test]
    fn every_form_resolves() {
        let dir = tempfile::tempdir().unwrap();
        crate::base::file::replace(&dir.path().join("token"), b"t0k\n").unwrap();
        crate::base::file::replace(&dir.path().join("creds/gh"), b"c\r\n").unwrap();
        let check = |text: &str, expected: &str, secret: bool| {
            let found = resolve(text, &sources(dir.path())).unwrap();
            assert_eq!((found.text.expose(), found.secret), (expected, secret), "{text}");
        };
        check("plain $ {x} $$", "plain $ {x} $$", false);
        check("a ${SET} b ${SET}", "a value b value", false);
        check("${NOT:-fall back}", "fall back", false);
        check("${EMPTY:-fall back}", "fall back", false);
        check("${EMPTY}", "", false);
        check("$${SET} ${SET}", "${SET} value", false);
        check("${TRICK}", "${SET}", false);
        check("Bearer ${file:token}", "Bearer t0k", true);
        check("${cred:gh}", "c", true);
    }

    #[test]
    fn every_failure_names_the_reference() {
        let dir = tempfile::tempdir().unwrap();
        let check = |text: &str, words: &str| {
            let error = resolve(text, &sources(dir.path())).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        };
        check("${NOT}", "the environment variable NOT is not set");
        check("x ${SET", "not closed");
        check("${file:none}", "none: No such file");
        check("${file:.}", "not a regular file");
        check("${cred:../x}", "no credential name");
        check("${cred:none}", "none: No such file");
        check("${cmd:date}", "no reference; known are");
        check("${}", "no reference");
        check("${1A}", "no reference");
    }
}
