//! How `callmux pins` asks the daemon.

use clap::Args;
use hyper::{Method, StatusCode};

use super::args_daemon::DaemonArgs;
use super::ask::{NoAnswer, asked, bring_up, try_to_tell};
use crate::activation::SpawnArgs;
use crate::api::{Order, ServerReport, Status, path};
use crate::base::ServerName;
use crate::pin_review::{self, Liaison, PinsArgs};
use crate::terminal::{Exit, print};

#[derive(Debug, Args)]
pub(super) struct ReviewArgs {
    #[command(flatten)]
    pins: PinsArgs,
    #[command(flatten)]
    daemon: DaemonArgs,
    #[command(flatten)]
    spawn: SpawnArgs,
}

pub(super) fn pins(args: &ReviewArgs) -> Exit {
    let liaison =
        Liaison { review: &|server| look_again(args, server), servers: &|| servers(args) };
    pin_review::pins(&args.pins, &liaison)
}

/// A daemon that does not run looks when it starts.
fn look_again(args: &ReviewArgs, server: &ServerName) {
    let path = path::order(server, Order::Review);
    let why = match try_to_tell(&args.daemon, Method::POST, &path, bytes::Bytes::new()) {
        Ok(answer) if answer.status == StatusCode::OK => return,
        Err(NoAnswer::NoSocket(_) | NoAnswer::NoDaemon { .. }) => return,
        Ok(answer) => answer.status.to_string(),
        Err(error) => error.to_string(),
    };
    print::note(&format!(
        "the daemon did not look again ({why}); `callmux restart {server}` has it do so"
    ));
}

/// The list of tools is answered once no server is starting.
fn servers(args: &ReviewArgs) -> Result<Vec<ServerReport>, Exit> {
    bring_up(&args.daemon, args.spawn)?;
    asked(&args.daemon, Method::GET, path::TOOLS)?;
    Ok(asked(&args.daemon, Method::GET, path::STATUS)?.read::<Status>()?.servers)
}
