//! The whole protocol: every way in, both eras of clients, both eras of servers, every feature. The
//! table says what must happen in each cell; nothing may happen that it does not say.

mod asking;
mod cells;
mod changes;

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crate::support::speaker::{Era, Speaker, Wrong};
use crate::support::wires::{Sse, Streamable, Wire};
use crate::support::{Daemon, Lines, Sandbox, every};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Inline,
    Unix,
    Tcp,
    Bridge,
    Sse,
}

const WAYS: [Way; 5] = [Way::Inline, Way::Unix, Way::Tcp, Way::Bridge, Way::Sse];
const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];

type Check = fn(&mut Cell<'_>) -> Result<(), Wrong>;

const FEATURES: [(&str, Check); 12] = [
    ("tools", cells::tools),
    ("resources", cells::resources),
    ("prompts", cells::prompts),
    ("completion", cells::completion),
    ("progress", cells::progress),
    ("cancel", cells::cancel),
    ("logging", cells::logging),
    ("sampling", asking::sampling),
    ("elicitation", asking::elicitation),
    ("roots", asking::roots),
    ("list change", changes::lists),
    ("subscription", changes::subscription),
];

/// What must happen in a cell.
#[derive(Debug, Clone, Copy)]
enum Expected {
    Works,
    /// By this clause of the specification.
    Refused(&'static str),
}

fn expected(way: Way, client: Era) -> Expected {
    match (way, client) {
        (Way::Sse, Era::Modern) => {
            Expected::Refused("2026-07-28, Transports: HTTP with SSE is of 2024-11-05 alone")
        }
        _ => Expected::Works,
    }
}

/// One client with a server behind callmux, and one with the same server directly.
struct Cell<'a> {
    client: Speaker<'a>,
    direct: &'a mut Speaker<'static>,
    server: Era,
    way: Way,
    /// Before the server's names.
    prefix: &'static str,
    ledger: PathBuf,
    /// No other cell has this number.
    number: usize,
}

fn flag(server: Era) -> &'static str {
    if server == Era::Modern { "--modern" } else { "--legacy" }
}

fn speak_directly(server: Era) -> Speaker<'static> {
    let mut command = Sandbox::new().program(every().to_str().unwrap());
    command.arg(flag(server));
    Speaker::greet(Box::new(Lines::start(command)), server).unwrap()
}

fn wire<'a>(
    way: Way,
    client: Era,
    sandbox: &Sandbox,
    daemon: &'a Daemon,
    inline: &[&str],
) -> Box<dyn Wire + 'a> {
    let is_modern = client == Era::Modern;
    let mut command = sandbox.command();
    match way {
        Way::Inline => {
            command.args(["--plain", "--"]).args(inline);
            Box::new(Lines::start(command))
        }
        Way::Bridge => {
            command.arg("bridge");
            Box::new(Lines::start(command))
        }
        Way::Unix => Box::new(Streamable::unix(daemon, is_modern)),
        Way::Tcp => Box::new(Streamable::tcp(daemon, is_modern)),
        Way::Sse => Box::new(Sse::open(daemon)),
    }
}

/// The cells of one way in and one server, each with its outcome, in the table's order.
fn run(way: Way, server: Era) -> Vec<(String, Expected, Result<(), Wrong>)> {
    let sandbox = Sandbox::new();
    let (path, ledger) = (every(), sandbox.path("ledger"));
    let (path, file) = (path.to_str().unwrap(), ledger.to_str().unwrap());
    let words = [path, flag(server), "--ledger", file];
    let is_inline = way == Way::Inline;
    let servers = [("s", &words[..])];
    let daemon = Daemon::with(&sandbox, if is_inline { &[] } else { &servers });
    let prefix = if is_inline { "" } else { "s__" };
    let mut direct = speak_directly(server);
    let mut outcomes = Vec::new();
    for client in ERAS {
        for (feature, check) in FEATURES {
            let number = outcomes.len();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                if let Expected::Refused(_) = expected(way, client) {
                    return refused(&daemon);
                }
                let wire = wire(way, client, &sandbox, &daemon, &words);
                let client = Speaker::greet(wire, client)?;
                let (direct, ledger) = (&mut direct, ledger.clone());
                let mut cell = Cell { client, direct, server, way, prefix, ledger, number };
                check(&mut cell)?;
                // What came unasked has come by the time that this is answered.
                cell.client.call(&format!("{prefix}echo"), "{}")?;
                cell.client.is_silent()
            }));
            let name = format!("{way:?} | {client:?} | {server:?} | {feature}");
            let outcome = outcome.unwrap_or_else(|panic| {
                let words = panic.downcast_ref::<String>().cloned();
                Err(words.unwrap_or_else(|| "it panicked".to_owned()))
            });
            outcomes.push((name, expected(way, client), outcome));
        }
    }
    outcomes
}

/// A modern request finds no way in over HTTP with SSE.
fn refused(daemon: &Daemon) -> Result<(), Wrong> {
    let mut sse = Sse::open(daemon);
    let meta = crate::support::speaker::modern_meta();
    let (status, body) = sse.post(&format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{{{meta}}}}}}}"#
    ));
    match (status, body.contains("-32600")) {
        (400, true) => Ok(()),
        _ => Err(format!("it is not refused: {status} {body}")),
    }
}

#[expect(clippy::print_stdout, reason = "the table is for whoever runs the test by hand")]
fn show(table: &str) {
    println!("{table}");
}

#[test]
fn the_whole_matrix() {
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let rows: Vec<_> = WAYS
            .into_iter()
            .flat_map(|way| ERAS.map(|server| scope.spawn(move || run(way, server))))
            .collect();
        rows.into_iter().flat_map(|row| row.join().unwrap()).collect()
    });
    let mut table = "way | client | server | feature | outcome\n".to_owned();
    let (mut works, mut refused, mut wrong) = (0, 0, Vec::new());
    for (name, expected, outcome) in &outcomes {
        let words = match (expected, outcome) {
            (_, Err(error)) => {
                wrong.push(format!("{name}: {error}"));
                "WRONG".to_owned()
            }
            (Expected::Works, Ok(())) => {
                works += 1;
                "works".to_owned()
            }
            (Expected::Refused(clause), Ok(())) => {
                refused += 1;
                format!("refused: {clause}")
            }
        };
        writeln!(table, "{name} | {words}").unwrap();
    }
    show(&table);
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let all = WAYS.len() * ERAS.len() * ERAS.len() * FEATURES.len();
    assert_eq!((works, refused, outcomes.len()), (216, 24, all), "a cell was forgotten");
}
