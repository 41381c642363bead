//! `callmux trace`: the calls of a session, as they end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::Value;

use crate::api::{CallsSeen, SessionSeen};
use crate::base::clip::clipped;
use crate::base::{LocalTime, SessionId, visible};
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

/// How often it is looked for more.
const LOOK_EACH: Duration = Duration::from_millis(200);
/// What a line is laid out for where there is no terminal.
const USUAL: usize = 80;
/// How wide the columns are, but that of the tool, which gets what is left.
const CLIENT: usize = 12;
const TOOK: usize = 6;
const OUTCOME: usize = 15;
const SIZE: usize = 5;
const OTHERS: usize = 8 + 1 + CLIENT + 1 + 1 + TOOK + 1 + OUTCOME + 1 + SIZE + 1 + SIZE;
/// The narrowest column of the tool.
const TOOL_MIN: usize = 12;
/// Characters of an id that tell it from others.
const ID_SHOWN: usize = 8;
/// Characters of a client's name in a sentence.
const NAME_MAX: usize = 60;

/// What `callmux trace --help` says behind the arguments.
const TRACED: &str = "\
Each call is a line when it has ended: when that was, the client, the tool, how long it took, how it ended (done,
tool_error, not_sent, outcome_unknown, cancelled, refused, denied, limited), and the bytes of its request and its
answer. Why one did not go well stands below it. Calls that run are counted by `callmux top`.

The daemon itself tells of them, so no journal is needed; it keeps none while nobody traces, so what was called
before is not shown. With a journal, this is all of a session, however old:

  journalctl --user -t callmux CALLMUX_SESSION=ID

A session is one client's connection. `callmux trace --list` has them with their ids; each entry of a call in the
journal has that id, too. It ends with the session, or with Ctrl-C.

Exit codes: 0 the session is over, 1 there is no such session, 69 no daemon, 130 interrupted.";

#[derive(Debug, Args)]
#[command(after_help = TRACED)]
pub struct TraceArgs {
    /// The session: the beginning of its id, or of what its client calls itself [default: the newest, or the next one
    /// if there is none].
    #[arg(value_name = "SESSION")]
    session: Option<String>,
    /// Those of all sessions, and sessions as they come and go.
    #[arg(long, conflicts_with = "session")]
    all: bool,
    /// List the sessions that are open.
    #[arg(long, conflicts_with_all = ["session", "all"])]
    list: bool,
    /// For programs: one JSON object per line, with the fields of callmux.journal(7).
    #[arg(long)]
    json: bool,
}

/// Whose calls are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Traced {
    All,
    /// Of the next session that is opened.
    Next,
    One(SessionId),
}

