//! The end of the session, because an operator of the daemon wants it.

use std::time::Instant;

use super::super::action::BridgeAction;
use super::super::refusal::give_up;
use super::Machine;

/// What its client reads of everything that it waits for.
pub(in super::super) const ENDED: &str = "an operator of callmux ended the session";

impl Machine {
    /// Answers everything that has no answer. Calls that the daemon may have read may have had their effect.
    pub(in super::super) fn session_ended(&mut self, now: Instant) -> Vec<BridgeAction> {
        let mut pending: Vec<_> = self.pending.drain().map(|(_, pending)| pending).collect();
        pending.sort_by_key(|pending| pending.number);
        let sent = pending.iter().filter(|pending| !pending.answered);
        let sent = sent.filter_map(|one| give_up(&one.message, ENDED, true, one.since, now));
        let held = self.held.iter().filter(|held| !held.answered);
        let held = held.filter_map(|one| give_up(&one.message, ENDED, false, one.since, now));
        let actions = sent.chain(held).collect();
        self.held.clear();
        self.batches.gather(actions)
    }
}
