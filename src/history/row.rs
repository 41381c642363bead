//! What a fact becomes in the history.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Map;

use super::bounds::HistoryWanted;
use crate::audit::ShownArguments;
use crate::audit::arguments::shown;
use crate::base::{Count, clip};
use crate::facts::{CallFinished, Fact, Value};
use crate::telemetry::Followed;

/// So much of a text is kept, in bytes.
pub(super) const TEXT_MAX: usize = 1024;
/// What is missing has this kind.
pub(super) const GAP: &str = "history.gap";

/// One row.
#[derive(Debug)]
pub(super) enum HistoryRow {
    Call(CallRow),
    Event(EventRow),
}

#[derive(Debug)]
pub(super) struct CallRow {
    pub(super) ts_us: i64,
    pub(super) call: Box<CallFinished>,
    /// Without secrets.
    pub(super) reason: Option<String>,
    /// What of them is wanted.
    pub(super) arguments: Option<String>,
}

#[derive(Debug)]
pub(super) struct EventRow {
    pub(super) ts_us: i64,
    /// The fact's name, with a dot behind its first word.
    pub(super) kind: String,
    pub(super) level: &'static str,
    pub(super) server: Option<String>,
    /// As [`crate::base::SessionId::mark`] has it.
    pub(super) session: Option<String>,
    pub(super) message: String,
    /// A JSON object.
    pub(super) fields: String,
}

/// Whether it is worth a row.
pub(super) fn wants(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::CallFinished(_)
            | Fact::DaemonStarted(_)
            | Fact::DaemonReady(_)
            | Fact::DaemonStopped(_)
            | Fact::DaemonUpgraded(_)
            | Fact::ConfigLoaded(_)
            | Fact::ConfigRefused(_)
            | Fact::ConfigReloaded(_)
            | Fact::LastGoodConfigUsed(_)
            | Fact::ServerStarted(_)
            | Fact::ServerDialed(_)
            | Fact::ServerReady(_)
            | Fact::ServerAdopted(_)
            | Fact::ServerFailed(_)
            | Fact::ServerUnusable(_)
            | Fact::ServerStopped(_)
            | Fact::ServerOrdered(_)
            | Fact::ServerMisbehaved(_)
            | Fact::DefinitionsRefused(_)
            | Fact::DefinitionMoved(_)
            | Fact::ToolsChanged(_)
            | Fact::SessionOpened(_)
            | Fact::SessionClosed(_)
            | Fact::SessionEnded(_)
            | Fact::CallCancelled(_)
            | Fact::LinkLost(_)
            | Fact::LinkResumed(_)
            | Fact::ClientGivenUp(_)
            | Fact::PeerRefused(_)
            | Fact::CapReached(_)
            | Fact::ApprovalAsked(_)
            | Fact::ApprovalAnswered(_)
            | Fact::FactsLost(_)
            | Fact::AuditUnwritable(_)
            | Fact::AuditGap(_)
            | Fact::HistoryUnwritable(_)
            | Fact::HistorySetAside(_)
    )
}

/// In microseconds since 1970.
pub(super) fn micros(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

impl HistoryRow {
    pub(super) fn of(followed: Followed, wanted: &HistoryWanted) -> Self {
        let ts_us = micros(followed.at);
        match followed.fact {
            Fact::CallFinished(call) => Self::Call(CallRow::of(ts_us, call, wanted)),
            fact => Self::Event(EventRow::of(ts_us, &fact, wanted)),
        }
    }
}

impl CallRow {
    fn of(ts_us: i64, mut call: Box<CallFinished>, wanted: &HistoryWanted) -> Self {
        let arguments = call.origin.arguments.take();
        let arguments = arguments.and_then(|it| shown(&it, wanted.arguments, &wanted.secrets));
        let arguments = arguments.map(|shown| match shown {
            ShownArguments::Whole(text) | ShownArguments::Start(text) => text,
            ShownArguments::TooLong => String::new(),
        });
        let reason = call.reason.take().map(|reason| text(&reason, wanted));
        Self { ts_us, call, reason, arguments }
    }
}

impl EventRow {
    fn of(ts_us: i64, fact: &Fact, wanted: &HistoryWanted) -> Self {
        let record = fact.record();
        let (mut server, mut session, mut fields) = (None, None, Map::new());
        for (name, value) in &record.fields {
            match (*name, value) {
                ("SERVER", value) => server = Some(value.text().into_owned()),
                ("SESSION", value) => session = mark(&value.text()),
                (name, Value::Number(number)) => {
                    fields.insert(name.to_ascii_lowercase(), (*number).into());
                }
                (name, Value::Text(value)) => {
                    fields.insert(name.to_ascii_lowercase(), text(value, wanted).into());
                }
            }
        }
        Self {
            ts_us,
            kind: record.about.name.replacen('_', ".", 1),
            level: record.level.as_str(),
            server,
            session,
            message: text(&record.message, wanted),
            fields: serde_json::Value::from(fields).to_string(),
        }
    }

    /// There was no room for so many.
    pub(super) fn of_lost(ts_us: i64, lost: u64) -> Self {
        let message =
            format!("no record of {}: more came than could be written", Count(lost, "event"));
        Self::of_gap(ts_us, message, &serde_json::json!({ "lost": lost }))
    }

    /// The daemon before this one was cut off.
    pub(super) fn of_cut(ts_us: i64) -> Self {
        let message = "the daemon was cut off: what it had not written by then, of a second at most, is missing";
        Self::of_gap(ts_us, message.to_owned(), &serde_json::json!({ "cut_off": true }))
    }

    fn of_gap(ts_us: i64, message: String, fields: &serde_json::Value) -> Self {
        let (server, session, fields) = (None, None, fields.to_string());
        Self { ts_us, kind: GAP.to_owned(), level: "warning", server, session, message, fields }
    }
}

fn mark(session: &str) -> Option<String> {
    crate::base::SessionId::parse(session).map(crate::base::SessionId::mark)
}

/// Without secrets, and not too long.
fn text(text: &str, wanted: &HistoryWanted) -> String {
    let text = wanted.secrets.hide(clip::start(text, 4 * TEXT_MAX));
    clip::start(&text, TEXT_MAX).to_owned()
}
