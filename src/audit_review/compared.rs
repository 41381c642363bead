//! What the journal has of the calls of which the audit file has a record.
//!
//! An entry says so of itself, and comes to the journal after the record is written. So each of them has one, or the
//! record was taken away: also at the end of the file, where its hashes do not show that.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::audit::oldest;
use crate::base::Count;
use crate::telemetry::{AuditedEntry, ReadbackError, audited};

/// What was found in the journal.
#[derive(Debug)]
pub(super) struct Compared {
    unit: String,
    /// Ids of calls that have an entry, and when that was written; or why nothing is known.
    entries: Result<HashMap<String, EntrySeen>, ReadbackError>,
    /// Records without an entry.
    alone: u64,
    oldest: SystemTime,
}

#[derive(Debug)]
struct EntrySeen {
    at: SystemTime,
    has_record: bool,
}

impl Compared {
    /// Asks the journal of this unit for the calls since the oldest record in `dir`; `None`: there is none.
    pub(super) fn begin(dir: &Path, unit: &str) -> io::Result<Option<Self>> {
        let Some(oldest) = oldest(dir)? else { return Ok(None) };
        let mut entries = HashMap::new();
        let asked = audited(unit, oldest, |AuditedEntry { call, at }| {
            let at = UNIX_EPOCH + Duration::from_micros(at.parse().unwrap_or_default());
            entries.insert(call, EntrySeen { at, has_record: false });
        });
        let entries = asked.map(|()| entries);
        Ok(Some(Self { unit: unit.to_owned(), entries, alone: 0, oldest }))
    }

    /// The file is read once more.
    pub(super) fn forget(&mut self) {
        self.alone = 0;
        for entry in self.entries.iter_mut().flat_map(HashMap::values_mut) {
            entry.has_record = false;
        }
    }

    /// There is a record of this call.
    pub(super) fn see(&mut self, call: &str) {
        let Ok(entries) = &mut self.entries else { return };
        match entries.get_mut(call) {
            Some(entry) => entry.has_record = true,
            None => self.alone += 1,
        }
    }

    fn without_record(&self) -> impl Iterator<Item = SystemTime> {
        // The journal is asked by whole seconds.
        let entries = self.entries.iter().flat_map(HashMap::values);
        entries.filter(|entry| !entry.has_record && entry.at >= self.oldest).map(|entry| entry.at)
    }

    /// Entries whose record is gone.
    pub(super) fn missing(&self) -> usize {
        self.without_record().count()
    }

    /// For people; `None` if the journal has nothing of ours.
    pub(super) fn sentence(&self) -> Option<String> {
        let unit = &self.unit;
        let entries = match &self.entries {
            Ok(entries) if entries.is_empty() => return None,
            Ok(entries) => entries.len() as u64,
            // A machine without a journal.
            Err(ReadbackError::NotStarted(_)) => return None,
            Err(why) => return Some(format!("not compared with the journal of {unit}: {why}")),
        };
        if let Some(first) = self.without_record().min() {
            let (missing, at) = (self.missing() as u64, humantime::format_rfc3339_seconds(first));
            let entries = Count(missing, "call");
            return Some(format!(
                "not whole: the journal of {unit} has entries of {entries} whose records are gone, the first at {at}"
            ));
        }
        let alone = match self.alone {
            0 => String::new(),
            alone => format!("; it did not take, or not keep, those of {}", Count(alone, "record")),
        };
        Some(format!("the journal of {unit} has entries of {}{alone}", Count(entries, "record")))
    }

    pub(super) fn as_json(&self) -> Value {
        match &self.entries {
            Ok(entries) => json!({
                "unit": self.unit,
                "entries": entries.len(),
                "entries_without_record": self.missing(),
                "records_without_entry": self.alone,
            }),
            Err(why) => json!({ "unit": self.unit, "unreadable": why.to_string() }),
        }
    }
}
