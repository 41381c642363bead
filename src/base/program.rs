//! A program that is run for what it prints.
//!
//! It runs without a shell, in a process group of its own, and is ended with everything it started
//! when it takes too long or prints too much. It does not outlive us.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use rustix::time::Timespec;

use super::{Secret, children, dirs};

/// The longest output, in bytes.
const OUTPUT_MAX: usize = 64 * 1024;
/// What is kept of its words on stderr, in bytes.
const WORDS_MAX: usize = 4 * 1024;
/// What is told of them, in characters.
const TOLD_MAX: usize = 200;
/// What systemd means for the daemon alone: no program of ours gets these variables.
pub const OF_THE_DAEMON: [&str; 6] = [
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
];

/// The words of a command line, split as a POSIX shell splits it (XCU 2.2, "Quoting"): quotes and
/// backslashes hold words together, and nothing is expanded.
pub fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' => out.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("a ' is not closed")? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or("a \" is not closed")? {
                        '"' => break,
                        '\\' => match chars.next().ok_or("a \" is not closed")? {
                            '\n' => {}
                            c @ ('$' | '`' | '"' | '\\') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => match chars.next().ok_or("nothing follows the last \\")? {
                '\n' => {}
                c => word.get_or_insert_default().push(c),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    Ok(out)
}

/// What a program prints, without the line break at its end. It runs in `dir`, where a relative path
/// to it starts. The error is the rest of a sentence about it.
pub fn output(words: &[String], dir: &Path, within: Duration) -> Result<Secret, String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (text, told, status) = run(&words, dir, within)?;
    judge(text, Some(&told), status)
}

/// The same of a program whose words are secret, and what it says of a failure as well. It runs in our
/// own directory.
pub fn secret_output(words: &[Secret], within: Duration) -> Result<Secret, String> {
    let words: Vec<&str> = words.iter().map(Secret::expose).collect();
    let (text, _, status) = run(&words, Path::new("."), within)?;
    judge(text, None, status)
}

/// Runs a program for what it does: whether it prints anything says nothing. Otherwise as [`output`].
pub fn carry_out(words: &[String], dir: &Path, within: Duration) -> Result<(), String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (_, told, status) = run(&words, dir, within)?;
    succeeded(Some(&told), status)
}

/// What a program wrote to stdout and to stderr, and how it ended.
type ProgramEnd = (Vec<u8>, Vec<u8>, ExitStatus);

fn run(words: &[&str], dir: &Path, within: Duration) -> Result<ProgramEnd, String> {
    let (program, args) = words.split_first().ok_or("is not named")?;
    let program =
        if program.contains('/') { dir.join(dirs::expand_home(program)) } else { program.into() };
    let mut command = Command::new(program);
    command.args(args).current_dir(dir).process_group(0);
    for name in OF_THE_DAEMON {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    end_with_us(&mut command);
    let started = children::start(&mut command);
    let (mut child, mark) = started.map_err(|error| format!("cannot be started: {error}"))?;
    let attended = attend(&mut child, within);
    if attended.is_err()
        && let Ok(pid) = i32::try_from(child.id())
        && let Some(group) = Pid::from_raw(pid)
    {
        _ = kill_process_group(group, Signal::KILL);
    }
    let status = child.wait().map_err(|error| error.to_string());
    drop(mark);
    let status = status?;
    let (text, told) = attended?;
    Ok((text, told, status))
}

/// Lets the kernel end the program when we end before it: nobody else would.
fn end_with_us(command: &mut Command) {
    let parent = rustix::process::getpid();
    let in_child = move || {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        super::descriptors::give_back();
        // We may have died before that call.
        if rustix::process::getppid() != Some(parent) {
            return Err(std::io::ErrorKind::NotConnected.into());
        }
        Ok(())
    };
    #[expect(unsafe_code, reason = "runs between fork and exec; makes only system calls")]
    // SAFETY: the closure allocates nothing and takes no lock (signal-safety(7)).
    unsafe {
        command.pre_exec(in_child);
    }
}

/// `told`: what of its words on stderr may be seen.
fn succeeded(told: Option<&[u8]>, status: ExitStatus) -> Result<(), String> {
    if status.success() {
        return Ok(());
    }
    let Some(told) = told else { return Err(format!("failed with {status}")) };
    let told = String::from_utf8_lossy(told);
    let first = told.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing");
    let first: String = first.chars().filter(|c| !c.is_control()).take(TOLD_MAX).collect();
    Err(format!("failed with {status} and said: {first}"))
}

fn judge(text: Vec<u8>, told: Option<&[u8]>, status: ExitStatus) -> Result<Secret, String> {
    let text = String::from_utf8(text).map(Secret::new);
    succeeded(told, status)?;
    let text = text.map_err(|_| "printed what is no text")?;
    let line = text.expose();
    let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
    match line {
        "" => Err("printed nothing".to_owned()),
        line => Ok(Secret::new(line.to_owned())),
    }
}

/// Reads what the program writes until it ends. What it leaves behind is not waited for.
fn attend(child: &mut Child, within: Duration) -> Result<(Vec<u8>, Vec<u8>), String> {
    let fail = |error: rustix::io::Errno| format!("cannot be attended to: {error}");
    let until = Instant::now() + within;
    let end = pidfd_open(Pid::from_child(child), PidfdFlags::empty()).map_err(fail)?;
    let mut out = Pipe::new(child.stdout.take(), OUTPUT_MAX).map_err(fail)?;
    let mut told = Pipe::new(child.stderr.take(), WORDS_MAX).map_err(fail)?;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("did not end within {within:?}"));
        }
        let mut fds = vec![PollFd::new(&end, PollFlags::IN)];
        fds.extend(out.from.as_ref().map(|from| PollFd::new(from, PollFlags::IN)));
        fds.extend(told.from.as_ref().map(|from| PollFd::new(from, PollFlags::IN)));
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut fds, Some(&left)) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(fail(error)),
            Ok(_) => {}
        }
        let has_ended = !fds[0].revents().is_empty();
        drop(fds);
        out.read();
        told.read();
        if out.overflows {
            return Err(format!("printed more than {} KiB", OUTPUT_MAX / 1024));
        }
        if has_ended {
            return Ok((out.got, told.got));
        }
    }
}

