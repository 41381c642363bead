//! Files of others become one of ours.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::check;
use super::draft::{DraftOrigin, ServerDraft};
use super::error::ImportError;
use super::general::{GeneralKeys, TOKENS};
use super::hidden::{self, SecretsDir};
use super::kind::ForeignKind;
use super::located;
use super::notes::{ImportNotes, KeyFate, KeyNote};
use super::npm::NpmFile;
use super::source::ForeignFile;
use super::variables::Variables;
use super::{entry, join, mcpmux, text};
use crate::base::{Secret, ServerName, file};
use crate::config::Location;
use crate::config::load;
use crate::config::source::Text;
use crate::json::Json;
use crate::keys::tree::{Table, Value};
use crate::settings::access::AccessToken;

/// The directory of secrets, below that of the config.
const SECRETS: &str = "secrets";

/// Where what is imported goes.
#[derive(Debug, Clone)]
pub struct ImportPlace {
    pub location: Location,
    pub file: PathBuf,
    pub secrets: SecretsDir,
}

impl ImportPlace {
    /// A file of this name in `conf.d`, or `out`.
    pub fn new(location: &Location, stem: &str, out: Option<&Path>) -> Result<Self, ImportError> {
        let any = ServerName::parse("any").ok().and_then(|name| location.dropin(&name));
        let dropins = any.as_deref().and_then(Path::parent);
        let one_file = || ImportError::OneFile(location.path().to_path_buf());
        let usual = dropins.map(|dir| dir.join(format!("from-{stem}.toml")));
        let named = out.map(|out| std::path::absolute(out).unwrap_or_else(|_| out.to_path_buf()));
        let file = named.or(usual).ok_or_else(one_file)?;
        let base = match dropins.and_then(Path::parent) {
            Some(base) => base,
            None => location.path().parent().unwrap_or(Path::new("/")),
        };
        let path = base.join(SECRETS);
        // Another file may be read as a config of its own, whose paths start elsewhere.
        let is_read_here = dropins.is_some_and(|dir| file.parent() == Some(dir));
        let reference = if is_read_here { SECRETS.to_owned() } else { path.display().to_string() };
        let secrets = SecretsDir { path, reference };
        Ok(Self { location: location.clone(), file, secrets })
    }

    /// Whether the file is one of those that the config is made of.
    fn is_read_here(&self) -> bool {
        let beside = self.location.dropin_of("any");
        beside.is_some_and(|path| path.parent() == self.file.parent())
    }
}

/// What was made of the files.
#[derive(Debug)]
pub struct Import {
    pub place: ImportPlace,
    pub drafts: Vec<ServerDraft>,
    pub notes: Vec<KeyNote>,
    /// What the file is to hold.
    pub text: String,
    /// Servers that callmux has already: where each is written, and its name here.
    pub known: Vec<(DraftOrigin, String)>,
    general: GeneralKeys,
}

impl Import {
    /// Reads all of it. Nothing is written.
    pub fn of(sources: &[ForeignFile], place: ImportPlace) -> Result<Self, ImportError> {
        let mut notes = ImportNotes::default();
        let (mut drafts, mut general) = (Vec::new(), GeneralKeys::default());
        for source in sources {
            notes.of_file(source.path.display().to_string());
            drafts.extend(of_file(source, &place.secrets.reference, &mut general, &mut notes)?);
        }
        Self::of_drafts(drafts, general, notes, place)
    }

    fn of_drafts(
        drafts: Vec<ServerDraft>,
        mut general: GeneralKeys,
        mut notes: ImportNotes,
        place: ImportPlace,
    ) -> Result<Self, ImportError> {
        let mut drafts = join::join(drafts, &mut notes.all);
        let mut texts = place.location.texts().map_err(ImportError::Config)?;
        texts.retain(|text| text.path != place.file);
        let merged = load::merge(&texts).map_err(ImportError::Config)?;
        let mut taken: BTreeSet<String> = match merged.get("servers").map(|node| &node.value) {
            Some(Value::Table(servers)) => servers.keys().cloned().collect(),
            _ => BTreeSet::new(),
        };
        for draft in &mut drafts {
            about(draft, &mut notes);
            let name = join::free_name(&draft.name, &taken);
            if draft.origins.first().is_some_and(|origin| origin.name != name) {
                notes.say("", KeyFate::Translated, &format!("is called `{name}` here"));
            }
            taken.insert(name.clone());
            draft.name = name;
            locate(draft, &mut notes);
        }
        general.0.retain(|known| {
            let is_free = !has(&merged, &known.section, &known.key);
            if !is_free {
                notes.of_server("");
                let is_token = known.section.starts_with(TOKENS);
                let key = if is_token { &known.section } else { &known.key };
                notes.say(key, KeyFate::Dropped, "the config says it already");
            }
            is_free
        });
        let known = check::check(&place.location, texts, &mut drafts, &mut general, &mut notes)?;
        for draft in &mut drafts {
            about(draft, &mut notes);
            hidden::hide(draft, &place.secrets, &mut notes);
        }
        let mut import =
            Self { place, drafts, notes: notes.all, text: String::new(), known, general };
        import.compose()?;
        Ok(import)
    }

    /// Leaves servers out.
    pub fn retain(&mut self, fits: impl Fn(&str) -> bool) -> Result<(), ImportError> {
        self.drafts.retain(|draft| fits(&draft.name));
        self.compose()
    }

