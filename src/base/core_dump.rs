//! No secret of ours ends in a core file (core(5)).

use std::io;
use std::sync::OnceLock;

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

/// The limit that this process was started with, once it has another.
static BEFORE: OnceLock<Rlimit> = OnceLock::new();

/// Keeps the kernel from writing down the memory of this process (`PR_SET_DUMPABLE`, prctl(2)). It also
/// keeps everybody but root from tracing it and from reading its environment (ptrace(2), "Ptrace
/// access mode checking").
///
/// `RLIMIT_CORE` goes to 0 as well: programs that are started inherit it, those above all that print
/// secrets, and whoever looks sees it in `/proc/PID/limits`. Servers are given back what was before,
/// see [`limit_before`].
pub fn forbid() -> io::Result<()> {
    let before = getrlimit(Resource::Core);
    let forbidden = Rlimit { current: Some(0), maximum: before.maximum };
    // A second call must not take the first one's limit for the user's.
    BEFORE.get_or_init(|| before);
    setrlimit(Resource::Core, forbidden)?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// The limit on core files for programs that are not ours; `None` if it is still in force.
pub fn limit_before() -> Option<Rlimit> {
    BEFORE.get().copied()
}
