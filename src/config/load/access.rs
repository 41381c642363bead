//! `[access]`: who may do what.

use super::named::{Named, members};
use crate::keys;
use crate::keys::section::Section;
use crate::keys::tree::Node;
use crate::settings::Limits;
use crate::settings::complaint::Complaint;

/// `[access.limits]`.
pub(super) fn limits(access: Node, named: &mut Named<'_>) -> Limits {
    let mut limits = Limits::default();
    for (name, node) in members(access, "access", named) {
        let path = format!("access.{name}");
        if name != "limits" {
            let message = "unknown key; write `[access.limits]` above the limits".to_owned();
            named.complaints.push(Complaint { at: node.at, key: path, message });
            continue;
        }
        let mut section = Section::new(path, node, keys::LIMITS, named.sources, named.complaints);
        for row in keys::LIMIT_ROWS {
            row.read(&mut section, &mut limits);
        }
        named.unresolved.extend(section.finish());
    }
    limits
}
