//! What changes of the config would do to servers, tools and clients.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;

use super::desk::{Closed, Question};
use super::sources::AnswerSources;
use crate::api::{ChangePlan, FilePlan, ListTokens};
use crate::changes::draft::{Draft, FileChange};
use crate::clients::diff;
use crate::config::plan::plan;
use crate::meta::own_tools;
use crate::render::tokens;
use crate::wire::{Era, ListKind};
use crate::world::World;

/// The widest line of a difference, in characters.
const LINE: usize = 200;

/// What `draft` would do.
///
/// # Errors
/// The daemon is being stopped.
pub(super) async fn foresee(sources: &AnswerSources, draft: Draft) -> Result<ChangePlan, Closed> {
    let world = sources.desk.ask(Question::World).await?;
    let config = Arc::new(draft.config);
    let plan = plan(&world.config, &config);
    // Of those that are there now; what others offer is not known.
    let there = world.servers.iter().filter_map(|(name, server)| {
        let adjusted = config.servers.get(name).filter(|config| config.enabled)?;
        Some((name.clone(), server.adjusted(adjusted.clone())))
    });
    let servers = there.collect();
    let own = own_tools(&config);
    // Nobody sees this one: it is asked what it would list, and let go.
    let then = world.reconfigured(config, servers, own, Instant::now()).await;
    let (before, after) = (names(&world), names(&then));
    let is_same = before == after;
    let sessions = sources.hub.recorder.sessions().len();
    Ok(ChangePlan {
        files: draft.files.iter().map(file).collect(),
        tools_unknown: plan.added.clone(),
        plan,
        tools_gained: after.difference(&before).cloned().collect(),
        tools_lost: before.difference(&after).cloned().collect(),
        list_tokens: ListTokens { before: list_tokens(&world), after: list_tokens(&then) },
        sessions_told: if is_same { 0 } else { sessions },
        calls_in_flight: sources.hub.calls(),
    })
}

fn names(world: &World) -> BTreeSet<String> {
    world.catalog.tools.entries().iter().map(|entry| entry.shown.to_string()).collect()
}

/// The list of tools that a client without a section of its own gets, in tokens.
fn list_tokens(world: &World) -> usize {
    let shown = world.catalog.shown(ListKind::Tools, None);
    let page = shown.page(None, Era::Legacy).unwrap_or_default();
    let text = String::from_utf8_lossy(&page);
    // A list of several pages is like its first.
    tokens::estimate(&text) * shown.len.max(1) / page.len().max(1)
}

fn file(change: &FileChange) -> FilePlan {
    let becomes = match (&change.before, &change.after) {
        (None, _) => "created",
        (Some(_), Some(_)) => "changed",
        (Some(_), None) => "removed",
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    FilePlan {
        path: change.path.display().to_string(),
        becomes: becomes.to_owned(),
        diff: diff::diff(&text(&change.before), &text(&change.after), LINE),
    }
}
