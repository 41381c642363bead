//! What processes have in memory.

use std::fs::File;
use std::io::Read;

/// So many processes are looked at. A server with more has others that are not counted.
const PROCESSES_MAX: usize = 256;
/// What the kernel says of one, in bytes.
const TOLD_MAX: u64 = 16 << 10;

/// What some processes, and those that they started, have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resident {
    pub processes: usize,
    /// In bytes; what several share counts for each (proc_pid_statm(5), `resident`).
    pub bytes: u64,
}

impl Resident {
    /// Of this process and its descendants. One that has ended has nothing.
    pub fn of(pid: u32) -> Self {
        let (mut found, mut open) = (Self::default(), vec![pid]);
        while let Some(pid) = open.pop().filter(|_| found.processes < PROCESSES_MAX) {
            let Some(bytes) = resident(pid) else { continue };
            found.processes += 1;
            found.bytes += bytes;
            open.extend(children(pid));
        }
        found
    }
}

fn told(path: &str) -> Option<String> {
    let mut text = String::new();
    File::open(path).ok()?.take(TOLD_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

fn resident(pid: u32) -> Option<u64> {
    let pages: u64 =
        told(&format!("/proc/{pid}/statm"))?.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// Those that a thread of it started (proc_tid_children(5)); none where the kernel does not say.
fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads
        .take(PROCESSES_MAX)
        .filter_map(|thread| told(&format!("{}/children", thread.path().display())));
    let pids = |list: String| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    lists.flat_map::<Vec<u32>, _>(pids).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::Resident;

    #[test]
    fn a_process_counts_with_those_that_it_started() {
        // It says so once the one that it started is there. That one must be given the shell's own
        // input: a shell gives what it leaves in the background an empty one, at whose end it is gone.
        let mut shell = Command::new("sh")
            .args(["-c", "exec 3<&0; cat <&3 & echo started; wait"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0; 8];
        shell.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
        let found = Resident::of(shell.id());
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(found.processes, 2);
        assert!(found.bytes > 1 << 16, "{found:?}");
    }

    #[test]
    fn who_is_not_there_has_nothing() {
        // Beyond the largest number that a process can have (proc_sys_kernel(5), `pid_max`).
        assert_eq!(Resident::of(1 << 23), Resident::default());
    }
}
