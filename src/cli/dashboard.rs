//! `callmux dashboard`: how the daemon is asked for a link.

use clap::Args;
use hyper::Method;

use super::args_daemon::DaemonArgs;
use super::ask::{asked, bring_up};

use crate::activation::SpawnArgs;
use crate::api::path;
use crate::dashboard::{DashboardArgs, verb};
use crate::terminal::Exit;
use crate::terminal::browser::open;

#[derive(Debug, Args)]
pub(super) struct OpenArgs {
    #[command(flatten)]
    daemon: DaemonArgs,
    #[command(flatten)]
    dashboard: DashboardArgs,
    #[command(flatten)]
    spawn: SpawnArgs,
}

pub(super) fn dashboard(args: &OpenArgs) -> Result<Exit, Exit> {
    if args.dashboard.revoke {
        verb::revoked(asked(&args.daemon, Method::DELETE, path::DASHBOARD_SESSIONS)?.read()?);
        return Ok(Exit::Fine);
    }
    bring_up(&args.daemon, args.spawn)?;
    let code = asked(&args.daemon, Method::POST, path::DASHBOARD_CODE)?.read()?;
    verb::show(&args.dashboard, &code, open);
    Ok(Exit::Fine)
}
