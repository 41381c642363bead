//! What a rule asks of the process that a client is.

use super::name_patterns::NamePatterns;

/// Each list that is there has to fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessPatterns {
    /// Programs: their paths, or without a `/` their names.
    pub exe: Option<NamePatterns>,
    /// Units of systemd.
    pub units: Option<NamePatterns>,
    /// Directories that they work in.
    pub cwd: Option<NamePatterns>,
}

impl ProcessPatterns {
    /// Unless nothing is asked.
    pub fn some(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}
