//! What each verb does. What was accepted, and what is offered now, stands in the state directory: only a lock text is
//! compared with servers that run.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::args::{PinVerb, PinsArgs};
use super::{check, diff, lock};
use crate::api::{Phase, ServerReport};
use crate::base::{ServerName, dirs, file};
use crate::config::Location;
use crate::pins::{Book, Change, Keeper, Pin, PinsError, Store};
use crate::settings::{Config, PinPolicy};
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

/// The largest lock text that is read, in bytes.
const LOCK_MAX: u64 = 16 * 1024 * 1024;

/// How a daemon is asked.
pub struct Liaison<'a> {
    /// Has a daemon look again at what was accepted of a server, if one runs.
    pub review: &'a dyn Fn(&ServerName),
    /// How the servers of a daemon are, once none is starting any more. It tells why there is no answer.
    pub servers: &'a dyn Fn() -> Result<Vec<ServerReport>, Exit>,
}

pub fn pins(args: &PinsArgs, daemon: &Liaison<'_>) -> Exit {
    let done = ReviewDesk::of(args).and_then(|desk| match &args.verb {
        None => desk.list(None),
        Some(PinVerb::List { server }) => desk.list(server.as_deref()),
        Some(PinVerb::Diff { server, item }) => desk.diff(server.as_deref(), item.as_deref()),
        Some(PinVerb::Accept { server, items }) => desk.accept(server, items, daemon),
        Some(PinVerb::Export) => desk.export(),
        Some(PinVerb::Check { file }) => desk.check(file, daemon),
    });
    done.unwrap_or_else(|exit| exit)
}

/// The servers that it is about, and who reads what is said.
struct ReviewDesk {
    config: Config,
    store: Store,
    json: bool,
}

fn fail(exit: Exit, message: &str) -> Exit {
    print::error(message);
    exit
}

fn failed(error: &PinsError) -> Exit {
    let exit = match error {
        PinsError::NoPlace => Exit::Unavailable,
        PinsError::Busy(_) => Exit::Again,
        _ => Exit::Failed,
    };
    fail(exit, &error.to_string())
}

impl ReviewDesk {
    fn of(args: &PinsArgs) -> Result<Self, Exit> {
        let no_home = "there is no home directory; name the config with --config";
        let location = Location::chosen(args.config.as_deref());
        let location = location.ok_or_else(|| fail(Exit::Unavailable, no_home))?;
        let config = location.read().config.map_err(|complaints| {
            for complaint in &complaints {
                print::note(&complaint.to_string());
            }
            fail(Exit::BadConfig, "the config is wrong; mend it first: `callmux config check`")
        })?;
        let state = dirs::state().ok_or_else(|| failed(&PinsError::NoPlace))?;
        Ok(Self { config, store: Store::below(Some(&state)), json: args.json })
    }

    /// The server of the config that is called so, or all.
    fn meant(&self, named: Option<&str>) -> Result<Vec<ServerName>, Exit> {
        let Some(name) = named else { return Ok(self.config.servers.keys().cloned().collect()) };
        let known = self.config.servers.keys().find(|server| server.as_str() == name);
        let no_server = || fail(Exit::Failed, &format!("the config has no server {name}"));
        known.map(|server| vec![server.clone()]).ok_or_else(no_server)
    }

    /// What is known of them, where anything is.
    fn books(&self, named: Option<&str>) -> Result<Vec<(ServerName, Book)>, Exit> {
        let mut books = Vec::new();
        for server in self.meant(named)? {
            let book = self.keeper(&server).read().map_err(|error| failed(&error))?;
            books.extend(book.map(|book| (server, book)));
        }
        Ok(books)
    }

    fn keeper(&self, server: &ServerName) -> Keeper {
        self.store.of(server)
    }

