//! An event as a line for people, and the sums of hours as a table.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::base::clip::clipped;
use crate::base::{LocalTime, Span, visible};
use crate::history::HourSums;
use crate::history::read::{CALL, HistoryEvent};
use crate::settings::NamePatterns;
use crate::terminal::print;
use crate::terminal::style::Style;
use crate::terminal::table;
use crate::terminal::wrap::wrapped;

/// How wide the columns are, but that of the target, which gets what is left.
const OUTCOME: usize = 15;
const TOOK: usize = 6;
const PRINCIPAL: usize = 10;
const CLIENT: usize = 11;
/// What a line is laid out for where there is no terminal.
const USUAL: usize = 80;
/// How far a text stands to the right that has lines of its own.
const INDENT: usize = 9;

/// Shows events one after the other, each day under its name.
#[derive(Debug, Default)]
pub(super) struct EventPage {
    day: String,
}

impl EventPage {
    pub(super) fn show(&mut self, event: &HistoryEvent) {
        let at = LocalTime::of(event.at);
        if self.day != at.day() {
            self.day = at.day();
            print::styled(&[(Style::Bold, self.day.clone())]);
        }
        for parts in lines(&event.json, &at.clock(), print::width().unwrap_or(USUAL)) {
            print::styled(&parts);
        }
    }
}

/// The parts of each line of one event.
fn lines(event: &Value, clock: &str, width: usize) -> Vec<table::Parts> {
    let (mut first, text) = if event["kind"] == CALL { of_call(event) } else { of_other(event) };
    first.insert(0, (Style::Dim, format!("{clock} ")));
    let taken: usize = first.iter().map(|(_, text)| text.chars().count()).sum();
    if taken + text.chars().count() <= width {
        first.push((Style::Plain, text));
        return vec![first];
    }
    if let Some((_, last)) = first.last_mut() {
        last.truncate(last.trim_end().len());
    }
    let rest = wrapped(&text, width.saturating_sub(INDENT).max(INDENT));
    let indented = |text| vec![(Style::Plain, " ".repeat(INDENT)), (Style::Plain, text)];
    std::iter::once(first).chain(rest.into_iter().map(indented)).collect()
}

/// What stands in columns, and what gets the rest of the line.
fn of_call(event: &Value) -> (table::Parts, String) {
    let text = |member: &str| visible::line(event[member].as_str().unwrap_or_default());
    let cell = |member: &str, len: usize| {
        let text = text(member);
        let is_long = text.chars().count() > len;
        let text = if is_long { clipped(&text, len - 1).into() } else { text };
        format!("{text}{} ", " ".repeat(len.saturating_sub(text.chars().count())))
    };
    let took = Duration::from_micros(event["us"].as_u64().unwrap_or_default());
    let name = if event["tool"].is_string() { text("tool") } else { text("name") };
    let target = match event["rule"].as_str() {
        Some(rule) => format!("{name} (rule {})", visible::line(rule)),
        None => name.into_owned(),
    };
    let look = look(event["outcome"].as_str().unwrap_or_default());
    let columns = vec![
        (look, cell("outcome", OUTCOME)),
        (Style::Plain, format!("{:>TOOK$} ", Span(took).to_string())),
        (Style::Plain, cell("principal", PRINCIPAL)),
        (Style::Dim, cell("client", CLIENT)),
    ];
    (columns, target)
}

fn look(outcome: &str) -> Style {
    match outcome {
        "done" => Style::Good,
        "cancelled" => Style::Dim,
        "limited" | "refused" | "not_sent" => Style::Notable,
        _ => Style::Bad,
    }
}

fn of_other(event: &Value) -> (table::Parts, String) {
    let text = |member: &str| visible::line(event[member].as_str().unwrap_or_default());
    let look = match event["level"].as_str() {
        Some("error") => Style::Bad,
        Some("warning") => Style::Notable,
        _ => Style::Dim,
    };
    let kind = text("kind");
    let room = " ".repeat(OUTCOME.saturating_sub(kind.chars().count()));
    (vec![(look, format!("{kind}{room} "))], text("message").into_owned())
}

