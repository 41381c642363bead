//! `callmux logs`: what the journal has of callmux or of one server, or else the record of calls.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;

use super::trouble::Trouble;
use crate::activation;
use crate::base::{Span, dirs};
use crate::completion::Names;
use crate::keys::ValueError;
use crate::terminal::{Exit, print};
use crate::wire::object;

/// Where journald takes entries, if it is there.
const JOURNAL: &str = "/run/systemd/journal/socket";
/// The record of calls, in the state directory.
const RECORD: &str = "audit/calls.jsonl";
/// How often it is looked for more.
const LOOK_EACH: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 shown, 69 there is no journal and no record. Other matches and forms: `journalctl --user -t callmux` and callmux.journal(7)."
)]
pub struct LogsArgs {
    /// Only what is about this server, and what it wrote itself.
    #[arg(value_name = "SERVER", add = Names::Servers)]
    server: Option<String>,
    /// Go on with what comes.
    #[arg(short, long)]
    follow: bool,
    /// How many entries are shown at first.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 50)]
    lines: usize,
    /// Only those of the last so much time, such as 2h.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    since: Option<Duration>,
    /// For programs: one JSON object per line.
    #[arg(long)]
    json: bool,
}

fn duration(text: &str) -> Result<Duration, ValueError> {
    crate::keys::units::duration(text)
}

/// Shows what happened.
pub fn logs(args: &LogsArgs) -> Exit {
    let record = dirs::state().map(|dir| dir.join(RECORD));
    let record = record.filter(|path| path.exists());
    match record {
        Some(record) if !Path::new(JOURNAL).exists() => of_record(args, &record),
        None if !has_journal() => {
            print::error(&format!("there is no journal here, {}", nothing()));
            Exit::Unavailable
        }
        record => of_journal(args, record.as_deref()),
    }
}

/// Whether there is a journal that has anything for this user. Where journald does not run, it is asked whether there
/// are entries of an earlier time: by itself it would only say that it has no files.
fn has_journal() -> bool {
    let any = ["--user", "--lines=1", "--output=cat", "--no-pager"];
    let asked = || Command::new("journalctl").args(any).stderr(Stdio::null()).output();
    Path::new(JOURNAL).exists()
        || match asked() {
            Ok(said) => !said.stdout.is_empty(),
            // Why it cannot be asked is told by who asks for more.
            Err(_) => true,
        }
}

/// What is to be done where there is nothing to be shown.
fn nothing() -> String {
    let log = activation::log::path().filter(|path| path.exists());
    let else_where = match log {
        Some(log) => format!("the daemon that was started on demand writes to {}", log.display()),
        None => "`callmux serve` in a shell writes to its own stderr".to_owned(),
    };
    format!(
        "and no record of calls in the state directory; {else_where}, and `callmux trace --all` shows calls as they end"
    )
}

fn words(args: &LogsArgs) -> Vec<String> {
    let mut words = vec!["--user".to_owned(), format!("--lines={}", args.lines)];
    words.extend(args.follow.then(|| "--follow".to_owned()));
    words.extend(args.since.map(|since| format!("--since=-{}s", since.as_secs())));
    words.push(format!("--output={}", if args.json { "json" } else { "short-iso" }));
    match &args.server {
        Some(server) => words.push(format!("CALLMUX_SERVER={server}")),
        None => words.push("--identifier=callmux".to_owned()),
    }
    words
}

/// In our place, journalctl: it knows terminals, pagers and Ctrl-C itself.
fn of_journal(args: &LogsArgs, record: Option<&Path>) -> Exit {
    let error = Command::new("journalctl").args(words(args)).exec();
    match record {
        Some(record) if error.kind() == ErrorKind::NotFound => of_record(args, record),
        _ => {
            print::error(&format!("`journalctl` cannot be run ({error}), {}", nothing()));
            Exit::Unavailable
        }
    }
}

/// The record has calls alone.
fn of_record(args: &LogsArgs, path: &Path) -> Exit {
    let shown = RecordedCalls { args, path: path.to_owned() }.show();
    shown.map_or_else(|trouble| trouble.tell(), |()| Exit::Fine)
}

struct RecordedCalls<'a> {
    args: &'a LogsArgs,
    path: PathBuf,
}

impl RecordedCalls<'_> {
    fn show(&self) -> Result<(), Trouble> {
        let failed = |error: std::io::Error| {
            Trouble::System(format!("{} cannot be read: {error}", self.path.display()))
        };
        let file = std::fs::OpenOptions::new().read(true).open(&self.path).map_err(failed)?;
        let mut reader = BufReader::new(file);
        let (mut last, mut line) = (VecDeque::new(), String::new());
        while reader.read_line(&mut line).map_err(failed)? > 0 {
            if line.ends_with('\n') && self.is_wanted(&line) {
                last.push_back(std::mem::take(&mut line));
                if last.len() > self.args.lines {
                    last.pop_front();
                }
            }
            line.clear();
        }
        for line in &last {
            self.print(line);
        }
        if !self.args.follow {
            return Ok(());
        }
        loop {
            std::thread::sleep(LOOK_EACH);
            let at = reader.stream_position().map_err(failed)?;
            while reader.read_line(&mut line).map_err(failed)? > 0 && line.ends_with('\n') {
                if self.is_wanted(&line) {
                    self.print(&line);
                }
                line.clear();
            }
            if !line.is_empty() {
                // The rest of it is still to come.
                reader.seek(SeekFrom::Start(at)).map_err(failed)?;
                line.clear();
            }
        }
    }

    fn is_wanted(&self, line: &str) -> bool {
        let Some(at) = object::get(line, "at").and_then(|at| at.parse().ok()) else {
            // What a look into the journal found.
            return false;
        };
        let server = object::get(line, "server").and_then(object::string);
        let is_of_server =
            self.args.server.as_deref().is_none_or(|name| server.as_deref() == Some(name));
        let is_new = self.args.since.is_none_or(|since| {
            let at = UNIX_EPOCH + Duration::from_micros(at);
            SystemTime::now().duration_since(at).unwrap_or_default() <= since
        });
        is_of_server && is_new
    }

    fn print(&self, line: &str) {
        let line = line.trim_end();
        if self.args.json {
            print::json(line);
            return;
        }
        let said = |name| object::get(line, name).and_then(object::string);
        let text = |name| said(name).unwrap_or_default();
        let at = object::get(line, "at").and_then(|at| at.parse().ok()).unwrap_or_default();
        let at = UNIX_EPOCH + Duration::from_micros(at);
        let at = humantime::format_rfc3339_seconds(at);
        let took = text("duration_us").parse().map(Duration::from_micros).unwrap_or_default();
        let why = said("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
        let (what, outcome, client) = (text("tool"), text("outcome"), text("client"));
        print::line(&format!("{at} {what} {outcome} in {} for {client}{why}", Span(took)));
    }
}

#[cfg(test)]
mod tests {
    use super::{LogsArgs, words};
    use std::time::Duration;

    #[test]
    fn the_journal_is_asked_for_what_is_wanted() {
        let all = LogsArgs { server: None, follow: false, lines: 9, since: None, json: false };
        assert_eq!(
            words(&all).join(" "),
            "--user --lines=9 --output=short-iso --identifier=callmux"
        );
        let one = LogsArgs {
            server: Some("github".to_owned()),
            follow: true,
            since: Some(Duration::from_mins(2)),
            json: true,
            ..all
        };
        assert_eq!(
            words(&one).join(" "),
            "--user --lines=9 --follow --since=-120s --output=json CALLMUX_SERVER=github"
        );
    }
}
