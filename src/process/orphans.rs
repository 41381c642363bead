//! What a server leaves behind, where servers are our children: processes in sessions of their own,
//! which outlive its group.
//!
//! We adopt them (prctl(2), `PR_SET_CHILD_SUBREAPER`), and a variable in their environment says of which
//! server they are. One that was given another environment, with all of its parents gone, is nobody's: it
//! goes on, as what programs that we ran for their output leave behind (an agent that keeps keys, say).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::base::{children, random};

/// Says whose a process is. What runs below several of us has the ids of all.
pub const MARK: &str = "CALLMUX_SERVER_RUN";
/// How much of an environment is looked at, in bytes.
const ENVIRONMENT_MAX: u64 = 1 << 20;
/// How much a list of children may have, in bytes, and how many processes are looked at.
const CHILDREN_MAX: u64 = 1 << 20;
const PROCESSES_MAX: usize = 10_000;
/// How often it is looked whether they are gone.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// What forks faster than it is killed is given up after so long.
const KILLED_WITHIN: Duration = Duration::from_secs(2);
/// Where nobody can wait, so often.
const LOOKS: usize = 10;
/// How often those that ended by themselves are let go of, at most.
const APART: Duration = Duration::from_millis(100);

/// Of `flags` in proc_pid_stat(5), as linux/sched.h has it.
const PF_EXITING: u64 = 0x4;

static ADOPTING: Notify = Notify::const_new();

/// One run of a server, as its processes know it.
#[derive(Debug)]
pub(super) struct ServerRun {
    id: String,
}

impl ServerRun {
    /// From now on we adopt what it may leave behind.
    pub(super) fn new() -> Self {
        // Without the lists nobody could be found, and nobody would be let go of.
        if Path::new("/proc/thread-self/children").exists()
            && rustix::process::set_child_subreaper(Some(rustix::process::getpid())).is_ok()
        {
            ADOPTING.notify_one();
        }
        Self { id: format!("{:032x}", u128::from_ne_bytes(random::bytes())) }
    }

    /// The value of [`MARK`] for its processes.
    pub(super) fn mark(&self) -> String {
        match std::env::var(MARK) {
            Ok(above) => format!("{above}:{}", self.id),
            Err(_) => self.id.clone(),
        }
    }

    /// Kills all that are left, as far as a few looks find them.
    pub(super) fn kill(&self) {
        _ = (0..LOOKS).find(|_| self.signal(Signal::KILL).is_empty());
    }

    /// Sends a signal to all that are seen to be left.
    fn signal(&self, signal: Signal) -> Sight {
        let seen = self.look();
        for process in &seen.left {
            process.signal(signal);
        }
        seen
    }

    /// Ends all that are left: SIGTERM, and SIGKILL when `patience` is over.
    pub(super) async fn end(&self, patience: Duration) {
        if self.signal(Signal::TERM).is_empty() || self.are_gone(patience, None).await {
            return;
        }
        if !self.are_gone(KILLED_WITHIN, Some(Signal::KILL)).await {
            tracing::warn!("processes of a server start others faster than they are killed");
        }
    }