    fn compose(&mut self) -> Result<(), ImportError> {
        let mut files: Vec<String> = Vec::new();
        for note in &self.notes {
            if !files.contains(&note.file) {
                files.push(note.file.clone());
            }
        }
        let from = files.join(", ").replace(|c: char| c.is_control(), "?");
        let is_apart = self.place.is_read_here();
        let fits = |section: &str| !(is_apart && section.starts_with(TOKENS));
        self.text = text::file(&from, &self.drafts, &self.general, fits);
        let location = &self.place.location;
        let mut texts = location.texts().map_err(ImportError::Config)?;
        texts.retain(|text| text.path != self.place.file);
        let written = std::iter::once((self.place.file.clone(), self.text.clone()));
        let all = written.chain(self.tokens());
        texts.extend(all.map(|(path, text)| Text { path, text }));
        location.reread(&texts).map(drop).map_err(ImportError::Config)
    }

    /// The files of tokens, each with its text: what `callmux token` replaces and takes away is a file of its
    /// own. None where all goes into one file.
    pub fn tokens(&self) -> impl Iterator<Item = (PathBuf, String)> {
        let is_apart = self.place.is_read_here();
        let sections = self.general.sections().into_iter().filter(move |_| is_apart);
        sections.filter_map(|section| {
            let name = AccessToken::file_name(section.strip_prefix(TOKENS)?);
            let text = text::sections(&self.general, |other| other == section);
            let text = format!("{}{}", AccessToken::HEAD, text.trim_start());
            Some((self.place.location.dropin_of(&name)?, text))
        })
    }

    /// Whether there is nothing to be written.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty() && self.general.0.is_empty()
    }

    /// The files of secrets, each with its text.
    pub fn secrets(&self) -> impl Iterator<Item = (PathBuf, &Secret)> {
        let texts = self.drafts.iter().flat_map(|draft| &draft.hidden);
        texts.map(|hidden| (self.place.secrets.path.join(&hidden.name), &hidden.text))
    }

    /// Writes it: what the file names first, and then the file. Cut off between, nothing names what was
    /// written.
    pub fn write(&self) -> io::Result<()> {
        for (path, text) in self.secrets() {
            file::replace(&path, text.expose().as_bytes())?;
        }
        for (path, text) in self.tokens() {
            file::replace(&path, text.as_bytes())?;
        }
        file::replace(&self.place.file, self.text.as_bytes())
    }
}

/// The servers of a file as the config is to have them, and what became of its keys. No program is looked
/// up yet, no secret moved.
pub fn drafts(
    source: &ForeignFile,
    place: &ImportPlace,
) -> Result<(Vec<ServerDraft>, Vec<KeyNote>), ImportError> {
    let mut notes = ImportNotes::default();
    notes.of_file(source.path.display().to_string());
    let mut general = GeneralKeys::default();
    let drafts = of_file(source, &place.secrets.reference, &mut general, &mut notes)?;
    let judged = drafts.into_iter().filter_map(|draft| {
        about(&draft, &mut notes);
        check::alone(&place.location, draft, &mut notes)
    });
    let drafts = judged.collect();
    Ok((drafts, notes.all))
}

/// The servers of a file as drafts.
pub(super) fn of_file(
    source: &ForeignFile,
    secrets: &str,
    general: &mut GeneralKeys,
    notes: &mut ImportNotes,
) -> Result<Vec<ServerDraft>, ImportError> {
    let variables =
        Variables { habit: source.kind.habit(), secrets: secrets.to_owned(), is_ours: false };
    if matches!(source.kind, ForeignKind::Mcpmux) {
        return Ok(mcpmux::read(&source.tree, &source.path, &variables, general, notes));
    }
    let servers = source.servers()?;
    let mut drafts: Vec<ServerDraft> = servers
        .iter()
        .filter_map(|server| entry::draft(server, &source.path, &variables, notes))
        .collect();
    notes.of_server("");
    if matches!(source.kind, ForeignKind::Npm) {
        let dir = source.path.parent().unwrap_or(Path::new("/"));
        NpmFile { drafts: &mut drafts, general, notes, dir }.read(&source.tree);
    }
    Ok(drafts)
}

fn about(draft: &ServerDraft, notes: &mut ImportNotes) {
    if let Some(origin) = draft.origins.first() {
        notes.of_file(origin.file.display().to_string());
        notes.of_server(&origin.name);
    }
}

/// Names the program as a service finds it.
fn locate(draft: &mut ServerDraft, notes: &mut ImportNotes) {
    let Some(Json::String(command)) = draft.get("command").cloned() else { return };
    if command.contains('$') || command.starts_with('~') {
        return;
    }
    let Some(found) = located::locate(&command) else {
        notes.say("command", KeyFate::ToDo, "there is no such program here; install it");
        return;
    };
    if found.path != command {
        notes.say("command", KeyFate::Translated, &format!("is {} here", found.path));
        if let Some(known) = draft.get_mut("command") {
            *known = Json::from(found.path);
        }
    }
    if let Some(path) = found.needs
        && draft.set_member("env", "PATH", Json::from(path))
    {
        notes.say(
            "env.PATH",
            KeyFate::Translated,
            "is that of this shell: services have a shorter one",
        );
    }
}

/// Whether a key is set already.
fn has(merged: &Table, section: &str, key: &str) -> bool {
    let mut at = merged;
    for part in GeneralKeys::parts(section) {
        match at.get(part).map(|node| &node.value) {
            Some(Value::Table(inner)) => at = inner,
            _ => return false,
        }
    }
    at.contains_key(key)
}