/// Shows what `look` brings, until the session is over. `look` is given the number of the last answer.
pub fn trace(args: &TraceArgs, look: impl Fn(Option<u64>) -> Result<CallsSeen, Exit>) -> Exit {
    match follow(args, look) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn follow(
    args: &TraceArgs,
    look: impl Fn(Option<u64>) -> Result<CallsSeen, Exit>,
) -> Result<Exit, Exit> {
    let first = look(None)?;
    if args.list {
        list(&first.sessions, args.json);
        return Ok(Exit::Fine);
    }
    let mut traced = chosen(args, &first.sessions)?;
    if !args.json {
        head();
    }
    let mut next = first.next;
    loop {
        std::thread::sleep(LOOK_EACH);
        let seen = look(Some(next))?;
        next = seen.next;
        if seen.lost > 0 {
            print::note(&format!("{} more happened than could be kept", seen.lost));
        }
        for fact in &seen.facts {
            if shown(args, &mut traced, fact) {
                return Ok(Exit::Fine);
            }
        }
    }
}

/// Whose calls are meant, which is told.
fn chosen(args: &TraceArgs, sessions: &[SessionSeen]) -> Result<Traced, Exit> {
    if args.all {
        return Ok(Traced::All);
    }
    let found = match &args.session {
        None => sessions.last(),
        Some(word) => {
            let fits = |seen: &&SessionSeen| {
                seen.session.to_string().starts_with(word.as_str()) || is_called(&seen.client, word)
            };
            let found = sessions.iter().rev().find(fits);
            if found.is_none() {
                print::error(&format!(
                    "no session that is open has the id or the client `{}`; `callmux trace --list` has them",
                    crate::base::quoted(word)
                ));
                return Err(Exit::Failed);
            }
            found
        }
    };
    let Some(seen) = found else {
        print::note("no client has a session; waiting for the next one");
        return Ok(Traced::Next);
    };
    tell(&seen.client, seen.session);
    Ok(Traced::One(seen.session))
}

/// Whether a client calls itself so, whatever the case.
fn is_called(client: &str, word: &str) -> bool {
    client.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn tell(client: &str, session: SessionId) {
    let client = clipped(client, NAME_MAX);
    print::note(&format!("session {session} of {client}; Ctrl-C ends this"));
}

fn list(sessions: &[SessionSeen], as_json: bool) {
    if as_json {
        print::json(&serde_json::to_string(sessions).unwrap_or_default());
        return;
    }
    let now = LocalTime::of(SystemTime::now());
    let row = |seen: &SessionSeen| {
        let opened = LocalTime::of(UNIX_EPOCH + Duration::from_secs(seen.opened_at));
        let id: String = seen.session.to_string().chars().take(ID_SHOWN).collect();
        [id, opened.beside(now), clipped(&seen.client, NAME_MAX)]
    };
    let rows: Vec<[String; 3]> = sessions.iter().map(row).collect();
    if rows.is_empty() {
        print::line("no client has a session");
    } else {
        print::table(["SESSION", "OPENED", "CLIENT"], &rows, |_, _| Style::Plain, &[]);
    }
}

/// Shows a fact, if it is one of those that are wanted; whether nothing more comes.
fn shown(args: &TraceArgs, traced: &mut Traced, fact: &Value) -> bool {
    let text = |name: &str| fact[name].as_str().unwrap_or_default();
    let session = SessionId::parse(text("session"));
    let kind = text("fact");
    if let (Traced::Next, "session_opened", Some(session)) = (*traced, kind, session) {
        *traced = Traced::One(session);
        tell(text("client"), session);
    }
    let is_wanted = match traced {
        Traced::All => true,
        Traced::Next => false,
        Traced::One(wanted) => session == Some(*wanted),
    };
    if !is_wanted {
        return false;
    }
    if args.json {
        print::json(&fact.to_string());
    } else if kind == "call_finished" {
        call(fact);
    } else if *traced == Traced::All {
        let id: String = text("session").chars().take(ID_SHOWN).collect();
        let word = if kind == "session_opened" { "opened" } else { "closed" };
        let client = if text("client").is_empty() { "" } else { " by " };
        let name = clipped(text("client"), NAME_MAX);
        print::line(&format!("{} session {id} {word}{client}{name}", clock(fact)));
    }
    let is_over = kind == "session_closed" && *traced != Traced::All;
    if is_over {
        print::note("the session is over");
    }
    is_over
}

fn clock(fact: &Value) -> String {
    let at = fact["time"].as_str().and_then(|time| humantime::parse_rfc3339(time).ok());
    LocalTime::of(at.unwrap_or(UNIX_EPOCH)).clock()
}

fn tool_width() -> (usize, bool) {
    let width = print::width();
    (width.unwrap_or(USUAL).saturating_sub(OTHERS).max(TOOL_MIN), width.is_some())
}

fn head() {
    let (tool, _) = tool_width();
    let line = format!(
        "{:8} {:CLIENT$} {:tool$} {:>TOOK$} {:OUTCOME$} {:>SIZE$} {:>SIZE$}",
        "TIME", "CLIENT", "TOOL", "TOOK", "OUTCOME", "IN", "OUT"
    );
    print::styled(&[(Style::Dim, line)]);
}

fn call(fact: &Value) {
    let (tool_width, may_cut) = tool_width();
    let text = |name: &str| fact[name].as_str().unwrap_or_default();
    let names = ["tool", "prompt", "resource", "reference", "task", "method", "endpoint"];
    let name = names.into_iter().map(text).find(|name| !name.is_empty()).unwrap_or_default();
    let took = took(text("duration_us").parse().unwrap_or(0));
    let bytes = |name: &str| size(text(name).parse().unwrap_or(0));
    let outcome = text("outcome");
    let look = match outcome {
        "done" => Style::Good,
        "cancelled" => Style::Notable,
        _ => Style::Bad,
    };
    print::styled(&[
        (Style::Dim, format!("{} ", clock(fact))),
        (Style::Plain, format!("{} ", cell(text("client"), CLIENT, may_cut))),
        (Style::Bold, format!("{} ", cell(name, tool_width, may_cut))),
        (Style::Plain, format!("{took:>TOOK$} ")),
        (look, format!("{} ", cell(outcome, OUTCOME, may_cut))),
        (Style::Dim, format!("{:>SIZE$} {:>SIZE$}", bytes("request_bytes"), bytes("reply_bytes"))),
    ]);
    let reason = text("reason").lines().next().unwrap_or_default();
    if !reason.is_empty() {
        let indent = "         ";
        let reason = visible::line(reason);
        let room = print::width().map_or(usize::MAX, |width| width - indent.len());
        let shown =
            if reason.chars().count() > room { clipped(&reason, room - 1) } else { reason.into() };
        print::line(&format!("{indent}{shown}"));
    }
}

/// A text in a column of so many characters.
fn cell(text: &str, width: usize, may_cut: bool) -> String {
    let text = visible::line(text);
    let is_long = text.chars().count() > width;
    let text = if is_long && may_cut { clipped(&text, width - 1) } else { text.into_owned() };
    format!("{text:width$}")
}

/// A duration in at most six characters.
fn took(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros}µs"),
        1000..1_000_000 => format!("{}ms", micros / 1000),
        1_000_000..60_000_000 => format!("{}.{}s", micros / 1_000_000, micros / 100_000 % 10),
        _ => format!("{}min", micros / 60_000_000),
    }
}

/// A number of bytes in at most five characters.
fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => bytes.to_string(),
        1000..10_000 => format!("{}.{}K", bytes / 1000, bytes / 100 % 10),
        10_000..1_000_000 => format!("{}K", bytes / 1000),
        1_000_000..10_000_000 => format!("{}.{}M", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{}M", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::{cell, is_called, size, took};

    #[test]
    fn cells_are_as_wide_as_their_columns() {
        assert_eq!(cell("abc", 5, true), "abc  ");
        assert_eq!(cell("abcdefg", 5, true), "abcd…");
        assert_eq!(cell("abcdefg", 5, false), "abcdefg");
        assert_eq!(cell("\u{1b}[2J", 12, true), "\\u{1b}[2J   ");
        for micros in [0, 999, 1000, 999_999, 1_000_000, 59_999_999, 60_000_000, 3_600_000_000] {
            assert!(took(micros).chars().count() <= 6, "{}", took(micros));
        }
        for bytes in [0, 999, 1000, 9999, 10_000, 999_999, 9_999_999, 999_999_999] {
            assert!(size(bytes).len() <= 5, "{}", size(bytes));
        }
        assert!(is_called("Cursor-vscode 1.0", "cursor") && !is_called("é", "ea"));
    }
}
