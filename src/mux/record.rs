//! The journal entries of what clients do, one for each act, when it ends.

use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;

use super::call::{Call, Maker, Reply, title};
use super::hub::Hub;
use crate::access::{ActionKind, ClientName, Limited, NotAdmitted, Subject};
use crate::base::{CallId, Principal, ServerName, SessionId, clip, quoted};
use crate::calls::{OpenCall, TellsOfItself};
use crate::facts::CallOutcome;
use crate::facts::{CallBegun, CallFinished, CallOrigin, Noted};
use crate::handover::call::Monotonic;
use crate::handover::{ActRow, CallRow, Ending, NotedAct, PendingCall};
use crate::targets::failure::{Failure, rate_limited};
use crate::targets::locate::kind;
use crate::telemetry::NotRecorded;
use crate::wire::{Payload, RpcError};

/// Names up to this length are written down whole, in bytes.
const NAME_SHOWN_MAX: usize = 512;
/// Of each text of a row so much is noted, in bytes.
const NOTED_MAX: usize = 256;

/// Writes the request down when it ends, however it ends.
pub struct CallRecord<'a> {
    pub id: CallId,
    hub: &'a Hub,
    call: &'a Call,
    located: Option<(Option<ServerName>, Arc<str>)>,
    is_listed: bool,
    /// For the next process of ours, where nobody goes on with the call if we end.
    row: Option<Arc<NotedAct>>,
    client: Option<String>,
    pub started: Instant,
    written: bool,
}

impl<'a> CallRecord<'a> {
    /// A record that begins now.
    pub fn new(hub: &'a Hub, call: &'a Call) -> Self {
        let pending = call.pending.as_deref();
        let id = pending.map_or_else(CallId::next, |pending| pending.id);
        let written = pending.is_some_and(|pending| pending.is_written);
        let started = Instant::now();
        let (located, is_listed, row, client) = <_>::default();
        Self { id, hub, call, located, is_listed, row, client, started, written }
    }

    /// What the request is about: the server, if it is for one, and the target as clients name it.
    pub fn name(&mut self, server: Option<ServerName>, target: Arc<str>) {
        self.is_listed = true;
        self.locate(server, target);
    }

    /// The same where nobody has seen what the server offers: the target is what the client wrote.
    pub fn name_unseen(&mut self, server: ServerName, target: Arc<str>) {
        self.locate(Some(server), target);
    }

    fn locate(&mut self, server: Option<ServerName>, target: Arc<str>) {
        if self.row.is_none() && !self.call.goes_on() && self.hub.acts.is_there() {
            self.row = self.note(server.as_ref(), &target);
        }
        self.located = Some((server, shown(target)));
    }

    fn note(&mut self, server: Option<&ServerName>, target: &str) -> Option<Arc<NotedAct>> {
        let client = self.client.get_or_insert_with(|| self.call.client_title());
        let caller = &self.call.caller;
        let row = ActRow {
            session: caller.session,
            principal: caller.principal.unproved(),
            client: clip::start(client, NOTED_MAX).into(),
            kind: self.kind().into(),
            name: clip::start(target, NOTED_MAX).into(),
            server: server.map(|server| server.as_str().into()),
            began: Monotonic::now(),
            call: self.id,
        };
        self.hub.acts.begin(&row)
    }

    /// Notes how the request ended, until that is written down.
    fn ended(
        &mut self,
        ending: Ending,
        server: Option<&ServerName>,
        target: &str,
    ) -> Option<Noted> {
        if let Some(pending) = &self.call.pending {
            pending.ended(ending);
            return Some(pending.clone());
        }
        if self.row.is_none() && self.hub.acts.is_there() {
            self.row = self.note(server, target);
        }
        let row = self.row.clone()?;
        row.ended(ending);
        Some(row)
    }

