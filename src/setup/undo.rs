//! All that a setup did is taken back.

use std::fs;
use std::path::Path;

use super::error::SetupError;
use super::journal::{Journal, SetupStep};
use super::units;
use crate::base::{file, fingerprint};
use crate::clients::change::Seat;
use crate::clients::{CLIENTS, KnownClient, Scope, Surroundings};
use crate::lasting::{self, CopyEnd};
use crate::terminal::{Exit, print};

/// The largest file that a setup makes, in bytes.
const SIZE_MAX: u64 = 64 << 20;

/// Takes back all that setups did here, the last first. `directory`: the project's.
pub fn undo(directory: std::path::PathBuf, as_json: bool) -> Exit {
    match taken_back(directory) {
        Ok((done, left)) => {
            if as_json {
                let said = serde_json::json!({ "undone": done, "left": left });
                print::json(&said.to_string());
            } else {
                for text in &done {
                    print::line(&format!("undone: {text}"));
                }
                if done.is_empty() && left.is_empty() {
                    print::line("there is nothing to undo");
                }
            }
            for text in &left {
                print::error(text);
            }
            if left.is_empty() { Exit::Fine } else { Exit::Failed }
        }
        Err(error) => {
            print::error(&error.to_string());
            Exit::Failed
        }
    }
}

/// What was taken back, and what could not be.
fn taken_back(directory: std::path::PathBuf) -> Result<(Vec<String>, Vec<String>), SetupError> {
    let around = Surroundings::here(directory).ok_or(SetupError::NoHome)?;
    let mut journal = Journal::open()?;
    let (mut done, mut left) = (Vec::new(), Vec::new());
    let mut dirs = Vec::new();
    let mut had_units = false;
    let mut kept = Vec::new();
    while let Some(step) = journal.steps.last().cloned() {
        match &step {
            SetupStep::Client { id, last } => match client(&around, id, last.as_deref()) {
                Ok(true) => done.push(format!("{id}: its file is as it was")),
                Ok(false) => {}
                Err(error) => {
                    left.push(error.to_string());
                    kept.push(step);
                }
            },
            SetupStep::Units => match units::disable() {
                Ok(()) => {
                    had_units = true;
                    done.push("callmux.socket is disabled".to_owned());
                }
                Err(error) => left.push(error.to_string()),
            },
            SetupStep::File { path, fingerprint } => match remove(path, *fingerprint) {
                Some(true) => done.push(format!("{} is gone", path.display())),
                Some(false) => {}
                None => left.push(format!("{} was changed since, and stays", path.display())),
            },
            SetupStep::Dir { path } => dirs.push(path.clone()),
        }
        journal.undone()?;
    }
    if had_units {
        drop(units::reload());
    }
    match lasting::take_back(|path| named_by(&around, path)) {
        Ok(CopyEnd::Nothing) => {}
        Ok(CopyEnd::Gone(path)) => done.push(format!("{} is gone", path.display())),
        Ok(CopyEnd::Restored(path)) => done.push(format!("{} is as it was", path.display())),
        Ok(CopyEnd::Left(path, why)) => left.push(format!("{} stays: {why}", path.display())),
        Err(error) => left.push(error.to_string()),
    }
    if kept.is_empty() {
        journal.forget();
    } else {
        kept.reverse();
        journal.will(kept)?;
    }
    // Within each other, and the records of clients among them.
    dirs.sort();
    for dir in dirs.iter().rev() {
        tidy(dir);
        drop(fs::remove_dir(dir));
    }
    Ok((done, left))
}

fn client(around: &Surroundings, id: &str, last: Option<&Path>) -> Result<bool, SetupError> {
    let Some(client) = CLIENTS.iter().find(|client| client.id == id) else { return Ok(false) };
    let seat = Seat { client, scope: Scope::User, around };
    seat.undo_since(last).map_err(|error| SetupError::Client { id: client.id, error })
}

/// Who still names the program at `path`, and what changes that.
fn named_by(around: &Surroundings, path: &Path) -> Option<String> {
    let is_named = |client: &&'static KnownClient| {
        let seat = Seat { client, scope: Scope::User, around };
        seat.look().is_ok_and(|look| look.names(path))
    };
    if let Some(client) = CLIENTS.iter().find(is_named) {
        let id = client.id;
        return Some(format!("the file of {id} names it; `callmux client detach {id}` first"));
    }
    let is_started = units::own_files(around).iter().any(|unit| units::starts(unit, path));
    is_started.then(|| "a unit of yours names it; `callmux daemon uninstall` first".to_owned())
}

/// Whether the file went; `None`: it says something else by now.
fn remove(path: &Path, wanted: u64) -> Option<bool> {
    if path.symlink_metadata().is_err() {
        return Some(false);
    }
    let bytes = file::read(path, SIZE_MAX).ok()?;
    (fingerprint(bytes.into_iter()) == wanted).then(|| fs::remove_file(path).is_ok())
}

/// Takes away what one of us left half written in a directory of ours that was killed.
fn tidy(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let middle = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(".tmp"));
        if middle.is_some_and(|m| m.len() == 8 && m.bytes().all(|b| b.is_ascii_hexdigit())) {
            drop(fs::remove_file(entry.path()));
        }
    }
}