/// The sums as a table, the hours under their days.
pub(super) fn hours(all: &[HourSums]) {
    let within = |sums: &HourSums, percent| match sums.within(percent) {
        Some(micros) => format!("≤ {}", Span(Duration::from_micros(micros))),
        None => "longer".to_owned(),
    };
    let row = |sums: &HourSums| {
        let at = LocalTime::of(began(sums));
        let name = if sums.tool.is_empty() { &sums.kind } else { &sums.tool };
        [
            format!("{} {}", at.day(), at.clock().get(..5).unwrap_or_default()),
            sums.n.to_string(),
            within(sums, 50),
            within(sums, 95),
            sums.outcome.clone(),
            visible::line(name).into_owned(),
        ]
    };
    let rows: Vec<[String; 6]> = all.iter().map(row).collect();
    let style = |column: usize, cell: &str| match column {
        4 => look(cell),
        0 => Style::Dim,
        _ => Style::Plain,
    };
    let headings = ["HOUR", "CALLS", "HALF", "95 %", "OUTCOME", "TOOL"];
    let width = print::width().unwrap_or(USUAL);
    for parts in table::lines(headings, &rows, style, &[2, 0], Some(width)) {
        print::styled(&parts);
    }
}

/// The same for programs.
pub(super) fn hour_json(sums: &HourSums) -> Value {
    json!({
        "t": humantime::format_rfc3339_seconds(began(sums)).to_string(),
        "kind": "hour",
        "of": sums.kind,
        "server": Some(&sums.server).filter(|server| !server.is_empty()),
        "tool": Some(&sums.tool).filter(|tool| !tool.is_empty()),
        "outcome": sums.outcome,
        "n": sums.n,
        "us": sums.took_us,
        "us_p50": sums.within(50),
        "us_p95": sums.within(95),
        "in": sums.request_bytes,
        "out": sums.reply_bytes,
    })
}

fn began(sums: &HourSums) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(sums.hour).unwrap_or_default())
}

/// Whether a name is one of those that a pattern means.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    NamePatterns::new(vec![pattern.to_owned()]).allow(name)
}

#[cfg(test)]
mod tests {
    use super::{fits, lines};
    use serde_json::{Value, json};

    fn shown(event: &Value, width: usize) -> Vec<String> {
        let lines = lines(event, "12:03:04", width).into_iter();
        lines.map(|parts| parts.into_iter().map(|(_, text)| text).collect()).collect()
    }

    #[test]
    fn an_event_fits_a_narrow_terminal_and_does_nothing_there() {
        let mut call = json!({
            "kind": "call.end", "outcome": "outcome_unknown", "us": 83_000_000, "principal": "token:continuous",
            "client": "claude-code 2.1.0", "tool": "github__create_issue",
        });
        let wide =
            "12:03:04 outcome_unknown 1 min 23 s token:con… claude-cod… github__create_issue";
        assert_eq!(shown(&call, 120), [wide]);
        call["tool"] = format!("a\u{1b}[2J\u{202e}{}", "x".repeat(300)).into();
        call["client"] = "a\nb".into();
        let other = json!({
            "kind": "server.failed", "level": "warning", "message": format!("\u{1b}[2J {}", "y z".repeat(90)),
        });
        for width in [60, 80, 100] {
            for event in [&call, &other] {
                let narrow = shown(event, width);
                assert!(narrow.iter().all(|line| line.chars().count() <= width), "{narrow:?}");
                assert!(!narrow.concat().contains(['\u{1b}', '\u{202e}', '\n']));
            }
        }
    }

    #[test]
    fn a_star_alone_stands_for_others() {
        assert!(fits("git*__x", "github__x") && !fits("a?c", "abc") && fits("a?c", "a?c"));
    }
}
