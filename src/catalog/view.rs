//! The tools as one kind of client sees them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::definition::Definition;
use super::entry::Entry;
use super::own_tools::{OwnTool, OwnTools};
use crate::base::ServerName;
use crate::compression::{Compression, definition, shared_beginning};
use crate::json::Json;
use crate::settings::{Exposure, Menu};
use crate::wire::object;

/// What tells a client that loads tools on demand to load one at once.
const ALWAYS_LOAD: &str = "anthropic/alwaysLoad";

/// The definitions, in the order of the shown names.
pub(super) fn tools(entries: &[Entry], own: &OwnTools, menu: &Menu) -> Vec<(Arc<str>, Definition)> {
    let is_pinned = |entry: &Entry| entry.server.config.policy.always_load.allow(&entry.item.name);
    let shown: Vec<&Entry> =
        entries.iter().filter(|entry| menu.exposure.shows(is_pinned(entry))).collect();
    let shared = SharedBeginnings::of(&shown, menu);
    let mut items: Vec<_> = shown
        .into_iter()
        .map(|entry| {
            let definition = definition(entry, is_pinned(entry), menu, &shared);
            let definition = Definition::new(definition, entry.item.is_output_modern);
            // Where tools are loaded on demand, only those that are pinned stand in a prompt.
            let is_read = !menu.pins_own || is_pinned(entry);
            (entry.shown.clone(), if is_read { definition } else { definition.unread() })
        })
        .collect();
    if menu.exposure != Exposure::NoMeta {
        let is_shown = |tool: &&OwnTool| tool.is_recipe || menu.meta_tools.allow(&tool.name);
        let own = own.0.iter().filter(is_shown);
        items.extend(own.map(|tool| (tool.name.clone(), own_definition(tool, menu).into())));
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    items
}

/// The members of a tool that are schemas.
const SCHEMAS: [&str; 2] = ["inputSchema", "outputSchema"];

/// Whether a definition may have definitions of its own that nothing refers to.
fn may_be_less(definition: &[u8]) -> bool {
    let has = |text: &str| memchr::memmem::find(definition, text.as_bytes()).is_some();
    has(r#""$defs""#) || has(r#""definitions""#)
}

/// The same without what nothing in its schemas refers to. That is no matter of taste: no call is judged
/// otherwise.
fn without_unreferenced(tool: &mut Json) {
    let Json::Object(members) = tool else { return };
    for (_, schema) in members.iter_mut().filter(|(name, _)| SCHEMAS.contains(&name.as_str())) {
        if let Some(less) = crate::compression::without_unreferenced(schema) {
            *schema = less;
        }
    }
}

fn compression(entry: &Entry, menu: &Menu) -> Compression {
    entry.server.config.policy.schema_compression.unwrap_or(menu.compression)
}

/// What the descriptions of a server's tools begin with, where that is said once: by the first of them.
#[derive(Debug)]
struct SharedBeginnings<'a>(HashMap<&'a ServerName, (String, &'a str)>);

impl<'a> SharedBeginnings<'a> {
    fn of(shown: &[&'a Entry], menu: &Menu) -> Self {
        let mut texts: HashMap<&ServerName, Vec<(&str, String)>> = HashMap::new();
        for entry in shown.iter().filter(|entry| compression(entry, menu) != Compression::Off) {
            let text = object::get(&entry.item.definition, "description").and_then(object::string);
            let of_server = texts.entry(&entry.server.name).or_default();
            of_server.extend(text.map(|text| (&*entry.shown, text.into_owned())));
        }
        let shared = |texts: Vec<(&'a str, String)>| {
            let all: Vec<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
            let beginning = shared_beginning(&all)?;
            let first = texts.iter().find(|(_, text)| text.starts_with(beginning))?.0;
            Some((beginning.to_owned(), first))
        };
        let found = texts.into_iter().filter_map(|(name, texts)| Some((name, shared(texts)?)));
        Self(found.collect())
    }

    /// Takes what another tool says already out of a description.
    fn leave_out(&self, entry: &Entry, tool: &mut Json) {
        let Some((beginning, first)) = self.0.get(&entry.server.name) else { return };
        let Json::Object(members) = tool else { return };
        let description = members.iter_mut().find(|(name, _)| name == "description");
        if let Some((_, Json::String(text))) = description
            && *first != &*entry.shown
            && let Some(rest) =
                text.strip_prefix(beginning.as_str()).filter(|rest| !rest.is_empty())
        {
            *text = rest.to_owned();
        }
    }
}

/// A definition; the server's own bytes where nothing is to be changed.
fn definition(entry: &Entry, is_pinned: bool, menu: &Menu, shared: &SharedBeginnings<'_>) -> Bytes {
    let plain = entry.definition.clone();
    let compression = compression(entry, menu);
    let may_be_less = may_be_less(&plain);
    if !is_pinned && compression == Compression::Off && !may_be_less {
        return plain;
    }
    let Some(mut tool) = std::str::from_utf8(&plain).ok().and_then(|text| Json::parse(text).ok())
    else {
        return plain;
    };
    if may_be_less {
        without_unreferenced(&mut tool);
    }
    if compression != Compression::Off {
        shared.leave_out(entry, &mut tool);
        tool = definition::definition(&tool, compression, menu.max_description);
    }
    if is_pinned {
        pin(&mut tool);
    }
    tool.to_string().into()
}

fn own_definition(tool: &OwnTool, menu: &Menu) -> Bytes {
    let text = std::str::from_utf8(&tool.definition).ok().filter(|_| menu.pins_own);
    let Some(mut tool) = text.and_then(|text| Json::parse(text).ok()) else {
        return tool.definition.clone();
    };
    pin(&mut tool);
    tool.to_string().into()
}

/// Notes in `_meta` that the tool is to be loaded at once.
fn pin(tool: &mut Json) {
    let Json::Object(members) = tool else { return };
    let mark = (ALWAYS_LOAD.to_owned(), true.into());
    match members.iter_mut().find(|(name, _)| name == "_meta") {
        Some((_, Json::Object(meta))) => {
            meta.retain(|(name, _)| name != ALWAYS_LOAD);
            meta.push(mark);
        }
        _ => members.push(("_meta".to_owned(), Json::Object(vec![mark]))),
    }
}
