//! `${…}` in a text: variables, files, credentials, what programs print.
//!
//! | form | stands for |
//! | --- | --- |
//! | `${NAME}` | the environment variable; unset is an error |
//! | `${NAME:-text}` | the environment variable, or `text` where it is unset or empty |
//! | `${file:PATH}` | the file's content without its last line break; a secret |
//! | `${cred:NAME}` | the systemd credential of that name (systemd.exec(5), "CREDENTIALS"); a secret |
//! | `${cmd:PROGRAM ARGUMENT…}` | what the program prints, without its last line break; a secret |
//! | `$${` | the characters `${` |
//!
//! Programs run only for servers, each once in a reading, all beside each other ([`run_programs`]).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ValueError;
use super::tree::{Node, Value};
use crate::base::quote::word;
use crate::base::{Secret, dirs, file, program};
use crate::settings::complaint::Complaint;

/// The largest file a reference may name, in bytes.
const FILE_MAX: u64 = 1024 * 1024;
/// How long a program may take; all of a config run at the same time.
const RUN_WITHIN: Duration = Duration::from_secs(10);
/// How long starting and ending it may take beside that.
const START_WITHIN: Duration = Duration::from_secs(2);
/// The most programs that a config may have run.
const PROGRAMS_MAX: usize = 64;
/// What stands for any file and any program's output while inputs are made up: they reach neither.
pub const SECRET_OF_FUZZING: &str = "canary-of-fuzzing";

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
    /// The programs that were run, by what is written behind `cmd:`, and what each printed.
    pub printed: RefCell<BTreeMap<String, Result<Secret, ValueError>>>,
    /// What is to say of files that were read.
    pub remarks: RefCell<Vec<Complaint>>,
}

impl Sources {
    /// Those of this process.
    pub fn of_process(base: PathBuf) -> Self {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let variable = |name: &str| std::env::var(name).ok();
        let (consulted, printed, remarks) = <_>::default();
        Self { base, credentials, variable, consulted, printed, remarks }
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
pub fn resolve(text: &str, sources: &Sources) -> Result<Resolved, ValueError> {
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
        let (inner, behind) =
            split(&rest[at + 2..]).ok_or_else(|| ValueError::Open(rest[at..].to_owned()))?;
        let (value, is_secret) = one(inner, sources)?;
        out.push_str(&value);
        secret |= is_secret;
        rest = behind;
    }
    out.push_str(rest);
    Ok(Resolved { text: Secret::new(out), secret })
}

/// Whether a program is run for `text`.
pub fn has_program(text: &str) -> bool {
    let mut lines = BTreeSet::new();
    programs_in(text, &mut lines);
    !lines.is_empty()
}

/// What is inside a reference, and what is behind it. In the words of a program a `}` in quotes ends
/// nothing.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let is_program = text.starts_with("cmd:");
    let end = text.find(|c| match (c, quote) {
        ('}', None) => true,
        ('\'' | '"', None) if is_program => {
            quote = Some(c);
            false
        }
        _ => {
            quote = quote.filter(|open| *open != c);
            false
        }
    })?;
    Some((&text[..end], &text[end + 1..]))
}

/// Runs the programs that the servers in `servers` refer to, all at once, and keeps what they print.
pub fn run_programs(servers: &Node, sources: &Sources) {
    let mut lines = BTreeSet::new();
    programs(servers, &mut lines);
    let base = &sources.base;
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> = lines
            .iter()
            .take(PROGRAMS_MAX)
            .map(|line| scope.spawn(move || (line.clone(), run(line, base))))
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect::<BTreeMap<_, _>>()
    });
    sources.printed.borrow_mut().extend(done);
}

fn programs_in(text: &str, out: &mut BTreeSet<String>) {
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let is_literal = rest[..at].ends_with('$');
        rest = &rest[at + 2..];
        if let Some((inner, behind)) = split(rest).filter(|_| !is_literal) {
            out.extend(inner.strip_prefix("cmd:").map(str::to_owned));
            rest = behind;
        }
    }
}

