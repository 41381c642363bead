//! `callmux config undo`.

use clap::Args;
use serde_json::{Value, json};

use super::error::ChangeError;
use super::versions::{Version, Versions};
use crate::clients::diff;
use crate::config::Location;
use crate::terminal::{Exit, print};

/// The widest line of a difference, in characters.
const LINE: usize = 78;

#[derive(Debug, Clone, Args)]
pub struct UndoArgs {
    /// Show the changes that are kept, the last one first, and take none back.
    #[arg(long)]
    list: bool,
    /// Show what would be taken back, and leave it.
    #[arg(long)]
    dry_run: bool,
    /// For programs: JSON on stdout.
    #[arg(long)]
    json: bool,
}

/// Takes back the last change of this config.
pub fn undo(location: &Location, args: &UndoArgs) -> Exit {
    match done(location, args) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            print::error(&error.to_string());
            match error {
                ChangeError::NothingToUndo => Exit::Unavailable,
                ChangeError::Versions { .. } => Exit::System,
                _ => Exit::Failed,
            }
        }
    }
}

fn done(location: &Location, args: &UndoArgs) -> Result<(), ChangeError> {
    let versions = Versions::of(location).ok_or(ChangeError::NothingToUndo)?;
    if args.list {
        show_all(&versions.list()?, args.json);
        return Ok(());
    }
    let version = if args.dry_run {
        versions.list()?.into_iter().next().ok_or(ChangeError::NothingToUndo)?
    } else {
        versions.undo()?
    };
    let verb = if args.dry_run { "would take back" } else { "took back" };
    if args.json {
        let mut report = report(&version);
        report["done"] = (!args.dry_run).into();
        print::json(&report.to_string());
        return Ok(());
    }
    print::line(&format!("{verb} {}", line(&version)));
    for change in &version.files {
        let (now, then) = (change.after.as_deref(), change.before.as_deref());
        print::line(&format!("{}:", change.path.display()));
        let shown = diff::diff(now.unwrap_or_default(), then.unwrap_or_default(), LINE);
        print::lines(shown.trim_end());
    }
    Ok(())
}

fn show_all(all: &[Version], as_json: bool) {
    if as_json {
        print::json(&all.iter().map(report).collect::<Value>().to_string());
        return;
    }
    if all.is_empty() {
        print::line("callmux has changed nothing that it could take back");
    }
    for version in all {
        print::line(&line(version));
    }
}

fn line(version: &Version) -> String {
    format!("{} of {}: {}", version.what, version.at, version.principal)
}

fn report(version: &Version) -> Value {
    let files: Vec<String> =
        version.files.iter().map(|file| file.path.display().to_string()).collect();
    json!({
        "id": version.id, "at": version.at, "principal": version.principal,
        "what": version.what, "files": files,
    })
}
