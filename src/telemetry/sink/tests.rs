use super::{json, text};
use crate::base::ServerName;
use crate::facts;
use crate::facts::FactKind;
use crate::facts::Priority;

#[test]
fn a_servers_text_cannot_forge_lines() {
    let server = ServerName::parse("s").unwrap();
    let line = "a\u{1b}[2J\ncallmux:\u{202e} forged".into();
    let fact = facts::ServerWrote { server, unit: None, priority: Priority::Info, line };
    let record = fact.record();
    let shown = "callmux: [s] a\\u{1b}[2J\\ncallmux:\\u{202e} forged\n";
    assert_eq!(text(&record, false), shown);
    let line = json(&record, "2026-11-30T00:00:00Z");
    assert!(line.contains("a\\u001b[2J\\ncallmux:\\u202e forged"), "{line}");
    assert_eq!(line.matches('\n').count(), 1);
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["fact"], "server_wrote");
    assert_eq!(value["server"], "s");
}
