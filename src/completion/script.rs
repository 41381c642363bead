//! The scripts that have a shell ask us, and how each is answered.

use clap::ValueEnum;

use super::offered::{Offer, OfferKind};
use crate::base::clip::clipped;
use crate::base::visible;

/// The most characters of what is said beside a name.
const DESCRIPTION_MAX: usize = 80;

/// A shell that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Script {
    Bash,
    Zsh,
    Fish,
}

/// What a shell reads once.
pub fn script(shell: Script) -> &'static str {
    match shell {
        Script::Bash => include_str!("scripts/callmux.bash"),
        Script::Zsh => include_str!("scripts/_callmux"),
        Script::Fish => include_str!("scripts/callmux.fish"),
    }
}

impl Script {
    /// The line that tells this shell of an offer. One that begins with a colon has the shell look for itself.
    pub(super) fn line(self, offer: &Offer, written: &str) -> String {
        match offer.kind {
            OfferKind::Files => return ":files".to_owned(),
            OfferKind::Programs => return ":programs".to_owned(),
            OfferKind::Name | OfferKind::Option => {}
        }
        if self == Self::Bash {
            // What it puts in stands behind the last `=`, which begins a word there.
            let kept = written.rfind('=').map_or(0, |at| at + 1);
            return offer.text.get(kept..).unwrap_or_default().to_owned();
        }
        let first = offer.description.lines().next().unwrap_or_default();
        let description = clipped(&visible::line(first), DESCRIPTION_MAX);
        let gap = if description.is_empty() { "" } else { "\t" };
        format!("{}{gap}{description}", offer.text)
    }
}
