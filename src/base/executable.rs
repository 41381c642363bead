//! Programs as files: where one is, and what runs it.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::file;

/// So much of a script the kernel looks at (execve(2)), in bytes.
const LINE_MAX: u64 = 256;

/// What the first line of a script names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    pub program: String,
    /// What `env` looks up in `PATH`, if that is the program.
    pub looked_up: Option<String>,
}

/// Whether somebody may run it.
pub fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The program of this name, without a `/`, in the absolute directories of `path`. Ourselves are found
/// in any case: `cargo install` puts us where services do not look.
pub fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    let places = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    let mut found = places.map(|dir| dir.join(name)).filter(|path| is_executable(path));
    found.next().or_else(|| ourselves(name).filter(|path| is_executable(path)))
}

fn ourselves(name: &str) -> Option<PathBuf> {
    (name == env!("CARGO_PKG_NAME")).then(own)?
}

/// The program that runs, without links, whether it is still there or not.
pub fn own() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    // So it is called once it was replaced (proc_pid_exe(5)).
    let own = own.to_str()?;
    Some(own.strip_suffix(" (deleted)").unwrap_or(own).into())
}

/// The interpreter of a script; `None` for anything else.
pub fn interpreter(script: &Path) -> Option<Interpreter> {
    let line = file::first_line(script, LINE_MAX)?;
    let line = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    let mut words = line.split_whitespace();
    let program = words.next()?.to_owned();
    let is_env = Path::new(&program).file_name().is_some_and(|name| name == "env");
    // `env -S` and assignments may come first (env(1)).
    let name = words.find(|word| is_env && !word.starts_with('-') && !word.contains('='));
    Some(Interpreter { looked_up: name.map(str::to_owned), program })
}

#[cfg(test)]
mod tests {
    use super::{Interpreter, find, interpreter};
    use crate::base::file;
    use std::ffi::OsStr;

    #[test]
    fn the_first_line_of_a_script_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        for (text, program, looked_up) in [
            ("#!/bin/sh -e\n", "/bin/sh", None),
            ("#! /usr/bin/env node", "/usr/bin/env", Some("node")),
            ("#!/usr/bin/env -S X=1 sh -e\n", "/usr/bin/env", Some("sh")),
            ("#!/usr/bin/env\n", "/usr/bin/env", None),
        ] {
            file::replace(&script, text.as_bytes()).unwrap();
            let (program, looked_up) = (program.to_owned(), looked_up.map(str::to_owned));
            assert_eq!(interpreter(&script), Some(Interpreter { program, looked_up }), "{text}");
        }
        for text in ["", "#!", "#!\n/bin/sh", "\u{7f}ELF"] {
            file::replace(&script, text.as_bytes()).unwrap();
            assert_eq!(interpreter(&script), None, "{text:?}");
        }
    }

    #[test]
    fn we_are_found_wherever_we_are() {
        assert!(find("callmux", OsStr::new("")).is_some());
        assert_eq!(find("no-such-command", OsStr::new("/bin")), None);
        assert!(find("sh", OsStr::new("relative:/bin")).is_some());
    }
}
