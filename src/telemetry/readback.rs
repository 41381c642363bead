//! What the journal has of the entries of calls. It is asked by way of `journalctl`, on a thread
//! whose time nobody needs.

use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::Timespec;
use serde::Deserialize;

use crate::base::{children, file};
use crate::facts::CallFinished;
use crate::facts::FactKind;

/// Numbers that are looked for at once.
const RANGE_MAX: u64 = 1 << 22;
/// The most that is read of the list of our control groups, in bytes.
const GROUPS_MAX: u64 = 64 * 1024;
/// How long the journal may take to answer.
const WITHIN: Duration = Duration::from_secs(20);

/// The field of an entry whose call stands in the audit file, too.
pub(super) const IN_FILE: &str = "AUDITED";
/// How long the journal may take to show all entries of calls.
const ALL_WITHIN: Duration = Duration::from_mins(2);

/// Why it cannot be known what the journal has.
#[derive(Debug, thiserror::Error)]
pub enum ReadbackError {
    #[error("it shows this user no entry of ours")]
    NotShown,
    #[error("we run in no unit of our own")]
    NoUnit,
    #[error("`journalctl` cannot be started: {0}")]
    NotStarted(io::Error),
    #[error("`journalctl` gave no answer: {0}")]
    NoAnswer(io::Error),
}

/// How many of the entries with these numbers the journal has. `since`: when the first of them was
/// written, in microseconds since 1970. `Err` says why that cannot be known.
pub(super) fn found(numbers: &RangeInclusive<u64>, since: u64) -> Result<u64, ReadbackError> {
    let first = (*numbers.start()).max(numbers.end().saturating_sub(RANGE_MAX));
    let mut seen = vec![false; usize::try_from(numbers.end() - first + 1).unwrap_or(0)];
    // Only entries of our own unit: servers cannot write any in its name.
    let unit = own_unit()?;
    let since = since / 1_000_000;
    ask(
        &[
            &format!("--since=@{}", since.saturating_sub(1)),
            &format!("_SYSTEMD_USER_UNIT={unit}"),
            &format!("CALLMUX_FACT={}", CallFinished::ABOUT.name),
            "--output-fields=CALLMUX_SEQUENCE",
        ],
        |line| {
            let number = std::str::from_utf8(line).ok().and_then(|line| line.parse::<u64>().ok());
            let at = number.and_then(|number| usize::try_from(number.checked_sub(first)?).ok());
            if let Some(seen) = at.and_then(|at| seen.get_mut(at)) {
                *seen = true;
            }
        },
    )?;
    let found = seen.iter().filter(|seen| **seen).count() as u64;
    if found == 0 {
        let mut is_readable = false;
        ask(&["--lines=1", &format!("_SYSTEMD_USER_UNIT={unit}")], |_| is_readable = true)?;
        if !is_readable {
            return Err(ReadbackError::NotShown);
        }
    }
    Ok(found)
}

/// The entry of a call that the audit file has to have, too.
#[derive(Debug, Deserialize)]
pub struct AuditedEntry {
    #[serde(rename = "CALLMUX_CALL_ID")]
    pub call: String,
    /// When it came to the journal, in microseconds since 1970.
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    pub at: String,
}

/// Has `each` see those that the daemon in this unit wrote since then.
pub fn audited(
    unit: &str,
    since: SystemTime,
    mut each: impl FnMut(AuditedEntry),
) -> Result<(), ReadbackError> {
    let since = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let arguments = [
        &*format!("--since=@{since}"),
        // Only entries of that unit: servers cannot write any in its name.
        &format!("_SYSTEMD_USER_UNIT={unit}"),
        &format!("CALLMUX_FACT={}", CallFinished::ABOUT.name),
        &format!("CALLMUX_{IN_FILE}=1"),
        "--output=json",
        "--output-fields=CALLMUX_CALL_ID",
    ];
    ask_within(ALL_WITHIN, &arguments, |line| {
        if let Ok(entry) = serde_json::from_slice(line) {
            each(entry);
        }
    })
}

/// The unit that we run in, by our control group.
fn own_unit() -> Result<String, ReadbackError> {
    let groups = file::read(Path::new("/proc/self/cgroup"), GROUPS_MAX).unwrap_or_default();
    let groups = String::from_utf8_lossy(&groups);
    let is_unit = |name: &&str| Path::new(name).extension().is_some_and(|end| end == "service");
    let unit = groups.lines().filter_map(|line| line.rsplit('/').next()).rfind(is_unit);
    unit.map(str::to_owned).ok_or(ReadbackError::NoUnit)
}

/// Runs `journalctl` and has `line` see each line of its output.
fn ask(arguments: &[&str], line: impl FnMut(&[u8])) -> Result<(), ReadbackError> {
    ask_within(WITHIN, arguments, line)
}

fn ask_within(
    within: Duration,
    arguments: &[&str],
    line: impl FnMut(&[u8]),
) -> Result<(), ReadbackError> {
    let mut command = Command::new("journalctl");
    command
        .args(["--user", "--quiet", "--no-pager", "--output=cat"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let started = children::start(&mut command).map_err(ReadbackError::NotStarted)?;
    let (mut journalctl, mark) = started;
    let read = read(&mut journalctl, within, line);
    _ = journalctl.kill();
    _ = journalctl.wait();
    drop(mark);
    read.map_err(ReadbackError::NoAnswer)
}

fn read(journalctl: &mut Child, within: Duration, mut line: impl FnMut(&[u8])) -> io::Result<()> {
    let mut output = journalctl.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let deadline = Instant::now() + within;
    let (mut buffer, mut rest) = (vec![0; 64 * 1024], Vec::new());
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut wait = [PollFd::from_borrowed_fd(output.as_fd(), PollFlags::IN)];
        if poll(&mut wait, Some(&left))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let read = output.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        rest.extend_from_slice(&buffer[..read]);
        let mut lines = rest.split(|byte| *byte == b'\n');
        let last = lines.next_back().map(<[u8]>::to_vec).unwrap_or_default();
        lines.for_each(&mut line);
        // What is asked for is short.
        rest = last.into_iter().take(1024).collect();
    }
}