    /// Has it stand in the audit file, on the disk, that the call begins. Its name is known by now.
    pub async fn begin(&mut self) -> Result<(), NotRecorded> {
        let client = self.client.get_or_insert_with(|| self.call.client_title()).clone();
        let (server, name) = self.located.clone().unwrap_or_else(|| (None, "?".into()));
        let caller = &self.call.caller;
        let begun = CallBegun {
            call: self.id,
            session: caller.session,
            principal: caller.principal.label(),
            client,
            kind: self.kind(),
            name,
            server,
            origin: self.origin(),
        };
        self.hub.recorder.begin(begun).await
    }

    fn origin(&self) -> CallOrigin {
        let recorder = &self.hub.recorder;
        let (is_listed, is_inner) = (self.is_listed, self.call.maker != Maker::Client);
        if !recorder.keeps_origins() {
            return CallOrigin { is_listed, is_inner, ..CallOrigin::default() };
        }
        let arguments = recorder.keeps_arguments().then(|| self.call.arguments()).flatten();
        CallOrigin { is_listed, is_inner, arguments, ..self.call.origin() }
    }

    fn kind(&self) -> &'static str {
        self.call.head.target().map_or("request", |target| kind(target).as_str())
    }

    /// The reply to a request that no server answered.
    pub fn failed(&mut self, failure: Failure, id: &str) -> Reply {
        let response = failure.response(id, self.call.era);
        self.write(failure.outcome(), Some(&failure.reason()), failure.rule(), response.len());
        let payload = response;
        Reply { payload, error: failure.code(), failure: Some(Box::new(failure)) }
    }

    /// The reply, once the request is written down.
    pub fn finished(
        &mut self,
        outcome: CallOutcome,
        reason: Option<&str>,
        reply: Payload,
    ) -> Payload {
        self.write(outcome, reason, None, reply.len());
        reply
    }

    fn write(
        &mut self,
        outcome: CallOutcome,
        reason: Option<&str>,
        rule: Option<&str>,
        reply_bytes: usize,
    ) {
        let is_written = std::mem::replace(&mut self.written, true);
        if is_written || !self.hub.recorder.wants_calls() {
            return;
        }
        let (server, name) = match self.located.take() {
            Some(located) => located,
            None => (None, "?".into()),
        };
        let took = self.started.elapsed();
        let noted = self.ended(Ending { outcome: outcome.number(), took }, server.as_ref(), &name);
        self.hub.recorder.record(Box::new(CallFinished {
            call: self.id,
            session: Some(self.call.caller.session),
            principal: self.call.caller.principal.label(),
            client: self.client.take().unwrap_or_else(|| self.call.client_title()),
            kind: self.kind(),
            name,
            server,
            outcome,
            reason: reason.map(str::to_owned),
            rule: rule.map(Into::into),
            took,
            request_bytes: self.call.message.len(),
            reply_bytes,
            origin: self.origin(),
            noted,
        }));
    }
}

impl Drop for CallRecord<'_> {
    fn drop(&mut self) {
        // What the next process of ours goes on with, that one writes down.
        let is_left = self.call.goes_on() && self.hub.calls.is_leaving()
            || self.row.is_some() && self.hub.acts.is_frozen();
        if !self.written && !is_left {
            self.write(CallOutcome::Cancelled, None, None, 0);
        }
    }
}

impl TellsOfItself for CallRecord<'_> {
    fn id(&self) -> CallId {
        self.id
    }

    fn told(&self) -> OpenCall {
        let (server, name) = self.located.clone().unwrap_or_else(|| {
            let asked = self.call.head.request(&self.call.message).ok();
            (None, shown(asked.map_or("?".into(), |asked| (&*asked.name).into())))
        });
        let caller = &self.call.caller;
        OpenCall {
            id: self.id,
            session: caller.session,
            principal: caller.principal.label(),
            client: self.client.clone().unwrap_or_else(|| self.call.client_title()),
            kind: self.kind(),
            name,
            server,
            is_inner: self.call.maker != Maker::Client,
            began: self.started,
        }
    }
}

