//! How wide the lines of a terminal are.

use std::os::fd::AsFd;

use rustix::termios::{isatty, tcgetwinsize};

/// What is taken where a terminal does not say how wide it is.
const USUAL: usize = 80;
/// A narrower terminal is treated as one of so many columns.
const LEAST: usize = 30;

/// How many columns a line may have; `None`: this is no terminal, and a line is never broken.
pub fn of(stream: impl AsFd) -> Option<usize> {
    if !isatty(&stream) {
        return None;
    }
    let columns = tcgetwinsize(&stream).map_or(0, |size| usize::from(size.ws_col));
    Some(if columns == 0 { USUAL } else { columns.max(LEAST) })
}
