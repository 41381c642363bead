//! How `callmux approvals` asks the daemon.

use clap::Args;
use hyper::Method;

use super::args_daemon::DaemonArgs;
use super::ask::asked;
use crate::api::path;
use crate::approval_review::{self, ApprovalsArgs, Liaison};
use crate::terminal::Exit;

#[derive(Debug, Args)]
pub(super) struct AnswerArgs {
    #[command(flatten)]
    approvals: ApprovalsArgs,
    #[command(flatten)]
    daemon: DaemonArgs,
}

pub(super) fn approvals(args: &AnswerArgs) -> Exit {
    let list = |state: Option<u64>| {
        let path = state.map_or_else(|| path::APPROVALS.to_owned(), path::approvals);
        asked(&args.daemon, Method::GET, &path)?.read()
    };
    let answer = |id: &str, decision: &str| {
        asked(&args.daemon, Method::POST, &path::approval(id, decision)).map(drop)
    };
    let liaison = Liaison { list: &list, answer: &answer };
    approval_review::approvals(&args.approvals, &liaison)
}
