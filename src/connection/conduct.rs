//! How well a server behaves, and what is done about it if it does not.

use std::time::Duration;

use crate::base::quote;

/// After so many useless messages in a row, reading slows down: a server that floods its output must
/// not take the processor from its neighbours.
const STRAY_TURN: u64 = 256;
pub(super) const STRAY_PAUSE: Duration = Duration::from_millis(1);
/// How many times a kind of misbehaviour is written down in full before only powers of ten are.
const REPORTS_IN_FULL: u64 = 5;

/// What a server did that it should not.
#[derive(Debug, Default)]
pub(super) struct Conduct {
    misbehaved: u64,
    /// The first that was wrong, in words.
    first: Option<String>,
    stray_in_a_row: u64,
}

impl Conduct {
    /// It sent something of use.
    pub(super) fn useful(&mut self) {
        self.stray_in_a_row = 0;
    }

    /// It sent something of no use.
    pub(super) fn stray(&mut self) {
        self.stray_in_a_row += 1;
    }

    /// It sent this, which is wrong. Only the first is kept.
    pub(super) fn sent_wrong(&mut self, what: &str, sample: &str) {
        self.first.get_or_insert_with(|| match sample {
            "" => what.to_owned(),
            sample => format!("{what}: {}", quote::beginning(sample, sample.len())),
        });
    }

    pub(super) fn first_wrong(&self) -> Option<&str> {
        self.first.as_deref()
    }

    /// Whether reading has to pause.
    pub(super) fn must_pause(&self) -> bool {
        self.stray_in_a_row > 0 && self.stray_in_a_row.is_multiple_of(STRAY_TURN)
    }

    /// It sent something wrong. Whether that is to be written down, and for the how many-th time if
    /// others were left out.
    pub(super) fn misbehaved(&mut self) -> Report {
        self.misbehaved += 1;
        let count = self.misbehaved;
        match count {
            _ if count <= REPORTS_IN_FULL => Report::InFull,
            _ if count == 10u64.pow(count.ilog10()) => Report::Counted(count),
            _ => Report::LeftOut,
        }
    }
}

/// How misbehaviour is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    InFull,
    /// With how many there were.
    Counted(u64),
    LeftOut,
}
