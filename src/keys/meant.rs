//! What a wrong key or value was meant to be, as far as it can be told.

use super::tree::{Node, Value};
use super::{Key, ValueKind, kind_of};
use crate::remedy::foreign;
use crate::remedy::value::{self, Wanted};
use crate::settings::complaint::Place;

/// What to write in place of a value of the wrong type. `name` may name a part of the value.
pub(super) fn value(keys: &[Key], name: &str, node: &Node) -> Option<String> {
    let json = node.json().ok()?;
    let wanted = match kind_of(keys, name) {
        None => return value::meant_inside(name, &json),
        Some(ValueKind::Text | ValueKind::Choice(_)) => Wanted::Text,
        Some(ValueKind::Texts) => Wanted::Texts,
        Some(ValueKind::TextTable) => Wanted::TextTable,
        Some(ValueKind::Bool) => Wanted::Bool,
        Some(ValueKind::Number(..)) => Wanted::Number,
        Some(ValueKind::Duration) => Wanted::Duration,
        Some(ValueKind::Size) => Wanted::Size,
        Some(ValueKind::Values) => return None,
    };
    value::meant(name, wanted, &json)
}

/// What is said of a key that `[servers.NAME]` does not have.
pub(super) fn key_of_server(name: &str, node: &Node) -> Option<String> {
    foreign::key_of_server(name, &node.json().ok()?)
}

/// The headings that a section at the top of the file was meant to have, each with the place of what it
/// is to stand for: `[mcpServers.a]` is `[servers.a]`.
pub(super) fn headings(name: &str, node: &Node) -> Vec<(Place, String)> {
    let is_server = |node: &Node| node.json().is_ok_and(|value| foreign::is_server(&value));
    let write = |heading: &str, name: &str| {
        format!("is no section; write `[{heading}.{}]`", foreign::heading_name(name))
    };
    match (&node.value, foreign::heading(name)) {
        (Value::Table(members), Some(heading)) => {
            let inner = members.get("servers").filter(|_| members.len() == 1);
            let members = match inner.map(|node| &node.value) {
                Some(Value::Table(inner)) => inner,
                _ => members,
            };
            let is_one = members.values().all(|node| matches!(node.value, Value::Table(_)));
            if !is_one || members.is_empty() {
                return vec![(node.at.clone(), write(heading, "NAME"))];
            }
            let each = |(name, node): (&String, &Node)| (node.at.clone(), write(heading, name));
            members.iter().map(each).collect()
        }
        (Value::List(items), Some(heading)) => {
            let name_of = |node: &Node| match &node.value {
                Value::Table(members) => match members.get("name").map(|name| &name.value) {
                    Some(Value::Text(name)) => name.clone(),
                    _ => "NAME".to_owned(),
                },
                _ => "NAME".to_owned(),
            };
            items.iter().map(|node| (node.at.clone(), write(heading, &name_of(node)))).collect()
        }
        (Value::Table(_), None) if is_server(node) => {
            vec![(node.at.clone(), write("servers", name))]
        }
        _ => Vec::new(),
    }
}
