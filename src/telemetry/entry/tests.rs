use super::{Priority, VALUE_MAX, write};
use crate::base::ServerName;
use crate::facts;
use crate::facts::FactKind;

fn entry(line: &str) -> Vec<u8> {
    let (server, unit) = (ServerName::parse("s").unwrap(), Some("u.service".into()));
    let (priority, line) = (Priority::Notice, line.to_owned());
    let fact = facts::ServerWrote { server, unit, priority, line };
    let mut bytes = Vec::new();
    write(&mut bytes, &fact.record(), None);
    bytes
}

#[test]
fn a_value_cannot_begin_a_field_of_its_own_or_choose_its_priority() {
    let bytes = entry("<0>a\nPRIORITY=0");
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("PRIORITY=5\nMESSAGE=<0>a\\nPRIORITY=0\n"), "{text}");
    assert!(!text.contains("\nPRIORITY=0"), "{text}");
    assert!(text.contains("\nSYSLOG_IDENTIFIER=mcp-s\nUSER_UNIT=u.service\n"), "{text}");
    let long = entry(&"ü".repeat(VALUE_MAX));
    assert!(long.len() < VALUE_MAX + 300 && String::from_utf8(long).is_ok());
}
