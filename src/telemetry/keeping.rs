//! Whether there is to be an audit file: said by who reads the config, done by the thread that writes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use tokio::sync::oneshot;

use crate::audit::LineValue::{Number, Text};
use crate::audit::arguments::shown;
use crate::audit::line::CALL_BEGUN;
use crate::audit::{
    ArgumentsKept, AuditBook, Bounds, LineValue, Mishap, SecretTexts, ShownArguments,
};
use crate::base::{Lock, SessionId};
use crate::facts::{
    AuditGap, AuditUnwritable, CallBegun, CallFinished, CallOrigin, CallOutcome, Fact,
};

/// What is to be kept of acts.
#[derive(Debug, Default)]
pub struct AuditWanted {
    /// Where, and how much; `None`: nowhere.
    pub place: Option<(PathBuf, Bounds)>,
    /// No act may begin that does not stand there.
    pub is_required: bool,
    pub arguments: ArgumentsKept,
    /// What is never written down of arguments.
    pub secrets: SecretTexts,
}

/// No act may begin: it cannot be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no record of it in the audit file, and without one no call may be made (audit.required): the \
     file cannot be written now, for a reason that the journal has"
)]
pub struct NotRecorded;

/// What is wanted, and the acts that wait for it.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    wanted: Lock<Arc<AuditWanted>>,
    is_on: AtomicBool,
    is_required: AtomicBool,
    keeps_arguments: AtomicBool,
    is_new: AtomicBool,
    begun: Lock<Vec<BeginningAct>>,
}

/// An act that waits until it stands in the file.
#[derive(Debug)]
pub(super) struct BeginningAct {
    pub(super) act: CallBegun,
    pub(super) at: SystemTime,
    /// Whether it does.
    pub(super) told: oneshot::Sender<bool>,
}

impl Keeping {
    pub(super) fn set(&self, wanted: AuditWanted) {
        self.is_on.store(wanted.place.is_some(), Ordering::Relaxed);
        self.is_required.store(wanted.is_required, Ordering::Relaxed);
        let keeps = wanted.place.is_some() && wanted.arguments != ArgumentsKept::None;
        self.keeps_arguments.store(keeps, Ordering::Relaxed);
        *self.wanted.lock() = Arc::new(wanted);
        self.is_new.store(true, Ordering::Release);
    }

    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    pub(super) fn is_required(&self) -> bool {
        self.is_required.load(Ordering::Relaxed)
    }

    pub(super) fn keeps_arguments(&self) -> bool {
        self.keeps_arguments.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self, act: CallBegun) -> oneshot::Receiver<bool> {
        let (told, is_there) = oneshot::channel();
        self.begun.lock().push(BeginningAct { act, at: SystemTime::now(), told });
        is_there
    }

    /// The acts that wait.
    pub(super) fn begun(&self) -> Vec<BeginningAct> {
        std::mem::take(&mut *self.begun.lock())
    }

    pub(super) fn wanted(&self) -> Arc<AuditWanted> {
        self.wanted.lock().clone()
    }

    /// Whether something else is wanted since this was asked last. What was recorded later than that is
    /// asked for later, too.
    pub(super) fn is_new(&self) -> bool {
        self.is_new.load(Ordering::Relaxed) && self.is_new.swap(false, Ordering::Acquire)
    }

    /// The file as it is wanted now, and what did not go as it should.
    pub(super) fn follow(&self, book: Option<AuditBook>) -> (Option<AuditBook>, Vec<Mishap>) {
        let wanted = self.wanted();
        match (&wanted.place, book) {
            (Some((_, bounds)), Some(mut book)) => {
                book.set_bounds(*bounds);
                (Some(book), Vec::new())
            }
            (Some((dir, bounds)), None) => {
                let mut book = AuditBook::new(dir, *bounds);
                let mishaps = book.flush();
                (Some(book), mishaps)
            }
            (None, book) => (None, book.map(AuditBook::close).unwrap_or_default()),
        }
    }
}

