//! `callmux client list | attach | detach | status | print | undo`.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::args::{AttachArgs, ChangeArgs, ClientsArgs, ClientsVerb};
use super::daemon::DaemonKnowledge;
use crate::base::nearest::nearest;
use crate::clients::change::{Plan, Seat, Wish};
use crate::clients::{
    CLIENTS, ClientError, KnownClient, Launch, Scope, Standing, Surroundings, diff,
};
use crate::config::Location;
use crate::lasting::{self, LastingError, ProgramPlan};
use crate::settings::Config;
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

const LINE: usize = 78;

pub fn client(args: &ClientsArgs) -> Exit {
    #[expect(clippy::disallowed_methods, reason = "a project is where the person works")]
    let directory = std::env::current_dir().unwrap_or_default();
    let Some(around) = Surroundings::here(directory) else {
        print::error("there is no home directory, so there are no files of clients");
        return Exit::Unavailable;
    };
    let done = match &args.verb {
        ClientsVerb::List { json } => Ok(list(&around, *json)),
        ClientsVerb::Status { names, json } => status(&around, names, *json),
        ClientsVerb::Print { name, http } => paste(&around, name, *http),
        ClientsVerb::Attach(args) => attach(&around, args),
        ClientsVerb::Detach(args) => each(&around, args, |seat| {
            let wish = wish(seat, Leads::Bridge, false, &knowledge())?;
            let refused = |error| ClientRefusal::new(seat, Some(&wish), &error);
            let plan = seat.detaching(&wish).map_err(refused)?;
            change(seat, args, plan, "detached", None, &|| seat.detaching(&wish))
        }),
        ClientsVerb::Undo(args) => each(&around, args, |seat| undo(seat, args)),
    };
    done.unwrap_or_else(|exit| exit)
}

/// Why nothing was done with a client.
struct ClientRefusal {
    reason: String,
    /// The entry to paste, where that helps.
    entry: Option<String>,
}

impl ClientRefusal {
    fn new(seat: &Seat<'_>, wish: Option<&Wish>, error: &ClientError) -> Self {
        let is_file = !matches!(error, ClientError::NotOurs { .. } | ClientError::NotHere { .. });
        let wish = wish.filter(|_| is_file);
        let entry = wish.and_then(|wish| seat.snippet(&wish.launch).ok());
        Self { reason: error.to_string(), entry }
    }

    /// Tells it.
    fn print(&self, seat: &Seat<'_>) -> Exit {
        print::error(&format!("{}: {}", seat.client.id, self.reason));
        if let Some(text) = &self.entry {
            print::notes(&format!("\nThe entry to paste:\n\n{text}"));
        }
        Exit::Failed
    }
}

fn named(name: &str) -> Result<&'static KnownClient, Exit> {
    CLIENTS.iter().find(|client| client.id == name).ok_or_else(|| {
        let near = nearest(name, CLIENTS.iter().map(|client| (client.id, client.id)));
        let near = near.map(|id| format!("did you mean `{id}`? ")).unwrap_or_default();
        print::error(&format!("no client `{name}`; {near}`callmux client list` has all"));
        Exit::Usage
    })
}

/// What callmux is configured as; nothing if the config cannot be used.
fn configured() -> Config {
    let reading = Location::chosen(None).map(|location| location.read());
    reading.and_then(|reading| reading.config.ok()).unwrap_or_default()
}

/// What an entry is to lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leads {
    /// A bridge.
    Bridge,
    /// The address at which callmux answers.
    Served,
    /// The same, or one that is only written down.
    Written,
}

fn wish(
    seat: &Seat<'_>,
    leads: Leads,
    replace: bool,
    known: &DaemonKnowledge,
) -> Result<Wish, ClientRefusal> {
    let config = configured();
    let addresses = known.addresses();
    let launch = match leads {
        Leads::Bridge => Launch::bridge(&seat.program()),
        Leads::Served | Leads::Written => {
            let address = known.address(leads == Leads::Written);
            Launch::Address(
                address.map_err(|why| ClientRefusal { reason: why.to_string(), entry: None })?,
            )
        }
    };
    let servers = config.servers.iter().filter(|(_, server)| server.enabled);
    let run = servers.map(|(name, server)| {
        let args = server.program.args.iter().map(|arg| arg.expose().to_owned()).collect();
        let launch = match &server.remote.url {
            Some(url) => Launch::Address(url.expose().to_owned()),
            None => Launch::Program(server.program.command.expose().to_owned(), args),
        };
        (name.to_string(), launch)
    });
    Ok(Wish { launch, addresses, run: run.collect(), replace, by_entry: false })
}