/// One end of what a program writes.
struct Pipe<R> {
    /// Gone when it is over.
    from: Option<R>,
    got: Vec<u8>,
    max: usize,
    overflows: bool,
}

impl<R: Read + AsFd> Pipe<R> {
    fn new(from: Option<R>, max: usize) -> rustix::io::Result<Self> {
        if let Some(from) = &from {
            fcntl_setfl(from, fcntl_getfl(from)? | OFlags::NONBLOCK)?;
        }
        Ok(Self { from, got: Vec::new(), max, overflows: false })
    }

    /// Takes what is there.
    fn read(&mut self) {
        let mut buffer = [0; 4096];
        while let Some(from) = &mut self.from {
            match from.read(&mut buffer) {
                Ok(0) => self.from = None,
                Ok(len) => {
                    let room = self.max - self.got.len();
                    self.overflows |= len > room;
                    self.got.extend_from_slice(&buffer[..len.min(room)]);
                    if self.overflows {
                        // More may come for ever.
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => self.from = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{carry_out, output, words};

    #[test]
    fn words_are_those_of_a_shell() {
        let check = |line: &str, expected: &[&str]| assert_eq!(words(line).unwrap(), expected);
        check("", &[]);
        check("  a\tb \n c ", &["a", "b", "c"]);
        check("'a b' \"c d\" e\\ f", &["a b", "c d", "e f"]);
        check("a'b'\"c\"d ''", &["abcd", ""]);
        check(r#"'\n' "\n\"\\\$" \'"#, &["\\n", "\\n\"\\$", "'"]);
        check("$HOME ~ * `x` $(x) # ;", &["$HOME", "~", "*", "`x`", "$(x)", "#", ";"]);
        check("a\\\nb \"c\\\nd\"", &["ab", "cd"]);
        for line in ["'a", "\"a", "\"a\\", "a\\"] {
            assert!(words(line).is_err(), "{line}");
        }
    }

    fn run(script: &str, within: Duration) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        output(&words, Path::new("/"), within).map(|text| text.expose().to_owned())
    }

    #[test]
    fn what_a_program_prints_is_taken_as_it_is() {
        let long = Duration::from_mins(2);
        assert_eq!(run("printf ' a\\nb\\n\\n'", long).unwrap(), " a\nb\n");
        assert_eq!(run("printf 'a\\r\\n'", long).unwrap(), "a");
        assert_eq!(run("pwd", long).unwrap(), "/");
        assert_eq!(run("head -c 65536 /dev/zero | tr '\\0' x", long).unwrap().len(), 65536);
        let noisy = "head -c 300000 /dev/zero >&2; echo fine";
        assert_eq!(run(noisy, long).unwrap(), "fine");
        // One that goes on in the background, here until this test's process ends, keeps nobody waiting.
        let stays = format!("tail --pid={} -f /dev/null & echo fine", std::process::id());
        assert_eq!(run(&stays, long).unwrap(), "fine");
    }

    #[test]
    fn every_failure_says_what_happened() {
        let fails = |script: &str, words: &str| {
            let error = run(script, Duration::from_mins(2)).unwrap_err();
            assert!(error.contains(words) && !error.contains("canary"), "{script}: {error}");
        };
        fails(
            "echo canary; echo >&2; echo 'not \u{1b}here' >&2; echo canary >&2; exit 3",
            "exit status: 3 and said: not here",
        );
        fails("exit 1", "said: nothing");
        fails("true", "printed nothing");
        fails("echo", "printed nothing");
        fails("printf '\\377'", "no text");
        fails("yes", "more than 64 KiB");
        let error = run("sleep 3600 & sleep 3600", Duration::from_millis(100)).unwrap_err();
        assert!(error.contains("did not end within 100ms"), "{error}");
        let done = |script: &str| {
            let words = ["sh", "-c", script].map(str::to_owned);
            carry_out(&words, Path::new("/"), Duration::from_mins(2))
        };
        assert_eq!((done("true"), done("echo fine")), (Ok(()), Ok(())));
        assert!(done("echo why >&2; exit 1").unwrap_err().contains("said: why"));
        let none = output(&["/no/such".to_owned()], Path::new("/"), Duration::from_secs(1));
        assert!(none.unwrap_err().contains("cannot be started"));
        assert!(output(&[], Path::new("/"), Duration::from_secs(1)).is_err());
    }
}
