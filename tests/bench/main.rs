//! Measures callmux beside a bare forwarder and the server itself, alternating, in one run.
//!
//! `cargo bench` runs everything; `-- --quick` a short form, `-- --with-npm` adds the npm callmux
//! (fetched into `target/bench`), `-- --json` prints the figures for programs. Absolute times move
//! with the machine: what counts are the ratios to the forwarder of the same run, or to the server
//! itself where no forwarder is needed; "hop" is a forwarder there.
//! `-- --door` measures only what it costs to come in, `-- --access` what rules, limits, metrics and records cost.
//! `-- load ADDRESS SESSIONS SECONDS TOOL` only puts load on something that runs already.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark fails by panicking")]

mod access;
mod door;
mod drive;
mod echo;
mod floor;
mod measure;
mod meta;
mod remote;
mod report;
mod subject;
mod usual;

use std::time::Duration;

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    pub rounds: usize,
    pub window: Duration,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    match args.first().map(String::as_str) {
        Some("echo-server") => {
            return echo::run(args.get(1).and_then(|n| n.parse().ok()).unwrap_or(5));
        }
        Some("remote-server") => return remote::run(&args[1], 5),
        Some("usual-server") => return usual::run(&args[1]),
        Some("hop") => return remote::hop(&args[1], &args[2]),
        Some("floor") => return floor::run(&args[1], args[2].parse().unwrap(), &args[3..]),
        Some("load") => return measure::only_load(&args[1..]),
        _ => {}
    }
    let effort = if has("--quick") {
        Effort { rounds: 1, window: Duration::from_millis(300) }
    } else {
        Effort { rounds: 3, window: Duration::from_millis(1500) }
    };
    let only: Option<fn(Effort, &mut Vec<report::Figure>)> = if has("--door") {
        Some(door::measure)
    } else if has("--access") {
        Some(access::measure)
    } else {
        None
    };
    if let Some(only) = only {
        let mut figures = Vec::new();
        only(effort, &mut figures);
        return print!("{}", report::table(&figures));
    }
    let figures = measure::everything(effort, has("--with-npm"));
    if has("--json") {
        println!("{}", report::json(&figures));
    } else {
        print!("{}", report::table(&figures));
    }
}