fn list(around: &Surroundings, as_json: bool) -> Exit {
    let row = |client: &'static KnownClient| {
        let file = around.file(client, Scope::User).unwrap_or_default();
        (client, around.sign(client), tilde(around, &file))
    };
    let rows: Vec<_> = CLIENTS.iter().map(row).collect();
    if as_json {
        let all = rows.iter().map(|(client, sign, _)| {
            json!({ "client": client.id, "name": client.shown, "found": sign,
                    "path": around.file(client, Scope::User) })
        });
        print::json(&all.collect::<Json>().to_string());
        return Exit::Fine;
    }
    let rows: Vec<[String; 3]> = rows
        .into_iter()
        .map(|(client, sign, file)| {
            let found = if sign.is_some() { "here" } else { "-" };
            [client.id.to_owned(), found.to_owned(), file]
        })
        .collect();
    let look = |column, _: &str| if column == 0 { Style::Bold } else { Style::Plain };
    print::table(["CLIENT", "FOUND", "FILE"], &rows, look, &[]);
    Exit::Fine
}

fn tilde(around: &Surroundings, path: &Path) -> String {
    match path.strip_prefix(&around.home) {
        Ok(rest) => format!("~/{}", rest.display()),
        Err(_) => path.display().to_string(),
    }
}

/// How a client stands, in words that programs may rely on, and more of it for people.
fn state(seat: &Seat<'_>, wish: &Wish) -> (&'static str, Option<String>) {
    let is_here = seat.around.sign(seat.client).is_some();
    let look = match seat.look() {
        Ok(look) => look,
        Err(error) => return ("unreadable", Some(error.to_string())),
    };
    match look.standing(wish) {
        Standing::Absent if is_here => ("found", None),
        Standing::Absent => ("not found", None),
        Standing::Attached { is_on: false } => ("attached, disabled", None),
        Standing::Attached { .. } => match seat.shadow(wish) {
            Some(says) => ("shadowed", Some(says)),
            None => ("attached", None),
        },
        // By its address.
        Standing::Otherwise { says, is_ours: true } if wish.addresses.contains(&says) => {
            ("attached", Some(says))
        }
        Standing::Otherwise { says, .. } => ("attached otherwise", Some(says)),
    }
}

fn knowledge() -> DaemonKnowledge {
    DaemonKnowledge::gather(configured())
}

fn status(around: &Surroundings, names: &[String], as_json: bool) -> Result<Exit, Exit> {
    let known = knowledge();
    let mut clients = names.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() {
        clients.extend(CLIENTS.iter().filter(|client| around.sign(client).is_some()));
    }
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for client in clients {
        let seat = Seat { client, scope: Scope::User, around };
        let wish = wish(&seat, Leads::Bridge, false, &known);
        let wish = wish.map_err(|refusal| refusal.print(&seat))?;
        let (word, says) = state(&seat, &wish);
        let path = around.file(client, Scope::User).unwrap_or_default();
        let seen = known.seen(client).filter(|seen| word == "attached" || seen.starts_with("seen"));
        let mut said = json!({ "client": client.id, "state": word, "detail": says, "path": path });
        // Nothing is said where there is nobody to ask.
        if known.is_there() {
            said["seen_at"] = json!(known.seen_at(client));
        }
        all.push(said);
        let says = says.unwrap_or_else(|| tilde(around, &path));
        let seen = seen.unwrap_or_else(|| "-".to_owned());
        rows.push([client.id.to_owned(), word.to_owned(), seen, says]);
    }
    if as_json {
        print::json(&Json::from(all).to_string());
    } else if rows.is_empty() {
        print::line("no client is found here; `callmux client list` has those that callmux knows");
    } else {
        let look = |column, text: &str| match (column, text) {
            (0, _) => Style::Bold,
            (1, "attached") => Style::Good,
            (1, "found") => Style::Plain,
            (1, _) => Style::Notable,
            (2, seen) if seen.starts_with("seen") => Style::Good,
            _ => Style::Plain,
        };
        print::table(["CLIENT", "STATE", "DAEMON", "WHAT"], &rows, look, &[]);
    }
    Ok(Exit::Fine)
}

