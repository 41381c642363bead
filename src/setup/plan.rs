//! What is to be done.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::attach::{self, ClientPlan, Entries};
use super::error::SetupError;
use super::scene::{self, Scene};
use super::trial::{TrialEnd, trials};
use super::units::UnitPlan;
use crate::activation::SpawnArgs;
use crate::clients::{Launch, Surroundings};
use crate::config::Location;
use crate::imports::left::LeftSecrets;
use crate::imports::{Import, ImportPlace};
use crate::lasting::{self, ProgramPlan};
use crate::terminal::print;

/// So many files of setups there may be.
const FILES_MAX: usize = 1000;

/// Whether it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupMode {
    /// If a person agrees.
    Ask,
    Do,
    /// It is only shown.
    Show,
}

/// What is wanted.
#[derive(Debug)]
pub struct SetupOptions {
    /// The config's.
    pub location: Location,
    /// The project's.
    pub directory: PathBuf,
    /// Clients to attach, and clients to import from; nobody in particular means all that are here.
    pub clients: Vec<String>,
    pub from: Vec<String>,
    /// Servers that do not work are taken over, too.
    pub keep_broken: bool,
    pub mode: SetupMode,
    /// Who starts a daemon in the end.
    pub spawn: SpawnArgs,
    /// For programs.
    pub json: bool,
}

/// Who is told on the way.
pub(super) struct SetupListener {
    pub(super) found: fn(&Scene, &Import),
    pub(super) trial: fn(&str, &TrialEnd),
}

/// All that is to be done, and what was found on the way.
#[derive(Debug)]
pub(super) struct SetupPlan {
    pub(super) around: Surroundings,
    pub(super) scene: Scene,
    /// The program that all of it names; `None`: the one that runs, which stays where it is.
    pub(super) program: Option<ProgramPlan>,
    /// What is to be written; `None`: nothing new.
    pub(super) import: Option<Import>,
    pub(super) trials: Vec<(String, TrialEnd)>,
    pub(super) units: UnitPlan,
    pub(super) clients: Vec<ClientPlan>,
    /// Processes of servers that clients start each for themselves, and that callmux starts in their place.
    pub(super) processes: (usize, usize),
    /// Secrets that stand in files of clients when all is done.
    pub(super) left: Vec<LeftSecrets>,
}

impl SetupPlan {
    /// Whether there is anything to do.
    pub(super) fn is_work(&self) -> bool {
        self.program.as_ref().is_some_and(ProgramPlan::is_work)
            || self.import.is_some()
            || self.units.is_work()
            || self.clients.iter().any(|client| client.plan.is_some())
    }

    /// The names of servers that have to work in the end.
    pub(super) fn working(&self) -> Vec<String> {
        let is_ready = |(_, end): &&(String, TrialEnd)| matches!(end, TrialEnd::Ready { .. });
        self.trials.iter().filter(is_ready).map(|(name, _)| name.clone()).collect()
    }
}

/// Looks, and tries servers. Nothing is changed.
pub(super) fn plan(options: &SetupOptions, told: &SetupListener) -> Result<SetupPlan, SetupError> {
    let around = Surroundings::here(options.directory.clone()).ok_or(SetupError::NoHome)?;
    let program = lasting::plan(&around.path)?;
    let scene = scene::look(&around, &options.clients, &options.from)?;
    let mut import = Import::of(&scene.files, free_place(&options.location)?)?;
    (told.found)(&scene, &import);
    let trials = tried(&import, told.trial)?;
    let ends: BTreeMap<&str, &TrialEnd> =
        trials.iter().map(|(name, end)| (name.as_str(), end)).collect();
    let is_kept =
        |name: &str| options.keep_broken || !matches!(ends.get(name), Some(TrialEnd::Broken(_)));
    import.retain(is_kept)?;
    let entries = entries(&import);
    let processes = processes(&import);
    let clients = attach::plans(&around, &scene.clients, &entries);
    let units = UnitPlan::of(&around);
    let import = Some(import).filter(|import| !import.is_empty());
    let left = Vec::new();
    Ok(SetupPlan { around, scene, program, import, trials, units, clients, processes, left })
}

/// A file that is not there yet.
fn free_place(location: &Location) -> Result<ImportPlace, SetupError> {
    let mut place = ImportPlace::new(location, "setup", None)?;
    for number in 2..FILES_MAX {
        if place.file.symlink_metadata().is_err() {
            break;
        }
        place = ImportPlace::new(location, &format!("setup-{number}"), None)?;
    }
    Ok(place)
}

fn tried(
    import: &Import,
    told: fn(&str, &TrialEnd),
) -> Result<Vec<(String, TrialEnd)>, SetupError> {
    let servers: Vec<_> = import
        .drafts
        .iter()
        .filter_map(|draft| Some((draft.name.clone(), draft.config.clone()?)))
        .collect();
    let all = servers.len();
    let mut progress = print::Progress::default();
    let mut done = 0;
    let ends = trials(servers, |name, end| {
        done += 1;
        progress.clear();
        told(name, end);
        progress.show(&format!("tried {done} of {}", print::count(all, "server")));
    });
    progress.clear();
    ends
}

/// The entries in files of clients that callmux runs in their place.
fn entries(import: &Import) -> Entries {
    let drafts = import.drafts.iter().flat_map(|draft| draft.origins.iter());
    let all = drafts.chain(import.known.iter().map(|(origin, _)| origin));
    let entry = all.filter(|origin| origin.place.is_empty()).filter_map(|origin| {
        Some((origin.file.clone(), origin.name.clone(), origin.launch.clone()?))
    });
    entry.collect()
}

/// How many programs clients start, each for itself, and how many callmux does.
fn processes(import: &Import) -> (usize, usize) {
    let is_program = |launch: &Option<Launch>| matches!(launch, Some(Launch::Program(..)));
    let drafts = import.drafts.iter().flat_map(|draft| draft.origins.iter());
    let known = import.known.iter().map(|(origin, _)| origin);
    let before = drafts.chain(known).filter(|origin| is_program(&origin.launch)).count();
    let mut after: Vec<&str> = import
        .drafts
        .iter()
        .filter(|draft| draft.get("command").is_some())
        .map(|draft| draft.name.as_str())
        .collect();
    let known = import.known.iter().filter(|(origin, _)| is_program(&origin.launch));
    after.extend(known.map(|(_, name)| name.as_str()));
    after.sort_unstable();
    after.dedup();
    (before, after.len())
}
