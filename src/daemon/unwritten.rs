//! The journal entries that an earlier process of ours had no time to write.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::access::ActionKind;
use crate::base::{CallId, Principal, ServerName, SessionId};
use crate::facts::CallOutcome;
use crate::facts::{CallFinished, CallOrigin};
use crate::handover::call::LeftCall;
use crate::handover::progress::Reached;
use crate::handover::{ActRow, Ending, Left};
use crate::servers::running::LeftServer;
use crate::telemetry::Recorder;

/// Why an act has no other end.
const CUT_OFF: &str = "the callmux daemon ended while the call was running";
/// What the entry of a call that did not go well cannot say any more.
const REASON_LOST: &str = "the callmux daemon ended before it could write down why";

/// Writes them, each once.
#[derive(Debug)]
pub(super) struct Unwritten<'a> {
    recorder: &'a Recorder,
    written: OnceCell<HashSet<CallId>>,
}

impl<'a> Unwritten<'a> {
    pub(super) fn new(recorder: &'a Recorder) -> Self {
        Self { recorder, written: OnceCell::new() }
    }

    /// Writes down an act that was cut off, or that ended just before.
    pub(super) fn act(&self, act: Left<ActRow>) {
        let ending = act.ending();
        let (row, noted) = act.noted();
        if ending.is_some() && self.is_written(row.call) {
            return;
        }
        let kind = ActionKind::ALL.into_iter().find(|kind| kind.as_str() == &*row.kind);
        let (outcome, reason, took) = match ending {
            Some(ending) => end(ending),
            None => {
                let (outcome, took) = (CallOutcome::OutcomeUnknown, row.began.instant().elapsed());
                // Should we end before its entry is written, too.
                noted.ended(Ending { outcome: outcome.number(), took });
                (outcome, Some(CUT_OFF.to_owned()), took)
            }
        };
        self.recorder.record(Box::new(CallFinished {
            call: row.call,
            session: Some(row.session),
            principal: row.principal.label(),
            client: row.client.into(),
            kind: kind.map_or("request", ActionKind::as_str),
            name: row.name.into(),
            server: row.server.and_then(|server| ServerName::parse(&server).ok()),
            outcome,
            reason,
            rule: None,
            took,
            request_bytes: 0,
            reply_bytes: 0,
            origin: CallOrigin::default(),
            noted: Some(noted),
        }));
    }

    /// Writes down those calls of tools that ended. `principals`: whose each session is.
    pub(super) fn calls(
        &self,
        calls: &[LeftCall],
        principals: &HashMap<SessionId, Principal>,
        servers: &BTreeMap<ServerName, LeftServer>,
    ) {
        for left in calls {
            let Reached::Ended { number, ending } = left.reached else { continue };
            let Some(principal) = principals.get(&left.call.session) else { continue };
            let server = servers.iter().find(|(_, server)| server.found.card.number == number);
            let server = server.map(|(name, _)| name.clone());
            if !self.is_written(left.call.call) {
                self.call(left, ending, principal, server);
            }
        }
    }

    fn call(
        &self,
        left: &LeftCall,
        ending: Ending,
        principal: &Principal,
        server: Option<ServerName>,
    ) {
        let (outcome, reason, took) = end(ending);
        let call = &left.call;
        self.recorder.record(Box::new(CallFinished {
            call: call.call,
            session: Some(call.session),
            principal: principal.label(),
            client: call.client.clone().into(),
            kind: ActionKind::Tool.as_str(),
            name: call.tool.clone().into(),
            server,
            outcome,
            reason,
            rule: None,
            took,
            request_bytes: 0,
            reply_bytes: 0,
            origin: CallOrigin::default(),
            noted: Some(left.pending.clone()),
        }));
    }

    fn is_written(&self, call: CallId) -> bool {
        self.written.get_or_init(|| self.recorder.written_calls()).contains(&call)
    }
}

fn end(ending: Ending) -> (CallOutcome, Option<String>, Duration) {
    let outcome = CallOutcome::of_number(ending.outcome).unwrap_or(CallOutcome::OutcomeUnknown);
    let went_well = matches!(outcome, CallOutcome::Done | CallOutcome::ToolError);
    let reason = (!went_well).then(|| REASON_LOST.to_owned());
    (outcome, reason, ending.took)
}
