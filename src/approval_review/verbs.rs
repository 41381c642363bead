//! What each verb does.

use serde_json::json;

use super::answer::{Liaison, allow, deny};
use super::args::{ApprovalScope, ApprovalVerb, ApprovalsArgs};
use super::{shown, watch};
use crate::terminal::{Exit, print};

pub fn approvals(args: &ApprovalsArgs, daemon: &Liaison<'_>) -> Exit {
    let done = match &args.verb {
        None | Some(ApprovalVerb::List) => list(args, daemon),
        Some(ApprovalVerb::Watch) => watch::watch(args, daemon),
        Some(ApprovalVerb::Approve { ids, scope }) => approve(args, daemon, ids, *scope),
        Some(ApprovalVerb::Deny { ids }) => {
            ids.iter().try_for_each(|id| deny(args, daemon, id)).map(|()| Exit::Fine)
        }
    };
    done.unwrap_or_else(|exit| exit)
}

fn list(args: &ApprovalsArgs, daemon: &Liaison<'_>) -> Result<Exit, Exit> {
    let list = (daemon.list)(None)?;
    if args.json {
        print::json(&json!({ "approvals": list.approvals }).to_string());
    } else if list.approvals.is_empty() {
        print::line("no call waits for an answer");
    } else {
        shown::table(&list.approvals);
        print::note(
            "`callmux approvals approve ID` or `deny ID`; `callmux approvals watch` asks you as they come",
        );
    }
    Ok(Exit::Fine)
}

fn approve(
    args: &ApprovalsArgs,
    daemon: &Liaison<'_>,
    ids: &[String],
    scope: ApprovalScope,
) -> Result<Exit, Exit> {
    let list = (daemon.list)(None)?;
    for id in ids {
        let Some(approval) = list.approvals.iter().find(|approval| approval.id == *id) else {
            print::error(&format!(
                "no question `{id}` waits: it was answered, or nobody did in time; `callmux approvals` lists those that do"
            ));
            return Err(Exit::Failed);
        };
        allow(args, daemon, approval, scope)?;
    }
    Ok(Exit::Fine)
}
