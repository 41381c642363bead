//! Why the kernel does not start a program that is there.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::error::StartError;
use crate::base::{file, quoted};

/// So much of a script the kernel looks at (execve(2)), in bytes.
const LINE_MAX: u64 = 256;

/// Why a program was not started, by what it is. A missing interpreter is told by the kernel as if the
/// script itself were missing.
pub(super) fn unstartable(program: &Path) -> StartError {
    let path = program.to_path_buf();
    let Ok(about) = std::fs::metadata(program) else { return StartError::Missing(path) };
    if !about.is_file() || about.permissions().mode() & 0o111 == 0 {
        return StartError::NotExecutable(path);
    }
    match interpreter(program) {
        Some(name) if !Path::new(&name).exists() => {
            StartError::NoInterpreter(path, quoted(&name).to_string())
        }
        _ => StartError::NoProgram(path),
    }
}

/// The interpreter that the first line of a script names.
fn interpreter(program: &Path) -> Option<String> {
    let line = file::first_line(program, LINE_MAX)?;
    let line = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    line.split([' ', '\t']).find(|word| !word.is_empty()).map(str::to_owned)
}
