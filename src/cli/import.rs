//! `callmux import`.

use serde_json::json;

use super::args_import::ImportArgs;
use super::serve::refuse;
use crate::clients::Surroundings;
use crate::config::Location;
use crate::imports::{ForeignFile, Import, ImportError, ImportPlace, KeyFate, KeyNote};
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

pub(super) fn import(args: &ImportArgs) -> Exit {
    run(args).unwrap_or_else(|exit| exit)
}

fn run(args: &ImportArgs) -> Result<Exit, Exit> {
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::error("there is no home directory; name the config with --config");
        return Err(Exit::Unavailable);
    };
    #[expect(clippy::disallowed_methods, reason = "a project is where the person works")]
    let around = Surroundings::here(std::env::current_dir().unwrap_or_default());
    let read = args.files.iter().map(|path| ForeignFile::read(path, around.as_ref()));
    let sources = read.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
    let stem = match sources.as_slice() {
        [source] => source.stem(),
        _ => "several",
    };
    let place = ImportPlace::new(&location, stem, args.out.as_deref());
    let import =
        place.and_then(|place| Import::of(&sources, place)).map_err(|error| failed(&error))?;
    let is_there = import.place.file.symlink_metadata().is_ok();
    let is_written = !args.dry_run && !import.is_empty();
    if is_written && is_there && !args.force {
        let path = import.place.file.display();
        print::error(&format!("{path} is there already; --force replaces it, --out names another"));
        return Err(Exit::Failed);
    }
    if is_written {
        import.write().map_err(|error| {
            print::error(&format!("{}: {error}", import.place.file.display()));
            Exit::System
        })?;
    }
    if args.json {
        json_report(&import, is_written);
    } else {
        report(&import, args.dry_run);
    }
    let is_left = import.notes.iter().any(|note| note.fate == KeyFate::ToDo);
    Ok(if is_left { Exit::Failed } else { Exit::Fine })
}

fn failed(error: &ImportError) -> Exit {
    match error {
        ImportError::Config(complaints) => refuse(complaints),
        ImportError::OneFile(_) => {
            print::error(&error.to_string());
            Exit::Usage
        }
        error => {
            print::error(&error.to_string());
            Exit::BadConfig
        }
    }
}

fn json_report(import: &Import, is_written: bool) {
    let servers = import.drafts.iter().map(|draft| {
        let from =
            draft.origins.iter().map(|origin| json!({ "file": origin.file, "name": origin.name }));
        json!({ "name": draft.name, "from": from.collect::<Vec<_>>() })
    });
    let known = import.known.iter().map(|(origin, name)| {
        json!({ "name": name, "from": [{ "file": origin.file, "name": origin.name }] })
    });
    let said = json!({
        "file": import.place.file, "written": is_written, "text": import.text,
        "servers": servers.collect::<Vec<_>>(), "known": known.collect::<Vec<_>>(),
        "secrets": import.secrets().map(|(path, _)| path).collect::<Vec<_>>(),
        "tokens": import.tokens().map(|(path, _)| path).collect::<Vec<_>>(), "keys": import.notes,
    });
    print::json(&said.to_string());
}

fn report(import: &Import, is_dry: bool) {
    if is_dry {
        print::lines(import.text.trim_end());
        for (_, text) in import.tokens() {
            print::line("");
            print::lines(text.trim_end());
        }
        if !import.notes.is_empty() {
            print::table_of_notes(HEADINGS, &rows(&import.notes), look, &[0]);
        }
        return;
    }
    if !import.notes.is_empty() {
        print::table(HEADINGS, &rows(&import.notes), look, &[0]);
    }
    if import.is_empty() {
        print::line("nothing was written: there is nothing that callmux does not have already");
        return;
    }
    for draft in &import.drafts {
        let has = if draft.hidden.is_empty() {
            String::new()
        } else {
            format!(
                ", {} in {}",
                print::count(draft.hidden.len(), "secret"),
                import.place.secrets.path.display()
            )
        };
        print::line(&format!("imported: {}{has}", draft.name));
    }
    for (path, _) in import.tokens() {
        print::line(&format!("written: {}", path.display()));
    }
    print::line(&format!("written: {}", import.place.file.display()));
}

const HEADINGS: [&str; 4] = ["SERVER", "KEY", "FATE", "WHY"];

fn rows(notes: &[KeyNote]) -> Vec<[String; 4]> {
    let row = |note: &KeyNote| {
        let shown = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        let fate = note.fate.as_str().to_owned();
        [shown(&note.server), shown(&note.key), fate, note.why.clone()]
    };
    notes.iter().map(row).collect()
}

fn look(column: usize, text: &str) -> Style {
    match (column, text) {
        (0, _) => Style::Bold,
        (2, "to do") => Style::Notable,
        (2, "dropped") => Style::Dim,
        _ => Style::Plain,
    }
}