impl std::fmt::Debug for CallRecord<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CallRecord({})", self.id)
    }
}

fn shown(target: Arc<str>) -> Arc<str> {
    if target.len() <= NAME_SHOWN_MAX { target } else { quoted(&target).to_string().into() }
}

/// Who does something that is no call, by which session.
#[derive(Debug, Clone)]
pub struct Actor {
    pub session: SessionId,
    pub principal: Principal,
    /// `clientInfo`, as JSON.
    pub client_info: Arc<str>,
    /// The directory the client works in.
    pub cwd: Option<Arc<Path>>,
    /// How it comes in.
    pub via: &'static str,
}

impl Actor {
    pub fn subject(&self) -> Subject<'_> {
        Subject { principal: &self.principal, client: ClientName::In(&self.client_info) }
    }
}

/// Writes such an act down when it ends, however it ends.
#[derive(Debug)]
pub struct ActRecord<'a> {
    /// Of an act of this process.
    id: CallId,
    hub: &'a Hub,
    actor: &'a Actor,
    kind: ActionKind,
    name: Arc<str>,
    server: Option<ServerName>,
    started: Instant,
    /// The call that an earlier process of ours began; the next one goes on with it if we end.
    resumed: Option<(PendingCall, Box<str>)>,
    is_written: bool,
}

impl<'a> ActRecord<'a> {
    /// A record that begins now. `name`: what it is about, as clients name it.
    pub fn new(hub: &'a Hub, actor: &'a Actor, kind: ActionKind, name: &str) -> Self {
        let (name, started) = (shown(name.into()), Instant::now());
        let (server, resumed, is_written) = (None, None, false);
        Self { id: CallId::next(), hub, actor, kind, name, server, started, resumed, is_written }
    }

    /// A record of a call of a tool that an earlier process of ours began.
    pub(super) fn resumed(
        hub: &'a Hub,
        actor: &'a Actor,
        call: &CallRow,
        pending: PendingCall,
    ) -> Self {
        let mut record = Self::new(hub, actor, ActionKind::Tool, &call.tool);
        (record.started, record.resumed) = (call.started(), Some((pending, call.client.clone())));
        record
    }

    /// Has it stand in the audit file, on the disk, that it begins, where nothing may be done without.
    pub(super) async fn begin(&mut self) -> Result<(), NotRecorded> {
        if !self.hub.recorder.requires_audit() {
            return Ok(());
        }
        let begun = CallBegun {
            call: self.id,
            session: self.actor.session,
            principal: self.actor.principal.label(),
            client: title(&self.actor.client_info),
            kind: self.kind.as_str(),
            name: self.name.clone(),
            server: self.server.clone(),
            origin: CallOrigin { via: Some(self.actor.via), ..CallOrigin::default() },
        };
        self.hub.recorder.begin(begun).await
    }

    /// It is about this server.
    pub fn is_of(&mut self, server: &ServerName) {
        self.server = Some(server.clone());
    }

    /// It ended well, or not: for this reason.
    pub fn ended(mut self, failure: Option<&str>) {
        match failure {
            None => self.write(CallOutcome::Done, None, None, 0),
            Some(reason) => self.write(CallOutcome::Refused, Some(reason), None, 0),
        }
    }

    /// It was not let in.
    pub fn not_admitted(mut self, why: &NotAdmitted) {
        match why {
            NotAdmitted::Denied(denied) => {
                self.write(CallOutcome::Denied, Some(&denied.to_string()), denied.rule(), 0);
            }
            NotAdmitted::Limited(limited) => {
                let rule = limited.rule.as_deref();
                self.write(CallOutcome::Limited, Some(&limited.to_string()), rule, 0);
            }
            NotAdmitted::Unapproved(rule) => {
                self.write(CallOutcome::Unapproved, Some(&why.to_string()), Some(rule), 0);
            }
        }
    }

