//! What a person says, passed on.

use serde_json::json;

use super::approved;
use super::args::{ApprovalScope, ApprovalsArgs};
use crate::api::{ApprovalList, ApprovalReport};
use crate::config::Location;
use crate::terminal::{Exit, print};

/// How a daemon is asked. Each tells why there is no answer.
pub struct Liaison<'a> {
    /// What waits now; with the number of a state, once there is another.
    pub list: &'a (dyn Fn(Option<u64>) -> Result<ApprovalList, Exit> + Sync),
    /// Answers a question: `once`, `hour` or `deny`.
    pub answer: &'a (dyn Fn(&str, &str) -> Result<(), Exit> + Sync),
}

pub(super) fn deny(args: &ApprovalsArgs, daemon: &Liaison<'_>, id: &str) -> Result<(), Exit> {
    (daemon.answer)(id, "deny")?;
    tell(args, id, "deny", "refused");
    Ok(())
}

pub(super) fn allow(
    args: &ApprovalsArgs,
    daemon: &Liaison<'_>,
    approval: &ApprovalReport,
    scope: ApprovalScope,
) -> Result<(), Exit> {
    let (id, decision) =
        (&*approval.id, if scope == ApprovalScope::Once { "once" } else { "hour" });
    (daemon.answer)(id, decision)?;
    match scope {
        ApprovalScope::Once => tell(args, id, "once", "allowed once"),
        ApprovalScope::Hour => tell(args, id, "hour", "allowed for an hour"),
        ApprovalScope::Always => return always(args, approval),
    }
    Ok(())
}

/// The daemon has allowed it for an hour, and reads the file before that is over.
fn always(args: &ApprovalsArgs, approval: &ApprovalReport) -> Result<(), Exit> {
    let id = &approval.id;
    let Some(location) = Location::chosen(args.config.as_deref()) else {
        print::error(
            "it is allowed for an hour; for good it cannot be: there is no home directory",
        );
        return Err(Exit::Unavailable);
    };
    match approved::write(&location, approval) {
        Ok(path) => {
            tell(args, id, "always", &format!("allowed for good, by {}", path.display()));
            Ok(())
        }
        Err(error) => {
            print::error(&format!("it is allowed for an hour, and not for good: {error}"));
            if matches!(error, approved::NotWritten::OneFile(_)) {
                print::notes(&approved::text(approval));
            }
            Err(if matches!(error, approved::NotWritten::Config(_)) {
                Exit::BadConfig
            } else {
                Exit::Failed
            })
        }
    }
}

fn tell(args: &ApprovalsArgs, id: &str, decision: &str, said: &str) {
    if args.json {
        print::json(&json!({ "id": id, "decision": decision }).to_string());
    } else {
        print::line(&format!("{id}: {said}"));
    }
}
