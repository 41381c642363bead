//! The sessions that are open, as operators are told of them.

use std::sync::Arc;

use crate::admin::OpenSessions;
use crate::api::{Era, SessionDetails, SessionProcess};
use crate::base::SessionId;
use crate::base::peer_facts::{PeerFact, SharedPeer};
use crate::front::{Front, OpenSession};
use crate::wire;

/// Those that came in here.
#[derive(Debug)]
pub(super) struct FrontSessions(pub(super) Arc<Front>);

impl OpenSessions for FrontSessions {
    fn all(&self) -> Vec<(SessionId, SessionDetails)> {
        let open = self.0.open_sessions().into_iter();
        open.map(|open| (open.session.id, details(open))).collect()
    }

    fn end(&self, id: SessionId) -> bool {
        self.0.end_session(id)
    }
}

fn details(OpenSession { session, is_away }: OpenSession) -> SessionDetails {
    // A modern client has said nothing for good: each of its requests says it anew.
    let greeted = session.is_greeted().then(|| session.client());
    let is_modern = greeted.is_none() && !session.is_untold();
    let revision = greeted.as_ref().map(|client| client.revision);
    let revision = revision.or(is_modern.then_some(wire::Revision::MODERN));
    let account = session.ledger.account();
    SessionDetails {
        id: session.id.mark(),
        client: greeted.map(|client| client.title()).unwrap_or_default(),
        principal: session.principal.label().to_string(),
        front: session.via().to_owned(),
        revision: revision.map(|revision| revision.to_string()),
        era: revision.map(|revision| match revision.era() {
            wire::Era::Legacy => Era::Legacy,
            wire::Era::Modern => Era::Modern,
        }),
        opened_at: None,
        directory: session.cwd().map(|cwd| cwd.to_string_lossy().into_owned()),
        process: session.peer().map(|peer| process(&peer)),
        away: is_away,
        in_flight: session.in_flight(),
        calls: account.calls,
        sent_bytes: account.results.sent.saturating_add(account.definitions.sent),
    }
}

fn process(peer: &SharedPeer) -> SessionProcess {
    let names = |fact| peer.told(fact).names.iter().map(ToString::to_string);
    SessionProcess {
        pid: peer.number(),
        programs: names(PeerFact::Exe).collect(),
        unit: names(PeerFact::Unit).next(),
    }
}
