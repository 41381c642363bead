//! A program as the shell that names it knows it, and the `PATH` that it needs as a service.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::base::executable::{interpreter, is_executable};
use crate::lasting;

/// The `PATH` of systemd's user manager, where it was not given another.
const USUAL_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// A program that was found.
#[derive(Debug, PartialEq, Eq)]
pub struct FoundProgram {
    /// Its absolute path.
    pub path: String,
    /// The `PATH` without which it will not run as a service, if there is such a need: it lies where
    /// services do not look, and so does what it starts, or its interpreter does.
    pub needs: Option<String>,
}

/// Looks for a program in this shell's `PATH` and directory.
pub fn locate(program: &str) -> Option<FoundProgram> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let Some(lasting) = lasting::path(&path) else { return locate_in(program, &path, &USUAL_PATH) };
    if program == env!("CARGO_PKG_NAME") {
        // Whoever starts it finds itself.
        return Some(FoundProgram { path: program.to_owned(), needs: None });
    }
    locate_in(program, &lasting, &USUAL_PATH).or_else(|| locate_in(program, &path, &USUAL_PATH))
}

fn locate_in(program: &str, path: &OsStr, usual: &[&str]) -> Option<FoundProgram> {
    let found = if program.contains('/') {
        std::path::absolute(program).ok().filter(|path| is_executable(path))?
    } else {
        places(path).map(|dir| dir.join(program)).find(|path| is_executable(path))?
    };
    let is_usual = |dir: &Path| usual.iter().any(|usual| Path::new(usual) == dir);
    let lies_apart = !program.contains('/') && !found.parent().is_some_and(is_usual);
    let looked_up = interpreter(&found).and_then(|script| script.looked_up);
    let lacks_interpreter = looked_up
        .filter(|name| !name.contains('/'))
        .is_some_and(|name| !usual.iter().any(|dir| is_executable(&Path::new(dir).join(&name))));
    let needs = (lies_apart || lacks_interpreter).then(|| joined(path)).flatten();
    Some(FoundProgram { path: found.to_str()?.to_owned(), needs })
}

fn places(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(path).filter(|dir| dir.is_absolute())
}

/// The directories that are there, each once.
fn joined(path: &OsStr) -> Option<String> {
    let mut dirs: Vec<PathBuf> = Vec::new();
    for dir in places(path).filter(|dir| dir.is_dir()) {
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    std::env::join_paths(dirs).ok()?.into_string().ok()
}

#[cfg(test)]
mod tests;
