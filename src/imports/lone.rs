//! A server that somebody sends by itself, as the npm callmux has it.

use std::path::Path;

use super::draft::ServerDraft;
use super::entry;
use super::kind::ForeignKind;
use super::notes::{ImportNotes, KeyNote};
use super::source::ForeignServer;
use super::variables::Variables;
use crate::json::Json;

/// An entry of its `servers` as a server of ours, and what became of each key. Keys and references of ours stay as
/// they are, and so does what is secret. `None`: it is no server, and the notes say why.
pub fn of_entry(name: &str, entry: &Json) -> (Option<ServerDraft>, Vec<KeyNote>) {
    let habit = ForeignKind::Npm.habit();
    let variables = Variables { habit, secrets: String::new(), is_ours: true };
    let server = ForeignServer { name, entry, place: String::new() };
    let mut notes = ImportNotes::default();
    let draft = entry::draft(&server, Path::new(""), &variables, &mut notes);
    (draft, notes.all)
}
