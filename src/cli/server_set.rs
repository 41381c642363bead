//! `callmux server set | enable | disable`.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use serde_json::json;

use super::args_server::{SetArgs, SwitchArgs};
use super::serve::refuse;
use super::server_done::{failed, parse, shown, written};
use crate::attachments::HowArgs;
use crate::base::ServerName;
use crate::clients::diff;
use crate::clients::target::ClientFile;
use crate::config::Location;
use crate::config::edit::{KeyEdit, KeyEditError, edited};
use crate::packages::owned::is_ours;
use crate::terminal::{Exit, print};

/// The widest line of a difference, in characters.
const LINE: usize = 78;

pub(super) fn set(location: &Location, args: &SetArgs) -> Result<Exit, Exit> {
    let wrong = |error: KeyEditError| {
        print::error(&error.to_string());
        Exit::Usage
    };
    let set = args.changes.iter().map(|change| KeyEdit::parse(change));
    let unset = args.unset.iter().map(|key| KeyEdit::unset(key));
    let edits = set.chain(unset).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    change(location, &args.switch, &edits)
}

pub(super) fn switch(location: &Location, args: &SwitchArgs, is_on: bool) -> Result<Exit, Exit> {
    change(location, args, &[KeyEdit::enabled(is_on)])
}

fn change(location: &Location, args: &SwitchArgs, edits: &[KeyEdit]) -> Result<Exit, Exit> {
    let name = parse(&args.server)?;
    let servers = written(location)?;
    let there = servers.get(name.as_str());
    let there = there.ok_or_else(|| failed(&format!("the config has no server {name}")))?;
    let path = there.at.file.to_path_buf();
    let refused = |why: &dyn std::fmt::Display| failed(&format!("{}: {why}", path.display()));
    let file = ClientFile::at(&path).map_err(|error| failed(&error.to_string()))?;
    let read = || file.read().map_err(|error| failed(&error.to_string()));
    let before = read()?.unwrap_or_default();
    let after = edited(&before, name.as_str(), edits).map_err(|error| refused(&error))?;
    let config = location.read_as_if(&path, Some(&after));
    config.map_err(|complaints| refuse(&complaints))?;
    let shown = diff::diff(&before, &after, LINE);
    if before == after {
        report(&args.how, &name, &path, "unchanged", "");
        return Ok(Exit::Fine);
    }
    file.permit().map_err(|error| failed(&error.to_string()))?;
    if args.how.dry_run || !agreed(&args.how, is_ours(&path, &name), &path, &shown)? {
        report(&args.how, &name, &path, "not changed", if args.how.dry_run { &shown } else { "" });
        return Ok(Exit::Fine);
    }
    if read()?.unwrap_or_default() != before {
        return Err(refused(&"somebody else has changed it meanwhile; try again"));
    }
    file.write(&after).map_err(|error| failed(&error.to_string()))?;
    report(&args.how, &name, &path, "changed", &shown);
    Ok(Exit::Fine)
}

/// Whether a person agrees, has agreed ahead, or need not be asked.
fn agreed(how: &HowArgs, is_ours: bool, path: &Path, shown: &str) -> Result<bool, Exit> {
    if how.yes || is_ours {
        return Ok(true);
    }
    if how.json || !std::io::stdin().is_terminal() {
        print::error(&format!(
            "{} is not callmux's own, and nobody can be asked here; say --yes, or --dry-run to see what would change",
            path.display()
        ));
        return Err(Exit::Usage);
    }
    print::line(&format!("{}:", path.display()));
    print::lines(shown.trim_end());
    print::note("Write it? [y/N]");
    let mut answer = String::new();
    drop(std::io::stdin().lock().read_line(&mut answer));
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn report(how: &HowArgs, name: &ServerName, path: &Path, done: &str, diff: &str) {
    if how.json {
        let said = json!({
            "name": name.as_str(), "file": shown(path), "done": done,
            "changed": done == "changed", "diff": diff,
        });
        print::json(&said.to_string());
        return;
    }
    print::line(&format!("{done} {name}: {}", path.display()));
    if !diff.is_empty() {
        print::lines(diff.trim_end());
    }
}
