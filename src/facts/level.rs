//! How much a fact matters.

/// How much a fact matters, as syslog priorities (journald's `PRIORITY=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A person has to act.
    Error = 3,
    /// Healed by itself, or will.
    Warning = 4,
    /// What an operator would tell a colleague.
    Info = 6,
    /// Every call.
    Debug = 7,
}

/// How much a server says that a line of its own matters, as syslog priorities (journald's `PRIORITY=`).
/// `debug` is missing: journald's limits are for each class of priorities, and that one is for the
/// entries of calls. So is what is above `err`: an emergency of the machine is written on every terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
}

/// What is written, at the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    pub level: Level,
    /// And entries of acts, of whatever level.
    pub acts: bool,
}

impl Threshold {
    pub fn takes(self, level: Level, is_audit: bool) -> bool {
        level <= self.level || self.acts && is_audit
    }
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}
