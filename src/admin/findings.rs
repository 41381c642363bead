//! What is not as its operator would expect: for `callmux doctor`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;

use rustix::fs::Access;

use crate::access;
use crate::api::{CallsReport, Finding, Severity};
use crate::base::clip::clipped;
use crate::base::{Count, ServerName, file};
use crate::catalog::{INSTRUCTIONS_MAX, Names, NotFound};
use crate::definitions::{Remark, Remarks};
use crate::history::HistoryStatus;
use crate::pins::{Change, PinKind};
use crate::servers::handle::Phase;
use crate::servers::{List, Offer, Server};
use crate::settings::recipe::{self, Recipe};
use crate::wire::ListKind;
use crate::world::World;

/// Characters of a name or a URI in a finding, and of a reason.
const TEXT_MAX: usize = 200;
const REASON_MAX: usize = 2000;

/// How long the look at a directory may take.
const LOOK_WITHIN: Duration = Duration::from_secs(2);

/// Findings of one kind that are told one by one: a server can cause thousands.
const EACH_MAX: usize = 10;

/// What there is to find in a world.
pub fn findings(world: &World, instances: &[Server]) -> Vec<Finding> {
    let mut all: Vec<Finding> = world.servers.values().flat_map(of_server).collect();
    all.extend(instances.iter().filter_map(of_failure));
    for (kind, names) in
        [(ListKind::Tools, &world.catalog.tools), (ListKind::Prompts, &world.catalog.prompts)]
    {
        of_names(kind, names, &mut all);
    }
    let mut shared: Vec<_> = world.catalog.uris.shared().collect();
    shared.sort_unstable();
    let more = shared.len().saturating_sub(EACH_MAX);
    all.extend(shared.into_iter().take(EACH_MAX).map(|(uri, shown)| {
        let message = format!("several servers have the resource {}", clipped(uri, TEXT_MAX));
        let shown: Vec<String> = shown.iter().map(|shown| clipped(shown, TEXT_MAX)).collect();
        note(None, message, &format!("clients reach them as {}", shown.join(", ")))
    }));
    if more > 0 {
        let remedy = "clients reach them as callmux://SERVER/ and the URI";
        all.push(note(None, format!("several servers have {more} more resources"), remedy));
    }
    all.extend(world.catalog.left_out.iter().map(|left_out| {
        let remedy = "fewer `tools` of it, or fewer servers";
        let finding = note(Some(&left_out.server), left_out.to_string(), remedy);
        Finding { severity: Severity::Problem, ..finding }
    }));
    all.extend(instructions(world));
    let of_access = access::remarks(&world.config, SystemTime::now());
    all.extend(of_access.into_iter().map(|remark| note(None, remark.message, &remark.remedy)));
    if world.is_whole() && world.servers.values().all(|server| server.unseen().is_none()) {
        all.extend(world.config.recipes.values().flat_map(|recipe| of_recipe(world, recipe)));
    }
    all
}

/// Tools that a recipe calls and nobody has.
fn of_recipe(world: &World, recipe: &Recipe) -> Vec<Finding> {
    let exists = |server: Option<&str>, tool: &str| match server {
        None => !matches!(world.catalog.tools.resolve(tool, |_| true), Err(NotFound::Unknown)),
        Some(server) => world.catalog.tools.entries().iter().any(|entry| {
            entry.server.name.as_str() == server
                && (*entry.item.name == *tool || *entry.shown == *tool)
        }),
    };
    let missing = recipe::tools(&recipe.body).into_iter().filter(|(of, tool)| !exists(*of, tool));
    let told = missing.map(|(_, tool)| {
        let tool = clipped(tool, TEXT_MAX);
        let message = format!("recipe {} calls the tool {tool}, which no server has", recipe.name);
        let remedy = "correct its name in the recipe; `callmux list` has all names";
        Finding { severity: Severity::Problem, ..note(None, message, remedy) }
    });
    told.take(EACH_MAX).collect()
}

/// Names in the config that mean no tool of a server.
fn of_choice(server: &Server, tools: &[&str]) -> Vec<Finding> {
    let policy = &server.config.policy;
    let aliases = policy.aliases.keys().map(String::as_str).filter(|own| !tools.contains(own));
    let lists = [
        ("tools", policy.tools.unmet(tools)),
        ("aliases", aliases.collect()),
        ("always_load", policy.always_load.unmet(tools)),
    ];
    let told = lists.into_iter().filter(|(_, names)| !names.is_empty()).map(|(key, names)| {
        let names: Vec<String> = names.iter().map(|name| clipped(name, TEXT_MAX)).collect();
        let message = format!("`{key}` names what it does not have: {}", names.join(", "));
        let remedy = "correct the names in its section of the config; they are the server's own";
        note(Some(&server.name), message, remedy)
    });
    told.collect()
}

