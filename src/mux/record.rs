//! The journal entry of one request.

use std::sync::Arc;

use tokio::time::Instant;

use super::call::{Call, Reply};
use super::failure::Failure;
use super::hub::Hub;
use crate::base::{CallId, ServerName, quoted};
use crate::telemetry::fact::CallFinished;
use crate::telemetry::{CallOutcome, Fact};
use crate::wire::Payload;

/// Names up to this length are written down whole, in bytes.
const NAME_SHOWN_MAX: usize = 512;

/// Writes the request down when it ends, however it ends.
pub struct CallRecord<'a> {
    pub id: CallId,
    hub: &'a Hub,
    call: &'a Call,
    located: Option<(Option<ServerName>, Arc<str>)>,
    pub started: Instant,
    written: bool,
}

impl<'a> CallRecord<'a> {
    /// A record that begins now.
    pub fn new(hub: &'a Hub, call: &'a Call) -> Self {
        let (id, started) = (CallId::next(), Instant::now());
        Self { id, hub, call, located: None, started, written: false }
    }

    /// What the request is about: the server, if it is for one, and the target as clients name it.
    pub fn name(&mut self, server: Option<ServerName>, target: Arc<str>) {
        let is_short = target.len() <= NAME_SHOWN_MAX;
        let target = if is_short { target } else { quoted(&target).to_string().into() };
        self.located = Some((server, target));
    }

    /// The reply to a request that no server answered.
    pub fn failed(&mut self, failure: Failure, id: &str) -> Reply {
        let response = failure.response(id, self.call.era);
        let payload = self.finished(failure.outcome(), Some(failure.reason()), response);
        Reply { payload, error: failure.code(), failure: Some(Box::new(failure)) }
    }

    /// The reply, once the request is written down.
    pub fn finished(
        &mut self,
        outcome: CallOutcome,
        reason: Option<&str>,
        reply: Payload,
    ) -> Payload {
        self.write(outcome, reason, reply.len());
        reply
    }

    fn write(&mut self, outcome: CallOutcome, reason: Option<&str>, reply_bytes: usize) {
        self.written = true;
        if !self.hub.recorder.wants_calls() {
            return;
        }
        let (server, name) = match self.located.take() {
            Some(located) => located,
            None => (None, "?".into()),
        };
        self.hub.recorder.record(Fact::CallFinished(Box::new(CallFinished {
            call: self.id,
            session: Some(self.call.session),
            principal: self.call.principal.label(),
            kind: self.call.head.kind(),
            name,
            server,
            outcome,
            reason: reason.map(str::to_owned),
            took: self.started.elapsed(),
            request_bytes: self.call.message.len(),
            reply_bytes,
        })));
    }
}

impl Drop for CallRecord<'_> {
    fn drop(&mut self) {
        if !self.written {
            self.write(CallOutcome::Cancelled, None, 0);
        }
    }
}
