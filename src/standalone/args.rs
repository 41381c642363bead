//! What `callmux -- command …` and `callmux stdio` take.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::keys::{ValueError, units};
use crate::settings::Exposure;

/// What may be said of the one server behind `--`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of `callmux -- COMMAND`")]
pub struct InlineArgs {
    /// Only these tools of it, by name or with `*`; may be repeated, or a list with commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "inline")]
    pub(super) tools: Vec<String>,
    /// Give results of tools that only read again for so long, such as 60s. Which ones do is taken from
    /// the server.
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "inline")]
    pub(super) cache: Option<Duration>,
    /// Which tools are listed [default: auto].
    #[arg(long, value_enum, value_name = "MODE", requires = "inline")]
    pub(super) exposure: Option<ListedTools>,
    /// Keep a larger result, and give its beginning and how to read on; 0B: never [default: 16KiB].
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "inline")]
    pub(super) max_result: Option<usize>,
    /// The server alone, as if callmux were not there: no tools of callmux, and results whole.
    #[arg(long, requires = "inline", conflicts_with_all = ["exposure", "max_result"])]
    pub(super) plain: bool,
}

/// The values of `exposure` in the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListedTools {
    Auto,
    Full,
    Hybrid,
    MetaOnly,
    NoMeta,
}

impl From<ListedTools> for Exposure {
    fn from(shown: ListedTools) -> Self {
        match shown {
            ListedTools::Auto => Self::Auto,
            ListedTools::Full => Self::Full,
            ListedTools::Hybrid => Self::Hybrid,
            ListedTools::MetaOnly => Self::MetaOnly,
            ListedTools::NoMeta => Self::NoMeta,
        }
    }
}

#[derive(Debug, Args)]
pub struct StdioArgs {
    /// The config: a file, or a directory with config.toml and conf.d/*.toml
    /// [default: ~/.config/callmux].
    #[arg(long, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

impl StdioArgs {
    /// Those of who was started without any.
    pub fn usual() -> Self {
        Self { config: std::env::var_os("CALLMUX_CONFIG").map(PathBuf::from) }
    }
}

fn duration(text: &str) -> Result<Duration, ValueError> {
    units::duration(text)
}

fn size(text: &str) -> Result<usize, ValueError> {
    units::size(text)
}
