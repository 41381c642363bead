//! Looks at a server once, without a daemon: who it is and what it offers.

use std::io;
use std::sync::Arc;

use super::error::{StartFailure, Step};
use super::handshake::{Greeting, Identity};
use super::memory::Memory;
use super::offer::Offer;
use super::running::Start;
use super::start;
use super::way;
use crate::base::runtime::runtime;
use crate::base::{ServerName, Tasks};
use crate::connection::Board;
use crate::credentials::Credential;
use crate::pins::Store;
use crate::settings::ServerConfig;
use crate::telemetry::Recorder;
use crate::wire::Era;

/// What is looked at.
#[derive(Debug)]
pub struct Probe {
    pub server: ServerName,
    pub config: Arc<ServerConfig>,
    /// The name we give, as `clientInfo` has it in the handshake.
    pub name: &'static str,
    /// The era to begin with; if that comes to nothing, everything begins anew as if none were named.
    /// `None`: the modern one, and the other where that is not known, for which a silent program takes
    /// five seconds.
    pub first: Option<Era>,
}

/// Starts the server, or dials it, greets it as the daemon does, reads all its lists, and ends it or parts
/// from it. It never answers a call.
///
/// Nothing of it is left: no facts, no memory of its era or its offer, nothing for a later process of ours.
/// Only tokens that had to be renewed are kept, as ever.
/// Its process is a child of ours, without a unit of systemd, so a config whose limits or sandbox need one
/// fails at [`Step::Process`].
///
/// Each try takes at most the config's `start_timeout`, and what it takes to end: each process that it needed, up to
/// four times its `stop_timeout`. It has to run in a runtime of tokio with I/O and time.
///
/// # Errors
/// [`StartFailure`] says how far it came, and why no further, in words for people.
pub async fn probe(probe: Probe) -> Result<(Identity, Offer), StartFailure> {
    let Probe { server, config, name, first } = probe;
    let tasks = Tasks::new();
    let credential =
        Credential::of(&server, &config, &way::proxies(&config), (&tasks.child(), &tasks));
    let pins = Store::default().of(&server);
    let from = Start {
        server,
        config: config.clone(),
        recorder: Recorder::none(),
        units: None,
        board: Board::default(),
        credential: credential.map_err(Arc::new),
        pins,
        mute: Arc::default(),
    };
    let greeting = |first| Greeting::new(name, Memory::none(first));
    let patience = config.supervision.stop_timeout;
    let mut met = start::meet(from.clone(), &mut greeting(first), 1).await;
    if first.is_some() && matches!(&met, Err(failure) if failure.step == Step::Handshake) {
        met = start::meet(from, &mut greeting(None), 2).await;
    }
    let found = match met {
        Ok((running, _, offer)) => {
            let identity = running.identity().clone();
            drop(running.stop(patience, false).await);
            Ok((identity, offer))
        }
        Err(failure) => Err(failure),
    };
    // A credential may be in the middle of being renewed.
    tasks.close(patience).await;
    found
}

/// The same for who has no runtime.
///
/// # Errors
/// The outer one: there can be no runtime.
pub fn probe_here(look: Probe) -> io::Result<Result<(Identity, Offer), StartFailure>> {
    Ok(runtime()?.block_on(probe(look)))
}

#[cfg(test)]
mod tests;
