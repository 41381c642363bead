//! The chosen clients get our entry in place of those that callmux runs.

use std::path::{Path, PathBuf};

use super::error::SetupError;
use super::journal::{Journal, SetupStep};
use super::scene::ClientHere;
use crate::clients::change::{Plan, Seat, Wish};
use crate::clients::{ClientError, Launch, Scope, Surroundings};

/// The entries of a file that callmux runs: the file, the entry's name, what it starts.
pub(super) type Entries = Vec<(PathBuf, String, Launch)>;

/// What is to become of a client's file.
#[derive(Debug)]
pub(super) struct ClientPlan {
    pub(super) id: &'static str,
    pub(super) path: PathBuf,
    /// The entries that go.
    pub(super) taken: Vec<String>,
    /// `None`: nothing, it is attached already.
    pub(super) plan: Option<Plan>,
    /// Why nothing can be done.
    pub(super) refused: Option<String>,
    wish: Wish,
}

/// What is wanted of a client.
fn wish(seat: &Seat<'_>, path: &Path, entries: &Entries) -> Wish {
    let of_it = entries.iter().filter(|(file, ..)| file == path);
    Wish {
        launch: Launch::bridge(&seat.program()),
        addresses: Vec::new(),
        run: of_it.map(|(_, name, launch)| (name.clone(), launch.clone())).collect(),
        replace: true,
        by_entry: true,
    }
}

/// Plans for each client that is chosen.
pub(super) fn plans(
    around: &Surroundings,
    clients: &[ClientHere],
    entries: &Entries,
) -> Vec<ClientPlan> {
    let chosen = clients.iter().filter(|here| here.is_chosen);
    let plan = |here: &ClientHere| {
        let seat = Seat { client: here.client, scope: Scope::User, around };
        let wish = wish(&seat, &here.path, entries);
        let (plan, refused) = match seat.attaching(&wish) {
            Ok(plan) => (plan, None),
            Err(error) => (None, Some(error.to_string())),
        };
        let taken = plan.as_ref().map(|plan| plan.taken.clone()).unwrap_or_default();
        ClientPlan { id: here.client.id, path: here.path.clone(), taken, plan, refused, wish }
    };
    chosen.map(plan).collect()
}

/// Does what was planned; `false`: somebody else has done it meanwhile.
pub(super) fn carry_out(
    around: &Surroundings,
    here: &ClientHere,
    planned: &mut ClientPlan,
    journal: &mut Journal,
) -> Result<bool, SetupError> {
    let client = here.client;
    let seat = Seat { client, scope: Scope::User, around };
    let failed = |error: ClientError| SetupError::Client { id: client.id, error };
    // Two clients may have one file.
    let Some(plan) = seat.attaching(&planned.wish).map_err(failed)? else { return Ok(false) };
    planned.taken.clone_from(&plan.taken);
    let last = seat.last_change();
    journal.will([SetupStep::Client { id: client.id.to_owned(), last }])?;
    let done = seat.carry_out(plan, || seat.attaching(&planned.wish)).map_err(failed)?;
    Ok(done.is_some())
}
