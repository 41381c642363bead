//! Which program others are to name.

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use super::copy;
use super::error::LastingError;
use super::place::{Fleeting, Grounds};
use super::version::Version;
use crate::base::executable;

/// What we are called.
const NAME: &str = env!("CARGO_PKG_NAME");

/// That what runs goes away, and what is there or is to be put there in its stead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramPlan {
    /// What others are to name.
    pub path: PathBuf,
    /// Where what runs lies.
    from: PathBuf,
    why: Fleeting,
    work: ProgramWork,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ProgramWork {
    /// It is there; its version, where that is another than ours.
    Keep(Option<String>),
    /// It has to be put there; the version of what gives way.
    Copy(Option<String>),
}

/// The program that others are to name, in the directories of `path` or at home, whether it is there yet or
/// not. `None`: what runs stays where it is.
pub fn program(path: &OsStr) -> Option<PathBuf> {
    let own = executable::own()?;
    let grounds = Grounds::here()?;
    grounds.fleeting(&own)?;
    let place = grounds.for_programs().join(NAME);
    Some(installed(&grounds, &own, path).map_or(place, |(path, _)| path))
}

/// The directories of `path` that stay, if what runs does not: npx and uvx put some of theirs before those of
/// the user.
pub fn path(path: &OsStr) -> Option<OsString> {
    let grounds = Grounds::here()?;
    grounds.fleeting(&executable::own()?)?;
    let stays = |dir: &PathBuf| {
        let real = dir.canonicalize().unwrap_or_else(|_| dir.clone());
        grounds.fleeting(&real.join(NAME)).is_none()
    };
    std::env::join_paths(std::env::split_paths(path).filter(stays)).ok()
}

/// What has to be done so that it is there. `None`: what runs stays where it is. `path`: as of [`program`].
pub fn plan(path: &OsStr) -> Result<Option<ProgramPlan>, LastingError> {
    let Some((own, grounds)) = executable::own().zip(Grounds::here()) else { return Ok(None) };
    let Some(why) = grounds.fleeting(&own) else { return Ok(None) };
    let planned = |path, work| Ok(Some(ProgramPlan { path, from: own.clone(), why, work }));
    if let Some((path, version)) = installed(&grounds, &own, path) {
        return planned(path, ProgramWork::Keep(version));
    }
    let place = grounds.for_programs().join(NAME);
    let Ok(found) = place.symlink_metadata() else {
        return planned(place, ProgramWork::Copy(None));
    };
    if found.is_file() && copy::is_same(&place, &own) {
        return planned(place, ProgramWork::Keep(None));
    }
    let foreign = || LastingError::Foreign { path: place.clone() };
    let version = Version::of(&place).ok_or_else(foreign)?;
    let is_newer = Version::own().is_none_or(|own| version.compare(&own) == Ordering::Greater);
    // A link is an installer's, who has the last word about where it leads.
    let work = if is_newer || found.is_symlink() { ProgramWork::Keep } else { ProgramWork::Copy };
    planned(place, work(Some(version.text)))
}

/// Where somebody else has installed callmux for good, and which version, if that is not known to be ours.
fn installed(grounds: &Grounds, own: &Path, path: &OsStr) -> Option<(PathBuf, Option<String>)> {
    let at_home = grounds.for_programs();
    let dirs = std::env::split_paths(path).filter(|dir| dir.is_absolute());
    for dir in dirs.chain([at_home.clone()]) {
        let there = dir.join(NAME);
        let is_there = executable::is_executable(&there);
        let (Ok(real_dir), Ok(real)) = (dir.canonicalize(), there.canonicalize()) else { continue };
        if !is_there || grounds.fleeting(&real_dir.join(NAME)).is_some() {
            continue;
        }
        // A link to what runs is how uv and pipx install a program.
        if real == own {
            return Some((there, None));
        }
        if dir == at_home {
            return None;
        }
        if grounds.fleeting(&real).is_none()
            && let Some(version) = Version::of(&there)
        {
            return Some((there, Some(version.text)));
        }
    }
    None
}

impl ProgramPlan {
    /// Whether something is to be done.
    pub fn is_work(&self) -> bool {
        matches!(self.work, ProgramWork::Copy(_))
    }

    /// What becomes of the program there, for programs: `copied`, `replaced` or `kept`.
    pub fn word(&self) -> &'static str {
        match self.work {
            ProgramWork::Keep(_) => "kept",
            ProgramWork::Copy(None) => "copied",
            ProgramWork::Copy(Some(_)) => "replaced",
        }
    }

    /// Puts it there, if that is to be done.
    pub fn carry_out(&self) -> Result<(), LastingError> {
        if self.is_work() { copy::put(&self.path) } else { Ok(()) }
    }
}

impl fmt::Display for ProgramPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, why) = (self.path.display(), self.why.words());
        match &self.work {
            ProgramWork::Keep(None) => write!(f, "name {path}, which is there")?,
            ProgramWork::Keep(Some(version)) => {
                write!(f, "name {path}, which is {NAME} {version}")?;
            }
            ProgramWork::Copy(None) => write!(f, "copy {NAME} to {path}")?,
            ProgramWork::Copy(Some(version)) => {
                write!(f, "copy {NAME} to {path}, in place of {NAME} {version}")?;
            }
        }
        write!(f, ": what runs now is in {why}, and goes away")
    }
}
