//! Phase 2 of a call that a person has to approve.
//!
//! A client of this user that can show a form is asked: of a legacy one the call waits, a modern one is asked by
//! the end of a round. Anybody else's calls wait for who looks at `callmux approvals`, if somebody does; otherwise
//! they are refused with the id of the question, and the same call is let in once that is answered. Who holds a
//! token is never asked: it would approve its own calls.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use super::admit::action;
use super::call::{Call, Maker, Outlet};
use super::hub::Hub;
use super::outcome::lost;
use super::record::CallRecord;
use super::sending::{CLOSING, has_rounds};
use crate::access::Permit;
use crate::approvals::{
    self, ApprovalState, AskedCall, Asking, AskingProcess, Decision, Question, SaidByClient,
};
use crate::connection::{Ask, Loss};
use crate::facts::{ApprovalAnswered, ApprovalAsked};
use crate::instances::roots_state::begun_anew;
use crate::json::Json;
use crate::replies::ToolError;
use crate::targets::failure::Failure;
use crate::targets::locate::{Located, kind};
use crate::wire::params::{Head, RequestParams};
use crate::wire::{Era, Kind, Message, Method, Payload, object, translate};
use crate::world::World;

/// The one question of a round has this key.
const KEY: &str = "callmux-approval";
/// What a state begins with. Behind it are a tag and the id of the question, a colon before each.
const PREFIX: &str = "callmux-approval:";
/// So long a call waits for who looks at `callmux approvals`: official SDKs give a call up after a minute.
const WAITS: Duration = Duration::from_secs(50);

/// How a call goes on that a person has to approve.
pub(super) enum Settled {
    Approved(Permit, AskedCall),
    /// With the response that asks the client.
    Asked(Payload),
}

/// Takes the answer out of a request that brings one.
pub(super) fn take(hub: &Hub, call: &mut Call) {
    if !call.head.has_state() {
        return;
    }
    let Some((answer, message)) = answered(hub, call) else { return };
    let Ok(head) = Head::parse(&message) else { return };
    (call.message, call.head, call.approval) = (message, head, answer);
}

fn answered(hub: &Hub, call: &Call) -> Option<(Option<SaidByClient>, Message)> {
    let params = call.head.request(&call.message).ok()?;
    let state = object::string(params.request_state?)?;
    let id = state.strip_prefix(PREFIX)?.strip_prefix(&*hub.approvals.tag())?.strip_prefix(':')?;
    let answer = params.input_responses.and_then(|json| translate::rounds::answer_to(KEY, json));
    let answer =
        answer.as_ref().and_then(said).map(|decision| SaidByClient { id: id.into(), decision });
    Some((answer, begun_anew(&call.message)?))
}

/// What the client says; `None` if it was not able to ask.
fn said(answer: &Message) -> Option<Decision> {
    match answer.kind() {
        Kind::Result { result, .. } => Some(approvals::decision(answer.at(*result))),
        _ => None,
    }
}

/// One call that waits for a person.
pub(super) struct Unapproved<'a> {
    pub(super) hub: &'a Hub,
    pub(super) world: &'a World,
    pub(super) call: &'a Call,
    pub(super) params: &'a RequestParams<'a>,
    pub(super) located: &'a Located<'a>,
    /// The rule that wants it.
    pub(super) rule: &'a str,
}

