//! The arguments of `callmux setup`.

use std::path::PathBuf;

use clap::Args;

use crate::activation::SpawnArgs;
use crate::attachments::HowArgs;

/// What `callmux setup --help` says behind the arguments.
const SET_UP: &str = "\
It finds the clients that are here, takes their servers over as `callmux import` does, starts each once to see
that it works (with --dry-run, too), enables callmux.socket (without systemd it starts a daemon), and puts callmux into the clients' files in place of what it runs. Files
of projects are read and not changed. Run from a package of npm or PyPI, or anywhere else that goes away, it copies itself to
~/.local/bin first, and all of it names that. A server that does not work stays where it is. All of it is shown first.
Run it again whenever a client or a server has come in: what is done already is not done again.

Exit codes: 0 done, or nothing to do, 1 something was refused or does not work, 64 wrong usage, 65 the config is
wrong, 71 something could not be written.";

#[derive(Debug, Args)]
#[command(after_help = SET_UP)]
pub(super) struct SetupArgs {
    /// A client to attach; may be repeated [default: all that are here].
    #[arg(long = "client", value_name = "NAME")]
    pub(super) clients: Vec<String>,
    /// A client to take servers over from; may be repeated [default: all that are here].
    #[arg(long, value_name = "NAME")]
    pub(super) from: Vec<String>,
    /// Take servers over that do not work, too.
    #[arg(long)]
    pub(super) keep_broken: bool,
    #[command(flatten)]
    pub(super) how: HowArgs,
    /// Take back all that setups did: every file as it was, byte for byte.
    #[arg(long, conflicts_with_all = ["clients", "from", "keep_broken", "dry_run"])]
    pub(super) undo: bool,
    /// The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux].
    #[arg(long, value_name = "PATH", env = "CALLMUX_CONFIG")]
    pub(super) config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) spawn: SpawnArgs,
}
