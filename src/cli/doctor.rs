//! `callmux doctor`.

use hyper::{Method, StatusCode};

use super::args::StatusArgs;
use super::ask::ask;
use super::exit::Exit;
use super::print;
use crate::api::{Finding, Severity, Status, path};

/// Says everything that is not as it should be, each with what can be done about it.
pub(super) fn doctor(args: &StatusArgs) -> Exit {
    match examine(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn examine(args: &StatusArgs) -> Result<Exit, Exit> {
    let answer = ask(&args.daemon, Method::GET, path::STATUS)?;
    if answer.status != StatusCode::OK {
        return Err(answer.unexpected());
    }
    let status: Status = answer.read()?;
    let findings = all(&status);
    if args.json {
        let json = serde_json::to_string(&findings).map_err(|_| Exit::System)?;
        print::json(&json);
    } else {
        show(&status, &findings);
    }
    let is_bad = findings.iter().any(|finding| finding.severity == Severity::Problem);
    Ok(match (status.config.complaints.is_empty(), is_bad) {
        (false, _) => Exit::BadConfig,
        (true, true) => Exit::Failed,
        (true, false) => Exit::Fine,
    })
}

/// Those about the config come first: the others may follow from them.
fn all(status: &Status) -> Vec<Finding> {
    let config = &status.config;
    let finding = |severity, message: String, remedy: &str| Finding {
        severity,
        server: None,
        message,
        remedy: remedy.to_owned(),
    };
    let mut all = Vec::new();
    all.extend(config.complaints.iter().map(|complaint| {
        let remedy = "mend the file; `callmux config check` says when it is right";
        finding(Severity::Problem, format!("the config is refused: {complaint}"), remedy)
    }));
    all.extend(config.unwatched.iter().map(|reason| {
        let message = format!("changes of the config are noticed late: {reason}");
        finding(Severity::Note, message, "`callmux reload` after a change")
    }));
    all.extend(config.remarks.iter().map(|remark| {
        let remedy = "the command in backquotes mends it";
        finding(Severity::Note, format!("{}: {}", remark.at.file.display(), remark.message), remedy)
    }));
    if !config.at_next_start.is_empty() {
        let message = format!("not in force yet: {}", config.at_next_start.join(", "));
        let remedy = "`systemctl --user restart callmux.service`; sessions and calls survive it";
        all.push(finding(Severity::Note, message, remedy));
    }
    all.extend(status.findings.iter().cloned());
    all
}

fn show(status: &Status, findings: &[Finding]) {
    for finding in findings {
        // As wide as the longest that is known.
        let mark = format!("{:7}", finding.severity);
        let whose =
            finding.server.as_ref().map(|server| format!("server {server}: ")).unwrap_or_default();
        print::line(&format!("{mark}  {whose}{}", finding.message));
        print::line(&format!("         {}", finding.remedy));
    }
    let problems = findings.iter().filter(|f| f.severity == Severity::Problem).count();
    let servers = status.servers.len();
    print::line(&match (problems, findings.len() - problems) {
        (0, 0) => format!("callmux {}: nothing to report, {servers} servers", status.version),
        (problems, notes) => format!("{problems} problems, {notes} notes, {servers} servers"),
    });
}