/// What is wrong with the state directory. It is looked for beside the loop: it may hang.
pub async fn of_state(dir: Option<PathBuf>) -> Option<Finding> {
    let problem = |message: String, remedy: &str| {
        let message =
            message + "; nothing that callmux keeps outlives it, and calls have no record";
        Some(Finding { severity: Severity::Problem, ..note(None, message, remedy) })
    };
    let Some(dir) = dir else {
        return problem("there is no state directory".to_owned(), "set HOME or XDG_STATE_HOME");
    };
    let at = dir.clone();
    let usable = move || {
        file::make_dir(&at)?;
        Ok(rustix::fs::access(&at, Access::WRITE_OK | Access::EXEC_OK)?)
    };
    let looked = tokio::time::timeout(LOOK_WITHIN, tokio::task::spawn_blocking(usable)).await;
    let error: std::io::Error = match looked {
        Ok(Ok(Ok(()))) => return None,
        Ok(Ok(Err(error))) => error,
        Ok(Err(_)) | Err(_) => std::io::ErrorKind::TimedOut.into(),
    };
    let message = format!("the state directory {} cannot be used: {error}", dir.display());
    problem(message, "let it be a directory of yours that can be written to")
}

/// What is not shown under its own name, or not at all.
fn of_names(kind: ListKind, names: &Names, all: &mut Vec<Finding>) {
    let noun = kind.noun();
    let mut count: BTreeMap<&ServerName, usize> = BTreeMap::new();
    let remedy = "a shorter or another `prefix`, or an alias, gives it a name of its own";
    for (entry, name) in names.renamed() {
        let count = count.entry(&entry.server.name).or_default();
        *count += 1;
        if *count <= EACH_MAX {
            let name = clipped(&name, TEXT_MAX);
            let message = format!("{noun} {name} is shown as {}", clipped(&entry.shown, TEXT_MAX));
            all.push(note(Some(&entry.server.name), message, remedy));
        }
    }
    for (server, count) in count.into_iter().filter(|(_, count)| *count > EACH_MAX) {
        let more = count - EACH_MAX;
        let message = format!("{more} more {noun}s are shown under other names");
        all.push(note(Some(server), message, remedy));
    }
    if let Some(entry) = names.nameless.first() {
        let (count, name) = (names.nameless.len(), clipped(&entry.item.name, TEXT_MAX));
        let message =
            format!("{count} {noun}s have no name of their own and are not shown: {name} …");
        let remedy = "only the server's authors can give them names that differ";
        let finding = note(Some(&entry.server.name), message, remedy);
        all.push(Finding { severity: Severity::Problem, ..finding });
    }
}

/// Whether clients are told less than the servers want them to know.
fn instructions(world: &World) -> Option<Finding> {
    let len = |server: &Server| {
        let offer = server.status().offer.clone();
        offer.and_then(|offer| offer.instructions.as_ref().map(|text| text.len())).unwrap_or(0)
    };
    let all: usize = world.servers.values().map(len).sum();
    let kept = INSTRUCTIONS_MAX / 1024;
    (all > INSTRUCTIONS_MAX).then(|| {
        let message = format!(
            "the instructions of all servers together have {all} bytes; clients are told {kept} KiB"
        );
        note(None, message, "fewer servers, or servers that say less")
    })
}

fn note(server: Option<&ServerName>, message: String, remedy: &str) -> Finding {
    let (severity, remedy) = (Severity::Note, remedy.to_owned());
    Finding { severity, server: server.cloned(), message, remedy }
}

