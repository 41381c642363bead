//! Where facts are written: the journal, or stderr.

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::time::SystemTime;

use crate::base::visible;
use crate::facts::Level;
use crate::facts::Record;

/// The form of a line on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object per line, for programs.
    Json,
}

/// The place facts go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    Journal,
    Stderr { format: Format, colour: bool },
}

impl Sink {
    /// The journal if our stderr is connected to it (systemd.exec(5), `$JOURNAL_STREAM`), else
    /// stderr as text.
    pub fn detect() -> Self {
        if libsystemd::logging::connected_to_journal() {
            Self::Journal
        } else {
            Self::stderr(Format::Text)
        }
    }

    /// Stderr; coloured on a terminal unless `NO_COLOR` is set (no-color.org).
    pub fn stderr(format: Format) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self::Stderr { format, colour: !plain && std::io::stderr().is_terminal() }
    }

    pub fn is_journal(self) -> bool {
        self == Self::Journal
    }

    pub(super) fn write(&mut self, record: &Record<'_>) {
        match self {
            // See `super::writer`.
            Self::Journal => {}
            Self::Stderr { format, colour } => {
                let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
                let line = match format {
                    Format::Text => format!("{now} {}", text(record, *colour)),
                    Format::Json => json(record, &now),
                };
                // Nobody is left to tell when stderr is closed.
                drop(std::io::stderr().write_all(line.as_bytes()));
            }
        }
    }
}

/// A text that cannot move a terminal's cursor, start a line of its own, or hide anything.
fn tame(text: &str) -> Cow<'_, str> {
    visible::line(text)
}

fn text(record: &Record<'_>, colour: bool) -> String {
    let (start, end) = match (colour, record.level) {
        (false, _) | (true, Level::Info) => ("", ""),
        (true, Level::Error) => ("\x1b[31m", "\x1b[0m"),
        (true, Level::Warning) => ("\x1b[33m", "\x1b[0m"),
        (true, Level::Debug) => ("\x1b[2m", "\x1b[0m"),
    };
    let speaker = record.speaker.map(|speaker| format!("[{}] ", speaker.server));
    let speaker = speaker.unwrap_or_default();
    format!("{start}callmux: {speaker}{}{end}\n", tame(&record.message))
}

/// A fact as a line of JSON.
pub(super) fn json(record: &Record<'_>, now: &str) -> String {
    let mut object = serde_json::Map::new();
    object.insert("time".to_owned(), now.into());
    object.insert("fact".to_owned(), record.about.name.into());
    object.insert("level".to_owned(), record.level.as_str().into());
    object.insert("message".to_owned(), (&*record.message).into());
    for (name, value) in &record.fields {
        object.insert(name.to_lowercase(), value.text().into());
    }
    let mut line = visible::json(&serde_json::Value::Object(object).to_string()).into_owned();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests;
