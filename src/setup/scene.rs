//! What is here: clients, their files, the servers in them.

use std::path::PathBuf;

use super::error::SetupError;
use crate::clients::{CLIENTS, KnownClient, Scope, Surroundings};
use crate::imports::{ForeignFile, ImportError};

/// A client that is here.
#[derive(Debug)]
pub(super) struct ClientHere {
    pub(super) client: &'static KnownClient,
    /// The user's file, whether it is there or not.
    pub(super) path: PathBuf,
    /// Why its file cannot be read.
    pub(super) trouble: Option<String>,
    /// It is to be attached.
    pub(super) is_chosen: bool,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) clients: Vec<ClientHere>,
    /// Files with servers that are to be taken over.
    pub(super) files: Vec<ForeignFile>,
}

/// Looks for clients. `chosen`: to be attached, and `from`: to be imported from; nobody in particular means all.
pub(super) fn look(
    around: &Surroundings,
    chosen: &[String],
    from: &[String],
) -> Result<Scene, SetupError> {
    for name in chosen.iter().chain(from) {
        if CLIENTS.iter().all(|client| client.id != name) {
            return Err(SetupError::NoClient(name.clone()));
        }
    }
    let is_meant = |names: &[String], client: &KnownClient| {
        names.is_empty() || names.iter().any(|name| name == client.id)
    };
    let mut scene = Scene { clients: Vec::new(), files: Vec::new() };
    let here = |client: &&KnownClient| {
        around.sign(client).is_some() || chosen.iter().any(|name| name == client.id)
    };
    for client in CLIENTS.iter().filter(here) {
        let mut trouble = None;
        for scope in [Scope::User, Scope::Project] {
            let path = around.file(client, scope).filter(|path| path.exists());
            let Some(path) = path.filter(|_| is_meant(from, client)) else { continue };
            if scene.files.iter().any(|file| file.path == path) {
                continue;
            }
            match ForeignFile::read(&path, Some(around)) {
                Ok(file) if file.has_servers() => {
                    scene.files.push(file.in_project(&around.directory));
                }
                Ok(_) | Err(ImportError::NoServers(_)) => {}
                Err(error) if scope == Scope::User => trouble = Some(error.to_string()),
                Err(_) => {}
            }
        }
        let path = around.file(client, Scope::User).unwrap_or_default();
        let is_chosen = is_meant(chosen, client) && trouble.is_none();
        scene.clients.push(ClientHere { client, path, trouble, is_chosen });
    }
    Ok(scene)
}
