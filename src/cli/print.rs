//! The only place that writes to the terminal.

use std::io::{IsTerminal, Write};

/// A line on stdout. A reader that went away is no error (`callmux … | head`).
pub(super) fn line(text: &str) {
    drop(writeln!(std::io::stdout(), "{text}"));
}

/// A complaint on stderr.
pub(super) fn error(text: &str) {
    let (start, end) = if colour_on_stderr() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    drop(writeln!(std::io::stderr(), "{start}callmux:{end} {text}"));
}

/// A remark on stderr.
pub(super) fn note(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

fn colour_on_stderr() -> bool {
    !is_plain() && std::io::stderr().is_terminal()
}

pub(super) fn colour_on_stdout() -> bool {
    !is_plain() && std::io::stdout().is_terminal()
}

/// no-color.org
fn is_plain() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// A line that is overwritten by the next: progress on a terminal, nothing elsewhere.
#[derive(Debug, Default)]
pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    pub(super) fn show(&mut self, text: &str) {
        if std::io::stderr().is_terminal() {
            self.shown = true;
            drop(write!(std::io::stderr(), "\r\x1b[K{text}"));
            drop(std::io::stderr().flush());
        }
    }

    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            drop(write!(std::io::stderr(), "\r\x1b[K"));
        }
    }
}
