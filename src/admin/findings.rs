//! What is not as its operator would expect: for `callmux doctor`.

use serde::{Deserialize, Serialize};

use crate::base::ServerName;
use crate::mux::World;
use crate::servers::Server;
use crate::servers::handle::Phase;
use crate::telemetry::CallsReport;
use crate::wire::ListKind;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    pub server: Option<ServerName>,
    /// What is the matter.
    pub message: String,
    /// What can be done about it.
    pub remedy: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work.
    Problem,
    /// Everything works, but not as it is written in a server or in the config.
    Note,
}

/// What there is to find in a world.
pub fn findings(world: &World) -> Vec<Finding> {
    let mut all: Vec<Finding> = world.servers.values().flat_map(of_server).collect();
    for kind in [ListKind::Tools, ListKind::Prompts] {
        let names =
            if kind == ListKind::Tools { &world.catalog.tools } else { &world.catalog.prompts };
        all.extend(names.renamed().map(|(entry, name)| Finding {
            severity: Severity::Note,
            server: Some(entry.server.name.clone()),
            message: format!("{} {name} is shown as {}", kind.noun(), entry.shown),
            remedy: "a shorter or another `prefix`, or an alias, gives it a name of its own".into(),
        }));
    }
    let mut shared: Vec<_> = world.catalog.uris.shared().collect();
    shared.sort_unstable();
    all.extend(shared.into_iter().map(|(uri, shown)| Finding {
        severity: Severity::Note,
        server: None,
        message: format!("several servers have the resource {uri}"),
        remedy: format!("clients reach them as {}", shown.join(", ")),
    }));
    all
}

/// What there is to find in the keeping of calls.
pub fn of_journal(calls: &CallsReport) -> Vec<Finding> {
    let finding = |severity, message: String, remedy: String| Finding {
        severity,
        server: None,
        message,
        remedy,
    };
    let CallsReport { sent, missing, unknown, waiting, .. } = calls;
    let record = match &calls.record {
        Some(record) => format!("they are in {record}"),
        None => "there is no record of them".to_owned(),
    };
    let mut all = Vec::new();
    if *missing > 0 {
        let message =
            format!("the journal did not take {missing} entries of calls ({sent} were sent)");
        let remedy = format!(
            "{record}; journald's limit is for all services of a user together: see what else writes, \
             or raise RateLimitBurst= in journald.conf(5)"
        );
        all.push(finding(Severity::Problem, message, remedy));
    }
    if *waiting > 0 {
        let message = format!("the journal takes nothing: {waiting} entries wait for it");
        all.push(finding(
            Severity::Problem,
            message,
            "`systemctl status systemd-journald`; calls go on, and their entries are in the record"
                .to_owned(),
        ));
    }
    if let Some(trouble) = &calls.trouble {
        let message = format!("the record of calls is not written: {trouble}");
        let remedy = "what the journal does not take is lost until that is mended".to_owned();
        all.push(finding(Severity::Problem, message, remedy));
    }
    if let Some(reason) = &calls.unreadable {
        let message =
            format!("whether the journal took {unknown} entries of calls is not known: {reason}");
        let remedy = format!("{record}; users can read the journal only if it is kept on disk");
        all.push(finding(Severity::Note, message, remedy));
    }
    all
}

fn of_server(server: &Server) -> Vec<Finding> {
    let status = server.status();
    let finding = |message: String, remedy: &str| Finding {
        severity: Severity::Problem,
        server: Some(server.name.clone()),
        message,
        remedy: remedy.to_owned(),
    };
    let mut all = Vec::new();
    if matches!(status.phase, Phase::Waiting | Phase::Unusable) {
        let reason = status.reason.as_deref().unwrap_or("for a reason it did not say");
        let remedy = format!(
            "`journalctl --user -t mcp-{0}` has its own words; `callmux restart {0}` tries again now",
            server.name
        );
        all.push(finding(format!("it is not ready: {reason}"), &remedy));
    }
    let offer = status.offer.clone();
    all.extend(offer.iter().flat_map(|offer| offer.bad()).map(|(kind, bad)| {
        let message = format!("{} {} is not shown: {}", kind.noun(), bad.name, bad.reason);
        finding(message, "only the server's authors can mend its definition")
    }));
    all
}
