//! `callmux status | reload | start | stop | restart | retry`, `callmux config plan`.

use std::path::Path;

use hyper::{Method, StatusCode};

use super::args::{ReloadArgs, RetryArgs, ServerArgs, StatusArgs};
use super::args_daemon::DaemonArgs;
use super::ask::{DaemonAnswer, ask};
use super::serve::refuse;
use crate::api::{
    ConfigReport, Definitions, Era, InForce, Order, Phase, ServerReport, Status, Traffic, path,
};
use crate::base::{ServerName, Span};
use crate::config::Location;
use crate::settings::Plan;
use crate::settings::plan::Changed;
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

fn or_exit(outcome: Result<Exit, Exit>) -> Exit {
    outcome.unwrap_or_else(|exit| exit)
}

fn print_json(answer: &DaemonAnswer) {
    print::json(&String::from_utf8_lossy(&answer.body));
}

pub(super) fn status(args: &StatusArgs) -> Exit {
    or_exit(ask(&args.daemon, Method::GET, path::STATUS).and_then(|answer| {
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected());
        }
        let status: Status = answer.read()?;
        if args.json {
            print_json(&answer);
        } else {
            show(&status);
        }
        let failed = ServerReport::is_down;
        Ok(match () {
            () if !status.config.complaints.is_empty() => Exit::BadConfig,
            () if status.servers.iter().any(failed) => Exit::Failed,
            () => Exit::Fine,
        })
    }))
}

fn show(status: &Status) {
    let uptime = std::time::Duration::from_secs(status.uptime_ms / 1000);
    let uptime = Span(uptime);
    print::line(&format!("callmux {}, process {}, up {uptime}", status.version, status.pid));
    if status.on_demand {
        print::line(
            "started on demand, without systemd: its servers end with it, and so do calls in flight (callmux doctor)",
        );
    }
    show_config(&status.config);
    let tools = print::count(status.tools, "tool");
    let sessions = print::count(status.sessions, "session");
    let calls = print::count(status.calls, "call");
    print::line(&format!("{tools}, {sessions}, {calls} running"));
    if let Some(listed) = &status.config.listed {
        print::line(&format!("listed: {listed}"));
    }
    show_traffic(&status.traffic);
    if let Some(calls) = status.journal.as_ref().filter(|calls| calls.missing > 0) {
        let missing = calls.missing;
        let verb = if missing == 1 { "entry of a call is" } else { "entries of calls are" };
        print::line(&format!("{missing} {verb} not in the journal (callmux doctor)"));
    }
    if !status.servers.is_empty() || !status.disabled.is_empty() {
        print::line("");
    }
    let row = |server: &ServerReport| {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            server.title(),
            server.phase.to_string(),
            or_dash(server.pid.map(|pid| pid.to_string())),
            server.tools.to_string(),
            or_dash(server.era.as_ref().map(Era::to_string)),
            or_dash(server.revision.clone()),
            why(server),
        ]
    };
    let mut rows: Vec<[String; 7]> = Vec::new();
    for server in &status.servers {
        rows.push(row(server));
        rows.extend(server.instances.iter().map(row));
    }
    let disabled = |name: &ServerName| {
        [&name.to_string(), "disabled", "-", "-", "-", "-", ""].map(str::to_owned)
    };
    rows.extend(status.disabled.iter().map(disabled));
    if !rows.is_empty() {
        let headings = ["SERVER", "PHASE", "PID", "TOOLS", "ERA", "REVISION", "WHY"];
        // What is left out where there is no room: revision, era, process.
        print::table(headings, &rows, look, &[5, 4, 2]);
    }
}

/// How a cell of the table of servers looks.
fn look(column: usize, text: &str) -> Style {
    match (column, text) {
        (0, _) => Style::Bold,
        (1, "ready") => Style::Good,
        (1, "starting") => Style::Notable,
        (1, "waiting" | "unusable") => Style::Bad,
        (1, _) | (_, "-") => Style::Dim,
        _ => Style::Plain,
    }
}

