//! The processes that we started ourselves and wait for. Who adopts others (prctl(2),
//! `PR_SET_CHILD_SUBREAPER`) has to tell them apart: to wait for one takes its end from whoever else does.

use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command};

use super::Lock;

static STARTED: Lock<BTreeSet<u32>> = Lock::new(BTreeSet::new());

/// That a process is ours, until it was waited for.
#[derive(Debug)]
#[must_use]
pub struct Started(u32);

/// Starts a program whose end is waited for here. Keep what comes with it until that is over.
pub fn start(command: &mut Command) -> io::Result<(Child, Started)> {
    // Before it is known nobody may look.
    let mut started = STARTED.lock();
    let child = command.spawn()?;
    started.insert(child.id());
    let mark = Started(child.id());
    Ok((child, mark))
}

/// Calls `look` with whether a process was started here. Nothing is started meanwhile.
pub fn known<T>(look: impl FnOnce(&dyn Fn(u32) -> bool) -> T) -> T {
    let started = STARTED.lock();
    look(&|pid| started.contains(&pid))
}

impl Drop for Started {
    fn drop(&mut self) {
        STARTED.lock().remove(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{known, start};
    use std::process::Command;

    #[test]
    fn a_process_is_known_until_it_was_waited_for() {
        let (mut child, mark) = start(&mut Command::new("true")).unwrap();
        let pid = child.id();
        assert!(known(|is_ours| is_ours(pid)));
        child.wait().unwrap();
        drop(mark);
        assert!(!known(|is_ours| is_ours(pid)));
        assert!(start(&mut Command::new("/no/such/program")).is_err());
    }
}
