//! A record as a line for people.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::audit::line;
use crate::base::clip::clipped;
use crate::base::{Count, LocalTime, Span, visible};
use crate::terminal::print;
use crate::terminal::style::Style;
use crate::terminal::wrap::wrapped;

/// How wide the columns are, but that of the target, which gets what is left.
const OUTCOME: usize = 15;
const TOOK: usize = 6;
const PRINCIPAL: usize = 10;
const CLIENT: usize = 11;
const OTHERS: usize = 8 + 1 + OUTCOME + 1 + TOOK + 1 + PRINCIPAL + 1 + CLIENT + 1;
/// What a line is laid out for where there is no terminal.
const USUAL: usize = 80;
/// How far a target stands to the right that has lines of its own.
const INDENT: usize = 9;

/// Shows records one after the other, each day under its name.
#[derive(Debug, Default)]
pub(super) struct Page {
    day: String,
}

impl Page {
    pub(super) fn show(&mut self, line: &[u8]) {
        let Ok(record) = serde_json::from_slice::<Value>(line) else { return };
        let at = LocalTime::of(line::time(line).unwrap_or(SystemTime::UNIX_EPOCH));
        if self.day != at.day() {
            self.day = at.day();
            print::styled(&[(Style::Bold, self.day.clone())]);
        }
        if record["event"] == "gap" {
            let text = gap(&record);
            print::styled(&[(Style::Plain, format!("{} ", at.clock())), (Style::Bad, text)]);
            return;
        }
        let lines = lines(&record, &at.clock(), print::width().unwrap_or(USUAL));
        for parts in lines {
            print::styled(&parts);
        }
    }
}

/// The parts of each line of one record.
fn lines(record: &Value, clock: &str, width: usize) -> Vec<Vec<(Style, String)>> {
    let text = |member: &str| visible::line(record[member].as_str().unwrap_or_default());
    let cell = |member: &str, len: usize| {
        let text = text(member);
        let is_long = text.chars().count() > len;
        let text = if is_long { clipped(&text, len - 1).into() } else { text };
        format!("{text}{} ", " ".repeat(len.saturating_sub(text.chars().count())))
    };
    let took = Duration::from_micros(record["duration_us"].as_u64().unwrap_or_default());
    let look = match record["outcome"].as_str() {
        Some("done") => Style::Good,
        Some("cancelled") => Style::Dim,
        Some("limited" | "refused" | "not_sent") => Style::Notable,
        _ => Style::Bad,
    };
    let target = match record["rule"].as_str() {
        Some(rule) => format!("{} (rule {})", text("target"), visible::line(rule)),
        None => text("target").into_owned(),
    };
    let mut first = vec![
        (Style::Dim, format!("{clock} ")),
        (look, cell("outcome", OUTCOME)),
        (Style::Plain, format!("{:>TOOK$} ", Span(took).to_string())),
        (Style::Plain, cell("principal", PRINCIPAL)),
        (Style::Dim, cell("client", CLIENT)),
    ];
    if OTHERS + target.chars().count() <= width {
        first.push((Style::Plain, target));
        return vec![first];
    }
    let rest = wrapped(&target, width.saturating_sub(INDENT).max(INDENT));
    let indented = |text| vec![(Style::Plain, " ".repeat(INDENT)), (Style::Plain, text)];
    if let Some((_, last)) = first.last_mut() {
        last.truncate(last.trim_end().len());
    }
    std::iter::once(first).chain(rest.into_iter().map(indented)).collect()
}

fn gap(record: &Value) -> String {
    match (record["lost"].as_u64(), record["set_aside"].as_str()) {
        (Some(lost), _) => format!("no record of {}", Count(lost, "call")),
        (None, aside) => {
            let aside = aside.unwrap_or("another file");
            format!("a line was not finished; what there was of it is in {}", visible::line(aside))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lines;
    use serde_json::json;

    #[test]
    fn a_record_fits_a_narrow_terminal_and_does_nothing_there() {
        let mut record = json!({
            "outcome": "outcome_unknown", "duration_us": 83_000_000, "principal": "token:continuous",
            "client": "claude-code 2.1.0", "target": "github__create_issue",
        });
        let shown = |record: &serde_json::Value, width: usize| -> Vec<String> {
            let lines = lines(record, "12:03:04", width).into_iter();
            lines.map(|parts| parts.into_iter().map(|(_, text)| text).collect()).collect()
        };
        let wide = shown(&record, 120);
        let expected =
            "12:03:04 outcome_unknown 1 min 23 s token:con… claude-cod… github__create_issue";
        assert_eq!(wide, [expected]);
        record["target"] = format!("a\u{1b}[2J\u{202e}{}", "x".repeat(300)).into();
        record["client"] = "a\nb".into();
        record["rule"] = "ci\u{7}".into();
        for width in [40, 80, 100] {
            let narrow = shown(&record, width);
            let most = if width < 60 { 60 } else { width };
            assert!(narrow.iter().all(|line| line.chars().count() <= most), "{narrow:?}");
            assert!(!narrow.concat().contains(['\u{1b}', '\u{202e}', '\n', '\u{7}']));
        }
    }
}
