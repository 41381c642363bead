//! What proc_pid_stat(5) says of a process.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;

/// Of a longer file of the kernel's no more is read, in bytes.
const FILE_MAX: u64 = 64 * 1024;

/// A process, and where it stands among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    pub pid: u32,
    /// What it calls itself, 15 bytes of it.
    pub comm: Box<str>,
    pub parent: u32,
    /// The number of its session's leader.
    pub session: u32,
    pub has_terminal: bool,
    /// When it began, in ticks since the machine did. No two processes have the same number and this.
    pub started: u64,
}

impl Stat {
    /// `None`: there is no such process.
    pub fn of(pid: u32) -> Option<Self> {
        let text = read(pid, "stat")?;
        let text = String::from_utf8_lossy(&text);
        // What it calls itself may have any bytes in it.
        let (named, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        // The first here is the third of the page.
        let number = |at: usize| fields.get(at - 3)?.parse::<i64>().ok();
        Some(Self {
            pid,
            comm: named.split_once(" (")?.1.into(),
            parent: u32::try_from(number(4)?).ok()?,
            session: u32::try_from(number(6)?).ok()?,
            has_terminal: number(7)? != 0,
            started: u64::try_from(number(22)?).ok()?,
        })
    }

    /// Whether it is still there, and no later one with its number.
    pub fn is_still(&self) -> bool {
        Self::of(self.pid).is_some_and(|now| now.started == self.started)
    }
}

/// A file of the kernel's about a process, as far as it is short. `None`: it is not there, or not for us.
pub fn read(pid: impl Display, name: &str) -> Option<Vec<u8>> {
    let file = File::open(format!("/proc/{pid}/{name}")).ok()?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn a_process_is_told_from_a_later_one_with_its_number() {
        let own = Stat::of(std::process::id()).unwrap();
        assert!(own.is_still() && own.parent == std::os::unix::process::parent_id());
        assert!(!Stat { started: own.started + 1, ..own }.is_still());
        assert_eq!(Stat::of(u32::MAX), None);
    }
}
