//! The arguments of `callmux pins`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::completion::Names;

/// What `callmux pins --help` says behind the arguments.
const PINNED: &str = "\
What a server offers when it is first seen is its baseline: each tool and prompt, and its instructions. What is \
another later, or comes later, is told; with `pin = \"hold\"` clients neither see nor call it until it is accepted.

Exit codes: 0 done, 1 refused, 64 wrong usage, 65 the config or FILE is wrong, 69 there is no state directory; of \
`check` as well 10 a server is not up, 11 something changed, 12 there is something that FILE does not have.";

#[derive(Debug, Args)]
#[command(after_help = PINNED)]
pub struct PinsArgs {
    #[command(subcommand)]
    pub(super) verb: Option<PinVerb>,
    /// The config: a file, or a directory with config.toml and conf.d/*.toml
    /// [default: ~/.config/callmux].
    #[arg(long, global = true, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// For programs.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum PinVerb {
    /// List what is pinned of all servers, or of one, item by item.
    List {
        #[arg(value_name = "SERVER", add = Names::Configured)]
        server: Option<String>,
    },
    /// Show what changed since it was accepted. What would not show is written as its number.
    Diff {
        #[arg(value_name = "SERVER", add = Names::Configured)]
        server: Option<String>,
        /// Only this tool or prompt, by the server's own name, or `instructions`.
        #[arg(requires = "server")]
        item: Option<String>,
    },
    /// Accept what a server offers now: all of it, or these items.
    Accept {
        #[arg(value_name = "SERVER", add = Names::Configured)]
        server: String,
        /// Tools and prompts, by the server's own names, or `instructions`.
        #[arg(value_name = "ITEM")]
        items: Vec<String>,
    },
    /// Print what was accepted of all servers, for a file that a team keeps.
    Export,
    /// Compare what the servers offer now with such a file.
    Check { file: PathBuf },
}
