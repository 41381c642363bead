//! What a server offers, held against what was accepted of it.
//!
//! That is done where a list is read, once, and never for a call. Definitions are compared as the server wrote them
//! ([`Item::written`](super::Item::written)): what we make right of one is another matter with each release of ours, and
//! an upgrade of callmux is no change of a server.

use super::offer::Offer;
use crate::base::ServerName;
use crate::base::clip::clipped;
use crate::facts;
use crate::pins::{Keeper, Looked, Moved, Offered, PinKind};
use crate::settings::ServerConfig;
use crate::telemetry::Recorder;
use crate::wire::ListKind;

const EACH_MAX: usize = 10;
const NAME_MAX: usize = 200;

/// The offer with what of it differs. Files are read and written, so it is done beside the loop.
pub(super) async fn look(
    offer: Offer,
    pins: &Keeper,
    (server, config): (&ServerName, &ServerConfig),
    recorder: &Recorder,
) -> Offer {
    if !config.policy.is_pinned() {
        return with(offer, Moved::default());
    }
    let keeper = pins.clone();
    let is_instance = server.workplace().is_some();
    let work = move || {
        let looked = keeper.look(&offered(&offer), &whole(&offer, is_instance));
        (offer, looked)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok((offer, looked)) => {
            tell((server, config), recorder, &looked);
            with(offer, looked.moved)
        }
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The program is ending.
        Err(_) => Offer::default(),
    }
}

/// The same of an offer that is remembered, whose server has not said anything yet.
pub(super) fn recalled(keeper: &Keeper, config: &ServerConfig, offer: Offer) -> Offer {
    if !config.policy.is_pinned() {
        return offer;
    }
    let moved = keeper.compare(&offered(&offer)).moved;
    with(offer, moved)
}

fn with(mut offer: Offer, moved: Moved) -> Offer {
    offer.moved = moved.into();
    offer
}

fn offered(offer: &Offer) -> Vec<Offered<'_>> {
    let of = |kind: PinKind, list: ListKind| {
        offer.list(list).items.iter().map(move |item| Offered {
            kind,
            name: &item.name,
            text: item.written(),
        })
    };
    let instructions = offer.instructions.as_deref().map(|text| Offered {
        kind: PinKind::Instructions,
        name: "",
        text,
    });
    let tools = of(PinKind::Tool, ListKind::Tools);
    tools.chain(of(PinKind::Prompt, ListKind::Prompts)).chain(instructions).collect()
}

/// The kinds of which nothing is left out. An instance may have less than others of its server.
fn whole(offer: &Offer, is_instance: bool) -> Vec<PinKind> {
    let lists = [(PinKind::Tool, ListKind::Tools), (PinKind::Prompt, ListKind::Prompts)];
    let is_whole = |kind: ListKind| {
        let list = offer.list(kind);
        list.cut.is_none() && list.refused.count() == 0
    };
    let whole = lists.into_iter().filter(|(_, list)| is_whole(*list)).map(|(kind, _)| kind);
    whole.chain([PinKind::Instructions]).filter(|_| !is_instance).collect()
}

fn tell((server, config): (&ServerName, &ServerConfig), recorder: &Recorder, looked: &Looked) {
    let holds = config.policy.holds();
    let moved = |definition: Option<String>, change: String, is_held: bool| {
        facts::DefinitionMoved { server: server.clone(), definition, change, is_held }
    };
    for told in looked.told.iter().take(EACH_MAX) {
        let title = told.kind.title(&clipped(&told.name, NAME_MAX));
        let is_held = holds && looked.moved.has(told.kind, &told.name);
        recorder.record(moved(Some(title), told.change.to_string(), is_held));
    }
    let more = looked.told.len().saturating_sub(EACH_MAX);
    if more > 0 {
        recorder.record(moved(None, format!("{more} more definitions differ"), holds));
    }
    if let Some(trouble) = &looked.trouble {
        let change = format!("{trouble}; everything that it offers counts as new");
        recorder.record(moved(None, change, holds));
    }
}
