//! Resources and their templates: what is known by a URI.
//!
//! A URI is shown as the server wrote it. Where several servers have the same, each is shown as
//! `callmux://SERVER/` followed by the server's own URI, a form that leads to a server whether
//! it is needed or not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Entry;
use crate::base::ServerName;
use crate::servers::{Item, Server};
use crate::wire::{ListKind, Topic};

const SCHEME: &str = "callmux://";
/// Longer URIs are not compared with templates.
const URI_MAX: usize = 8192;

/// All resources and templates.
#[derive(Debug, Default)]
pub struct Uris {
    resources: Vec<Entry>,
    templates: Vec<Entry>,
    /// The shown URI → the resource.
    by_shown: HashMap<Arc<str>, usize>,
    /// URIs that several servers have → as they are shown.
    shared: HashMap<Arc<str>, Vec<Arc<str>>>,
    /// The servers that have resources.
    servers: BTreeMap<ServerName, Server>,
}

/// Where a URI leads.
#[derive(Debug)]
pub struct Located<'a> {
    pub server: &'a Server,
    /// The URI as the server knows it.
    pub uri: &'a str,
}

/// Why a URI leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotLocated {
    Unknown,
    /// Several servers have it: the URIs that tell them apart.
    Shared(Vec<Arc<str>>),
}

impl Uris {
    pub(super) fn of(servers: &BTreeMap<ServerName, Server>) -> Self {
        let mut uris = Self::default();
        for server in servers.values() {
            let Some(offer) = server.status().offer.clone() else { continue };
            if !offer.capabilities.has(Topic::Resources) {
                continue;
            }
            uris.servers.insert(server.name.clone(), server.clone());
            uris.resources.extend(entries(server, &offer.list(ListKind::Resources).items));
            uris.templates.extend(entries(server, &offer.list(ListKind::Templates).items));
        }
        uris.shared = give_way(&mut uris.resources);
        give_way(&mut uris.templates);
        for entries in [&mut uris.resources, &mut uris.templates] {
            entries.sort_by(|a, b| a.shown.cmp(&b.shown));
        }
        let shown = uris.resources.iter().enumerate();
        uris.by_shown = shown.map(|(index, entry)| (entry.shown.clone(), index)).collect();
        uris
    }

    pub(super) fn resources(&self) -> &[Entry] {
        &self.resources
    }

    pub(super) fn templates(&self) -> &[Entry] {
        &self.templates
    }

    /// URIs that several servers have, for people.
    pub fn shared(&self) -> impl Iterator<Item = (&str, &[Arc<str>])> {
        self.shared.iter().map(|(uri, shown)| (&**uri, shown.as_slice()))
    }

    /// The server that a URI belongs to. One that no list has goes to the server with a template
    /// that fits it, else to the only one with resources of its scheme, else to the only one with
    /// resources.
    pub fn locate<'a>(&'a self, uri: &'a str) -> Result<Located<'a>, NotLocated> {
        if let Some(located) = self.spelled_out(uri) {
            return Ok(located);
        }
        if let Some(index) = self.by_shown.get(uri) {
            let entry = &self.resources[*index];
            return Ok(Located { server: &entry.server, uri: &entry.item.name });
        }
        if let Some(shown) = self.shared.get(uri) {
            return Err(NotLocated::Shared(shown.clone()));
        }
        let fits = |entry: &&Entry| fits(&entry.item.name, uri);
        // The template that leaves least open.
        let literal = |entry: &&Entry| literals(&entry.item.name).map(str::len).sum::<usize>();
        let by_template = self.templates.iter().filter(fits).max_by_key(literal);
        let server = by_template
            .map(|entry| &entry.server)
            .or_else(|| self.only_of_scheme(uri))
            .or_else(|| only(self.servers.values()));
        server.map(|server| Located { server, uri }).ok_or(NotLocated::Unknown)
    }

    /// The server and its own text for a template that is shown under `template`.
    pub fn locate_template<'a>(&'a self, template: &'a str) -> Result<Located<'a>, NotLocated> {
        let found = self.templates.iter().find(|entry| *entry.shown == *template);
        match found {
            Some(entry) => Ok(Located { server: &entry.server, uri: &entry.item.name }),
            None => self.locate(template),
        }
    }

    fn spelled_out<'a>(&'a self, uri: &'a str) -> Option<Located<'a>> {
        let (server, rest) = uri.strip_prefix(SCHEME)?.split_once('/')?;
        let server = self.servers.get(&ServerName::parse(server).ok()?)?;
        Some(Located { server, uri: rest })
    }

