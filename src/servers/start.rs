//! How a server comes to be: taken over from an earlier process of ours, or started and greeted.

use tokio::time::Instant;

use super::error::{StartFailure, Step};
use super::handshake::Greeting;
use super::memory::Catalog;
use super::offer::Offer;
use super::running::{LeftServer, Running, Start, adopt};
use crate::handover::card::Keepable;
use crate::settings::origin;
use crate::telemetry::fact;
use crate::wire::ListKind;

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
    let config = start.config.clone();
    let (mut running, keepable, offer) = meet(start, &Greeting::of(&config), attempt).await?;
    running.keep(keepable, &config);
    running.subscribe();
    Ok((running, offer))
}

/// Starts the process, greets it and reads what it offers. Nothing of it is kept.
pub(super) async fn meet(
    start: Start,
    greeting: &Greeting,
    attempt: u32,
) -> Result<(Running, Option<Keepable>, Offer), StartFailure> {
    let Start { server, config, recorder, units, board, credential } = start;
    if let Some(first) = config.unresolved.first() {
        return Err(StartFailure::at(Step::Config, first.to_string()));
    }
    let credential =
        credential.map_err(|error| StartFailure::at(Step::Config, error.to_string()))?;
    if let Some(credential) = &credential {
        credential.begin();
    }
    let began = Instant::now();
    let (mut running, keepable) = match &config.remote.url {
        Some(url) => {
            recorder.record(fact::ServerDialed {
                server: server.clone(),
                origin: origin(url),
                attempt,
            });
            let remote =
                Running::dial(&server, url, &config, &recorder, (board, credential.clone()));
            (remote.map_err(|error| StartFailure::at(Step::Config, error.to_string()))?, None)
        }
        None => {
            let spawned = Running::spawn(&server, &config, &recorder, units.as_ref(), board).await;
            spawned.map_err(|error| StartFailure::at(Step::Process, error.to_string()))?
        }
    };
    if let Some(pid) = running.pid() {
        recorder.record(fact::ServerStarted { server: server.clone(), pid, attempt });
    }
    match running.greet(&config, greeting).await {
        Ok((identity, offer)) => {
            if let Some(credential) = &credential {
                credential.note_let_in();
            }
            recorder.record(fact::ServerReady {
                server,
                era: identity.era.as_str(),
                revision: identity.revision.clone(),
                tools: offer.list(ListKind::Tools).items.len(),
                took: began.elapsed(),
            });
            running.identity = Some(identity);
            Ok((running, keepable, offer))
        }
        Err(StartFailure { step, reason }) => {
            let reason = running.end(config.supervision.stop_timeout, Some(reason)).await;
            // Whatever the connection made of it, a person has to act first.
            Err(match credential.and_then(|credential| credential.login_needed()) {
                Some(reason) => StartFailure::at(Step::Login, reason),
                None => StartFailure::at(step, reason),
            })
        }
    }
}
