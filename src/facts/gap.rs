//! Facts of what the journal, the audit file and the history have not.

use std::borrow::Cow;

use super::about::About;
use super::describe::{FactField, FactKind};
use super::level::Level;
use crate::base::Count;

/// Entries of calls are not in the journal.
#[derive(Debug, Clone)]
pub struct CallsMissing {
    pub missing: u64,
    /// The record that has them.
    pub record: Option<String>,
}

impl FactKind for CallsMissing {
    const ABOUT: &'static About = &About {
        name: "calls_missing",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300a1",
        level: Level::Warning,
        is_audit: false,
        subject: "The journal did not take @CALLMUX_MISSING@ entries of calls",
        documentation: "man:callmux(1) man:journald.conf(5)",
        text: "\
The daemon numbers the entries of calls and looks now and then whether the journal
has them. @CALLMUX_MISSING@ are not there. They are in the record that the daemon
keeps beside the journal, one JSON object per line:

    @CALLMUX_RECORD@

journald takes so many entries of each class of priorities in RateLimitIntervalSec=,
and to it all services of a user are one. So look for what else of this user writes
as much at the level debug, or let root raise RateLimitBurst= in journald.conf.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("MISSING", |fact| fact.missing.into()),
        FactField::Always("RECORD", |fact| fact.record.as_deref().unwrap_or_default().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let at = match &self.record {
            Some(path) => format!("they are in {path}"),
            None => "there is no record of them".to_owned(),
        };
        let entries = Count(self.missing, "entry");
        format!("the journal did not take {entries} of calls; {at}").into()
    }
}

/// There was no room for entries.
#[derive(Debug, Clone)]
pub struct FactsLost {
    pub lost: u64,
}

impl FactKind for FactsLost {
    const ABOUT: &'static About = &About {
        name: "facts_lost",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f30019",
        level: Level::Warning,
        is_audit: false,
        subject: "Journal entries of callmux are missing",
        documentation: "man:callmux(1)",
        text: "\
@CALLMUX_LOST@ entries came faster than the journal took them, and were left out so
that calls need not wait. The record of calls has a gap here.

If it happens again, look at what slows the journal down: its disk, or another
service that writes much.

    journalctl --disk-usage",
    };
    const FIELDS: &'static [FactField<Self>] =
        &[FactField::Always("LOST", |fact| fact.lost.into())];

    fn message(&self) -> Cow<'_, str> {
        let entries = Count(self.lost, "entry");
        let were = entries.were();
        format!("{entries} {were} left out: more came than could be written").into()
    }
}

/// The audit file cannot be written.
#[derive(Debug, Clone)]
pub struct AuditUnwritable {
    /// The directory in which it lies.
    pub dir: String,
    pub reason: String,
}

impl FactKind for AuditUnwritable {
    const ABOUT: &'static About = &About {
        name: "audit_unwritable",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300a2",
        level: Level::Error,
        is_audit: false,
        subject: "The audit file cannot be written",
        documentation: "man:callmux-audit(1) man:callmux.toml(5)",
        text: "\
The audit file in

    @CALLMUX_DIR@

cannot be written: @CALLMUX_REASON@. Calls go on. Some thousands of records are
kept in memory and written as soon as that is possible again; it is tried each
second. Of those beyond, the file will say how many they were.

Look whether the disk is full. For a daemon without an audit file: `file = false` in
`[audit]` of the config.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("DIR", |fact| fact.dir.as_str().into()),
        FactField::Always("REASON", |fact| fact.reason.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        format!("the audit file in {} cannot be written: {}", self.dir, self.reason).into()
    }
}

/// The audit file goes on behind a gap.
#[derive(Debug, Clone)]
pub struct AuditGap {
    /// Acts of which it has no record.
    pub lost: u64,
    /// Where the rest of a line that an earlier process did not finish is.
    pub set_aside: Option<String>,
}

impl FactKind for AuditGap {
    const ABOUT: &'static About = &About {
        name: "audit_gap",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300a3",
        level: Level::Warning,
        is_audit: false,
        subject: "The audit file has a gap",
        documentation: "man:callmux-audit(1)",
        text: "\
Some of what was done has no record in the audit file, because it could not be
written in time or the machine stopped within a line. A record of its own says so
at that place, and the chain of hashes goes on behind it:

    callmux audit verify",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("LOST", |fact| fact.lost.into()),
        FactField::Maybe("SET_ASIDE", |fact| fact.set_aside.as_deref().map(Into::into)),
    ];

    fn message(&self) -> Cow<'_, str> {
        match &self.set_aside {
            Some(path) => {
                format!("the last line of the audit file was not finished; it is in {path}").into()
            }
            None => {
                let acts = Count(self.lost, "call");
                format!("the audit file has no record of {acts}; it says so").into()
            }
        }
    }
}

/// The history is off, though it is wanted.
#[derive(Debug, Clone)]
pub struct HistoryUnwritable {
    pub path: String,
    pub reason: String,
}

impl FactKind for HistoryUnwritable {
    const ABOUT: &'static About = &About {
        name: "history_unwritable",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300a4",
        level: Level::Error,
        is_audit: false,
        subject: "The history cannot be written",
        documentation: "man:callmux-events(1) man:callmux.toml(5)",
        text: "\
The history in

    @CALLMUX_FILE@

cannot be written: @CALLMUX_REASON@. Calls go on, without a history. It is tried
again every half minute while there is something to write, and the history will
say how much it lacks.

Look whether the disk is full. For a daemon without a history: `enabled = false`
in `[history]` of the config.",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("FILE", |fact| fact.path.as_str().into()),
        FactField::Always("REASON", |fact| fact.reason.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        format!("the history {} cannot be written: {}", self.path, self.reason).into()
    }
}

/// The file of the history was broken, and there is a new one.
#[derive(Debug, Clone)]
pub struct HistorySetAside {
    pub path: String,
    /// Where the broken one is.
    pub aside: String,
    pub reason: String,
}

impl FactKind for HistorySetAside {
    const ABOUT: &'static About = &About {
        name: "history_set_aside",
        message_id: "a1f0c6de5b7e4b0fa3a5d0c1e2f300a5",
        level: Level::Warning,
        is_audit: false,
        subject: "The history was broken and begins anew",
        documentation: "man:callmux-events(1)",
        text: "\
The file of the history could not be read: @CALLMUX_REASON@. It is now

    @CALLMUX_SET_ASIDE@

and the history begins anew. What can be saved of the broken file:

    sqlite3 @CALLMUX_SET_ASIDE@ .recover",
    };
    const FIELDS: &'static [FactField<Self>] = &[
        FactField::Always("FILE", |fact| fact.path.as_str().into()),
        FactField::Always("SET_ASIDE", |fact| fact.aside.as_str().into()),
        FactField::Always("REASON", |fact| fact.reason.as_str().into()),
    ];

    fn message(&self) -> Cow<'_, str> {
        let Self { path, aside, reason } = self;
        format!("the history {path} was broken ({reason}) and begins anew; it is in {aside}").into()
    }
}
