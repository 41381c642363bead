//! What was made of others' servers is what the config takes.

use std::path::PathBuf;

use super::draft::{DraftOrigin, ServerDraft};
use super::error::ImportError;
use super::general::{GeneralKey, GeneralKeys};
use super::notes::{ImportNotes, KeyFate};
use super::{join, text};
use crate::base::ServerName;
use crate::config::Location;
use crate::config::source::Text;
use crate::settings::complaint::Complaint;

/// So many keys of a server may be refused before it is.
const REFUSED_MAX: usize = 20;

/// Takes out what the config refuses, and the servers that it has already, which are returned.
pub(super) fn check(
    location: &Location,
    texts: Vec<Text>,
    drafts: &mut Vec<ServerDraft>,
    general: &mut GeneralKeys,
    notes: &mut ImportNotes,
) -> Result<Vec<(DraftOrigin, String)>, ImportError> {
    let judge = judge(location);
    let mut left = Vec::new();
    for draft in std::mem::take(drafts) {
        left.extend(judged(draft, &judge, notes));
    }
    notes.of_server("");
    for section in general.sections().into_iter().map(str::to_owned).collect::<Vec<_>>() {
        judge_section(&section, general, &judge, notes);
    }
    let added: String = left.iter().map(text::server).collect();
    let mut texts = texts;
    texts.push(Text { path: PathBuf::from("import"), text: added });
    let config = location.reread(&texts).map_err(ImportError::Config)?;
    let mut known = Vec::new();
    let new: Vec<String> = left.iter().map(|draft| draft.name.clone()).collect();
    for mut draft in left {
        let found = ServerName::parse(&draft.name).ok().and_then(|name| config.servers.get(&name));
        let Some(found) = found else { continue };
        let mut others =
            config.servers.iter().filter(|(name, _)| !new.iter().any(|new| new == name.as_str()));
        if let Some((name, _)) = others.find(|(_, other)| join::is_known(other, found)) {
            let why = format!("callmux has it already: `{name}`");
            notes.all.push(join::of(&draft, KeyFate::Dropped, why));
            known.extend(draft.origins.into_iter().map(|origin| (origin, name.to_string())));
            continue;
        }
        for complaint in &found.unresolved {
            let why = format!("it does not start before that is mended: {}", complaint.message);
            notes.all.push(join::of(&draft, KeyFate::ToDo, why));
        }
        draft.config = Some(found.clone());
        drafts.push(draft);
    }
    Ok(known)
}

/// Whether a text alone is a config.
fn judge(location: &Location) -> impl Fn(String) -> Result<(), Vec<Complaint>> {
    |text| {
        let text = Text { path: PathBuf::from("import"), text };
        location.reread(&[text]).map(drop)
    }
}

/// A server without the keys that the config refuses; `None`: it is refused whole.
pub(super) fn alone(
    location: &Location,
    draft: ServerDraft,
    notes: &mut ImportNotes,
) -> Option<ServerDraft> {
    judged(draft, &judge(location), notes)
}

/// A server without the keys that are refused; `None`: it is refused whole.
fn judged(
    mut draft: ServerDraft,
    judge: &impl Fn(String) -> Result<(), Vec<Complaint>>,
    notes: &mut ImportNotes,
) -> Option<ServerDraft> {
    for _ in 0..REFUSED_MAX {
        let Err(complaints) = judge(text::server(&draft)) else { return Some(draft) };
        let complaint = complaints.first()?;
        let start = format!("servers.{}.", draft.name);
        let key = complaint.key.strip_prefix(&start).unwrap_or_default();
        let key = key.split('.').next().unwrap_or_default().to_owned();
        let mut note = join::of(&draft, KeyFate::ToDo, complaint.message.clone());
        note.key.clone_from(&key);
        if draft.get(&key).is_none() || matches!(key.as_str(), "command" | "url") {
            note.why = format!("it is left out: {}", note.why);
            notes.all.push(note);
            return None;
        }
        notes.all.push(note);
        draft.remove(&key);
    }
    None
}

/// Takes out the keys of a section that are refused. A recipe is one whole.
fn judge_section(
    section: &str,
    general: &mut GeneralKeys,
    judge: &impl Fn(String) -> Result<(), Vec<Complaint>>,
    notes: &mut ImportNotes,
) {
    let is_whole = section.starts_with("recipes");
    let (of_it, rest): (Vec<GeneralKey>, Vec<GeneralKey>) =
        std::mem::take(&mut general.0).into_iter().partition(|known| known.section == section);
    let parts: Vec<Vec<GeneralKey>> =
        if is_whole { vec![of_it] } else { of_it.into_iter().map(|known| vec![known]).collect() };
    general.0 = rest;
    for part in parts {
        let alone = GeneralKeys(part);
        match judge(text::file("a test", &[], &alone, |_| true)) {
            Ok(()) => general.0.extend(alone.0),
            Err(complaints) => {
                let why = complaints.first().map_or("", |complaint| complaint.message.as_str());
                let key = alone.0.first().map_or("", |known| known.key.as_str());
                notes.say(if is_whole { section } else { key }, KeyFate::ToDo, why);
            }
        }
    }
}
