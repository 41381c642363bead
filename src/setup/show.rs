//! What a person is told.

use std::io::BufRead;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::plan::SetupPlan;
use super::proof::BridgeProof;
use super::scene::Scene;
use super::trial::TrialEnd;
use super::units::UnitPlan;
use crate::imports::Import;
use crate::imports::left::LeftSecrets;
use crate::terminal::print;
use crate::terminal::style::Style;

const SERVE: &str = "there is no user manager of systemd here: a client's bridge starts the daemon, or `callmux serve` runs it";

/// The clients and what is in their files.
pub(super) fn found(scene: &Scene, import: &Import) {
    let count = |path: &Path| {
        let drafts = import.drafts.iter().flat_map(|draft| draft.origins.iter());
        let all = drafts.chain(import.known.iter().map(|(origin, _)| origin));
        all.filter(|origin| origin.file == path).count()
    };
    let row = |here: &super::scene::ClientHere| {
        let what = match &here.trouble {
            Some(trouble) => trouble.clone(),
            None => {
                format!("{}: {}", here.path.display(), print::count(count(&here.path), "server"))
            }
        };
        [here.client.id.to_owned(), what]
    };
    let rows: Vec<[String; 2]> = scene.clients.iter().map(row).collect();
    if rows.is_empty() {
        print::line("no client is found here; `callmux client list` has those that callmux knows");
        return;
    }
    let look = |column, _: &str| if column == 0 { Style::Bold } else { Style::Plain };
    print::table(["CLIENT", "FILE"], &rows, look, &[]);
}

/// How a server did.
pub(super) fn trial(name: &str, end: &TrialEnd) {
    let (look, what) = match end {
        TrialEnd::Ready { tools } => {
            (Style::Good, format!("ready: {}", print::count(*tools, "tool")))
        }
        TrialEnd::Login => {
            (Style::Notable, format!("wants a login: `callmux login {name}`, afterwards"))
        }
        TrialEnd::Disabled => (Style::Dim, "disabled, and stays so".to_owned()),
        TrialEnd::Broken(why) => (Style::Bad, format!("does not work: {why}")),
    };
    print::styled(&[(Style::Bold, format!("{name}: ")), (look, what)]);
}

/// What is going to be done.
pub(super) fn plan(plan: &SetupPlan) {
    if !plan.is_work() {
        return;
    }
    print::line("");
    if let Some(program) = &plan.program {
        print::line(&program.to_string());
    }
    if let Some(import) = &plan.import {
        let (servers, secrets) = (import.drafts.len(), import.secrets().count());
        let with = if secrets == 0 {
            String::new()
        } else {
            format!(", {} beside it", print::count(secrets, "secret"))
        };
        print::line(&format!(
            "write {}: {}{with}",
            import.place.file.display(),
            print::count(servers, "server")
        ));
    }
    let broken = plan.trials.iter().filter(|(_, end)| matches!(end, TrialEnd::Broken(_)));
    let is_kept = |name: &str| {
        plan.import
            .as_ref()
            .is_some_and(|import| import.drafts.iter().any(|draft| draft.name == name))
    };
    for (name, _) in broken.filter(|(name, _)| !is_kept(name)) {
        print::line(&format!("leave {name} where it is; --keep-broken takes it over all the same"));
    }
    for (path, _) in plan.units.files() {
        print::line(&format!("write {}", path.display()));
    }
    if plan.units.is_work() {
        print::line("enable callmux.socket, which starts the daemon when it is needed");
    }
    for client in &plan.clients {
        let taken = if client.taken.is_empty() {
            String::new()
        } else {
            format!(" in place of {}", client.taken.join(", "))
        };
        match (&client.plan, &client.refused) {
            (_, Some(why)) => print::error(&format!("{}: {why}", client.id)),
            (Some(_), None) => {
                print::line(&format!(
                    "{}: callmux{taken}, in {}",
                    client.id,
                    client.path.display()
                ));
            }
            (None, None) => {}
        }
    }
}

