//! Which daemon is asked.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub(super) struct DaemonArgs {
    /// The daemon's unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock].
    #[arg(long, value_name = "PATH", env = "CALLMUX_SOCKET")]
    pub(super) socket: Option<PathBuf>,
}
