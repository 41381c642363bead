//! The tools of all servers under the names clients see.
//!
//! A tool is shown as `prefix__tool`; without a prefix as `tool`. The list is sorted by name and
//! each definition is the server's own bytes with the name replaced, so an unchanged set of tools
//! is the same text after any restart. Two tools that would get the same name both fall back to
//! `server__tool`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use crate::base::ServerName;
use crate::base::names::SEPARATOR;
use crate::servers::{Server, Tool};
use crate::wire::splice::Splice;

/// How long a modern client may keep the list without asking again, in milliseconds.
const LIST_TTL_MS: u32 = 60_000;

/// The catalog of one world.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: Vec<Entry>,
    /// Every name a tool can be called by → its entry.
    by_name: HashMap<Box<str>, usize>,
    /// The server's own names → entries; more than one if the name is not unique.
    by_bare_name: HashMap<Box<str>, Vec<usize>>,
    /// The `tools` array.
    pub list: Bytes,
    /// The whole result of `tools/list` for each era.
    pub legacy_result: Bytes,
    pub modern_result: Bytes,
}

/// One tool in the catalog.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name clients see.
    pub shown: Arc<str>,
    pub server: Server,
    pub tool: Tool,
}

/// Why a name leads to no tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// Nothing has this name; the nearest name that something has.
    Unknown { nearest: Option<Arc<str>> },
    /// The bare name belongs to tools of several servers: their full names.
    Ambiguous(Vec<Arc<str>>),
}

impl Catalog {
    /// The catalog of the servers' tools as they are now, or as they last were.
    pub fn build(servers: &BTreeMap<ServerName, Server>) -> Self {
        Self::of(servers.values().flat_map(entries_of).collect())
    }

    /// The catalog of these tools.
    pub fn of(mut entries: Vec<Entry>) -> Self {
        give_way(&mut entries);
        entries.sort_by(|a, b| a.shown.cmp(&b.shown));
        let mut catalog = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            catalog.by_name.insert((*entry.shown).into(), index);
            catalog.by_bare_name.entry((*entry.tool.name).into()).or_default().push(index);
        }
        for (index, entry) in entries.iter().enumerate() {
            catalog
                .by_name
                .entry(full_name(&entry.server.name, &entry.tool.name).into())
                .or_insert(index);
        }
        catalog.write_lists(&entries);
        catalog.entries = entries;
        catalog
    }

    fn write_lists(&mut self, entries: &[Entry]) {
        let definitions: Vec<Bytes> = entries.iter().map(Entry::definition).collect();
        self.list = [b"[".as_slice(), &definitions.join(&b","[..]), b"]"].concat().into();
        let result = |before: &str, after: &str| -> Bytes {
            [before.as_bytes(), &self.list, after.as_bytes()].concat().into()
        };
        self.legacy_result = result(r#"{"tools":"#, "}");
        let after = format!(r#","ttlMs":{LIST_TTL_MS},"cacheScope":"private"}}"#);
        self.modern_result = result(r#"{"resultType":"complete","tools":"#, &after);
    }

    /// The tool that `name` stands for: the name it is shown under, its full name
    /// `server__tool`, or its own name where only one server has it.
    pub fn resolve(&self, name: &str) -> Result<&Entry, NotFound> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(&self.entries[*index]);
        }
        match self.by_bare_name.get(name).map(Vec::as_slice) {
            Some([index]) => Ok(&self.entries[*index]),
            Some(several) => Err(NotFound::Ambiguous(
                several.iter().map(|index| self.entries[*index].shown.clone()).collect(),
            )),
            None => Err(NotFound::Unknown { nearest: self.nearest(name) }),
        }
    }

    fn nearest(&self, name: &str) -> Option<Arc<str>> {
        // Long names are no typing errors, and comparing them is not free.
        let short = name.get(..name.len().min(128))?;
        let distance = |entry: &Entry| {
            let full = strsim::damerau_levenshtein(short, &entry.shown);
            full.min(strsim::damerau_levenshtein(short, &entry.tool.name))
        };
        let (best, entry) =
            self.entries.iter().map(|entry| (distance(entry), entry)).min_by_key(|(d, _)| *d)?;
        (best <= 3.min(short.chars().count() / 2)).then(|| entry.shown.clone())
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    fn definition(&self) -> Bytes {
        if self.shown == self.tool.name {
            return self.tool.definition.as_bytes().clone();
        }
        let name = serde_json::Value::from(&*self.shown).to_string();
        Splice::new(&self.tool.definition).replace(self.tool.name_at, name).finish().into_bytes()
    }
}

fn full_name(server: &ServerName, tool: &str) -> String {
    format!("{server}{SEPARATOR}{tool}")
}

fn entries_of(server: &Server) -> Vec<Entry> {
    let Some(list) = server.status().tools.clone() else { return Vec::new() };
    let config = &server.config;
    let prefix = config.prefix.as_deref().unwrap_or(server.name.as_str());
    let allowed = list.tools.iter().filter(|tool| config.tools.allow(&tool.name));
    allowed
        .map(|tool| {
            let name = config.aliases.get(&*tool.name).map_or(&*tool.name, String::as_str);
            let shown = if prefix.is_empty() {
                name.to_owned()
            } else {
                format!("{prefix}{SEPARATOR}{name}")
            };
            Entry { shown: shown.into(), server: server.clone(), tool: tool.clone() }
        })
        .collect()
}

/// Tools that would share a name are shown under their full names instead.
fn give_way(entries: &mut [Entry]) {
    let mut count: HashMap<Arc<str>, usize> = HashMap::new();
    for entry in entries.iter() {
        *count.entry(entry.shown.clone()).or_default() += 1;
    }
    for entry in entries {
        if count[&entry.shown] > 1 {
            entry.shown = full_name(&entry.server.name, &entry.tool.name).into();
        }
    }
}

#[cfg(test)]
mod tests;