impl Unapproved<'_> {
    pub(super) async fn settle(
        self,
        outlet: &impl Outlet,
        record: &CallRecord<'_>,
    ) -> Result<Settled, Failure> {
        let Self { hub, call, params, located, .. } = self;
        let kind = kind(params.target).as_str();
        let names = (&*located.own, &*located.shown);
        let asked = AskedCall::new(&located.server.name, kind, names, params.arguments);
        let whose = &call.caller.principal;
        let goes_on = call.again || params.request_state.is_some_and(|state| state != "null");
        let question = match hub.approvals.find(whose, &asked, goes_on) {
            ApprovalState::Nothing => self.ask(&asked)?,
            found => return self.over(found, asked),
        };
        if let Some(answer) = call.approval.as_ref().filter(|answer| answer.id == question.id) {
            self.hear(&question, answer.decision);
        } else if call.era == Era::Modern && self.can_be_asked() {
            return Ok(Settled::Asked(self.round(&question)));
        } else if call.era == Era::Legacy && self.can_be_asked() {
            self.asked(&question, outlet, record).await?;
        } else if hub.approvals.is_watched() {
            self.wait(&question, record).await?;
        }
        let found = hub.approvals.find(whose, &asked, goes_on);
        if found == ApprovalState::Nothing && hub.approvals.question(&question.id).is_some() {
            return Err(self.required(&question));
        }
        self.over(found, asked)
    }

    fn ask(&self, asked: &AskedCall) -> Result<Question, Failure> {
        let Self { hub, call, .. } = self;
        let caller = &call.caller;
        let asking = Asking {
            principal: caller.principal.clone(),
            client: call.client_title().into(),
            cwd: caller.cwd.as_ref().map(|cwd| cwd.to_string_lossy().into()),
            rule: self.rule.into(),
            process: caller.process.and_then(AskingProcess::of),
        };
        let within = self.world.config.access.limits.approval_timeout;
        let asked = hub.approvals.ask(&asking, std::slice::from_ref(asked), within);
        let (question, is_new) =
            asked.map_err(|error| self.refused("approval_required", error.to_string()))?;
        if is_new {
            hub.recorder.record(ApprovalAsked {
                id: question.id.clone(),
                calls: question.calls.iter().map(|call| call.shown.clone()).collect(),
                principal: question.asking.principal.label(),
                client: question.asking.client.clone(),
                rule: question.asking.rule.clone(),
            });
        }
        Ok(question)
    }

    /// Whether the client may say what its person thinks, and can.
    fn can_be_asked(&self) -> bool {
        let Self { call, params, .. } = self;
        // Whoever is no process of a user of this machine answers for themselves alone.
        if !call.caller.principal.names_directories() {
            return false;
        }
        let form = Some(r#"{"mode":"form"}"#);
        match call.era {
            Era::Legacy => call.caller.capabilities.can_answer(&Method::Elicit, form),
            Era::Modern => {
                call.maker == Maker::Client
                    && has_rounds(params.target)
                    && call.modern_capabilities().can_answer(&Method::Elicit, form)
            }
        }
    }

    fn hear(&self, question: &Question, decision: Decision) {
        // Somebody else may have been faster.
        if self.hub.approvals.answer(&question.id, decision).is_ok() {
            let (id, decision) = (question.id.clone(), decision.as_str());
            self.hub.recorder.record(ApprovalAnswered { id, decision, by: "client".into() });
        }
    }

    fn message(question: &Question) -> Message {
        let (id, params) = (&question.id, approvals::form(question));
        let method = Method::Elicit;
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":"callmux-approval-{id}","method":"{}","params":{params}}}"#,
            method.as_str()
        );
        Message::parse(&text.into()).expect("our own question is a message")
    }

    fn round(&self, question: &Question) -> Payload {
        let state = format!("{PREFIX}{}:{}", self.hub.approvals.tag(), question.id);
        let id = self.call.message.id().unwrap_or("null");
        translate::rounds::ask(id, KEY, &Self::message(question), &state)
    }

    /// Asks a legacy client, until it or somebody else has answered.
    async fn asked(
        &self,
        question: &Question,
        outlet: &impl Outlet,
        record: &CallRecord<'_>,
    ) -> Result<(), Failure> {
        let message = Self::message(question);
        let id = message.id().unwrap_or_default().to_owned();
        let (ask, answered) = Ask::of_call(message);
        outlet.ask(ask);
        tokio::select! {
            answer = answered => {
                let answer = answer.ok();
                if let Some(decision) = answer.as_ref().and_then(said) {
                    self.hear(question, decision);
                }
            }
            () = self.hub.approvals.over(question) => outlet.withdraw(&id),
            () = self.hub.calls.closed(self.call.goes_on()) => return Err(self.left(record)),
        }
        Ok(())
    }

    /// Waits for who looks.
    async fn wait(&self, question: &Question, record: &CallRecord<'_>) -> Result<(), Failure> {
        tokio::select! {
            () = self.hub.approvals.over(question) => Ok(()),
            () = tokio::time::sleep(WAITS) => Ok(()),
            () = self.hub.calls.closed(self.call.goes_on()) => Err(self.left(record)),
        }
    }

    fn left(&self, record: &CallRecord<'_>) -> Failure {
        lost(self.call, record, self.located, &Loss::not_sent(CLOSING))
    }

    fn over(self, found: ApprovalState, asked: AskedCall) -> Result<Settled, Failure> {
        let Self { world, call, params, located, .. } = self;
        match found {
            ApprovalState::Approved => {
                let action = action(params, located.wanted());
                let permit = world.gate.admit_on(call.subject(), action);
                let permit = permit.map_err(|denied| {
                    super::admit::not_admitted(world, call, params, denied.into())
                })?;
                Ok(Settled::Approved(permit, asked))
            }
            ApprovalState::Denied => Err(self.refused(
                "approval_denied",
                "a person was asked about this call and did not allow it; do not make it again unless they want it",
            )),
            ApprovalState::Nothing => Err(self.refused(
                "approval_denied",
                "a person has to approve this call, and nobody answered in time; tell them before you make it again",
            )),
        }
    }

    fn required(&self, question: &Question) -> Failure {
        let left = question.until.duration_since(SystemTime::now()).unwrap_or_default().as_secs();
        let message = format!(
            "a person has to approve this call first: ask them to run `callmux approvals` in a terminal of their own and \
             answer {} within {left} s, then make the very same call again",
            question.id
        );
        let mut failure = self.refused("approval_required", message);
        if let Failure::Unapproved { told, .. } = &mut failure {
            let details =
                [("approval", Json::from(&*question.id)), ("expires_in_seconds", left.into())];
            told.details = Some(Json::object(details));
        }
        failure
    }

    fn refused(&self, code: &'static str, message: impl Into<Cow<'static, str>>) -> Failure {
        let told = ToolError::new(code, message.into());
        Failure::unapproved(told, self.rule, self.params.target)
    }
}
