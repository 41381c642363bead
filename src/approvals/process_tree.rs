//! Which processes belong together: who asks must not be who answers.
//!
//! Processes of one user can do all that the user can, so this stops mistakes and what a model was talked into,
//! not a program that is out to deceive.

use serde::{Deserialize, Serialize};

use crate::peers::stat::{self, Stat};

/// Processes above one that are looked at.
const ABOVE_MAX: usize = 64;

/// A process, and no later one with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskingProcess {
    pid: u32,
    /// When it began, in ticks since the machine did (proc_pid_stat(5), `starttime`).
    started: u64,
}

/// Whoever answers is not somebody else than who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SelfApproval {
    #[error("you run under the client that asks: answer in a terminal of your own")]
    Below,
    #[error("it is not known whether you run under the client that asks: answer in a terminal")]
    Unknown,
}

/// The client that asks by the process with this number: that process, the one that started it, and those above in the
/// session of either. A bridge is started by its client, which was most often started by a shell in the same session. What
/// runs below any of them later is the client's, also when it has ended itself.
pub fn client_of(pid: u32) -> Vec<AskingProcess> {
    let above = with_those_above(pid);
    let nearest = || above.iter().take(2).filter(|stat| !is_manager(stat));
    let is_client = |stat: &&Stat| nearest().any(|near| near.session == stat.session);
    above.iter().filter(is_client).map(AskingProcess::of).collect()
}

impl AskingProcess {
    fn of(stat: &Stat) -> Self {
        Self { pid: stat.pid, started: stat.started }
    }
}

/// A process and those above it.
fn with_those_above(pid: u32) -> Vec<Stat> {
    let mut all: Vec<Stat> = Vec::new();
    let mut next = pid;
    while next > 0 && all.len() < ABOVE_MAX {
        let Some(stat) = Stat::of(next) else { break };
        next = stat.parent;
        all.push(stat);
    }
    all
}

/// Whether the process `answerer` is another's than the `client` that asks. What was detached from those above it is, if
/// it has no terminal, of whoever has its control group.
pub fn may_answer(answerer: u32, client: &[AskingProcess]) -> Result<(), SelfApproval> {
    let above = with_those_above(answerer);
    let own = above.first().ok_or(SelfApproval::Unknown)?;
    if above.iter().any(|stat| client.contains(&AskingProcess::of(stat))) {
        return Err(SelfApproval::Below);
    }
    if own.has_terminal {
        return Ok(());
    }
    let is_there = |process: &&AskingProcess| {
        Stat::of(process.pid).is_some_and(|stat| AskingProcess::of(&stat) == **process)
    };
    let theirs = client.iter().find(is_there).and_then(|process| group(process.pid));
    match (theirs, group(answerer)) {
        (Some(theirs), Some(own)) if theirs != own => Ok(()),
        _ => Err(SelfApproval::Unknown),
    }
}

/// Whether what a process says is a person's word and not that of the `client` that asks: it was there before the
/// client was, or may answer anyway. A desktop often shares a session or a control group with what was started on it. The
/// process that asks, and the one that started it, answer nothing however old they are.
pub fn is_older_or_apart(answerer: u32, client: &[AskingProcess]) -> bool {
    let first = client.iter().map(|process| process.started).min();
    if client.iter().take(2).any(|process| process.pid == answerer) {
        return false;
    }
    let began = Stat::of(answerer).map(|stat| stat.started);
    let is_older = began.zip(first).is_some_and(|(began, first)| began <= first);
    is_older || may_answer(answerer, client).is_ok()
}

/// Whether everything of the user runs below it.
fn is_manager(stat: &Stat) -> bool {
    stat.parent <= 1 && stat.session == stat.pid
}

fn group(pid: u32) -> Option<Vec<u8>> {
    stat::read(pid, "cgroup")
}

#[cfg(test)]
mod tests {
    use super::{AskingProcess, SelfApproval, Stat, client_of, is_older_or_apart, may_answer};
    use std::process::{Command, Stdio};

    #[test]
    fn what_runs_below_the_client_may_not_answer() {
        let own = std::process::id();
        // This process is the client, its first child the bridge and the second a shell of an agent.
        let sleeper = || {
            let mut command = Command::new("sleep");
            command.arg("60").stdin(Stdio::null());
            crate::base::children::start(&mut command).unwrap().0
        };
        let (mut bridge, mut shell) = (sleeper(), sleeper());
        let client = client_of(bridge.id());
        let below = Err(SelfApproval::Below);
        for answerer in [bridge.id(), shell.id(), own] {
            assert_eq!(may_answer(answerer, &client), below, "{answerer}");
        }
        let of = |pid: u32| AskingProcess::of(&Stat::of(pid).unwrap());
        assert!(is_older_or_apart(own, &[of(bridge.id())]), "it started the client");
        assert!(!is_older_or_apart(own, &[of(bridge.id()), of(own)]), "it is the client");
        let earliest = std::slice::from_ref(client.iter().min_by_key(|one| one.started).unwrap());
        assert!(!is_older_or_apart(shell.id(), earliest), "a desktop that the client started");
        assert!(!is_older_or_apart(shell.id(), &client));
        bridge.kill().unwrap();
        bridge.wait().unwrap();
        assert_eq!(may_answer(shell.id(), &client), below, "the bridge is gone, its client is not");
        // Somebody else asks, who is not known: what has no terminal could be anybody's.
        let known = may_answer(shell.id(), &[]);
        assert!(known == Ok(()) || known == Err(SelfApproval::Unknown));
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(may_answer(shell.id(), &client), Err(SelfApproval::Unknown), "it is gone");
    }
}