    /// Whether all are gone `within` that time. `signal`: what those get that are still there.
    async fn are_gone(&self, within: Duration, signal: Option<Signal>) -> bool {
        let until = Instant::now() + within;
        loop {
            let seen = match signal {
                Some(signal) => self.signal(signal),
                None => self.look(),
            };
            if seen.is_empty() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Those that we adopted, and all below them. Those of them that ended are let go of.
    fn look(&self) -> Sight {
        children::known(|is_ours| {
            let own = std::process::id();
            let adopted = below(own).into_iter().filter(|pid| !is_ours(*pid));
            let (marked, others): (Vec<u32>, Vec<u32>) =
                adopted.partition(|pid| is_marked(*pid, &self.id));
            let child = |pid| Process { pid, parent: own };
            let mut left: Vec<Process> = marked.into_iter().map(child).collect();
            let (mut next, mut seen) = (0, left.iter().map(|it| it.pid).collect::<BTreeSet<u32>>());
            while next < left.len() && left.len() < PROCESSES_MAX {
                let parent = left[next].pid;
                let more = below(parent).into_iter().filter(|pid| seen.insert(*pid));
                left.extend(more.map(|pid| Process { pid, parent }));
                next += 1;
            }
            // Whoever ends has no environment any more, and what was below it becomes ours.
            let others = others.into_iter().map(child).filter(Process::is_ending);
            let has_moved = others.count() > 0 || left.iter().any(Process::is_ending);
            left.retain(|process| !process.is_over());
            Sight { left, has_moved }
        })
    }
}

/// What one look finds.
#[derive(Debug)]
struct Sight {
    left: Vec<Process>,
    /// Somebody ended meanwhile: what was below it may have been seen nowhere.
    has_moved: bool,
}

impl Sight {
    /// Whether there is nobody left.
    fn is_empty(&self) -> bool {
        self.left.is_empty() && !self.has_moved
    }
}

/// A process, and whose child it was when it was found.
#[derive(Debug)]
struct Process {
    pid: u32,
    parent: u32,
}

impl Process {
    fn signal(&self, signal: Signal) {
        let Some(pid) = number(self.pid) else { return };
        let Ok(process) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return };
        // Its number may have passed to another one since.
        let parent = Stat::of(self.pid).map(|stat| stat.parent);
        if parent == Some(self.parent) || parent == Some(std::process::id()) {
            _ = rustix::process::pidfd_send_signal(process, signal);
        }
    }

    /// Whether it is there no more, or only to be waited for.
    fn is_over(&self) -> bool {
        let Some(stat) = Stat::of(self.pid) else { return true };
        if stat.is_over() && stat.parent == std::process::id() {
            let_go(self.pid);
        }
        stat.is_over()
    }

    /// Whether that is so, or about to be.
    fn is_ending(&self) -> bool {
        self.is_over() || Stat::of(self.pid).is_none_or(|stat| stat.is_ending)
    }
}

/// Lets go of adopted processes that ended; never ends. Nobody else may wait for processes that are
/// not known to [`children`].
pub async fn let_go_regularly() {
    ADOPTING.notified().await;
    let Ok(mut ended) = signal(SignalKind::child()) else { return };
    loop {
        children::known(|is_ours| {
            let adopted = below(std::process::id()).into_iter().filter(|pid| !is_ours(*pid));
            let is_over = |pid: &u32| Stat::of(*pid).is_some_and(|stat| stat.is_over());
            adopted.filter(is_over).for_each(let_go);
        });
        tokio::time::sleep(APART).await;
        if ended.recv().await.is_none() {
            return;
        }
    }
}

fn let_go(pid: u32) {
    if let Some(pid) = number(pid) {
        let over = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        _ = rustix::process::waitid(WaitId::Pid(pid), over);
    }
}

fn number(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// The children of a process.
fn below(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| read(&task.path().join("children"), CHILDREN_MAX));
    let lists: Vec<Vec<u8>> = lists.collect();
    let texts = lists.iter().filter_map(|list| std::str::from_utf8(list).ok());
    texts.flat_map(str::split_ascii_whitespace).filter_map(|pid| pid.parse().ok()).collect()
}

/// What proc_pid_stat(5) says of a process.
#[derive(Debug)]
struct Stat {
    state: char,
    parent: u32,
    /// `PF_EXITING`.
    is_ending: bool,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let stat = read(Path::new(&format!("/proc/{pid}/stat")), 4096)?;
        let stat = String::from_utf8_lossy(&stat);
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let (state, parent) = (fields.next()?.chars().next()?, fields.next()?.parse().ok()?);
        let flags: u64 = fields.nth(4)?.parse().ok()?;
        Some(Self { state, parent, is_ending: flags & PF_EXITING != 0 })
    }

    fn is_over(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

fn is_marked(pid: u32, id: &str) -> bool {
    // Not with the patience of `base::file`: on a busy machine that ends, and nobody would be found.
    let environment = read(Path::new(&format!("/proc/{pid}/environ")), ENVIRONMENT_MAX);
    let mut variables = environment.iter().flat_map(|it| it.split(|byte| *byte == 0));
    variables.any(|variable| {
        let variable = std::str::from_utf8(variable).ok();
        let ids = variable.and_then(|it| it.strip_prefix(MARK)?.strip_prefix('='));
        ids.is_some_and(|ids| ids.split(':').any(|it| it == id))
    })
}

/// A file of the kernel's about a process. `None`: it is not there, or not for us.
fn read(path: &Path, max: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(max).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
