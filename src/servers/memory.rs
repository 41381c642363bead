//! What is remembered of a server between its starts: how it is greeted, and what it offers.
//!
//! A server that does not answer an unknown method costs the whole patience of the probe each
//! time, so the verdict is kept in the cache directory under a fingerprint of the command or the URL. Losing
//! the file costs one probe. The offer lets a lazy server sleep until it is called.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::identity::Identity;
use super::manner::{Elicitation, Manner};
use super::offer::{List, Offer};
use crate::base::{aside, dirs, file};
use crate::settings::{ServerConfig, fingerprint};
use crate::wire::{Era, ListKind, Revision, ServerCapabilities};

/// The largest file of a verdict, and of an offer, in bytes.
const VERDICT_MAX: u64 = 64 * 1024;
const OFFER_MAX: u64 = 64 * 1024 * 1024;

/// Where the verdict for one server is kept.
#[derive(Debug, Clone)]
pub struct Memory {
    path: Option<PathBuf>,
    /// What is taken for remembered where nothing is kept.
    first: Option<Era>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    version: u32,
    era: String,
    /// What it is told where that is not what every server is told first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manner: Option<RememberedManner>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RememberedManner {
    revision: String,
    elicitation: Elicitation,
    /// Who wants to hear it so: another version may not.
    server: String,
}

impl Memory {
    /// The memory of the server that `config` starts.
    pub fn of(config: &ServerConfig) -> Self {
        let name = format!("servers/{:016x}.json", fingerprint::of_program(config));
        Self { path: dirs::cache().map(|dir| dir.join(name)), first: None }
    }

    /// One that keeps nothing. `first`: the era to begin with.
    pub fn none(first: Option<Era>) -> Self {
        Self { path: None, first }
    }

    #[cfg(test)]
    pub fn at(path: PathBuf) -> Self {
        Self { path: Some(path), first: None }
    }

    /// The era this server spoke last time.
    pub fn era(&self) -> Option<Era> {
        let kept = || {
            let remembered = self.kept()?;
            [Era::Legacy, Era::Modern].into_iter().find(|era| era.as_str() == remembered.era)
        };
        self.first.or_else(kept)
    }

    /// What it agreed to as a legacy server.
    pub fn manner(&self) -> Manner {
        let kept = || {
            let manner = self.kept()?.manner?;
            let revision = Revision::parse(&manner.revision)?;
            (revision.era() == Era::Legacy)
                .then_some(Manner { revision, elicitation: manner.elicitation })
        };
        kept().unwrap_or(Manner::FIRST)
    }

    fn kept(&self) -> Option<Remembered> {
        let bytes = file::read_trusted(self.path.as_ref()?, VERDICT_MAX).ok()?;
        serde_json::from_slice(&bytes)
            .ok()
            .filter(|remembered: &Remembered| remembered.version == 1)
    }

    /// Forgets the verdict: it may have been wrong, or is no more.
    pub fn forget(&self) {
        if let Some(path) = &self.path {
            // It may not be there.
            _ = std::fs::remove_file(path);
        }
    }

    /// Keeps the verdict. `manner`: what it agreed to, if it was told that. Failing to is harmless.
    pub fn remember(&self, era: Era, manner: Option<Manner>, identity: &Identity) {
        let Some(path) = &self.path else { return };
        let server = format!("{} {}", identity.name, identity.version);
        let before = self.kept();
        let is_another =
            |kept: &Remembered| kept.manner.as_ref().is_some_and(|manner| manner.server != server);
        // It was told what another wanted to hear, and is asked anew next time.
        let is_another = before.as_ref().is_some_and(is_another);
        let manner = manner.filter(|manner| *manner != Manner::FIRST && !is_another);
        let manner = manner.map(|Manner { revision, elicitation }| RememberedManner {
            revision: revision.as_str().to_owned(),
            elicitation,
            server,
        });
        if before.is_some_and(|kept| kept.era == era.as_str() && kept.manner == manner) {
            return;
        }
        let remembered = Remembered { version: 1, era: era.as_str().to_owned(), manner };
        if let Ok(json) = serde_json::to_vec(&remembered)
            && let Err(error) = file::replace(path, &json)
        {
            tracing::debug!(%error, path = %path.display(), "how to greet a server was not remembered");
        }
    }
}

/// What a server said when it last ran, under a fingerprint of its whole config.
#[derive(Debug, Clone)]
pub struct Catalog {
    path: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Said {
    version: u32,
    instructions: Option<String>,
    capabilities: ServerCapabilities,
    /// The definitions, one list for each of [`ListKind::ALL`].
    lists: [Vec<Box<RawValue>>; 4],
}

/// The version of the file.
const SAID: u32 = 2;

impl Catalog {
    /// The memory of the server that `config` starts.
    pub fn of(config: &ServerConfig) -> Self {
        let name = format!("servers/{:016x}.offer.json", fingerprint::of_start(config));
        Self { path: dirs::cache().map(|dir| dir.join(name)) }
    }

    /// What it offered.
    pub fn recall(&self) -> Option<Offer> {
        let bytes = file::read_trusted(self.path.as_ref()?, OFFER_MAX).ok()?;
        let said: Said =
            serde_json::from_slice(&bytes).ok().filter(|said: &Said| said.version == SAID)?;
        let mut offer = Offer::new(said.instructions.as_deref(), said.capabilities);
        for kind in ListKind::ALL {
            let definitions = said.lists[kind.index()].iter().map(|definition| definition.get());
            offer.set(kind, List::from_definitions(kind, definitions));
        }
        Some(offer)
    }

    /// Keeps what it offers. Failing to is harmless.
    pub async fn keep(&self, offer: &Offer) {
        let Some(path) = self.path.clone() else { return };
        let (size, offer) = (offer.size(), offer.clone());
        aside(size, move || {
            let said = said(&offer);
            if file::read(&path, OFFER_MAX).is_ok_and(|old| old == said.as_bytes()) {
                return;
            }
            if let Err(error) = file::replace(&path, said.as_bytes()) {
                tracing::debug!(%error, path = %path.display(), "the offer of a server was not remembered");
            }
        })
        .await;
    }
}

/// What [`Said`] is read from: each definition as the server wrote it.
fn said(offer: &Offer) -> String {
    let lists = ListKind::ALL.map(|kind| {
        let items = offer.list(kind).items.iter();
        items.map(|item| &**item.written()).collect::<Vec<_>>().join(",")
    });
    let capabilities = String::from((*offer.capabilities).clone());
    format!(
        r#"{{"version":{SAID},"instructions":{},"capabilities":{},"lists":[[{}]]}}"#,
        serde_json::Value::from(offer.instructions.as_deref()),
        serde_json::Value::from(capabilities),
        lists.join("],["),
    )
}

#[cfg(test)]
mod tests;
