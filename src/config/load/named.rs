//! Tables of named tables: `[clients.NAME]`, `[recipes.NAME]`.

use std::collections::BTreeMap;

use crate::keys::reference::Sources;
use crate::keys::tree::{Node, Value};
use crate::settings::complaint::Complaint;

/// What reading tables of named tables takes and leaves.
pub(super) struct Named<'a> {
    pub(super) sources: &'a Sources,
    pub(super) complaints: &'a mut Vec<Complaint>,
    pub(super) unresolved: &'a mut Vec<Complaint>,
}

/// The tables inside a table.
pub(super) fn members(node: Node, key: &str, named: &mut Named<'_>) -> BTreeMap<String, Node> {
    match node.value {
        Value::Table(members) => members,
        other => {
            let message = format!("must be a table, not {}", other.title());
            named.complaints.push(Complaint { at: node.at, key: key.into(), message });
            BTreeMap::new()
        }
    }
}