    /// It came too early: the error that says so.
    pub fn limited(self, limited: Limited) -> RpcError {
        let error = rate_limited(&limited);
        self.not_admitted(&NotAdmitted::Limited(limited));
        error
    }

    pub(super) fn answered(mut self, outcome: CallOutcome, reply_bytes: usize) {
        self.write(outcome, None, None, reply_bytes);
    }

    /// It has no answer, for this reason.
    pub(super) fn lost(mut self, failure: &Failure, reply_bytes: usize) {
        self.write(failure.outcome(), Some(&failure.reason()), failure.rule(), reply_bytes);
    }

    /// Somebody else writes it down.
    pub(super) fn leave(mut self) {
        self.is_written = true;
    }

    fn write(
        &mut self,
        outcome: CallOutcome,
        reason: Option<&str>,
        rule: Option<&str>,
        reply_bytes: usize,
    ) {
        self.is_written = true;
        if !self.hub.recorder.wants_calls() {
            return;
        }
        let took = self.started.elapsed();
        let ending = Ending { outcome: outcome.number(), took };
        // What was sent to a server was in its lists.
        let is_listed = self.resumed.is_some() && self.server.is_some();
        let own_title = || title(&self.actor.client_info);
        let (call, client, noted) = match self.resumed.take() {
            Some((pending, client)) => {
                pending.ended(ending);
                let client = if client.is_empty() { own_title() } else { client.into() };
                (pending.id, client, Some(pending as Noted))
            }
            None => {
                let (call, client) = (self.id, own_title());
                let noted = self.note(call, &client, ending);
                (call, client, noted)
            }
        };
        self.hub.recorder.record(Box::new(CallFinished {
            call,
            session: Some(self.actor.session),
            principal: self.actor.principal.label(),
            client,
            kind: self.kind.as_str(),
            name: self.name.clone(),
            server: self.server.take(),
            outcome,
            reason: reason.map(str::to_owned),
            rule: rule.map(Into::into),
            took,
            request_bytes: 0,
            reply_bytes,
            origin: CallOrigin { via: Some(self.actor.via), is_listed, ..CallOrigin::default() },
            noted,
        }));
    }

    /// Notes how it ended, until that is written down.
    fn note(&self, call: CallId, client: &str, ending: Ending) -> Option<Noted> {
        if !self.hub.acts.is_there() {
            return None;
        }
        let row = ActRow {
            session: self.actor.session,
            principal: self.actor.principal.unproved(),
            client: clip::start(client, NOTED_MAX).into(),
            kind: self.kind.as_str().into(),
            name: clip::start(&self.name, NOTED_MAX).into(),
            server: self.server.as_ref().map(|server| server.as_str().into()),
            began: Monotonic::now(),
            call,
        };
        let noted = self.hub.acts.begin(&row)?;
        noted.ended(ending);
        Some(noted)
    }
}

impl TellsOfItself for ActRecord<'_> {
    fn id(&self) -> CallId {
        self.resumed.as_ref().map_or(self.id, |(pending, _)| pending.id)
    }

    fn told(&self) -> OpenCall {
        let known = self.resumed.as_ref().map(|(_, client)| client.to_string());
        let known = known.filter(|client| !client.is_empty());
        OpenCall {
            id: self.id(),
            session: self.actor.session,
            principal: self.actor.principal.label(),
            client: known.unwrap_or_else(|| title(&self.actor.client_info)),
            kind: self.kind.as_str(),
            name: self.name.clone(),
            server: self.server.clone(),
            is_inner: false,
            began: self.started,
        }
    }
}

impl Drop for ActRecord<'_> {
    fn drop(&mut self) {
        let is_left = self.resumed.is_some() && self.hub.calls.is_leaving();
        if !self.is_written && !is_left {
            self.write(CallOutcome::Cancelled, None, None, 0);
        }
    }
}
