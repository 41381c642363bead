//! Phase 2 of a call that a person has to approve.
//!
//! A client of this user that can show a form is asked: of a legacy one the call waits, a modern one is asked by
//! the end of a round. Anybody else's calls wait for who looks at `callmux approvals` or at a desktop that shows them,
//! if there is one; otherwise they are refused with the id of the question, and the same call is let in once that is answered. Who holds a
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
    self, ApprovalState, AskedCall, Asking, Decision, Question, SaidByClient, TooManyQuestions,
    client_of,
};
use crate::connection::{Ask, Loss};
use crate::facts::{ApprovalAnswered, ApprovalAsked};
use crate::instances::roots_state::begun_anew;
use crate::json::Json;
use crate::replies::ToolError;
use crate::settings::SHELL_CLIENT;
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

/// What was approved.
pub(super) struct ApprovedCall {
    asking: Asking,
    asked: AskedCall,
}

impl ApprovedCall {
    /// It is made now: if one call was approved, no other is by that.
    pub(super) fn use_up(&self, hub: &Hub) {
        hub.approvals.use_up(&self.asking, &self.asked);
    }
}

/// How a call goes on that a person has to approve.
pub(super) enum Settled {
    Approved(Permit, ApprovedCall),
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

/// Who wants calls that a person has to approve.
pub struct ApprovalSeeker<'a> {
    hub: &'a Hub,
    call: &'a Call,
    asking: Asking,
    within: Duration,
    asks_on_desktop: bool,
}

/// Whether the daemon goes on.
type GoesOn = bool;

impl<'a> ApprovalSeeker<'a> {
    /// `rule`: the one that wants it.
    fn new(hub: &'a Hub, world: &World, call: &'a Call, rule: &str) -> Self {
        let caller = &call.caller;
        let asking = Asking {
            principal: caller.principal.clone().at(None),
            client: call.client_title().into(),
            cwd: caller.cwd.as_ref().map(|cwd| cwd.to_string_lossy().into()),
            rule: rule.into(),
            processes: caller.process.map(client_of).unwrap_or_default(),
        };
        let access = &world.config.access;
        let (within, asks_on_desktop) = (access.limits.approval_timeout, access.approvals.desktop);
        Self { hub, call, asking, within, asks_on_desktop }
    }

    fn find(&self, asked: &AskedCall) -> ApprovalState {
        let params = self.call.head.request(&self.call.message).ok();
        let state = params.and_then(|params| params.request_state);
        let goes_on = self.call.again || state.is_some_and(|state| state != "null");
        self.hub.approvals.find(&self.asking, asked, goes_on)
    }

    fn ask(&self, calls: &[AskedCall]) -> Result<Question, TooManyQuestions> {
        let (question, is_new) = self.hub.approvals.ask(&self.asking, calls, self.within)?;
        if is_new {
            self.hub.recorder.record(ApprovalAsked {
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
    fn shows_forms(&self) -> bool {
        let call = self.call;
        // Whoever is no process of a user of this machine answers for themselves alone.
        if !call.caller.principal.names_directories() {
            return false;
        }
        // Who types at the terminal of a command line may be an agent.
        if call.client_name() == SHELL_CLIENT {
            return false;
        }
        let form = Some(r#"{"mode":"form"}"#);
        match call.era {
            Era::Legacy => call.caller.capabilities.can_answer(&Method::Elicit, form),
            Era::Modern => {
                call.maker == Maker::Client
                    && call.head.target().is_some_and(has_rounds)
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

    fn round(&self, question: &Question) -> Payload {
        let state = format!("{PREFIX}{}:{}", self.hub.approvals.tag(), question.id);
        let id = self.call.message.id().unwrap_or("null");
        translate::rounds::ask(id, KEY, &message(question), &state)
    }

    /// Waits for an answer: of a legacy client that shows a form, or of whoever looks.
    async fn wait(&self, question: &Question, outlet: &impl Outlet) -> GoesOn {
        if self.call.era == Era::Legacy && self.shows_forms() {
            return self.show(question, outlet).await;
        }
        if !self.hub.approvals.is_watched() && !self.shows_on_desktop(question).await {
            return true;
        }
        tokio::select! {
            () = self.hub.approvals.over(question) => true,
            () = tokio::time::sleep(WAITS) => true,
            () = self.hub.calls.closed(self.call.goes_on()) => false,
        }
    }

    async fn shows_on_desktop(&self, question: &Question) -> bool {
        self.asks_on_desktop && self.hub.desktop.shows(question).await
    }

    /// Asks a legacy client, until it or somebody else has answered.
    async fn show(&self, question: &Question, outlet: &impl Outlet) -> GoesOn {
        let message = message(question);
        let id = message.id().unwrap_or_default().to_owned();
        let (ask, answered) = Ask::of_call(message);
        outlet.ask(ask);
        tokio::select! {
            answer = answered => {
                let answer = answer.ok();
                if let Some(decision) = answer.as_ref().and_then(said) {
                    self.hear(question, decision);
                }
                true
            }
            () = self.hub.approvals.over(question) => {
                outlet.withdraw(&id);
                true
            }
            () = self.hub.calls.closed(self.call.goes_on()) => false,
        }
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

/// Asks a person once about several calls that a meta-tool will make, each of which asks for itself afterwards: what was
/// said here is said of each. `call`: of the meta-tool.
pub async fn ask_together(
    hub: &Hub,
    world: &World,
    call: &Call,
    (rule, calls): (&str, Vec<AskedCall>),
    outlet: &impl Outlet,
) {
    let seeker = ApprovalSeeker::new(hub, world, call, rule);
    let is_open = |asked: &AskedCall| seeker.find(asked) == ApprovalState::Nothing;
    let open: Vec<AskedCall> = calls.into_iter().filter(is_open).collect();
    if open.len() > 1
        && let Ok(question) = seeker.ask(&open)
    {
        seeker.wait(&question, outlet).await;
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
        let Self { hub, world, call, params, located, rule } = self;
        let names = (&*located.own, &*located.shown);
        let kind = kind(params.target).as_str();
        let asked = AskedCall::new(&located.server.name, kind, names, params.arguments);
        let seeker = ApprovalSeeker::new(hub, world, call, rule);
        let found = seeker.find(&asked);
        if found != ApprovalState::Nothing {
            return self.over(found, ApprovedCall { asking: seeker.asking, asked });
        }
        let question = seeker
            .ask(std::slice::from_ref(&asked))
            .map_err(|error| self.refused("approval_required", error.to_string()))?;
        if let Some(answer) = call.approval.as_ref().filter(|answer| answer.id == question.id) {
            seeker.hear(&question, answer.decision);
        } else if call.era == Era::Modern && seeker.shows_forms() {
            return Ok(Settled::Asked(seeker.round(&question)));
        } else if !seeker.wait(&question, outlet).await {
            return Err(lost(call, record, located, &Loss::not_sent(CLOSING)));
        }
        let found = seeker.find(&asked);
        if found == ApprovalState::Nothing && hub.approvals.question(&question.id).is_some() {
            return Err(self.required(&question));
        }
        self.over(found, ApprovedCall { asking: seeker.asking, asked })
    }

    fn over(self, found: ApprovalState, approved: ApprovedCall) -> Result<Settled, Failure> {
        let Self { world, call, params, located, .. } = self;
        match found {
            ApprovalState::Approved => {
                let action = action(params, located.wanted());
                let permit = world.gate.admit_on(call.subject(), action);
                let permit = permit.map_err(|denied| {
                    super::admit::not_admitted(world, call, params, denied.into())
                })?;
                Ok(Settled::Approved(permit, approved))
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