/// Whether a person agrees.
pub(super) fn agreed() -> bool {
    print::note("Do it? `callmux setup --undo` takes all of it back. [y/N]");
    let mut answer = String::new();
    drop(std::io::stdin().lock().read_line(&mut answer));
    matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Secrets that stay where they are.
fn left(plan: &SetupPlan) {
    for left in &plan.left {
        print::note(&format!("secrets stay in {}", left.line()));
        print::note(&format!("  {}", left.remedy));
    }
}

/// How it went.
pub(super) fn end(
    plan: &SetupPlan,
    failures: &[String],
    proof: Option<&BridgeProof>,
    is_done: bool,
) {
    for failure in failures {
        print::error(failure);
    }
    left(plan);
    if plan.units == UnitPlan::NoManager && proof.is_none() {
        print::note(SERVE);
    }
    if !plan.is_work() {
        print::line("nothing is to be done");
    }
    if !is_done {
        return;
    }
    match proof {
        Some(BridgeProof { tools, missing }) if missing.is_empty() => {
            print::line(&format!(
                "a first call through a bridge was answered: {}",
                print::count(*tools, "tool")
            ));
        }
        Some(BridgeProof { missing, .. }) => {
            print::error(&format!(
                "not ready behind the bridge: {}; `callmux status` says why",
                missing.join(", ")
            ));
        }
        None => {}
    }
    if let Some(program) = plan.program.as_ref().filter(|program| program.is_work()) {
        print::line(&format!("from now on callmux is {}", program.path.display()));
    }
    let (before, after) = plan.processes;
    print::line(&format!(
        "processes of servers, with each client open once: {before} before, {after} now"
    ));
    print::line("Start your clients anew. `callmux setup --undo` takes all of it back.");
}

fn secrets_left(plan: &SetupPlan) -> Vec<Json> {
    let one = |left: &LeftSecrets| {
        let LeftSecrets { file, project, keys, remedy } = left;
        json!({ "file": file, "project": project, "keys": keys, "remedy": remedy })
    };
    plan.left.iter().map(one).collect()
}

/// All of it, for programs.
pub(super) fn json(
    plan: &SetupPlan,
    failures: &[String],
    proof: Option<&BridgeProof>,
    is_done: bool,
) {
    let servers: Vec<Json> = plan
        .trials
        .iter()
        .map(|(name, end)| {
            let (tools, reason) = match end {
                TrialEnd::Ready { tools } => (Some(*tools), None),
                TrialEnd::Broken(why) => (None, Some(why.as_str())),
                TrialEnd::Login | TrialEnd::Disabled => (None, None),
            };
            let drafts = plan.import.iter().flat_map(|import| &import.drafts);
            let is_kept = drafts.into_iter().any(|draft| draft.name == *name);
            json!({ "name": name, "state": end.word(), "tools": tools, "reason": reason, "taken_over": is_kept })
        })
        .collect();
    let clients: Vec<Json> = plan
        .scene
        .clients
        .iter()
        .map(|here| {
            let planned = plan.clients.iter().find(|planned| planned.id == here.client.id);
            let changes = planned.is_some_and(|planned| planned.plan.is_some());
            let refused = planned.and_then(|planned| planned.refused.as_deref());
            json!({
                "client": here.client.id, "path": here.path, "chosen": here.is_chosen, "changes": changes,
                "replaced": planned.map(|planned| &planned.taken), "reason": refused.or(here.trouble.as_deref()),
            })
        })
        .collect();
    let import = plan.import.as_ref();
    let units = match &plan.units {
        UnitPlan::NoManager => "no manager",
        UnitPlan::Fine => "fine",
        UnitPlan::Enable => "enable",
        UnitPlan::Install(_) => "install",
    };
    let said = json!({
        "changed": is_done, "servers": servers, "clients": clients, "units": units,
        "file": import.map(|import| &import.place.file),
        "secrets": import.map(|import| import.secrets().map(|(path, _)| path).collect::<Vec<_>>()),
        "keys": import.map(|import| &import.notes),
        "proof": proof.map(|proof| json!({ "tools": proof.tools, "missing": proof.missing })),
        "processes": { "before": plan.processes.0, "after": plan.processes.1 },
        "failures": failures,
        "program": plan.program.as_ref().map(|program| {
            json!({ "path": program.path, "action": program.word() })
        }),
        "secrets_left": secrets_left(plan),
    });
    print::json(&said.to_string());
}
