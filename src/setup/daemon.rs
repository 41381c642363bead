//! The daemon's units alone, for who did not install a package.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde_json::json;

use super::error::SetupError;
use super::units::{self, UnitPlan};
use crate::activation::log;
use crate::base::{file, runtime_dir};
use crate::clients::Surroundings;
use crate::doctor::unit::{SERVICE, SOCKET, UnitState};
use crate::lasting;
use crate::terminal::{Exit, print};

const NO_MANAGER: &str =
    "there is no user manager of systemd here; whoever needs the daemon starts it";

/// What is to be done with the units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitWork {
    Install,
    Uninstall,
}

/// Does it, and tells.
pub fn units(work: UnitWork) -> Exit {
    let done = match work {
        UnitWork::Install => install(),
        UnitWork::Uninstall => uninstall(),
    };
    done.unwrap_or_else(|error| {
        print::error(&error.to_string());
        match error {
            SetupError::NoHome => Exit::Unavailable,
            SetupError::Write { .. } => Exit::System,
            _ => Exit::Failed,
        }
    })
}

fn here() -> Result<Surroundings, SetupError> {
    Surroundings::here(PathBuf::from("/")).ok_or(SetupError::NoHome)
}

fn install() -> Result<Exit, SetupError> {
    let around = here()?;
    let plan = UnitPlan::of(&around);
    match plan {
        UnitPlan::NoManager => {
            print::error(NO_MANAGER);
            return Ok(Exit::Unavailable);
        }
        UnitPlan::Fine => {
            print::line(&format!("{SOCKET} is enabled and listens already"));
            return Ok(Exit::Fine);
        }
        UnitPlan::Enable | UnitPlan::Install(_) => {}
    }
    if let UnitPlan::Install(_) = &plan
        && let Some(program) = lasting::plan(&around.path)?.filter(lasting::ProgramPlan::is_work)
    {
        program.carry_out()?;
        print::line(&format!("{} is written", program.path.display()));
    }
    for (path, text) in plan.files() {
        if path.symlink_metadata().is_ok() && !units::is_ours(path) {
            return Err(SetupError::Foreign(path.clone()));
        }
        file::replace(path, text.as_bytes()).map_err(SetupError::writing(path))?;
        print::line(&format!("{} is written", path.display()));
    }
    units::enable()?;
    print::line(&format!("{SOCKET} listens, now and from each login on"));
    Ok(Exit::Fine)
}

fn uninstall() -> Result<Exit, SetupError> {
    let around = here()?;
    let socket = UnitState::ask(SOCKET);
    let has_manager = socket.is_some();
    let is_installed = socket.is_some_and(|socket| socket.is_installed());
    if is_installed {
        units::disable()?;
        print::line(&format!("{SOCKET} is disabled, and no daemon of it runs"));
    }
    let own = units::own_files(&around);
    let there: Vec<&PathBuf> = own.iter().filter(|path| path.symlink_metadata().is_ok()).collect();
    let mut exit = Exit::Fine;
    for path in &there {
        if units::is_ours(path) {
            std::fs::remove_file(path).map_err(SetupError::writing(path))?;
            print::line(&format!("{} is gone", path.display()));
        } else {
            print::error(&SetupError::Foreign((*path).clone()).to_string());
            exit = Exit::Failed;
        }
    }
    if has_manager && !there.is_empty() {
        units::reload()?;
    }
    match (is_installed, there.is_empty()) {
        (true, true) => {
            print::line("its files are not in your home: a package has them, and they stay");
        }
        (false, true) => print::line("there are no units of callmux"),
        _ => {}
    }
    Ok(exit)
}

/// Says who starts the daemon, and whether somebody listens.
pub fn units_status(as_json: bool) -> Exit {
    let (socket, service) = (UnitState::ask(SOCKET), UnitState::ask(SERVICE));
    let place = runtime_dir::socket();
    let listens = place.as_ref().is_ok_and(|place| UnixStream::connect(place).is_ok());
    let exit = if listens { Exit::Fine } else { Exit::Failed };
    if as_json {
        let unit = |unit: &Option<UnitState>| {
            unit.as_ref().map(|unit| {
                json!({
                    "installed": unit.is_installed(), "enabled": unit.is_installed() && unit.is_enabled(),
                    "active": unit.is_active(), "program": unit.program(), "failure": unit.failure(),
                })
            })
        };
        let told = json!({
            "manager": socket.is_some(), "socket": unit(&socket), "service": unit(&service),
            "path": place.as_ref().ok(), "listening": listens,
        });
        print::json(&told.to_string());
        return exit;
    }
    match (&socket, &service) {
        (Some(socket), Some(service)) => {
            print::line(&format!("{SOCKET}: {}", words(socket)));
            let program = service.program().map(|path| format!(", starts {}", path.display()));
            let failure = service.failure().map(|how| format!(", failed: {how}"));
            let more = [program, failure].into_iter().flatten().collect::<String>();
            print::line(&format!("{SERVICE}: {}{more}", words(service)));
        }
        _ => {
            print::line(NO_MANAGER);
            if let Some(log) = log::path() {
                print::line(&format!("its log is {}", log.display()));
            }
        }
    }
    match (place, listens) {
        (Err(error), _) => print::error(&error.to_string()),
        (Ok(place), true) => print::line(&format!("somebody listens at {}", place.display())),
        (Ok(place), false) => print::line(&format!("nobody listens at {}", place.display())),
    }
    exit
}

fn words(unit: &UnitState) -> &'static str {
    match (unit.is_installed(), unit.is_masked(), unit.is_active(), unit.is_enabled()) {
        (false, ..) => "not installed; `callmux daemon install` does that",
        (_, true, ..) => "masked",
        (_, _, true, true) => "active",
        (_, _, true, false) => "active, and not after the next login",
        (_, _, false, _) => "not active",
    }
}
