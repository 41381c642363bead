//! How a server comes to be: taken over from an earlier process of ours, or started and greeted.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::error::{StartFailure, Step};
use super::greeting::{Greeting, MuteStarts};
use super::memory::Catalog;
use super::offer::Offer;
use super::pinning;
use super::running::{LeftServer, Running, Start, adopt};
use crate::credentials::Credential;
use crate::facts;
use crate::handover::card::Keepable;
use crate::settings::origin;
use crate::wire::{Era, ListKind};

/// Processes that one try to start a server may take: for the probe, and for each manner in which
/// `initialize` is said.
const PROCESSES_MAX: usize = 5;

/// How long a server that has an instance for each directory stays if it was only asked what it offers.
const UNCALLED_FOR: Duration = Duration::from_secs(5);

/// After how long without a call it is ended.
pub(super) fn idle_stop(start: &Start, has_served: bool) -> Option<Duration> {
    let limit = start.config.idle_stop();
    let is_spare = start.config.is_per_directory() && start.server.workplace().is_none();
    if is_spare && !has_served { limit.map(|limit| limit.min(UNCALLED_FOR)) } else { limit }
}

/// Takes over the server that an earlier process of ours left, or starts one. What it offers is
/// remembered.
pub async fn begin(
    start: Start,
    left: Option<LeftServer>,
    attempt: u32,
) -> Result<(Running, Offer), StartFailure> {
    let memory = Catalog::of(&start.config);
    let (running, offer) = begin_somehow(start, left, attempt).await?;
    let said = offer.clone();
    running.tasks.spawn("memory of an offer", async move { memory.keep(&said).await });
    Ok((running, offer))
}

async fn begin_somehow(
    start: Start,
    left: Option<LeftServer>,
    attempt: u32,
) -> Result<(Running, Offer), StartFailure> {
    if let (Some(left), Some(units)) = (left, &start.units) {
        match adopt(&start, left, units).await {
            Ok(adopted) => return Ok(adopted),
            Err(error) => {
                let reason = error.to_string();
                tracing::warn!(server = %start.server, reason, "it was not taken over");
            }
        }
    }
    begin_anew(start, attempt).await
}

/// Starts the process, greets it and reads what it offers. Later processes of ours can take it over, if
/// it has a unit.
async fn begin_anew(start: Start, attempt: u32) -> Result<(Running, Offer), StartFailure> {
    let (config, mute) = (start.config.clone(), start.mute.clone());
    let before = *mute.lock();
    let mut greeting = Greeting::of(&config, before);
    match meet(start, &mut greeting, attempt).await {
        Ok((mut running, keepable, offer)) => {
            *mute.lock() = MuteStarts::default();
            running.keep(keepable, &config);
            running.subscribe();
            Ok((running, offer))
        }
        Err(failure) => {
            if failure.step == Step::Time && greeting.first() == Some(Era::Modern) {
                greeting.forgets();
            }
            // Who cannot be reached was not asked.
            if failure.step != Step::Reach {
                *mute.lock() = greeting.mute_after(before, failure.step == Step::Time);
            }
            Err(failure)
        }
    }
}

/// Starts the process, greets it and reads what it offers; another one, where this one ended on what it
/// was asked. Nothing of it is kept.
pub(super) async fn meet(
    start: Start,
    greeting: &mut Greeting,
    attempt: u32,
) -> Result<(Running, Option<Keepable>, Offer), StartFailure> {
    let Start { server, config, recorder, credential, .. } = &start;
    if let Some(first) = config.unresolved.first() {
        return Err(StartFailure::at(Step::Config, first.to_string()));
    }
    let credential =
        credential.clone().map_err(|error| StartFailure::at(Step::Config, error.to_string()))?;
    if let Some(credential) = &credential {
        credential.begin();
    }
    let began = Instant::now();
    let deadline = began + config.supervision.start_timeout;
    for number in 1.. {
        let (mut running, keepable) = reach(&start, credential.clone(), attempt).await?;
        let StartFailure { step, reason } = match running.greet(config, greeting, deadline).await {
            Ok((identity, offer)) => {
                if let Some(credential) = &credential {
                    credential.note_let_in();
                }
                let offer = pinning::look(offer, &start.pins, (server, config), recorder).await;
                recorder.record(facts::ServerReady {
                    server: server.clone(),
                    era: identity.era.as_str(),
                    revision: identity.revision.clone(),
                    tools: offer.list(ListKind::Tools).items.len(),
                    took: began.elapsed(),
                });
                running.identity = Some(identity);
                return Ok((running, keepable, offer));
            }
            Err(failure) => failure,
        };
        let is_process = running.pid().is_some();
        let reason = running.end(config.supervision.stop_timeout, Some(reason)).await;
        // Whatever the connection made of it, a person has to act first.
        if let Some(reason) = credential.as_ref().and_then(|credential| credential.login_needed()) {
            return Err(StartFailure::at(Step::Login, reason));
        }
        let may_go_on = is_process && step == Step::Handshake && number < PROCESSES_MAX;
        if !(may_go_on && greeting.goes_on(&reason)) {
            return Err(StartFailure::at(step, reason));
        }
    }
    unreachable!("the last process is followed by none")
}

/// Starts the process, or says where a remote server is.
async fn reach(
    start: &Start,
    credential: Option<Arc<Credential>>,
    attempt: u32,
) -> Result<(Running, Option<Keepable>), StartFailure> {
    let Start { server, config, recorder, units, board, .. } = start;
    let board = board.clone();
    if let Some(url) = &config.remote.url {
        recorder.record(facts::ServerDialed {
            server: server.clone(),
            origin: origin(url),
            attempt,
        });
        let remote = Running::dial(server, url, config, recorder, (board, credential));
        let remote = remote.map_err(|error| StartFailure::at(Step::Config, error.to_string()))?;
        return Ok((remote, None));
    }
    let spawned = Running::spawn(server, config, recorder, units.as_ref(), board).await;
    let (running, keepable) =
        spawned.map_err(|error| StartFailure::at(Step::Process, error.to_string()))?;
    if let Some(pid) = running.pid() {
        recorder.record(facts::ServerStarted { server: server.clone(), pid, attempt });
    }
    Ok((running, keepable))
}
