//! What the code says to whoever debugs it, on stderr.

use std::io::{self, Write};

use crate::base::visible;

/// Stderr for one event at a time: what others said in it stays in its line, and can only be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diagnostics;

impl Write for Diagnostics {
    /// `event`: whole, with the line break at its end.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().write_all(shown(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn shown(event: &str) -> String {
    let mut line = visible::line(event.strip_suffix('\n').unwrap_or(event)).into_owned();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(shown("WARN a: b=\u{1b}c\nd\n"), "WARN a: b=\\u{1b}c\\nd\n");
    }
}
