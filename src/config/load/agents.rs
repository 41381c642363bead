//! What is about agents: what they are shown, how much is kept for them.

use std::path::PathBuf;

use super::named::{Named, members};
use crate::base::dirs;
use crate::keys;
use crate::keys::section::Section;
use crate::keys::tree::Node;
use crate::settings::complaint::Complaint;
use crate::settings::config::Caps;
use crate::settings::view::{ClientConfig, View};

/// The keys of a view; what is not set is as in `above`, or has its default.
pub(super) fn view(section: &mut Section<'_>, above: Option<&View>) -> View {
    let mut view = above.cloned().unwrap_or_default();
    for row in keys::VIEW_ROWS {
        if above.is_none() || section.has(row.key.name) {
            row.read(section, &mut view);
        }
    }
    view
}

/// A whole number, or the key's default.
fn count(section: &mut Section<'_>, name: &str) -> usize {
    usize::try_from(section.number_or_default(name)).unwrap_or(usize::MAX)
}

pub(super) fn roots(section: &mut Section<'_>) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    for (text, at) in section.plain_texts("file_roots").unwrap_or_default() {
        let path = dirs::expand_home(&text);
        if path.is_absolute() {
            roots.push(path);
        } else {
            let message = format!("`{text}` must be an absolute path or start with `~/`");
            section.complain(at, "file_roots", message);
        }
    }
    roots
}

pub(super) fn caps(mut section: Section<'_>) -> (Caps, Vec<Complaint>) {
    let always = "a key with a default";
    let caps = Caps {
        entries: count(&mut section, "max_entries"),
        entry_bytes: section.size("max_entry").expect(always),
        total_bytes: section.size("max_total").expect(always),
    };
    (caps, section.finish())
}

pub(super) fn clients(node: Node, above: &View, named: &mut Named<'_>) -> Vec<ClientConfig> {
    let mut clients = Vec::new();
    for (name, node) in members(node, "clients", named) {
        let path = format!("clients.{name}");
        let mut section = Section::new(path, node, keys::CLIENT, named.sources, named.complaints);
        let view = view(&mut section, Some(above));
        named.unresolved.extend(section.finish());
        clients.push(ClientConfig::new(name, view));
    }
    clients
}
