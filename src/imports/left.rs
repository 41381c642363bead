//! Secrets that stand in files of clients as they are.

use std::path::PathBuf;

use super::general::GeneralKeys;
use super::hidden::{self, SecretsDir};
use super::import::of_file;
use super::notes::ImportNotes;
use super::source::ForeignFile;
use crate::base::quote::word;
use crate::clients::{CLIENTS, KnownClient, Scope, Surroundings};

/// So many of one file are named.
const NAMED_MAX: usize = 20;

/// The secrets that stand in one place.
#[derive(Debug)]
pub struct LeftSecrets {
    pub file: PathBuf,
    /// The directory of the project that they are for, in a file that is of several.
    pub project: Option<String>,
    /// `SERVER: KEY`, never what it says.
    pub keys: Vec<String>,
    /// What is to be done about it.
    pub remedy: String,
}

impl LeftSecrets {
    /// In one line.
    pub fn line(&self) -> String {
        let whose = self.project.as_ref().map(|project| format!(", for {project}"));
        let shown = &self.keys[..self.keys.len().min(NAMED_MAX)];
        let more = match self.keys.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{}: {}{more}", self.file.display(), whose.unwrap_or_default(), shown.join(", "))
    }
}

/// Looks into the files of all clients that are here, and of the project in this directory. Files that cannot be read
/// are no matter of this.
pub fn left(around: &Surroundings) -> Vec<LeftSecrets> {
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut all = Vec::new();
    for client in CLIENTS.iter().filter(|client| around.sign(client).is_some()) {
        for scope in [Scope::User, Scope::Project] {
            let path = around.file(client, scope).filter(|path| path.is_file());
            let Some(path) = path.filter(|path| !seen.contains(path)) else { continue };
            seen.push(path.clone());
            if let Ok(file) = ForeignFile::read(&path, Some(around)) {
                all.extend(of_places(around, client, scope, &file));
            }
        }
    }
    all
}

/// Those of a file, each place of it by itself.
fn of_places(
    around: &Surroundings,
    client: &KnownClient,
    scope: Scope,
    file: &ForeignFile,
) -> Vec<LeftSecrets> {
    // Nothing is put there: it is only named.
    let secrets = SecretsDir { path: PathBuf::from("/nonexistent"), reference: String::new() };
    let (mut general, mut notes) = (GeneralKeys::default(), ImportNotes::default());
    let Ok(drafts) = of_file(file, "", &mut general, &mut notes) else { return Vec::new() };
    let mut all: Vec<LeftSecrets> = Vec::new();
    for mut draft in drafts {
        let Some(origin) = draft.origins.first().cloned() else { continue };
        let mut notes = ImportNotes::default();
        hidden::hide(&mut draft, &secrets, &mut notes);
        if notes.all.is_empty() {
            continue;
        }
        let mut keys: Vec<String> =
            notes.all.into_iter().map(|note| format!("{}: {}", origin.name, note.key)).collect();
        keys.dedup();
        let project = Some(origin.place).filter(|place| !place.is_empty());
        match all.iter_mut().find(|known| known.project == project) {
            Some(known) => known.keys.extend(keys),
            None => {
                let remedy = remedy(around, client, scope, project.as_deref(), &origin.name);
                all.push(LeftSecrets { file: file.path.clone(), project, keys, remedy });
            }
        }
    }
    all
}

fn remedy(
    around: &Surroundings,
    client: &KnownClient,
    scope: Scope,
    project: Option<&str>,
    server: &str,
) -> String {
    match (scope, project) {
        (_, Some(directory)) => format!(
            "in {}: `callmux setup` takes the server over, and then `claude mcp remove {} -s local` takes the entry out",
            word(directory.as_ref()),
            word(server.as_ref())
        ),
        (Scope::Project, None) => format!(
            "in {}: `callmux setup` takes the servers over, and then `callmux client attach {} --project --replace` \
             puts callmux in place of the entries",
            word(&around.directory),
            client.id
        ),
        (Scope::User, None) => {
            "`callmux setup` takes the servers over, and their secrets into files of mode 0600"
                .to_owned()
        }
    }
}
