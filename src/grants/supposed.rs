//! A process that a person asks about: what they say of it is all that is known.

use std::sync::Arc;

use super::args::WhoArgs;
use crate::base::peer_facts::{KnownFact, PeerFact, PeerFacts, SharedPeer};

#[derive(Debug)]
struct SupposedProcess {
    exe: KnownFact,
    unit: KnownFact,
    cwd: KnownFact,
}

/// The process of those arguments; `None` if they say nothing of one.
pub(super) fn process(who: &WhoArgs) -> Option<SharedPeer> {
    let cwd = who.cwd.as_deref().and_then(|cwd| std::path::absolute(cwd).ok());
    let cwd = cwd.and_then(|cwd| cwd.into_os_string().into_string().ok());
    let is_said = who.exe.is_some() || who.unit.is_some() || cwd.is_some();
    let [exe, unit, cwd] = [who.exe.clone(), who.unit.clone(), cwd].map(KnownFact::one);
    is_said.then(|| Arc::new(SupposedProcess { exe, unit, cwd }) as SharedPeer)
}

impl PeerFacts for SupposedProcess {
    /// It is none that runs.
    fn number(&self) -> u32 {
        0
    }

    fn told(&self, fact: PeerFact) -> &KnownFact {
        match fact {
            PeerFact::Exe => &self.exe,
            PeerFact::Unit => &self.unit,
            PeerFact::Cwd => &self.cwd,
        }
    }
}
