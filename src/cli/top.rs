//! `callmux top | trace | watch`: how the daemon is asked for what is shown.

use clap::Args;
use hyper::{Method, StatusCode};

use super::args_daemon::DaemonArgs;
use super::ask::{ask, asked};
use crate::api::path;
use crate::shell::{self, EventArgs, TopArgs, TraceArgs};
use crate::terminal::{Exit, print};

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    daemon: DaemonArgs,
    #[command(flatten)]
    top: TopArgs,
}

pub(super) fn top(args: &WatchArgs) -> Exit {
    shell::top(&args.top, || asked(&args.daemon, Method::GET, path::STATUS)?.read())
}

#[derive(Debug, Args)]
pub(super) struct FollowArgs {
    #[command(flatten)]
    daemon: DaemonArgs,
    #[command(flatten)]
    trace: TraceArgs,
}

pub(super) fn trace(args: &FollowArgs) -> Exit {
    shell::trace(&args.trace, |since| {
        let path = since.map_or_else(|| path::CALLS.to_owned(), path::since);
        let answer = ask(&args.daemon, Method::GET, &path)?;
        match answer.status {
            StatusCode::OK => answer.read(),
            StatusCode::NOT_FOUND => {
                print::error(
                    "the daemon is of a version that cannot be traced; `callmux logs` shows what the journal has",
                );
                Err(Exit::Failed)
            }
            _ => Err(answer.unexpected()),
        }
    })
}

#[derive(Debug, Args)]
pub(super) struct LiveEventsArgs {
    #[command(flatten)]
    daemon: DaemonArgs,
    #[command(flatten)]
    events: EventArgs,
}

pub(super) fn watch(args: &LiveEventsArgs) -> Exit {
    shell::watch(&args.events, args.daemon.socket.clone())
}