    fn only_of_scheme(&self, uri: &str) -> Option<&Server> {
        let scheme = |uri: &str| uri.split_once(':').map(|(scheme, _)| scheme.to_owned());
        let wanted = scheme(uri)?;
        let entries = self.resources.iter().chain(&self.templates);
        let mut found: Vec<&Server> = entries
            .filter(|entry| scheme(&entry.item.name).as_ref() == Some(&wanted))
            .map(|entry| &entry.server)
            .collect();
        found.dedup_by(|a, b| a.name == b.name);
        only(found.into_iter())
    }
}

/// The one element, if there is one.
fn only<T>(mut of: impl Iterator<Item = T>) -> Option<T> {
    let first = of.next()?;
    of.next().is_none().then_some(first)
}

fn qualified(server: &ServerName, uri: &str) -> Arc<str> {
    format!("{SCHEME}{server}/{uri}").into()
}

fn entries(server: &Server, items: &[Item]) -> Vec<Entry> {
    let entry = |item: &Item| Entry {
        shown: item.name.clone(),
        server: server.clone(),
        item: item.clone(),
    };
    items.iter().map(entry).collect()
}

/// What several servers have is shown with the server's name. Returns those URIs.
fn give_way(entries: &mut [Entry]) -> HashMap<Arc<str>, Vec<Arc<str>>> {
    let mut count: HashMap<Arc<str>, usize> = HashMap::new();
    for entry in entries.iter() {
        *count.entry(entry.shown.clone()).or_default() += 1;
    }
    let mut shared: HashMap<Arc<str>, Vec<Arc<str>>> = HashMap::new();
    for entry in entries {
        if count[&entry.shown] > 1 {
            let shown = qualified(&entry.server.name, &entry.item.name);
            shared.entry(entry.item.name.clone()).or_default().push(shown.clone());
            entry.shown = shown;
        }
    }
    shared
}

/// The texts of a URI template (RFC 6570) that are no expressions.
fn literals(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').enumerate().map(|(index, part)| match (index, part.split_once('}')) {
        (0, _) | (_, None) => part,
        (_, Some((_, literal))) => literal,
    })
}

/// Whether a URI can be an expansion of a template: the literal texts occur in it in order, and what
/// a plain `{variable}` stands for has no slash (RFC 6570, section 3.2.2).
fn fits(template: &str, uri: &str) -> bool {
    if uri.len() > URI_MAX {
        return false;
    }
    // At which bytes of the URI what was read of the template can end.
    let mut ends = vec![false; uri.len() + 1];
    ends[0] = true;
    let mut rest = template;
    while !rest.is_empty() {
        rest = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((expression, rest)) => {
                ends = behind_expression(expression, uri.as_bytes(), &ends);
                rest
            }
            None => {
                let end = rest[1..].find('{').map_or(rest.len(), |at| at + 1);
                let (literal, rest) = rest.split_at(end);
                ends = behind_literal(literal.as_bytes(), uri.as_bytes(), &ends);
                rest
            }
        };
    }
    ends[uri.len()]
}

fn behind_literal(literal: &[u8], uri: &[u8], ends: &[bool]) -> Vec<bool> {
    let is_end = |at: usize| {
        let start = at.checked_sub(literal.len());
        start.is_some_and(|start| ends[start] && uri[start..at] == *literal)
    };
    (0..ends.len()).map(is_end).collect()
}

fn behind_expression(expression: &str, uri: &[u8], ends: &[bool]) -> Vec<bool> {
    let may_have_slash = expression.starts_with(['+', '#', '.', '/', ';', '?', '&']);
    let may_be_empty = expression.starts_with(['?', '&', '#', ';']);
    let (mut open, mut behind) = (false, Vec::with_capacity(ends.len()));
    for (at, is_end) in ends.iter().enumerate() {
        behind.push(open || (may_be_empty && *is_end));
        open = (open || *is_end) && (may_have_slash || uri.get(at) != Some(&b'/'));
    }
    behind
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn expansions_are_recognised() {
        for (template, uri, expected) in [
            ("file:///a", "file:///a", true),
            ("file:///a", "file:///b", false),
            ("note://{id}", "note://7", true),
            ("note://{id}", "note://", false),
            ("note://{id}", "note://a/b", false),
            ("file:///{+path}", "file:///a/b/c", true),
            ("test://{id}/data", "test://123/data", true),
            ("test://{id}/data", "test://123/date", false),
            ("q://x{?a,b}", "q://x?a=1", true),
            ("q://x{?a,b}", "q://x", true),
            ("broken://{x", "broken://1", false),
        ] {
            assert_eq!(fits(template, uri), expected, "{template} {uri}");
        }
    }
}
