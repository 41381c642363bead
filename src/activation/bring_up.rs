//! A daemon for a verb that needs one.

use std::path::Path;

use clap::Args;
use clap::builder::FalseyValueParser;

use super::not_started::NotStarted;
use super::{manager, start};
use crate::base::runtime_dir;

/// Who starts a daemon.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct SpawnArgs {
    /// Start no daemon if none runs. Where systemd's user manager is, only that starts one in any case.
    #[arg(long, global = true, env = "CALLMUX_NO_SPAWN", value_parser = FalseyValueParser::new())]
    pub no_spawn: bool,
}

/// Who is to be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroughtUp {
    /// A daemon that listens.
    Daemon,
    /// Whoever was there before: nothing is to be started here.
    Nobody,
}

/// Has a daemon run that listens at `socket`, if that is our usual one and systemd does not see to it.
pub async fn bring_up(socket: &Path, how: SpawnArgs) -> Result<BroughtUp, NotStarted> {
    if !is_usual(socket) || start::listens(socket).await || manager::is_here().await {
        return Ok(BroughtUp::Nobody);
    }
    if how.no_spawn {
        return Err(NotStarted::NotAllowed);
    }
    start::start(socket).await.map(|()| BroughtUp::Daemon)
}

/// Whether it is the socket that everybody asks who was told of no other.
pub(super) fn is_usual(socket: &Path) -> bool {
    runtime_dir::socket().is_ok_and(|usual| usual == socket)
}

/// What starts a daemon, for who found none.
pub fn remedy() -> &'static str {
    if manager::listens() {
        "`systemctl --user start callmux.socket` or `callmux serve` starts one"
    } else {
        "`callmux serve` starts one, and so does the next `callmux bridge` or `callmux call`"
    }
}
