//! The only place that writes to the terminal. Whatever it is given, nothing comes out that does more
//! than being read: servers, files and pages say what they like.

use std::io::{IsTerminal, Write};

use crate::base::{Count, visible};

/// A line on stdout. A reader that went away is no error (`callmux … | head`).
pub(super) fn line(text: &str) {
    drop(writeln!(std::io::stdout(), "{}", visible::line(text)));
}

/// A text whose lines are ours.
pub(super) fn lines(text: &str) {
    drop(writeln!(std::io::stdout(), "{}", visible::lines(text)));
}

/// A JSON text, for programs.
pub(super) fn json(text: &str) {
    drop(writeln!(std::io::stdout(), "{}", visible::json(text)));
}

/// How a part of a line looks, where it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Bold,
    Dim,
}

/// A line of parts.
pub(super) fn styled(parts: &[(Style, String)]) {
    let has_colour = !is_plain() && std::io::stdout().is_terminal();
    let part = |(style, text): &(Style, String)| {
        let text = visible::line(text);
        match style {
            Style::Bold if has_colour => format!("\x1b[1m{text}\x1b[0m"),
            Style::Dim if has_colour => format!("\x1b[2m{text}\x1b[0m"),
            _ => text.into_owned(),
        }
    };
    drop(writeln!(std::io::stdout(), "{}", parts.iter().map(part).collect::<String>()));
}

/// A complaint on stderr.
pub(super) fn error(text: &str) {
    let (start, end) = if colour_on_stderr() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
    drop(writeln!(std::io::stderr(), "{start}callmux:{end} {}", visible::line(text)));
}

/// A remark on stderr.
pub(super) fn note(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", visible::line(text)));
}

/// A remark on stderr whose lines are ours.
pub(super) fn notes(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", visible::lines(text)));
}

fn colour_on_stderr() -> bool {
    !is_plain() && std::io::stderr().is_terminal()
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
            drop(write!(std::io::stderr(), "\r\x1b[K{}", visible::line(text)));
            drop(std::io::stderr().flush());
        }
    }

    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            drop(write!(std::io::stderr(), "\r\x1b[K"));
        }
    }
}

/// So many of something: `1 server`, `2 servers`.
pub(super) fn count(number: usize, noun: &'static str) -> String {
    Count::of(number, noun).to_string()
}
