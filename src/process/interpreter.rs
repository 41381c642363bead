//! Why the kernel does not start a program that is there.

use std::path::Path;

use super::error::StartError;
use crate::base::{executable, quoted};

/// Why a program was not started, by what it is. A missing interpreter is told by the kernel as if the
/// script itself were missing.
pub(super) fn unstartable(program: &Path) -> StartError {
    let path = program.to_path_buf();
    if !program.exists() {
        return StartError::Missing(path);
    }
    if !executable::is_executable(program) {
        return StartError::NotExecutable(path);
    }
    match executable::interpreter(program) {
        Some(script) if !Path::new(&script.program).exists() => {
            StartError::NoInterpreter(path, quoted(&script.program).to_string())
        }
        _ => StartError::NoProgram(path),
    }
}
