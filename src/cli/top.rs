//! `callmux top`: how the daemon is asked for what is shown.

use clap::Args;
use hyper::{Method, StatusCode};

use super::args_daemon::DaemonArgs;
use super::ask::ask;
use crate::api::path;
use crate::shell::{self, TopArgs};
use crate::terminal::Exit;

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    daemon: DaemonArgs,
    #[command(flatten)]
    top: TopArgs,
}

pub(super) fn top(args: &WatchArgs) -> Exit {
    shell::top(&args.top, || {
        let answer = ask(&args.daemon, Method::GET, path::STATUS)?;
        if answer.status == StatusCode::OK { answer.read() } else { Err(answer.unexpected()) }
    })
}
