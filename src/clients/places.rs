//! Where the files of clients are on this machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::client::{KnownClient, Place, Scope, Sign};
use super::table::CLIENTS;
use crate::base::{dirs, executable};

/// What decides where files are.
#[derive(Debug, Clone)]
pub struct Surroundings {
    pub home: PathBuf,
    /// `$XDG_CONFIG_HOME`.
    pub config: PathBuf,
    /// Where records of changes are kept.
    pub records: PathBuf,
    /// The project's.
    pub directory: PathBuf,
    /// `PATH`.
    pub path: OsString,
    /// The variables that rows name, as far as they are set.
    pub variables: BTreeMap<&'static str, PathBuf>,
}

impl Surroundings {
    /// Those of this process, for a project in `directory`; `None` without a home directory.
    pub fn here(directory: PathBuf) -> Option<Self> {
        let config = dirs::config()?;
        let named = CLIENTS.iter().flat_map(|client| {
            let signs = client.signs.iter().filter_map(|sign| match sign {
                Sign::There(place) => Some(*place),
                Sign::Program(_) => None,
            });
            client.user.iter().copied().chain(signs)
        });
        let variables = named.filter_map(|place| match place {
            Place::Variable { name, .. } => {
                let value = PathBuf::from(std::env::var_os(name)?);
                value.is_absolute().then_some((name, value))
            }
            Place::Home(_) | Place::Config(_) => None,
        });
        Some(Self {
            home: dirs::home()?,
            config: config.parent()?.to_path_buf(),
            records: dirs::state()?.join("clients"),
            directory,
            path: std::env::var_os("PATH").unwrap_or_default(),
            variables: variables.collect(),
        })
    }

    /// The path of a place.
    pub fn of(&self, place: Place) -> PathBuf {
        match place {
            Place::Home(below) => self.home.join(below),
            Place::Config(below) => self.config.join(below),
            Place::Variable { name, inside, otherwise } => match self.variables.get(name) {
                // Joining nothing would end the path with a slash.
                Some(dir) if inside.is_empty() => dir.clone(),
                Some(dir) => dir.join(inside),
                None => self.of(*otherwise),
            },
        }
    }

    /// The program of this name in `PATH`.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let dirs = std::env::split_paths(&self.path).filter(|dir| dir.is_absolute());
        dirs.map(|dir| dir.join(name)).find(|path| executable::is_executable(path))
    }

    /// What tells that a client is here.
    pub fn sign(&self, client: &KnownClient) -> Option<PathBuf> {
        client.signs.iter().find_map(|sign| match sign {
            Sign::There(place) => Some(self.of(*place)).filter(|path| path.exists()),
            Sign::Program(name) => self.program(name),
        })
    }

    /// The client's file; `None` if it has none for this scope.
    pub fn file(&self, client: &KnownClient, scope: Scope) -> Option<PathBuf> {
        let places: Vec<PathBuf> = match scope {
            Scope::User => client.user.iter().map(|place| self.of(*place)).collect(),
            Scope::Project => client.project.iter().map(|name| self.directory.join(name)).collect(),
        };
        let is_there = |path: &&PathBuf| path.symlink_metadata().is_ok();
        let could_be = |path: &&PathBuf| path.parent().is_some_and(Path::is_dir);
        let found = places.iter().find(is_there);
        // What is read by most comes last where none is there yet.
        let found = found.or_else(|| match scope {
            Scope::User if client.id == "opencode" => places.last(),
            Scope::User => places.iter().find(could_be),
            Scope::Project => places.last(),
        });
        found.or(places.first()).cloned()
    }
}
