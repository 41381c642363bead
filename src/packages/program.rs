//! The program of a server as a service finds it.

use std::path::Path;

use super::error::{PackageError, refused};
use crate::base::quoted;
use crate::imports::ServerDraft;
use crate::imports::located::locate;
use crate::json::Json;

/// Runners of packages, and how one gets them.
const RUNNERS: [(&[&str], &str); 6] = [
    (&["npx", "node", "npm"], "install Node.js"),
    (&["uvx", "uv"], "install uv"),
    (&["docker"], "install Docker or Podman"),
    (&["bunx", "bun"], "install Bun"),
    (&["dnx", "dotnet"], "install .NET 10 or later"),
    (&["deno"], "install Deno"),
];

/// Names the program by its path, and gives it the `PATH` that it needs. What a person should know of
/// that is added to `told`. `own`: a directory that it is going to be in, where it is not looked for.
pub(super) fn settle(
    draft: &mut ServerDraft,
    own: Option<&Path>,
    told: &mut Vec<String>,
) -> Result<(), PackageError> {
    without_windows(draft);
    let Some(program) = draft.get("command").and_then(Json::as_str).map(str::to_owned) else {
        return Ok(());
    };
    let is_own = own.is_some_and(|own| Path::new(&program).starts_with(own));
    if is_own || program.contains('$') || program.starts_with('~') {
        return Ok(());
    }
    let located = locate(&program).ok_or_else(|| missing(&program))?;
    if located.path != program {
        let path = &located.path;
        told.push(format!("`{program}` is {path} here, and that is what is written"));
        if let Some(command) = draft.get_mut("command") {
            *command = Json::from(located.path);
        }
    }
    if let Some(path) = located.needs
        && draft.set_member("env", "PATH", Json::from(path))
    {
        told.push("the PATH of this shell is written, too: services have a shorter one".to_owned());
    }
    Ok(())
}

fn missing(program: &str) -> PackageError {
    let way = RUNNERS.iter().find(|(names, _)| names.contains(&program));
    let way = way.map_or("install it, or name its path", |(_, way)| way);
    refused(format!("there is no program `{}` that can be run from here; {way}", quoted(program)))
}

/// `cmd /c npx …`, as it is written for Windows, is `npx …`.
fn without_windows(draft: &mut ServerDraft) {
    let is_shell =
        |command: &Json| command.as_str().is_some_and(|text| matches!(text, "cmd" | "cmd.exe"));
    if !draft.get("command").is_some_and(is_shell) {
        return;
    }
    let Some(Json::Array(words)) = draft.get_mut("args") else { return };
    if words.len() >= 2 && words[0].as_str().is_some_and(|word| word.eq_ignore_ascii_case("/c")) {
        let program = words.drain(..2).next_back();
        if let (Some(program), Some(command)) = (program, draft.get_mut("command")) {
            *command = program;
        }
    }
}
