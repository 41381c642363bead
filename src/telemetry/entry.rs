//! An entry of the journal, in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): `NAME=value`,
//! or with a length where the value has more than one line.

use crate::base::visible;
use crate::facts::{Level, Priority};
use crate::facts::{Record, Value, write_number};

/// The longest value, in bytes: what journald keeps of an entry has to fit into one datagram.
const VALUE_MAX: usize = 16 * 1024;

/// Adds the entry's bytes to `out`.
pub(super) fn write(out: &mut Vec<u8>, record: &Record<'_>, sequence: Option<u64>) {
    let spoken = record.speaker.map(|speaker| speaker.priority);
    let priority = match (spoken, record.level) {
        (Some(Priority::Error), _) | (None, Level::Error) => "3",
        (Some(Priority::Warning), _) | (None, Level::Warning) => "4",
        (Some(Priority::Notice), _) => "5",
        (Some(Priority::Info), _) | (None, Level::Info) => "6",
        (None, Level::Debug) => "7",
    };
    field(out, ["PRIORITY"], priority);
    field(out, ["MESSAGE"], &visible::line(&record.message));
    field(out, ["MESSAGE_ID"], record.about.message_id);
    field(out, ["CALLMUX_FACT"], record.about.name);
    match &record.speaker {
        None => field(out, ["SYSLOG_IDENTIFIER"], "callmux"),
        Some(speaker) => {
            field(out, ["SYSLOG_IDENTIFIER"], &format!("mcp-{}", speaker.server.as_str()));
            // With this `journalctl --user -u` and `systemctl status` show it as the unit's own
            // (systemd.journal-fields(7)).
            if let Some(unit) = &speaker.unit {
                field(out, ["USER_UNIT"], unit);
            }
        }
    }
    for (name, value) in &record.fields {
        match value {
            Value::Text(text) => field(out, ["CALLMUX_", name], text),
            Value::Number(value) => number(out, name, *value),
        }
    }
    if let Some(sequence) = sequence {
        number(out, "SEQUENCE", sequence);
    }
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    for part in ["CALLMUX_", name, "="] {
        out.extend_from_slice(part.as_bytes());
    }
    write_number(out, value);
    out.push(b'\n');
}

fn field<const N: usize>(out: &mut Vec<u8>, name: [&str; N], value: &str) {
    let value = &value[..value.floor_char_boundary(VALUE_MAX)];
    for part in name {
        out.extend_from_slice(part.as_bytes());
    }
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests;
