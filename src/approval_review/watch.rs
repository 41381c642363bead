//! Questions as they come.

use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;

use serde_json::json;

use super::answer::{Liaison, allow, deny};
use super::args::{ApprovalScope, ApprovalsArgs};
use super::shown;
use crate::api::ApprovalReport;
use crate::terminal::{Exit, ask, print};

const CHOICES: &str = "  [o]nce, [h]our, [a]lways, [d]eny? ";

/// No state has this number.
const NONE_YET: u64 = u64::MAX;

/// Shows what waits, and what comes, until it is interrupted.
pub(super) fn watch(args: &ApprovalsArgs, daemon: &Liaison<'_>) -> Result<Exit, Exit> {
    if !args.json {
        print::note("each call that waits for an answer is shown here; Ctrl-C ends this");
    }
    thread::scope(|scope| {
        // Calls wait for who looks: also while a person thinks.
        let (lists, coming) = mpsc::channel();
        scope.spawn(move || {
            let mut state = NONE_YET;
            loop {
                let list = (daemon.list)(Some(state));
                state = list.as_ref().map_or(state, |list| list.state);
                let is_over = list.is_err();
                if lists.send(list).is_err() || is_over {
                    return;
                }
            }
        });
        let mut told = HashSet::new();
        for list in coming {
            let list = list?;
            told.retain(|id| list.approvals.iter().any(|approval| approval.id == *id));
            for approval in &list.approvals {
                if told.insert(approval.id.clone()) {
                    show(args, daemon, approval);
                }
            }
        }
        Ok(Exit::Fine)
    })
}

fn show(args: &ApprovalsArgs, daemon: &Liaison<'_>, approval: &ApprovalReport) {
    if args.json {
        print::json(&json!(approval).to_string());
    } else {
        shown::whole(approval);
        ask_about(args, daemon, approval);
    }
}

/// Whoever is at no terminal only looks.
fn ask_about(args: &ApprovalsArgs, daemon: &Liaison<'_>, approval: &ApprovalReport) {
    loop {
        let Some(said) = ask::line(CHOICES, false) else { return };
        let scope = match said.expose().trim().to_ascii_lowercase().as_str() {
            "o" | "once" | "y" | "yes" => Some(ApprovalScope::Once),
            "h" | "hour" => Some(ApprovalScope::Hour),
            "a" | "always" => Some(ApprovalScope::Always),
            "d" | "deny" | "n" | "no" => None,
            _ => continue,
        };
        // Why it did not work has been said, and the next one may.
        _ = match scope {
            Some(scope) => allow(args, daemon, approval, scope),
            None => deny(args, daemon, &approval.id),
        };
        return;
    }
}