/// Adds what the fact says, in a public order: nothing of results or what is said of them, and of arguments what is
/// wanted. Whether it stands there then, or did.
pub(super) fn add(
    book: &mut AuditBook,
    call: &CallFinished,
    at: SystemTime,
    wanted: &AuditWanted,
) -> bool {
    let id = call.call.to_string();
    if book.has(&id) {
        return true;
    }
    let session = call.session.map(SessionId::mark);
    let arguments = shown_arguments(&call.origin, wanted);
    let origin = &call.origin;
    let members = [
        Some(("call_id", Text(&id))),
        Some(("kind", Text(call.kind))),
        Some(("target", Text(&call.name))),
        call.server.as_ref().map(|server| ("server", Text(server.as_str()))),
        Some(("principal", Text(&call.principal))),
        origin.via.map(|via| ("via", Text(via))),
        Some(("client", Text(&call.client))),
        session.as_deref().map(|session| ("session", Text(session))),
        origin.request.as_deref().map(|request| ("request_id", Text(request))),
        decision(call.outcome).map(|decision| ("decision", Text(decision))),
        call.rule.as_deref().map(|rule| ("rule", Text(rule))),
        Some(("outcome", Text(call.outcome.as_str()))),
        Some(("duration_us", Number(call.micros()))),
        Some(("bytes_in", Number(call.request_bytes as u64))),
        Some(("bytes_out", Number(call.reply_bytes as u64))),
        origin.trace.as_deref().map(|trace| ("trace_id", Text(trace))),
        arguments.as_ref().map(arguments_member),
    ];
    let members: Vec<_> = members.into_iter().flatten().collect();
    book.add(at, "call", &members)
}

/// Adds that an act begins, in the same order.
pub(super) fn add_begun(book: &mut AuditBook, begun: &BeginningAct, wanted: &AuditWanted) {
    let act = &begun.act;
    let (id, session) = (act.call.to_string(), act.session.mark());
    let arguments = shown_arguments(&act.origin, wanted);
    let origin = &act.origin;
    let members = [
        Some(("call_id", Text(&id))),
        Some(("kind", Text(act.kind))),
        Some(("target", Text(&act.name))),
        act.server.as_ref().map(|server| ("server", Text(server.as_str()))),
        Some(("principal", Text(&act.principal))),
        origin.via.map(|via| ("via", Text(via))),
        Some(("client", Text(&act.client))),
        Some(("session", Text(&session))),
        origin.request.as_deref().map(|request| ("request_id", Text(request))),
        origin.trace.as_deref().map(|trace| ("trace_id", Text(trace))),
        arguments.as_ref().map(arguments_member),
    ];
    let members: Vec<_> = members.into_iter().flatten().collect();
    book.add(begun.at, CALL_BEGUN, &members);
}

fn shown_arguments(origin: &CallOrigin, wanted: &AuditWanted) -> Option<ShownArguments> {
    shown(origin.arguments.as_deref()?, wanted.arguments, &wanted.secrets)
}

fn arguments_member(shown: &ShownArguments) -> (&'static str, LineValue<'_>) {
    match shown {
        ShownArguments::Whole(json) => ("arguments", LineValue::Json(json)),
        ShownArguments::Start(text) => ("arguments_start", Text(text)),
        ShownArguments::TooLong => ("arguments_start", Text("")),
    }
}

/// What was decided of it. Of what was refused it may never have come to that.
fn decision(outcome: CallOutcome) -> Option<&'static str> {
    match outcome {
        CallOutcome::Denied => Some("deny"),
        CallOutcome::Limited => Some("limit"),
        CallOutcome::Unapproved => Some("ask"),
        CallOutcome::Refused => None,
        _ => Some("allow"),
    }
}

pub(super) fn fact(mishap: Mishap) -> Fact {
    let shown = |path: PathBuf| path.display().to_string();
    match mishap {
        Mishap::Unwritable { path, reason } => AuditUnwritable { dir: shown(path), reason }.into(),
        Mishap::Lost { acts } => AuditGap { lost: acts, set_aside: None }.into(),
        Mishap::Torn { path } => AuditGap { lost: 0, set_aside: Some(shown(path)) }.into(),
    }
}
