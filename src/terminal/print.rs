//! The only place that writes to the terminal. Whatever it is given, nothing comes out that does more
//! than being read: servers, files and pages say what they like.

use std::io::{IsTerminal, Write};

use super::style::{self, Style};
use super::{table, width};
use crate::base::{Count, visible};

/// A line on stdout. A reader that went away is no error (`callmux … | head`).
pub fn line(text: &str) {
    drop(writeln!(std::io::stdout(), "{}", visible::line(text)));
}

/// A text whose lines are ours.
pub fn lines(text: &str) {
    drop(writeln!(std::io::stdout(), "{}", visible::lines(text)));
}

/// A JSON text, for programs.
pub fn json(text: &str) {
    drop(writeln!(std::io::stdout(), "{}", visible::json(text)));
}

/// A text of others: as it is for programs, on a terminal so that it can only be read. It ends its
/// last line, if it does not itself.
pub fn text(text: &str) {
    write_text(&mut std::io::stdout(), text);
}

/// The same on stderr.
pub fn text_aside(text: &str) {
    write_text(&mut std::io::stderr(), text);
}

fn write_text(out: &mut (impl Write + IsTerminal), text: &str) {
    let shown = if out.is_terminal() { visible::lines(text) } else { text.into() };
    let end = if shown.ends_with('\n') { "" } else { "\n" };
    drop(out.write_all(&[shown.as_bytes(), end.as_bytes()].concat()).and_then(|()| out.flush()));
}

/// Bytes on stdout as they are. For programs: a terminal gets none.
pub fn bytes(bytes: &[u8]) {
    let mut out = std::io::stdout();
    if !out.is_terminal() {
        drop(out.write_all(bytes).and_then(|()| out.flush()));
    }
}

/// Takes away what stands on a terminal, so that the next lines begin at its top.
pub fn clear_page() {
    if is_read_by_person() {
        drop(write!(std::io::stdout(), "\x1b[H\x1b[2J"));
    }
}

/// Whether a person reads what is written to stdout.
pub fn is_read_by_person() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether a person reads what is written to stderr.
pub fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// What comes before an answer that is typed in the same line, on stderr.
pub fn prompt(text: &str) {
    let mut out = std::io::stderr();
    drop(write!(out, "{}", visible::line(text)).and_then(|()| out.flush()));
}

/// A line of parts.
pub fn styled(parts: &[(Style, String)]) {
    let line = joined(parts, style::is_coloured(std::io::stdout()));
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn joined(parts: &[(Style, String)], has_colour: bool) -> String {
    let part = |(style, text): &(Style, String)| {
        let text = visible::line(text);
        let (start, end) = if has_colour { style.marks() } else { ("", "") };
        format!("{start}{text}{end}")
    };
    parts.iter().map(part).collect()
}

/// How wide a line on stdout may be; `None`: as wide as it is.
pub fn width() -> Option<usize> {
    width::of(std::io::stdout())
}

/// Rows under their headings, the last of which is a text: as [`table::lines`] lays them out.
pub fn table<const N: usize>(
    headings: [&str; N],
    rows: &[[String; N]],
    style: impl Fn(usize, &str) -> Style,
    spare: &[usize],
) {
    for line in table::lines(headings, &as_shown(rows), style, spare, width()) {
        styled(&line);
    }
}

/// The same on stderr: what stands beside a text on stdout that may go into a file.
pub fn table_of_notes<const N: usize>(
    headings: [&str; N],
    rows: &[[String; N]],
    style: impl Fn(usize, &str) -> Style,
    spare: &[usize],
) {
    let (width, has_colour) = (width::of(std::io::stderr()), style::is_coloured(std::io::stderr()));
    for line in table::lines(headings, &as_shown(rows), style, spare, width) {
        drop(writeln!(std::io::stderr(), "{}", joined(&line, has_colour)));
    }
}

/// As wide as it is shown.
fn as_shown<const N: usize>(rows: &[[String; N]]) -> Vec<[String; N]> {
    let shown = |cell: &String| visible::line(cell).into_owned();
    rows.iter().map(|row| row.each_ref().map(shown)).collect()
}

/// A complaint on stderr.
pub fn error(text: &str) {
    let has_colour = style::is_coloured(std::io::stderr());
    let (start, end) = if has_colour { Style::Bad.marks() } else { ("", "") };
    drop(writeln!(std::io::stderr(), "{start}callmux:{end} {}", visible::line(text)));
}

/// A remark on stderr.
pub fn note(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", visible::line(text)));
}

/// A remark on stderr whose lines are ours.
pub fn notes(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", visible::lines(text)));
}

/// A line that is overwritten by the next: progress on a terminal, nothing elsewhere.
#[derive(Debug, Default)]
pub struct Progress {
    shown: bool,
}

impl Progress {
    pub fn show(&mut self, text: &str) {
        if std::io::stderr().is_terminal() {
            self.shown = true;
            drop(write!(std::io::stderr(), "\r\x1b[K{}", visible::line(text)));
            drop(std::io::stderr().flush());
        }
    }

    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            drop(write!(std::io::stderr(), "\r\x1b[K"));
        }
    }
}

/// So many of something: `1 server`, `2 servers`.
pub fn count(number: usize, noun: &'static str) -> String {
    Count::of(number, noun).to_string()
}
