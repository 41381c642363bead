//! A request is made.

use std::sync::Arc;

use tokio::time::Instant;

use super::cell::{Cell, Loss};
use super::exchange::Exchange;
use super::origin::Origin;
use super::state::Connection;
use crate::access::Permit;
use crate::wire::{LogLevel, Payload};

impl Connection {
    /// Sends the request that `build` makes for the id it is given.
    pub fn request(
        self: &Arc<Self>,
        _permit: &Permit,
        origin: Origin,
        build: impl FnOnce(u64) -> Payload,
    ) -> Result<Exchange, Loss> {
        let mut state = self.lock();
        if state.end.is_finishing() {
            return Err(Loss::not_sent(format!("server {} is being ended", self.server())));
        }
        if let Some(reason) = state.end.refusal() {
            return Err(Loss::not_sent(format!("server {}: {reason}", self.server())));
        }
        let no_place = |why| Loss::not_sent(format!("server {}: {why}", self.server()));
        state.in_flight.admit(origin.owner).map_err(no_place)?;
        let id = state.last_id + 1;
        let payload = build(id);
        let no_room = |why| Loss::not_sent(format!("server {} {why}", self.server()));
        state.queue.admit(&payload, origin.owner).map_err(no_room)?;
        state.last_id = id;
        if origin.owner.is_some() {
            state.used = Instant::now();
        }
        let cell = Arc::new(Cell::new(origin));
        let open = state.in_flight.clients();
        state.in_flight.insert(id, cell.clone());
        state.queue.push_in_turn(payload, (id, cell.clone()), open);
        drop(state);
        self.wake();
        Ok(Exchange::new(id, cell, self.clone()))
    }

    /// Tells a legacy server to log from this level on, unless it does already. Levels only become
    /// more talkative: what one client does not want is left out on its way to it.
    pub fn want_level(self: &Arc<Self>, permit: &Permit, level: LogLevel) {
        {
            let mut state = self.lock();
            if state.level.is_some_and(|told| told <= level) {
                return;
            }
            state.level = Some(level);
        }
        let told = level.as_str();
        let build = |id: u64| {
            Payload::from(format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"logging/setLevel","params":{{"level":"{told}"}}}}"#
            ))
        };
        // Nobody waits for the answer: a server that cannot is none the worse for it.
        drop(self.request(permit, Origin::default(), build));
    }
}
