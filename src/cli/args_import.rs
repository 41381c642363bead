//! The arguments of `callmux import`.

use std::path::PathBuf;

use clap::Args;

/// What `callmux import --help` says behind the arguments.
const IMPORTED: &str = "\
A FILE is that of a client (`callmux client list` names them; JSON with or without comments, TOML or YAML),
the config.json of the npm callmux, or the config of mcpmux. No FILE is changed. What is made of it goes into
conf.d in the config directory, and each key of it is told of: kept, translated, dropped, or to be done by
hand. The same server in several places becomes one. Secrets that stand in a FILE go into files of their own
below `secrets` in the config directory, which only you can read. A daemon that runs takes the servers up by
itself.

  callmux import ~/.cursor/mcp.json ~/.codex/config.toml --dry-run
  callmux import ~/.config/mcpmux/config.yaml

Exit codes: 0 imported, or all of it is there already, 1 imported with something left to do, or not imported: there
is a file of that name, 64 wrong usage, 65 a FILE cannot be read, or the config is refused with it, 71 not written.";

#[derive(Debug, Args)]
#[command(after_help = IMPORTED)]
pub(super) struct ImportArgs {
    /// The files to import.
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// The file to write [default: conf.d/from-WHERE.toml in the config directory].
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Print what would be written, and write nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Replace a file that is there already.
    #[arg(long)]
    pub(super) force: bool,
    /// For programs.
    #[arg(long)]
    pub(super) json: bool,
    /// The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux].
    #[arg(long, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
}
