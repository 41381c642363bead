//! What is about agents: what they are shown, how much is kept for them.

use std::path::PathBuf;

use super::named::{Named, members};
use crate::base::dirs;
use crate::config::keys;
use crate::config::section::Section;
use crate::config::tree::Node;
use crate::render::{Compression, TextFormat};
use crate::settings::complaint::Complaint;
use crate::settings::config::Caps;
use crate::settings::tool_names::ToolNames;
use crate::settings::view::{ClientConfig, Exposure, View};

const FORMATS: [TextFormat; 3] = [TextFormat::Json, TextFormat::Toon, TextFormat::Auto];
const COMPRESSIONS: [Compression; 3] =
    [Compression::Off, Compression::Balanced, Compression::Aggressive];

/// The keys of a view; what is not set is as in `above`, or has its default.
pub(super) fn view(section: &mut Section<'_>, above: Option<&View>) -> View {
    let is_set = |section: &Section<'_>, name: &str| above.filter(|_| !section.has(name));
    View {
        exposure: match is_set(section, "exposure") {
            Some(above) => above.exposure,
            None => Exposure::ALL[section.choice("exposure")],
        },
        meta_tools: match is_set(section, "meta_tools") {
            Some(above) => above.meta_tools.clone(),
            None if section.has("meta_tools") => tool_names(section, "meta_tools"),
            None => ToolNames::all(),
        },
        schema_compression: match is_set(section, "schema_compression") {
            Some(above) => above.schema_compression,
            None => COMPRESSIONS[section.choice("schema_compression")],
        },
        max_description: match is_set(section, "max_description") {
            Some(above) => above.max_description,
            None => count(section, "max_description"),
        },
        output_format: match is_set(section, "output_format") {
            Some(above) => above.output_format,
            None => FORMATS[section.choice("output_format")],
        },
        structured_content: match is_set(section, "structured_content") {
            Some(above) => above.structured_content,
            None => section.bool("structured_content"),
        },
        max_result: match is_set(section, "max_result") {
            Some(above) => above.max_result,
            None => section.size("max_result").expect("a key with a default"),
        },
    }
}

/// How a server's definitions are shortened, if it says so itself.
pub(super) fn compression(section: &mut Section<'_>) -> Option<Compression> {
    let name = "schema_compression";
    section.has(name).then(|| COMPRESSIONS[section.choice(name)])
}

/// A whole number, or the key's default.
pub(super) fn count(section: &mut Section<'_>, name: &str) -> usize {
    usize::try_from(section.number_or_default(name)).unwrap_or(usize::MAX)
}

/// A list of tools by name or pattern; none if it is not set.
pub(super) fn tool_names(section: &mut Section<'_>, name: &str) -> ToolNames {
    let texts = section.plain_texts(name).unwrap_or_default();
    ToolNames::new(texts.into_iter().map(|(text, _)| text).collect())
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
        clients.push(ClientConfig { names: ToolNames::new(vec![name.clone()]), name, view });
    }
    clients
}
