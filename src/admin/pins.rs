//! What servers offer that is not what was accepted of them.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{gone, json};
use super::desk::{Closed, Question};
use super::sources::AnswerSources;
use crate::api::{PinReport, path};
use crate::base::clip::clipped;
use crate::base::{ServerName, dirs};
use crate::pin_review::diff_lines;
use crate::pins::{Change, Pin, Store};
use crate::world::World;

/// So many are told.
const PINS_MAX: usize = 100;
/// So long differences are looked for; those of the rest are not told.
const PATIENCE: Duration = Duration::from_secs(3);
/// So much of a diff is told: lines, and characters of one.
const LINES_MAX: usize = 400;
const LINE_MAX: usize = 4096;

pub(super) async fn list(
    State(sources): State<AnswerSources>,
    RawQuery(query): RawQuery,
) -> Response {
    let server = path::asked_server(query.as_deref().unwrap_or_default());
    let Ok(world) = sources.desk.ask(Question::World).await else { return gone(Closed) };
    let looked = move || moved(&world, server.as_deref(), dirs::state().as_deref());
    match tokio::task::spawn_blocking(looked).await {
        Ok(all) => json(StatusCode::OK, &all),
        Err(_) => gone(Closed),
    }
}

/// Those of one server, or of all. What cannot be read is nothing here: the server says so when it starts.
fn moved(world: &World, server: Option<&str>, state: Option<&Path>) -> Vec<PinReport> {
    let (store, until) = (Store::below(state), Instant::now() + PATIENCE);
    let meant = world
        .config
        .servers
        .iter()
        .filter(|(name, _)| server.is_none_or(|server| name.as_str() == server));
    let reports = meant.flat_map(|(name, config)| {
        let book = store.of(name).read().ok().flatten();
        let pins: Vec<Pin> = book.iter().flat_map(|book| book.pins().cloned()).collect();
        let is_held = config.policy.holds();
        pins.into_iter().filter_map(move |pin| report(name, &pin, is_held, until))
    });
    reports.take(PINS_MAX).collect()
}

fn report(server: &ServerName, pin: &Pin, is_held: bool, until: Instant) -> Option<PinReport> {
    let change = pin.change()?;
    let has_diff = change != Change::Gone;
    let is_late = has_diff && Instant::now() > until;
    let lines = if has_diff && !is_late { diff_lines(pin) } else { Vec::new() };
    let shown = lines.iter().take(LINES_MAX).map(|line| clipped(line, LINE_MAX));
    Some(PinReport {
        server: server.clone(),
        kind: pin.kind.as_str().to_owned(),
        name: pin.name.clone(),
        change: change.to_string(),
        is_held,
        diff: shown.collect(),
        is_cut: is_late || lines.len() > LINES_MAX,
    })
}