/// What went to clients since the daemon started.
fn show_traffic(traffic: &Traffic) {
    let Traffic { calls, meta_calls, cache_hits, sent_bytes, direct_bytes, .. } = *traffic;
    if calls + meta_calls == 0 {
        return;
    }
    let (tokens, word) = match traffic.estimated_tokens_saved {
        saved @ 0.. => (saved, "saved"),
        spent => (-spent, "spent"),
    };
    let called =
        if calls == 1 { "1 call of a tool".to_owned() } else { format!("{calls} calls of tools") };
    let size = |bytes: u64| bytesize::ByteSize(bytes).display().iec();
    print::line(&format!(
        "{called}, {cache_hits} from the cache, {meta_calls} of callmux's own; \
         sent {}, directly {}: about {tokens} tokens {word}",
        size(sent_bytes),
        size(direct_bytes),
    ));
}

/// Why a server is not ready, and what comes next.
pub(super) fn why(server: &ServerReport) -> String {
    let retry = server.retry_in_ms.map(|ms| {
        let retry = std::time::Duration::from_millis(ms - ms % 100);
        format!("try {} in {}", server.tries + 1, Span(retry))
    });
    let parts = [retry, server.reason.clone()];
    let why = parts.into_iter().flatten().collect::<Vec<_>>().join(": ");
    let Definitions { refused, moved, held } = server.definitions;
    let refused = (refused > 0)
        .then(|| format!("{} not shown (callmux doctor)", print::count(refused, "definition")));
    let moved = (moved > 0).then(|| {
        let held = if held { ", held" } else { "" };
        format!("{} changed{held} (callmux pins diff)", print::count(moved, "definition"))
    });
    let load = server.load.max_concurrency.map(|max| {
        let (in_flight, waiting) = (server.load.in_flight, server.load.waiting);
        format!("{in_flight} of {max} calls in flight, {waiting} waiting")
    });
    let load = load.filter(|_| server.load.in_flight > 0);
    let why = Some(why).filter(|why| !why.is_empty()).or_else(|| server.description.clone());
    [why, load, refused, moved].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn show_config(config: &ConfigReport) {
    let path = config.path.as_deref().unwrap_or("none");
    let state = match &config.in_force {
        InForce::Current => "in force",
        InForce::Earlier => "REFUSED; the one before is in force",
        InForce::LastGood => "REFUSED; the last good one is in force",
        InForce::Nothing => "REFUSED; no server runs",
        InForce::Other(word) => word,
    };
    let files = print::count(config.files.len(), "file");
    print::line(&format!("config {path}, {files}, {state}"));
    for complaint in &config.complaints {
        print::line(&format!("  {complaint}"));
    }
    if !config.at_next_start.is_empty() {
        let keys = config.at_next_start.join(", ");
        print::line(&format!("  {keys}: takes effect when the daemon is started anew"));
    }
    if let Some(reason) = &config.unwatched {
        print::line(&format!("  changes are noticed late: {reason}"));
    }
}

pub(super) fn reload(args: &ReloadArgs) -> Exit {
    let query = if args.wait { String::new() } else { format!("?{}", path::AT_ONCE) };
    let path = format!("{}{query}", path::RELOAD);
    or_exit(ask(&args.daemon, Method::POST, &path).and_then(|answer| match answer.status {
        StatusCode::ACCEPTED => Ok(Exit::Fine),
        _ => planned(&answer, lines_done, false),
    }))
}

/// `callmux config plan`. `named`: the config that the caller means.
pub(super) fn plan(daemon: &DaemonArgs, named: Option<&Path>, json: bool) -> Exit {
    let checked = named.map_or(Ok(()), |named| is_the_daemons(daemon, named));
    let answer = checked.and_then(|()| ask(daemon, Method::GET, path::PLAN));
    or_exit(answer.and_then(|answer| planned(&answer, lines_to_do, json)))
}

fn is_the_daemons(daemon: &DaemonArgs, named: &Path) -> Result<(), Exit> {
    let status: Status = ask(daemon, Method::GET, path::STATUS)?.read()?;
    let named = Location::named(named).path().display().to_string();
    match status.config.path {
        Some(path) if path == named => Ok(()),
        path => {
            let path = path.as_deref().unwrap_or("no file");
            print::error(&format!("the daemon reads {path}, not {named}"));
            Err(Exit::Failed)
        }
    }
}

fn planned(
    answer: &DaemonAnswer,
    words: fn(&Plan) -> Vec<String>,
    json: bool,
) -> Result<Exit, Exit> {
    match answer.status {
        StatusCode::OK if json => print_json(answer),
        StatusCode::OK => words(&answer.read()?).iter().for_each(|line| print::line(line)),
        StatusCode::UNPROCESSABLE_ENTITY if json => {
            print_json(answer);
            return Ok(Exit::BadConfig);
        }
        StatusCode::UNPROCESSABLE_ENTITY => {
            let complaints = answer.complaints()?;
            return Ok(refuse(&complaints));
        }
        _ => return Err(answer.unexpected()),
    }
    Ok(Exit::Fine)
}

fn lines_to_do(plan: &Plan) -> Vec<String> {
    lines(plan, ["add", "remove", "start anew", "adjust", "change"])
}

pub(super) fn lines_done(plan: &Plan) -> Vec<String> {
    lines(plan, ["added", "removed", "started anew", "adjusted", "changed"])
}

/// A plan in words.
fn lines(plan: &Plan, verbs: [&str; 5]) -> Vec<String> {
    let [add, remove, restart, adjust, change] = verbs;
    let keys = |changed: &Changed| format!("{} ({})", changed.server, changed.keys.join(", "));
    let mut out = Vec::new();
    out.extend(plan.added.iter().map(|server| format!("{add} {server}")));
    out.extend(plan.removed.iter().map(|server| format!("{remove} {server}")));
    out.extend(plan.restarted.iter().map(|changed| format!("{restart} {}", keys(changed))));
    out.extend(plan.adjusted.iter().map(|changed| format!("{adjust} {}", keys(changed))));
    out.extend(plan.settings.iter().map(|key| format!("{change} {key}")));
    let at_next_start = plan.at_next_start.iter();
    out.extend(at_next_start.map(|key| format!("{key}: when the daemon is started anew")));
    if plan.is_empty() {
        out.push("nothing differs".to_owned());
    }
    out.push(format!("{} untouched", print::count(plan.unchanged.len(), "server")));
    out
}

pub(super) fn retry(args: &RetryArgs) -> Exit {
    let path = match args.server.as_deref().map(ServerName::parse) {
        None => path::RETRY.to_owned(),
        Some(Ok(server)) => path::order(&server, Order::Retry),
        Some(Err(_)) => {
            let name = args.server.as_deref().unwrap_or_default();
            print::error(&format!("`{name}` is no server's name"));
            return Exit::Usage;
        }
    };
    or_exit(ask(&args.daemon, Method::POST, &path).and_then(|answer| {
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected());
        }
        let tried: Vec<ServerReport> = answer.read()?;
        if tried.is_empty() {
            let which = args.server.as_ref().map_or("no server waits".to_owned(), |name| {
                format!("server {name} does not wait")
            });
            print::line(&format!("{which} for its next try"));
        }
        let mut exit = Exit::Fine;
        for report in &tried {
            if report.phase == Phase::Ready {
                print::line(&format!("server {} is ready", report.title()));
            } else {
                print::error(&format!(
                    "server {} is {}: {}",
                    report.title(),
                    report.phase,
                    why(report)
                ));
                exit = Exit::Failed;
            }
        }
        Ok(exit)
    }))
}

/// `callmux start | stop | restart`.
pub(super) fn order(args: &ServerArgs, order: Order) -> Exit {
    let Ok(server) = ServerName::parse(&args.server) else {
        print::error(&format!("`{}` is no server's name", args.server));
        return Exit::Usage;
    };
    let path = path::order(&server, order);
    or_exit(ask(&args.daemon, Method::POST, &path).and_then(|answer| {
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected());
        }
        let report: ServerReport = answer.read()?;
        // Where its instances were told, a server that was only asked what it offers may sleep on.
        let is_spare = report.phase == Phase::Asleep && !report.instances.is_empty();
        let told = std::iter::once(&report).filter(|_| !is_spare).chain(&report.instances);
        let mut exit = Exit::Fine;
        for report in told.filter(|report| report.phase != order.aim()) {
            let why = why(report);
            print::error(&format!("server {} is {}: {why}", report.title(), report.phase));
            exit = Exit::Failed;
        }
        Ok(exit)
    }))
}
