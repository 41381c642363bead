//! Facts of what the journal has not.

use std::borrow::Cow;

use crate::base::Count;
use crate::telemetry::about::About;
use crate::telemetry::describe::{FactField, FactKind};
use crate::telemetry::level::Level;

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