    fn policy(&self, server: &ServerName) -> &'static str {
        let policy = self.config.servers.get(server).and_then(|server| server.policy.pin);
        PinPolicy::NAMES[policy.unwrap_or_default() as usize]
    }

    fn list(&self, named: Option<&str>) -> Result<Exit, Exit> {
        let books = self.books(named)?;
        if self.json {
            let servers = books.iter().map(|(server, book)| {
                let items: Vec<Value> = book.pins().map(listed).collect();
                json!({ "server": server.as_str(), "pin": self.policy(server), "items": items })
            });
            print::json(&servers.collect::<Value>().to_string());
            return Ok(Exit::Fine);
        }
        let style = |column: usize, text: &str| match (column, text) {
            (0, _) => Style::Bold,
            (_, "as accepted" | "0") => Style::Dim,
            (2.., _) => Style::Notable,
            _ => Style::Plain,
        };
        if named.is_some() {
            let rows: Vec<[String; 3]> =
                books.iter().flat_map(|(_, book)| book.pins().map(row)).collect();
            print::table(["ITEM", "SHA-256", "STATE"], &rows, style, &[]);
            return Ok(Exit::Fine);
        }
        let rows = books.iter().map(|(server, book)| {
            let moved = book.pins().filter(|pin| pin.change().is_some()).count();
            let items = book.pins().count();
            let policy = self.policy(server).to_owned();
            [server.to_string(), policy, moved.to_string(), items.to_string()]
        });
        let style = |column: usize, text: &str| match (column, text) {
            (0, _) => Style::Bold,
            (2, moved) if moved != "0" => Style::Notable,
            _ => Style::Plain,
        };
        print::table(["SERVER", "PIN", "CHANGED", "ITEMS"], &rows.collect::<Vec<_>>(), style, &[]);
        Ok(Exit::Fine)
    }

    fn diff(&self, named: Option<&str>, item: Option<&str>) -> Result<Exit, Exit> {
        let books = self.books(named)?;
        let is_meant = |pin: &&Pin| item.is_none_or(|item| pin.is_called(item));
        if let (Some(server), Some(item)) = (named, item)
            && !books.iter().any(|(_, book)| book.pins().any(|pin| pin.is_called(item)))
        {
            return Err(fail(Exit::Failed, &format!("server {server} has nothing called {item}")));
        }
        let moved: Vec<(&ServerName, &Pin, Change)> = books
            .iter()
            .flat_map(|(server, book)| book.pins().map(move |pin| (server, pin)))
            .filter(|(_, pin)| is_meant(pin))
            .filter_map(|(server, pin)| Some((server, pin, pin.change()?)))
            .collect();
        if self.json {
            let moved = moved.iter().map(|(server, pin, _)| {
                let mut said = listed(pin);
                said["server"] = server.as_str().into();
                let text = |pinned: Option<&crate::pins::Pinned>| {
                    pinned.and_then(|pinned| pinned.text.clone())
                };
                said["was"] = text(pin.accepted.as_ref()).into();
                said["is"] = text(pin.now()).into();
                said
            });
            print::json(&moved.collect::<Value>().to_string());
            return Ok(Exit::Fine);
        }
        if moved.is_empty() {
            print::line("nothing changed since it was accepted");
        }
        for (server, pin, change) in moved {
            let title = format!("{server}: {}: {change}", pin.kind.title(&pin.name));
            print::styled(&[(Style::Bold, title)]);
            if change != Change::Gone {
                for line in diff::lines(pin) {
                    print::styled(&line);
                }
            }
        }
        Ok(Exit::Fine)
    }

    fn accept(&self, named: &str, items: &[String], daemon: &Liaison<'_>) -> Result<Exit, Exit> {
        for server in self.meant(Some(named))? {
            let accepted = self.keeper(&server).accept(items).map_err(|error| failed(&error))?;
            // Even where nothing was to be accepted: a daemon may not know yet what was before.
            (daemon.review)(&server);
            if self.json {
                let accepted = accepted.iter().map(
                    |it| json!({ "kind": it.kind.as_str(), "name": it.name, "sha256": it.digest }),
                );
                let accepted: Value = accepted.collect();
                print::json(
                    &json!({ "server": server.as_str(), "accepted": accepted }).to_string(),
                );
                continue;
            }
            if accepted.is_empty() {
                print::line("nothing changed since it was accepted");
            }
            for it in accepted {
                print::line(&format!("accepted: {}: {}", it.kind.title(&it.name), it.change));
            }
        }
        Ok(Exit::Fine)
    }

    fn export(&self) -> Result<Exit, Exit> {
        let books = self.books(None)?;
        let text = lock::written(&books);
        if self.json {
            print::json(&json!({ "lock": text }).to_string());
        } else {
            print::text(&text);
        }
        Ok(Exit::Fine)
    }

    fn check(&self, path: &Path, daemon: &Liaison<'_>) -> Result<Exit, Exit> {
        let bytes = file::read(path, LOCK_MAX);
        let bytes = bytes.map_err(|error| fail(Exit::Failed, &error.to_string()))?;
        let locked = lock::read(&String::from_utf8_lossy(&bytes))
            .map_err(|error| fail(Exit::BadConfig, &format!("{}: {error}", path.display())))?;
        let servers = (daemon.servers)()?;
        let is_up = |name: &ServerName| {
            let is_it = |report: &&ServerReport| report.name == *name;
            let report = servers.iter().find(is_it);
            report.is_some_and(|it| matches!(it.phase, Phase::Ready | Phase::Asleep))
        };
        let books = self.books(None)?;
        let seen = |name: &ServerName| books.iter().any(|(server, _)| server == name);
        let named = locked.keys().map(|(server, ..)| server);
        let enabled = self.config.servers.iter().filter(|(_, server)| server.enabled);
        let (known, wanted): (BTreeSet<&ServerName>, BTreeSet<&ServerName>) =
            (enabled.map(|(name, _)| name).collect(), named.collect());
        // A server that the file does not have and nobody has seen has nothing to compare.
        let is_down = |name: &&ServerName| {
            known.contains(*name)
                && !(is_up(name) && seen(name))
                && (wanted.contains(*name) || !is_up(name))
        };
        let down: BTreeSet<ServerName> = known.iter().copied().filter(is_down).cloned().collect();
        let up: Vec<(ServerName, Book)> = books
            .into_iter()
            .filter(|(name, _)| known.contains(name) && !down.contains(name))
            .collect();
        let deviations = check::compare(&locked, &up, &down);
        if self.json {
            print::json(&json!({ "deviations": deviations }).to_string());
        } else if deviations.is_empty() {
            print::line("everything is as the file has it");
        } else {
            for it in &deviations {
                let item = it.item.as_ref().map_or_else(String::new, |item| format!("{item} "));
                print::line(&format!("{}: {item}{}", it.server, it.verdict.title()));
            }
        }
        let worst = deviations.iter().map(|it| it.verdict).max();
        Ok(worst.map_or(Exit::Fine, check::Standing::exit))
    }
}

/// An item, for programs.
fn listed(pin: &Pin) -> Value {
    let digest = |pinned: Option<&crate::pins::Pinned>| pinned.map(|it| it.digest.clone());
    let (state, parts) = match pin.change() {
        None => ("accepted", Vec::new()),
        Some(Change::New) => ("new", Vec::new()),
        Some(Change::Gone) => ("gone", Vec::new()),
        Some(Change::Parts(parts)) => ("changed", parts),
    };
    json!({ "kind": pin.kind.as_str(), "name": pin.name, "state": state, "parts": parts,
        "accepted": digest(pin.accepted.as_ref()), "now": digest(pin.now()) })
}

/// The same for people.
fn row(pin: &Pin) -> [String; 3] {
    let digest = pin.now().or(pin.accepted.as_ref()).map(|it| it.short().to_owned());
    let state = pin.change().map_or_else(|| "as accepted".to_owned(), |it| it.to_string());
    [pin.kind.title(&pin.name), digest.unwrap_or_default(), state]
}
