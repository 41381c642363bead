//! How an act ended, as its row has it until its journal entry is written.

use std::time::Duration;

/// The bits of a row's word that have the time; above them is the outcome.
const TOOK_BITS: u32 = 56;

/// How an act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// A number for the outcome, which is the same in every release.
    pub outcome: u8,
    /// To the microsecond.
    pub took: Duration,
}

impl Ending {
    pub(super) fn word(self) -> u64 {
        let took = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX);
        u64::from(self.outcome) << TOOK_BITS | took.min((1 << TOOK_BITS) - 1)
    }

    pub(super) fn of(word: u64) -> Self {
        let [outcome, ..] = word.to_be_bytes();
        Self { outcome, took: Duration::from_micros(word & ((1 << TOOK_BITS) - 1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Ending;
    use std::time::Duration;

    #[test]
    fn a_word_has_both() {
        for (outcome, micros) in [(0, 0), (255, 1), (6, (1 << 56) - 1)] {
            let ending = Ending { outcome, took: Duration::from_micros(micros) };
            assert_eq!(Ending::of(ending.word()), ending);
        }
        let long = Ending { outcome: 3, took: Duration::MAX };
        assert_eq!(Ending::of(long.word()).outcome, 3);
    }
}
