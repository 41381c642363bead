//! The order in which all of it is done.

use std::io::IsTerminal;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::attach;
use super::error::SetupError;
use super::journal::{Journal, SetupStep, missing, of_file};
use super::plan::{SetupListener, SetupMode, SetupOptions, SetupPlan, plan};
use super::proof::{self, BridgeProof};
use super::units::UnitPlan;
use super::{show, units};
use crate::activation::{NotStarted, SpawnArgs, bring_up};
use crate::base::runtime::runtime;
use crate::base::{file, runtime_dir};
use crate::imports::ImportError;
use crate::imports::left::left;
use crate::lasting::LastingError;
use crate::terminal::{Exit, print};

/// Does it, and tells.
pub fn run(options: &SetupOptions) -> Exit {
    match whole(options) {
        Ok(exit) => exit,
        Err(SetupError::Import(ImportError::Config(complaints))) => {
            for complaint in &complaints {
                print::error(&complaint.to_string());
            }
            Exit::BadConfig
        }
        Err(error) => {
            print::error(&error.to_string());
            match error {
                SetupError::NobodyToAsk | SetupError::NoClient(_) => Exit::Usage,
                SetupError::NoHome => Exit::Unavailable,
                SetupError::Write { .. }
                | SetupError::Runtime(_)
                | SetupError::Lasting(LastingError::File { .. }) => Exit::System,
                _ => Exit::Failed,
            }
        }
    }
}

fn whole(options: &SetupOptions) -> Result<Exit, SetupError> {
    let can_ask = std::io::stdin().is_terminal() && !options.json;
    if options.mode == SetupMode::Ask && !can_ask {
        return Err(SetupError::NobodyToAsk);
    }
    let told = if options.json {
        SetupListener { found: |_, _| {}, trial: |_, _| {} }
    } else {
        SetupListener { found: show::found, trial: show::trial }
    };
    let mut plan = plan(options, &told)?;
    if !options.json {
        show::plan(&plan);
    }
    let is_work = plan.is_work();
    let mut proof = None;
    let mut failures = Vec::new();
    let is_done = is_work
        && match options.mode {
            SetupMode::Ask => show::agreed(),
            SetupMode::Do => true,
            SetupMode::Show => false,
        };
    if is_done {
        failures = carry_out(&mut plan)?;
        failures.extend(started(&plan, options.spawn)?.map(|why| why.to_string()));
        proof = proven(&plan)?;
    }
    // Before that, those that are about to go are among them.
    if is_done || !is_work {
        plan.left = left(&plan.around);
    }
    if options.json {
        show::json(&plan, &failures, proof.as_ref(), is_done);
    } else {
        show::end(&plan, &failures, proof.as_ref(), is_done);
    }
    let is_proven = proof.as_ref().is_none_or(|proof| proof.missing.is_empty());
    let is_refused = plan.clients.iter().any(|client| client.refused.is_some())
        || plan.scene.clients.iter().any(|client| client.trouble.is_some());
    let is_well = failures.is_empty() && is_proven && !is_refused;
    Ok(if is_well { Exit::Fine } else { Exit::Failed })
}

/// Does it. Each step is written down before it is done.
fn carry_out(plan: &mut SetupPlan) -> Result<Vec<String>, SetupError> {
    let mut journal = Journal::open()?;
    let mut made: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    if let Some(import) = &plan.import {
        let secrets = import.secrets().filter(|(path, _)| path.symlink_metadata().is_err());
        made.extend(secrets.map(|(path, text)| (path, text.expose().as_bytes().to_vec())));
        made.push((import.place.file.clone(), import.text.as_bytes().to_vec()));
    }
    let units = plan.units.files().iter();
    made.extend(units.map(|(path, text)| (path.clone(), text.as_bytes().to_vec())));
    let mut dirs = vec![journal.dir().to_path_buf(), plan.around.records.clone()];
    dirs.extend(made.iter().filter_map(|(path, _)| path.parent().map(PathBuf::from)));
    let changed = plan.clients.iter().filter(|client| client.plan.is_some());
    dirs.extend(changed.clone().map(|client| plan.around.records.join(client.id)));
    dirs.extend(changed.filter_map(|client| client.path.parent().map(PathBuf::from)));
    if plan.units.is_work() {
        dirs.push(units::wants(&plan.around));
    }
    let files = made.iter().map(|(path, text)| of_file(path, text));
    let steps: Vec<SetupStep> = missing(dirs).into_iter().chain(files).collect();
    journal.will(steps)?;
    if let Some(program) = &plan.program {
        program.carry_out()?;
    }
    for (path, text) in &made {
        file::replace(path, text).map_err(SetupError::writing(path))?;
    }
    let mut failures = Vec::new();
    if plan.units.is_work() {
        journal.will([SetupStep::Units])?;
        failures.extend(units::enable().err().map(|error| error.to_string()));
    }
    for planned in plan.clients.iter_mut().filter(|client| client.plan.is_some()) {
        let here = plan.scene.clients.iter().find(|here| here.client.id == planned.id);
        let Some(here) = here else { continue };
        if let Err(error) = attach::carry_out(&plan.around, here, planned, &mut journal) {
            failures.push(error.to_string());
        }
    }
    Ok(failures)
}

/// Has a daemon run where systemd does not see to that. `Some`: why none does.
fn started(plan: &SetupPlan, how: SpawnArgs) -> Result<Option<NotStarted>, SetupError> {
    let (UnitPlan::NoManager, Ok(socket)) = (&plan.units, runtime_dir::socket()) else {
        return Ok(None);
    };
    let brought = runtime().map_err(SetupError::Runtime)?.block_on(bring_up(&socket, how));
    // That is as it was asked for.
    Ok(brought.err().filter(|why| !matches!(why, NotStarted::NotAllowed)))
}

/// A first call, if there is a daemon to be called.
fn proven(plan: &SetupPlan) -> Result<Option<BridgeProof>, SetupError> {
    let is_served = runtime_dir::socket().is_ok_and(|socket| UnixStream::connect(socket).is_ok());
    let program = plan.program.as_ref().map(|program| &*program.path);
    is_served.then(|| proof::prove(program, &plan.working())).transpose()
}