/// What there is to find in the history.
pub fn of_history(history: &HistoryStatus) -> Option<Finding> {
    let lost = Count(history.lost, "event");
    if let Some(trouble) = history.trouble.as_deref().filter(|_| history.is_on) {
        let trouble = clipped(trouble, REASON_MAX);
        let message = format!("the history cannot be written: {trouble}; it lacks {lost}");
        let remedy =
            "look whether the disk is full and the state directory is yours; it is tried again";
        return Some(Finding { severity: Severity::Problem, ..note(None, message, remedy) });
    }
    let message =
        format!("the history lacks {lost}: more came than could be written, or the disk was full");
    let remedy = "nothing, if it was once; `callmux events --kind history.gap` shows when";
    (history.lost > 0).then(|| note(None, message, remedy))
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

/// That the last try of a server, or of an instance, failed.
fn of_failure(server: &Server) -> Option<Finding> {
    let status = server.status();
    let reason = status.reason.as_deref().unwrap_or("for a reason it did not say");
    let remedy = format!(
        "`journalctl --user -t mcp-{0}` has its own words; `callmux restart {0}` tries again now",
        server.name.as_str()
    );
    let reason = clipped(reason, REASON_MAX);
    let message = match server.name.workplace() {
        Some(workplace) => format!("in {workplace} it is not ready: {reason}"),
        None if server.awaits_a_directory() => format!(
            "in its own directory it is not ready, and no client's has shown yet which tools it has: {reason}"
        ),
        None => format!("it is not ready: {reason}"),
    };
    let remedy = if server.awaits_a_directory() {
        format!("connect a client in a directory where it can start, or set `cwd`; {remedy}")
    } else {
        remedy
    };
    let finding = Finding {
        severity: Severity::Problem,
        server: Some(server.name.configured()),
        message,
        remedy,
    };
    status.failed.then_some(finding)
}

fn of_server(server: &Server) -> Vec<Finding> {
    let status = server.status();
    let finding = |message: String, remedy: &str| Finding {
        severity: Severity::Problem,
        server: Some(server.name.clone()),
        message,
        remedy: remedy.to_owned(),
    };
    let mut all: Vec<Finding> = of_failure(server).into_iter().collect();
    let Some(offer) = status.offer.clone() else { return all };
    if status.phase == Phase::Ready {
        let own = offer.list(ListKind::Tools).items.iter().map(|item| &*item.name);
        all.extend(of_choice(server, &own.collect::<Vec<_>>()));
    }
    let told = offer.instructions_remark.as_deref();
    all.extend(
        told.map(|remark| finding(remark.to_owned(), "only the server's authors can shorten them")),
    );
    for kind in ListKind::ALL {
        of_list(server, kind, offer.list(kind), &mut all);
    }
    all.extend(of_pins(server, &offer));
    all
}

/// What is not as it was accepted.
fn of_pins(server: &Server, offer: &Offer) -> Option<Finding> {
    let moved: Vec<_> = offer.moved.iter().collect();
    let title = |(kind, name, change): &(PinKind, &str, &Change)| {
        format!("{}: {change}", kind.title(&clipped(name, TEXT_MAX)))
    };
    let mut told: Vec<String> = moved.iter().take(EACH_MAX).map(title).collect();
    let more = moved.len().saturating_sub(EACH_MAX);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    let holds = server.config.policy.holds();
    let held = if holds { ", and is held" } else { "" };
    let message = format!("some of it is not what was accepted{held}: {}", told.join("; "));
    let remedy = format!(
        "`callmux pins diff {0}` shows what changed, `callmux pins accept {0}` accepts it",
        server.name.as_str()
    );
    let finding = note(Some(&server.name), message, &remedy);
    let severity = if holds { Severity::Problem } else { Severity::Note };
    (!moved.is_empty()).then_some(Finding { severity, ..finding })
}

fn of_list(server: &Server, kind: ListKind, list: &List, all: &mut Vec<Finding>) {
    let noun = kind.noun();
    let name = Some(&server.name);
    let problem = |message: String, remedy: &str| Finding {
        severity: Severity::Problem,
        ..note(name, message, remedy)
    };
    let mut tell = |remarks: &Remarks, what: &str, finding: &dyn Fn(String) -> Finding| {
        let one = |remark: &Remark| {
            finding(format!("{noun} {} is {what}: {}", remark.name, remark.reason))
        };
        all.extend(remarks.first().iter().map(one));
        if remarks.more() > 0 {
            all.push(finding(format!("{} more {noun}s are {what}", remarks.more())));
        }
    };
    let remedy = "only the server's authors can mend its definition";
    tell(&list.refused, "not shown", &|message| problem(message, remedy));
    let remedy = "it can be used; only the server's authors can mend its definition";
    tell(&list.changed, "shown with changes", &|message| note(name, message, remedy));
    let remedy =
        "what is over the bound cannot be called; ask the server for less, if it can be told";
    all.extend(list.cut.as_deref().map(|cut| problem(cut.to_owned(), remedy)));
    let remedy = "nothing is known to be missing; only the server's authors can mend its pages";
    all.extend(list.paging.as_deref().map(|told| note(name, told.to_owned(), remedy)));
}
