//! One question to whoever sits at the terminal.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::print;
use crate::base::Secret;

/// The longest answer, in bytes.
const ANSWER_MAX: u64 = 64 << 10;

/// What a person answers in one line; `None`: there is nobody to be asked, or they end their input.
/// `is_hidden`: what they type is not shown.
pub fn line(prompt: &str, is_hidden: bool) -> Option<Secret> {
    if !std::io::stdin().is_terminal() || !print::is_watched() {
        return None;
    }
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal = rustix::fs::open("/dev/tty", flags, Mode::empty()).ok()?;
    let hush = if is_hidden { Some(Hush::new(&terminal)?) } else { None };
    print::prompt(prompt);
    let mut answer = String::new();
    let read = BufReader::new(std::fs::File::from(terminal.try_clone().ok()?).take(ANSWER_MAX))
        .read_line(&mut answer);
    if hush.is_some() || read.is_err() || answer.is_empty() {
        print::note("");
    }
    drop(hush);
    let has_answer = read.is_ok() && !answer.is_empty();
    has_answer.then(|| Secret::new(answer.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A terminal that does not show what is typed, for as long as this lives.
struct Hush {
    terminal: OwnedFd,
    before: Termios,
}

impl Hush {
    fn new(terminal: &OwnedFd) -> Option<Self> {
        let before = tcgetattr(terminal).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        quiet.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(terminal, OptionalActions::Flush, &quiet).ok()?;
        Some(Self { terminal: terminal.try_clone().ok()?, before })
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}
