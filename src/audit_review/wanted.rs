//! Which records are asked for.

use std::time::SystemTime;

use serde_json::Value;

use super::args::ShownArgs;
use crate::audit::line::{self, CALL_BEGUN};
use crate::settings::NamePatterns;

/// Everything that a record has to be.
#[derive(Debug)]
pub(super) struct WantedRecords {
    since: Option<SystemTime>,
    until: Option<SystemTime>,
    /// Members, and what each may be.
    members: Vec<(&'static str, NamePatterns)>,
    /// Whether that something begins is a record like any other.
    has_beginnings: bool,
}

impl WantedRecords {
    pub(super) fn of(args: &ShownArgs) -> Self {
        let asked = [
            ("principal", &args.principal),
            ("server", &args.server),
            ("target", &args.tool),
            ("outcome", &args.outcome),
        ];
        let pattern = |name: &String| NamePatterns::new(vec![name.clone()]);
        let members = asked
            .into_iter()
            .filter_map(|(member, name)| name.as_ref().map(|name| (member, pattern(name))));
        Self {
            since: args.since,
            until: args.until,
            members: members.collect(),
            has_beginnings: args.json,
        }
    }

    /// Whether the record in this line is one.
    pub(super) fn fits(&self, line: &[u8]) -> bool {
        if self.since.is_some() || self.until.is_some() {
            let Some(at) = line::time(line) else { return false };
            if self.since.is_some_and(|since| at < since)
                || self.until.is_some_and(|until| at > until)
            {
                return false;
            }
        }
        let event = event(line);
        // Where a segment begins is of no interest; of what is missing everybody is told.
        if event == Some(b"segment") || !self.has_beginnings && event == Some(CALL_BEGUN.as_bytes())
        {
            return false;
        }
        if self.members.is_empty() {
            return true;
        }
        let Ok(record) = serde_json::from_slice::<Value>(line) else { return false };
        self.members
            .iter()
            .all(|(member, names)| record[*member].as_str().is_some_and(|text| names.allow(text)))
    }
}

/// The event of a line: it stands behind the time.
fn event(line: &[u8]) -> Option<&[u8]> {
    let rest = line.get(line::BEFORE_TIME.len() + line::TIME_LEN..)?;
    rest.strip_prefix(b"\",\"event\":\"")?.split(|byte| *byte == b'"').next()
}