fn run(line: &str, base: &Path) -> Result<Secret, ValueError> {
    if cfg!(fuzzing) {
        return Ok(Secret::new(SECRET_OF_FUZZING.to_owned()));
    }
    // Not its arguments: they may be secrets.
    let name = line.split_whitespace().next().unwrap_or_default();
    let words =
        program::words(line).map_err(|why| ValueError::Words(name.to_owned(), why.to_string()))?;
    // A program on a disk that does not answer cannot even be started.
    let (dir, patience) = (base.to_path_buf(), RUN_WITHIN + START_WITHIN);
    let run = move || program::output(&words, &dir, RUN_WITHIN);
    let printed = file::within_for(Path::new(line), patience, run);
    let failed =
        |why: &dyn std::fmt::Display| ValueError::Program(name.to_owned(), why.to_string());
    match printed {
        Some(printed) => printed.map_err(|why| failed(&why)),
        None => Err(failed(&"can neither be started nor ended")),
    }
}

/// The command lines of the programs in the texts of a section.
fn programs(node: &Node, out: &mut BTreeSet<String>) {
    match &node.value {
        Value::Text(text) => programs_in(text, out),
        Value::List(items) => items.iter().for_each(|item| programs(item, out)),
        Value::Table(members) => members.values().for_each(|member| programs(member, out)),
        _ => {}
    }
}

/// Whether `text` holds a reference at all.
pub fn has_reference(text: &str) -> bool {
    text.contains("${")
}

fn one(inner: &str, sources: &Sources) -> Result<(String, bool), ValueError> {
    if let Some(path) = inner.strip_prefix("file:") {
        let path = sources.base.join(dirs::expand_home(path));
        return read(path, sources).map(|text| (text, true));
    }
    if let Some(name) = inner.strip_prefix("cred:") {
        let dir = sources.credentials.as_ref();
        let dir = dir.ok_or_else(|| ValueError::NoCredentials(name.to_owned()))?;
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(ValueError::CredentialName(name.to_owned()));
        }
        let path = dir.join(name);
        return read(path.clone(), sources).map(|text| (text, true)).map_err(|error| {
            let found = path.symlink_metadata();
            let is_missing = found.is_err_and(|error| error.kind() == ErrorKind::NotFound);
            if is_missing { ValueError::NoCredential(name.to_owned()) } else { error }
        });
    }
    if let Some(line) = inner.strip_prefix("cmd:") {
        let printed = sources.printed.borrow();
        let printed = printed.get(line).ok_or(ValueError::NotRun(PROGRAMS_MAX))?;
        return printed.clone().map(|text| (text.expose().to_owned(), true));
    }
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    if !is_variable(name) {
        return Err(ValueError::Reference(inner.to_owned()));
    }
    let value = (sources.variable)(name);
    match (value.filter(|value| default.is_none() || !value.is_empty()), default) {
        (Some(value), _) => Ok((value, false)),
        (None, Some(default)) => Ok((default.to_owned(), false)),
        (None, None) => Err(ValueError::Variable(name.to_owned())),
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
}

fn read(path: PathBuf, sources: &Sources) -> Result<String, ValueError> {
    let found = read_file(&path);
    if found.is_ok() && file::is_public(&path) {
        let message = format!("every user may read this secret; `chmod o-r {}`", word(&path));
        sources.remarks.borrow_mut().push(Complaint::of_file(&path, &message));
    }
    sources.consulted.borrow_mut().insert(path);
    found
}

fn read_file(path: &Path) -> Result<String, ValueError> {
    if cfg!(fuzzing) {
        return Ok(SECRET_OF_FUZZING.to_owned());
    }
    let bytes = file::read(path, FILE_MAX).map_err(|error| match &error.problem {
        file::Problem::Kind(kind) if *kind == file::PIPE => ValueError::Pipe(error.to_string()),
        _ => ValueError::File(error.to_string()),
    })?;
    let text = String::from_utf8(bytes);
    let mut text = text.map_err(|_| ValueError::NotUtf8(path.display().to_string()))?;
    if text.ends_with('\n') {
        text.truncate(text.len() - if text.ends_with("\r\n") { 2 } else { 1 });
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
