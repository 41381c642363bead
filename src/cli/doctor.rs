//! `callmux doctor`.

use std::path::Path;

use bytes::Bytes;
use hyper::{Method, StatusCode};

use super::args::StatusArgs;
use super::ask::{NoAnswer, try_to_tell};
use crate::api::{Finding, Severity, Status, path};
use crate::base::visible;
use crate::clients::Surroundings;
use crate::config::Location;
use crate::doctor::issuer::issuer;
use crate::doctor::unit::{SOCKET, UnitState};
use crate::doctor::{environment, finding, place, written};
use crate::imports::left::{LeftSecrets, left};
use crate::terminal::wrap::wrapped;
use crate::terminal::{Exit, print};

/// Where texts begin: behind the longest word for how bad it is.
const INDENT: usize = 9;

/// Says everything that is not as it should be, each with what can be done about it.
pub(super) fn doctor(args: &StatusArgs) -> Exit {
    match examine(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn examine(args: &StatusArgs) -> Result<Exit, Exit> {
    let answer = match try_to_tell(&args.daemon, Method::GET, path::STATUS, Bytes::new()) {
        Ok(answer) => answer,
        Err(error) => return Ok(without_a_daemon(args, &error)),
    };
    if answer.status != StatusCode::OK {
        return Err(answer.unexpected());
    }
    let status: Status = answer.read()?;
    let mut findings = all(&status);
    findings.extend(place::units(true));
    findings.extend(place::running_program(status.pid, status.on_demand));
    findings.extend(status.on_demand.then(place::survival));
    findings.extend(place::linger());
    let config = status.config.path.as_ref().map(|path| Location::named(Path::new(path)));
    if let Some((texts, location)) = config.and_then(|at| Some((at.texts().ok()?, at))) {
        findings.extend(location.issuer(&texts).and_then(|oidc| issuer(&oidc)));
        findings.extend(environment::inherited(&texts));
        findings.extend(written::secrets(&texts));
        let config = location.reread(&texts).ok();
        findings.extend(config.iter().flat_map(written::unserved_sockets));
    }
    findings.extend(left_secrets());
    tell(args, &findings, &format!("callmux {}", status.version), status.servers.len())?;
    let is_bad = findings.iter().any(|finding| finding.severity == Severity::Problem);
    Ok(match (status.config.complaints.is_empty(), is_bad) {
        (false, _) => Exit::BadConfig,
        (true, true) => Exit::Failed,
        (true, false) => Exit::Fine,
    })
}

/// What can be seen from here alone: why there may be no daemon, and what it would find.
fn without_a_daemon(args: &StatusArgs, why: &NoAnswer) -> Exit {
    let units = place::units(false);
    let mut findings = Vec::new();
    // What systemd says of the units is the reason, and has the remedy.
    if !units.iter().any(|finding| finding.severity == Severity::Problem) {
        let remedy = if UnitState::ask(SOCKET).is_some() {
            "`systemctl --user start callmux.socket`, or `callmux serve` in a shell"
        } else {
            "the next `callmux bridge` or `callmux call` starts one, or `callmux serve` in a shell"
        };
        findings.push(finding(Severity::Problem, None, why.to_string(), remedy));
    }
    findings.extend(units);
    findings.extend(place::linger());
    let mut servers = 0;
    if let Some(location) = written::location() {
        let reading = location.read();
        servers = reading.config.as_ref().map_or(0, |config| config.servers.len());
        findings.extend(written::config(&location, &reading));
        findings.extend(reading.config.iter().flat_map(written::unserved_sockets));
        findings.extend(location.issuer(&reading.texts).and_then(|oidc| issuer(&oidc)));
        findings.extend(place::sandbox(&reading));
        findings.extend(environment::inherited(&reading.texts));
        findings.extend(written::secrets(&reading.texts));
    }
    findings.extend(left_secrets());
    let told = tell(args, &findings, "no daemon answers", servers);
    told.map_or_else(|exit| exit, |()| Exit::Unavailable)
}

/// Secrets that stand in files of clients.
fn left_secrets() -> Vec<Finding> {
    #[expect(clippy::disallowed_methods, reason = "a project is where the person works")]
    let directory = std::env::current_dir().unwrap_or_default();
    let all = Surroundings::here(directory).map(|around| left(&around)).unwrap_or_default();
    let one = |left: &LeftSecrets| {
        let message = format!("secrets stand in {}", left.line());
        finding(Severity::Note, None, message, &left.remedy)
    };
    all.iter().map(one).collect()
}

fn tell(args: &StatusArgs, findings: &[Finding], who: &str, servers: usize) -> Result<(), Exit> {
    if args.json {
        let json = serde_json::to_string(findings).map_err(|_| Exit::System)?;
        print::json(&json);
    } else {
        show(findings, who, servers);
    }
    Ok(())
}

/// Those about the config come first: the others may follow from them.
fn all(status: &Status) -> Vec<Finding> {
    let config = &status.config;
    let finding = |severity, message, remedy: &str| finding(severity, None, message, remedy);
    let mut all = Vec::new();
    all.extend(config.complaints.iter().map(|complaint| {
        let remedy = "mend the file; `callmux config check` says when it is right";
        finding(Severity::Problem, format!("the config is refused: {complaint}"), remedy)
    }));
    all.extend(config.unwatched.iter().map(|reason| {
        let message = format!("changes of the config are noticed late: {reason}");
        finding(Severity::Note, message, "`callmux reload` after a change")
    }));
    all.extend(config.remarks.iter().map(written::remarked));
    if !config.at_next_start.is_empty() {
        let message = format!("not in force yet: {}", config.at_next_start.join(", "));
        let remedy = "`systemctl --user restart callmux.service`; sessions and calls survive it";
        all.push(finding(Severity::Note, message, remedy));
    }
    all.extend(status.findings.iter().cloned());
    all
}

/// What was found, and with which server.
pub(super) fn said(finding: &Finding) -> String {
    let whose = finding.server.as_ref().map(|server| format!("server {server}: "));
    format!("{}{}", whose.unwrap_or_default(), finding.message)
}

/// A text as it is shown, in lines that fit a terminal.
fn in_lines(text: &str) -> Vec<String> {
    match print::width() {
        Some(width) => wrapped(&visible::line(text), width.saturating_sub(INDENT)),
        None => vec![text.to_owned()],
    }
}

fn show(findings: &[Finding], who: &str, servers: usize) {
    let indent = " ".repeat(INDENT);
    for finding in findings {
        let mut mark = format!("{:INDENT$}", finding.severity);
        for text in [said(finding), finding.remedy.clone()] {
            for line in in_lines(&text) {
                print::line(&format!("{mark}{line}"));
                mark.clone_from(&indent);
            }
        }
    }
    let problems = findings.iter().filter(|f| f.severity == Severity::Problem).count();
    let servers = print::count(servers, "server");
    print::line(&match (problems, findings.len() - problems) {
        (0, 0) => format!("{who}: nothing to report, {servers}"),
        (problems, notes) => {
            let (problems, notes) =
                (print::count(problems, "problem"), print::count(notes, "note"));
            format!("{problems}, {notes}, {servers}")
        }
    });
}
