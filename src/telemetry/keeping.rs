//! Whether there is to be an audit file: said by who reads the config, done by the thread that writes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use crate::audit::LineValue::{Number, Text};
use crate::audit::{AuditBook, Bounds, Mishap};
use crate::base::{Lock, fingerprint};
use crate::facts::{AuditGap, AuditUnwritable, CallFinished, CallOutcome, Fact};

/// What is wanted.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    wanted: Lock<Option<(PathBuf, Bounds)>>,
    is_on: AtomicBool,
    is_new: AtomicBool,
}

impl Keeping {
    pub(super) fn set(&self, wanted: Option<(&Path, Bounds)>) {
        let mut held = self.wanted.lock();
        *held = wanted.map(|(dir, bounds)| (dir.to_path_buf(), bounds));
        self.is_on.store(held.is_some(), Ordering::Relaxed);
        self.is_new.store(true, Ordering::Release);
    }

    pub(super) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Whether something else is wanted since this was asked last. What was recorded later than that is
    /// asked for later, too.
    pub(super) fn is_new(&self) -> bool {
        self.is_new.load(Ordering::Relaxed) && self.is_new.swap(false, Ordering::Acquire)
    }

    /// The file as it is wanted now, and what did not go as it should.
    pub(super) fn follow(&self, book: Option<AuditBook>) -> (Option<AuditBook>, Vec<Mishap>) {
        let wanted = self.wanted.lock().clone();
        match (wanted, book) {
            (Some((_, bounds)), Some(mut book)) => {
                book.set_bounds(bounds);
                (Some(book), Vec::new())
            }
            (Some((dir, bounds)), None) => {
                let mut book = AuditBook::new(&dir, bounds);
                let mishaps = book.flush();
                (Some(book), mishaps)
            }
            (None, book) => (None, book.map(AuditBook::close).unwrap_or_default()),
        }
    }
}

/// Adds what the fact says, in a public order: nothing of arguments, results or what is said of them.
pub(super) fn add(book: &mut AuditBook, call: &CallFinished, at: SystemTime) {
    let id = call.call.to_string();
    if book.has(&id) {
        return;
    }
    // With an id that works, whoever is given the file could go on with the session.
    let session = call.session.map(|id| format!("{:016x}", fingerprint(id.to_string().bytes())));
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
    ];
    let members: Vec<_> = members.into_iter().flatten().collect();
    book.add(at, "call", &members);
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
