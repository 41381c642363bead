//! `callmux daemon install | uninstall | status`.

use clap::{Args, Subcommand};

use crate::setup::{UnitWork, units, units_status};
use crate::terminal::Exit;

#[derive(Debug, Args)]
pub(super) struct DaemonVerbs {
    #[command(subcommand)]
    verb: DaemonVerb,
}

#[derive(Debug, Clone, Subcommand)]
enum DaemonVerb {
    /// Have systemd start it: write the units into your home if no package has them, and enable the socket.
    Install,
    /// Take that back: the socket is disabled, the daemon ends, and units in your home that callmux wrote
    /// are gone. The config stays.
    Uninstall,
    /// Say who starts it, and whether somebody listens; exit code 1 if nobody does.
    Status {
        /// For programs.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn daemon(args: &DaemonVerbs) -> Exit {
    match args.verb {
        DaemonVerb::Install => units(UnitWork::Install),
        DaemonVerb::Uninstall => units(UnitWork::Uninstall),
        DaemonVerb::Status { json } => units_status(json),
    }
}