fn paste(around: &Surroundings, name: &str, http: bool) -> Result<Exit, Exit> {
    let seat = Seat { client: named(name)?, scope: Scope::User, around };
    let leads = if http { Leads::Written } else { Leads::Bridge };
    let wish = wish(&seat, leads, false, &knowledge());
    let wish = wish.map_err(|refusal| refusal.print(&seat))?;
    let refused = |error| ClientRefusal::new(&seat, None, &error).print(&seat);
    let text = seat.snippet(&wish.launch).map_err(refused)?;
    if let Some(program) =
        lasting::plan(&around.path).ok().flatten().filter(|plan| !http && plan.is_work())
    {
        let path = program.path.display();
        print::note(&format!(
            "{path} is not there yet; `callmux client attach` and `callmux setup` put it there"
        ));
    }
    print::lines(&text);
    Ok(Exit::Fine)
}

/// Does the same for each client that is meant. One that fails stops no other.
fn each(
    around: &Surroundings,
    args: &ChangeArgs,
    run: impl Fn(&Seat<'_>) -> Result<(), ClientRefusal>,
) -> Result<Exit, Exit> {
    if !args.how.yes && !args.how.dry_run && (args.how.json || !std::io::stdin().is_terminal()) {
        print::error("nobody can be asked here; say --yes, or --dry-run to see what would change");
        return Err(Exit::Usage);
    }
    let mut clients = args.names.iter().map(|name| named(name)).collect::<Result<Vec<_>, _>>()?;
    if args.all {
        clients.extend(CLIENTS.iter().filter(|client| around.sign(client).is_some()));
        if clients.is_empty() {
            print::note("no client is found here, so nothing was changed");
        }
    }
    let scope = if args.project { Scope::Project } else { Scope::User };
    let mut exit = Exit::Fine;
    for client in clients {
        let seat = Seat { client, scope, around };
        let Err(refusal) = run(&seat) else { continue };
        exit = refusal.print(&seat);
        if args.how.json {
            let said = json!({
                "client": client.id, "path": around.file(client, scope), "scope": scope.as_str(),
                "action": "refused", "changed": false, "reason": refusal.reason,
            });
            print::json(&said.to_string());
        }
    }
    Ok(exit)
}

fn attach(around: &Surroundings, args: &AttachArgs) -> Result<Exit, Exit> {
    let program =
        if args.http || args.change.project { Ok(None) } else { lasting::plan(&around.path) };
    let program = program.map_err(|error| {
        print::error(&error.to_string());
        Exit::Failed
    })?;
    let program = program.filter(ProgramPlan::is_work);
    let known = knowledge();
    let leads = if args.http { Leads::Served } else { Leads::Bridge };
    each(around, &args.change, |seat| {
        let wish = wish(seat, leads, args.replace, &known)?;
        let refused = |error| ClientRefusal::new(seat, Some(&wish), &error);
        let plan = seat.attaching(&wish).map_err(refused)?;
        let is_told = plan.is_some() && !args.change.how.json;
        let copied = program.as_ref().filter(|_| plan.is_some());
        change(seat, &args.change, plan, "attached", copied, &|| seat.attaching(&wish))?;
        if is_told {
            if let Some(says) = seat.shadow(&wish) {
                print::note(&format!("warning: in this directory it is shadowed: {says}"));
            }
            if let Some(twice) = seat.twice(&wish).filter(|_| !args.replace) {
                print::note(&format!(
                    "it also has servers that callmux runs: {twice}; --replace takes them out"
                ));
            }
            if !args.change.how.dry_run {
                let KnownClient { shown, id, .. } = seat.client;
                let seen = known.seen(seat.client).filter(|seen| seen.starts_with("seen"));
                let before =
                    seen.map_or_else(|| "not seen yet".to_owned(), |seen| seen + " before this");
                print::line(&format!(
                    "{shown} was {before}: start it anew, and `callmux client status {id}` says when the daemon saw it."
                ));
            }
        }
        Ok(())
    })
}

/// Shows what is planned, asks, does it.
fn change(
    seat: &Seat<'_>,
    args: &ChangeArgs,
    plan: Option<Plan>,
    done: &str,
    program: Option<&ProgramPlan>,
    again: &dyn Fn() -> Result<Option<Plan>, ClientError>,
) -> Result<(), ClientRefusal> {
    let nothing = || {
        let path = seat.around.file(seat.client, seat.scope).unwrap_or_default();
        let action = if done == "attached" { "attached already" } else { "not attached" };
        report(seat, args, &path, &ClientOutcome::Nothing { action, diff: "" });
    };
    let Some(plan) = plan else {
        nothing();
        return Ok(());
    };
    if let Some(program) = program.filter(|_| !args.how.json) {
        print::line(&program.to_string());
    }
    let Some((path, shown)) = wanted(seat, args, &plan) else { return Ok(()) };
    if let Some(program) = program {
        let failed = |error: LastingError| ClientRefusal { reason: error.to_string(), entry: None };
        program.carry_out().map_err(failed)?;
    }
    let failed = |error| ClientRefusal::new(seat, None, &error);
    match seat.carry_out(plan, again).map_err(failed)? {
        Some(kept) => {
            let outcome = ClientOutcome::Done { action: done, diff: &shown, backup: Some(&kept) };
            report(seat, args, &path, &outcome);
        }
        // Somebody else has done it meanwhile.
        None => nothing(),
    }
    Ok(())
}

fn undo(seat: &Seat<'_>, args: &ChangeArgs) -> Result<(), ClientRefusal> {
    let failed = |error| ClientRefusal::new(seat, None, &error);
    let (plan, kept) = seat.undoing().map_err(failed)?;
    let Some((path, shown)) = wanted(seat, args, &plan) else { return Ok(()) };
    seat.undo(&plan, &kept).map_err(failed)?;
    let outcome = ClientOutcome::Done { action: "undone", diff: &shown, backup: None };
    report(seat, args, &path, &outcome);
    Ok(())
}

/// The file that is to be changed, and how; nothing if it is not to be, which is told.
fn wanted(seat: &Seat<'_>, args: &ChangeArgs, plan: &Plan) -> Option<(PathBuf, String)> {
    let (path, shown) = (plan.look.target.path.clone(), preview(plan));
    if !args.how.dry_run && agreed(args, &path, &shown) {
        return Some((path, shown));
    }
    let diff = if args.how.dry_run { &*shown } else { "" };
    report(seat, args, &path, &ClientOutcome::Nothing { action: "not changed", diff });
    None
}

fn preview(plan: &Plan) -> String {
    let before = plan.look.text.as_deref().unwrap_or_default();
    diff::diff(before, plan.after.as_deref().unwrap_or_default(), LINE)
}

/// Whether a person agrees, or has agreed ahead.
fn agreed(args: &ChangeArgs, path: &Path, shown: &str) -> bool {
    if args.how.yes {
        return true;
    }
    print::line(&format!("{}:", path.display()));
    print::lines(shown.trim_end());
    print::note("Write it? [y/N]");
    let mut answer = String::new();
    drop(std::io::stdin().lock().read_line(&mut answer));
    matches!(answer.trim(), "y" | "Y" | "yes")
}

/// What became of a client's file.
enum ClientOutcome<'a> {
    Nothing { action: &'a str, diff: &'a str },
    Done { action: &'a str, diff: &'a str, backup: Option<&'a Path> },
}

fn report(seat: &Seat<'_>, args: &ChangeArgs, path: &Path, outcome: &ClientOutcome<'_>) {
    let (changed, action, diff, backup) = match outcome {
        ClientOutcome::Nothing { action, diff } => (false, action, diff, &None),
        ClientOutcome::Done { action, diff, backup } => (true, action, diff, backup),
    };
    if args.how.json {
        let said = json!({
            "client": seat.client.id, "path": path, "scope": seat.scope.as_str(), "action": action,
            "changed": changed, "diff": diff, "backup": backup,
        });
        print::json(&said.to_string());
        return;
    }
    print::line(&format!("{}: {action}: {}", seat.client.id, path.display()));
    if (changed && args.how.yes) || args.how.dry_run {
        print::lines(diff.trim_end());
    }
}
