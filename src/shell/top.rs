//! `callmux top`: what servers and calls are doing, now and again.

use std::path::Path;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use clap::Args;

use crate::api::{ServerReport, Status};
use crate::base::{Span, file};
use crate::keys::ValueError;
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

/// The longest `/proc/PID/status`, in bytes.
const STATUS_MAX: u64 = 64 << 10;

#[derive(Debug, Args)]
pub struct TopArgs {
    /// Show it once. So it is where stdout is no terminal.
    #[arg(long)]
    once: bool,
    /// How often it is looked.
    #[arg(short, long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    delay: Duration,
    /// For programs: one JSON object for each look, with the `memory` of each server's process in bytes.
    #[arg(long)]
    json: bool,
}

fn duration(text: &str) -> Result<Duration, ValueError> {
    crate::keys::units::duration(text)
}

/// Shows what `look` brings, until it brings nothing.
pub fn top(args: &TopArgs, look: impl Fn() -> Result<Status, Exit>) -> Exit {
    let is_once = args.once || args.json || !print::is_read_by_person();
    let mut before: Option<(Instant, u64)> = None;
    loop {
        let status = match look() {
            Ok(status) => status,
            Err(exit) => return exit,
        };
        if args.json {
            print::json(&json(&status));
        } else {
            if !is_once {
                print::clear_page();
            }
            let made = status.traffic.calls;
            let rate =
                before.map(|(at, earlier)| per_second(made.saturating_sub(earlier), at.elapsed()));
            before = Some((Instant::now(), made));
            show(&status, rate);
        }
        if is_once {
            return Exit::Fine;
        }
        std::thread::sleep(args.delay);
    }
}

/// How many of so many that took so long.
fn per_second(count: u64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64().max(0.001)
}

fn show(status: &Status, rate: Option<f64>) {
    let uptime = Span(Duration::from_secs(status.uptime_ms / 1000));
    let memory = memory(status.pid).map(size).unwrap_or_default();
    let head = format!("callmux {}, process {}, up {uptime} {memory}", status.version, status.pid);
    print::line(head.trim_end());
    let rate = rate.map(|rate| format!(", {rate:.1} per second")).unwrap_or_default();
    print::line(&format!(
        "{}, {} running, {} since the start{rate}",
        print::count(status.sessions, "session"),
        print::count(status.calls, "call"),
        status.traffic.calls,
    ));
    let mut rows: Vec<(u64, [String; 6])> = Vec::new();
    for server in &status.servers {
        rows.extend(std::iter::once(server).chain(&server.instances).map(row));
    }
    // Who takes most stands first; the others keep their order.
    rows.sort_by_key(|(memory, _)| std::cmp::Reverse(*memory));
    let rows: Vec<[String; 6]> = rows.into_iter().map(|(_, row)| row).collect();
    if !rows.is_empty() {
        print::line("");
        let headings = ["PID", "MEMORY", "CALLS", "WAITING", "PHASE", "SERVER"];
        print::table(headings, &rows, look, &[3, 0]);
    }
}

fn row(server: &ServerReport) -> (u64, [String; 6]) {
    let memory = server.pid.and_then(memory);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let row = [
        or_dash(server.pid.map(|pid| pid.to_string())),
        or_dash(memory.map(size)),
        server.load.in_flight.to_string(),
        server.load.waiting.to_string(),
        server.phase.to_string(),
        server.title(),
    ];
    (memory.unwrap_or(0), row)
}

fn look(column: usize, text: &str) -> Style {
    match (column, text) {
        (5, _) => Style::Bold,
        (4, "ready") => Style::Good,
        (4, "starting") => Style::Notable,
        (4, "waiting" | "unusable") => Style::Bad,
        (_, "-" | "0") => Style::Dim,
        _ => Style::Plain,
    }
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

/// What a process has in memory, in bytes; its children's is not in it.
fn memory(pid: u32) -> Option<u64> {
    let path = format!("/proc/{pid}/status");
    let text = file::read(Path::new(&path), STATUS_MAX).ok()?;
    resident(&String::from_utf8_lossy(&text))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}

fn json(status: &Status) -> String {
    let mut value = serde_json::to_value(status).unwrap_or_default();
    value["memory"] = memory(status.pid).into();
    let servers = value["servers"].as_array_mut().into_iter().flatten();
    for (report, server) in servers.zip(&status.servers) {
        report["memory"] = server.pid.and_then(memory).into();
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::resident;

    #[test]
    fn memory_is_read_from_what_the_kernel_says() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    1024 kB\nThreads:\t1\n"), Some(1 << 20));
        assert_eq!(resident("Name:\tkthread\n"), None);
        assert!(super::memory(std::process::id()).is_some_and(|bytes| bytes > 1 << 16));
    }
}
