//! One question to whoever sits at the terminal.

use std::io::{BufReader, IsTerminal, Read};
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use super::print;
use crate::base::Secret;

/// What Ctrl-C and Ctrl-\\ are where the terminal makes no signals of them (ASCII ETX and FS).
const ENDS: [u8; 2] = [0x03, 0x1c];
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
    let mut typed = Vec::new();
    let from = BufReader::new(std::fs::File::from(terminal.try_clone().ok()?).take(ANSWER_MAX));
    for byte in from.bytes().map_while(Result::ok) {
        typed.push(byte);
        if byte == b'\n' || (is_hidden && ENDS.contains(&byte)) {
            break;
        }
    }
    let is_over = is_hidden && typed.last().is_some_and(|last| ENDS.contains(last));
    let answer = String::from_utf8(typed).ok().filter(|answer| !answer.is_empty() && !is_over);
    if answer.is_none() {
        print::note("");
    }
    drop(hush);
    if is_over {
        // As it would have been, had the terminal made a signal of it.
        _ = rustix::process::kill_process(rustix::process::getpid(), Signal::INT);
    }
    let answer = answer?;
    Some(Secret::new(answer.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A terminal that does not show what is typed, for as long as this lives. Nor does it end us: it would stay as it is
/// now for the shell.
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
        quiet.local_modes.remove(LocalModes::ISIG);
        [
            quiet.special_codes[SpecialCodeIndex::VEOL],
            quiet.special_codes[SpecialCodeIndex::VEOL2],
        ] = ENDS;
        tcsetattr(terminal, OptionalActions::Flush, &quiet).ok()?;
        Some(Self { terminal: terminal.try_clone().ok()?, before })
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}
