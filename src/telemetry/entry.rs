//! An entry of the journal, in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): `NAME=value`,
//! or with a length where the value has more than one line.

use super::level::Level;
use super::record::{Record, Value, write_number};
use crate::base::visible;

/// The longest value, in bytes: what journald keeps of an entry has to fit into one datagram.
const VALUE_MAX: usize = 16 * 1024;

/// Adds the entry's bytes to `out`.
pub(super) fn write(out: &mut Vec<u8>, record: &Record<'_>, sequence: Option<u64>) {
    let priority = match (&record.speaker, record.level) {
        // journald's limits are for each class of priorities: what servers write is not to share
        // one with the entries of calls.
        (Some(_), _) | (None, Level::Info) => "6",
        (None, Level::Error) => "3",
        (None, Level::Warning) => "4",
        (None, Level::Debug) => "7",
    };
    field(out, ["PRIORITY"], priority);
    field(out, ["MESSAGE"], &visible::line(&record.message));
    field(out, ["MESSAGE_ID"], record.message_id);
    field(out, ["CALLMUX_FACT"], record.name);
    match &record.speaker {
        None => field(out, ["SYSLOG_IDENTIFIER"], "callmux"),
        Some(speaker) => {
            field(out, ["SYSLOG_IDENTIFIER"], &format!("mcp-{}", speaker.server));
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
mod tests {
    use super::super::fact::Fact;
    use super::{VALUE_MAX, write};
    use crate::base::ServerName;

    fn entry(line: &str) -> Vec<u8> {
        let (server, unit) = (ServerName::parse("s").unwrap(), Some("u.service".into()));
        let fact = Fact::ServerWrote { server, unit, line: line.to_owned() };
        let mut bytes = Vec::new();
        write(&mut bytes, &fact.record(), None);
        bytes
    }

    #[test]
    fn a_value_cannot_begin_a_field_of_its_own_or_choose_its_level() {
        let bytes = entry("<0>a\nPRIORITY=0");
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.starts_with("PRIORITY=6\nMESSAGE=<0>a\\nPRIORITY=0\n"), "{text}");
        assert!(!text.contains("\nPRIORITY=0"), "{text}");
        assert!(text.contains("\nSYSLOG_IDENTIFIER=mcp-s\nUSER_UNIT=u.service\n"), "{text}");
        let long = entry(&"ü".repeat(VALUE_MAX));
        assert!(long.len() < VALUE_MAX + 300 && String::from_utf8(long).is_ok());
    }

    #[test]
    fn an_entry_of_a_call_has_all_its_fields() {
        let call = super::super::text::example_call();
        let mut bytes = Vec::new();
        write(&mut bytes, &Fact::CallFinished(Box::new(call.clone())).record(), Some(7));
        let expected = format!(
            "PRIORITY=7\nMESSAGE=a__b tool_error in 1500 µs: it said no\n\
             MESSAGE_ID=a1f0c6de5b7e4b0fa3a5d0c1e2f30018\nCALLMUX_FACT=call_finished\n\
             SYSLOG_IDENTIFIER=callmux\nCALLMUX_CALL_ID={}\nCALLMUX_TOOL=a__b\nCALLMUX_KIND=tool\n\
             CALLMUX_OUTCOME=tool_error\nCALLMUX_DURATION_US=1500\nCALLMUX_PRINCIPAL=user 1000\n\
             CALLMUX_CLIENT=c 1\nCALLMUX_REQUEST_BYTES=10\nCALLMUX_REPLY_BYTES=20\n\
             CALLMUX_REASON=it said no\nCALLMUX_SERVER=a\nCALLMUX_SESSION={}\n\
             CALLMUX_SEQUENCE=7\n",
            call.call,
            call.session.unwrap(),
        );
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}
