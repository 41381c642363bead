//! How a part of a line looks, where it can.

use std::os::fd::AsFd;

use rustix::termios::isatty;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Bold,
    Dim,
    /// As it should be.
    Good,
    /// On its way, or to be done something about.
    Notable,
    /// Not as it should be.
    Bad,
}

impl Style {
    /// What the text is written between (ECMA-48, "Select graphic rendition").
    pub fn marks(self) -> (&'static str, &'static str) {
        let start = match self {
            Self::Plain => return ("", ""),
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Notable => "\x1b[33m",
            Self::Bad => "\x1b[1;31m",
        };
        (start, "\x1b[0m")
    }
}

/// Whether what is written there may have colours: as no-color.org and bixense.com/clicolors say, else
/// only on terminals.
pub fn is_coloured(stream: impl AsFd) -> bool {
    let is_set =
        |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return false;
    }
    is_set("CLICOLOR_FORCE") || isatty(stream)
}
