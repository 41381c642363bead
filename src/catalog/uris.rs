//! Resources and their templates: what is known by a URI.
//!
//! A URI is shown as the server wrote it. Where several servers have the same, each is shown as
//! `callmux://SERVER/` followed by the server's own URI, a form that leads to a server whether
//! it is needed or not. No server takes a URI over from another: one that fits templates of several
//! has to be spelled out.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::entry::Entry;
use super::share::{LeftOut, Share};
use super::source::Source;
use crate::base::ServerName;
use crate::servers::Server;
use crate::wire::{ListKind, Topic};

const SCHEME: &str = "callmux://";
/// Longer URIs are not compared with templates.
const URI_MAX: usize = 8192;
/// Bytes of a URI that are compared with parts of one server's templates, each time one is looked for.
const COMPARED_MAX: usize = 256 * 1024;
/// A longer scheme is none.
const SCHEME_MAX: usize = 64;

/// All resources and templates.
#[derive(Debug, Default)]
pub struct Uris {
    resources: Vec<Entry>,
    templates: Vec<Entry>,
    /// The shown URI → the resource.
    by_shown: HashMap<Arc<str>, usize>,
    /// The shown text → the template.
    by_template: HashMap<Arc<str>, usize>,
    /// URIs that several servers have → as they are shown.
    shared: HashMap<Arc<str>, Vec<Arc<str>>>,
    /// The servers that have resources.
    servers: BTreeMap<ServerName, Server>,
    /// Their templates.
    patterns: BTreeMap<ServerName, Vec<UriPattern>>,
    /// A scheme → the one server that has resources of it; nothing, if several have.
    schemes: HashMap<Box<str>, Option<ServerName>>,
}

/// A template that URIs are compared with.
#[derive(Debug)]
struct UriPattern {
    template: Arc<str>,
    /// Literal texts and expressions.
    parts: usize,
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
    pub(super) fn of(sources: &[Source<'_>]) -> (Self, Vec<LeftOut>) {
        let mut uris = Self::default();
        let (mut resources, mut templates) = (Vec::new(), Vec::new());
        for (server, offer) in sources {
            let Some(offer) = offer else { continue };
            if !offer.capabilities.has(Topic::Resources) {
                continue;
            }
            uris.servers.insert(server.name.clone(), (*server).clone());
            let entries = |kind: ListKind| {
                let items = offer.list(kind).items.iter();
                items.map(|item| Entry::new(server, item)).collect()
            };
            resources.push((*server, entries(ListKind::Resources)));
            templates.push((*server, entries(ListKind::Templates)));
        }
        let (resources, mut left_out) = Share::take(ListKind::Resources, resources);
        let (templates, more) = Share::take(ListKind::Templates, templates);
        left_out.extend(more);
        (uris.resources, uris.templates) = (resources, templates);
        uris.note_schemes();
        uris.shared = give_way(&mut uris.resources);
        give_way(&mut uris.templates);
        for entries in [&mut uris.resources, &mut uris.templates] {
            entries.iter_mut().for_each(Entry::put_name);
            entries.sort_by(|a, b| a.shown.cmp(&b.shown));
        }
        let places = |entries: &[Entry]| {
            let shown = entries.iter().enumerate();
            shown.map(|(index, entry)| (entry.shown.clone(), index)).collect()
        };
        (uris.by_shown, uris.by_template) = (places(&uris.resources), places(&uris.templates));
        for entry in &uris.templates {
            let template = entry.item.name.clone();
            let parts = 1 + 2 * memchr::memchr_iter(b'{', template.as_bytes()).count();
            let of_server = uris.patterns.entry(entry.server.name.clone()).or_default();
            of_server.push(UriPattern { template, parts });
        }
        (uris, left_out)
    }

    fn note_schemes(&mut self) {
        for entry in self.resources.iter().chain(&self.templates) {
            let Some(scheme) = scheme(&entry.item.name) else { continue };
            let name = &entry.server.name;
            match self.schemes.get_mut(scheme) {
                None => _ = self.schemes.insert(scheme.into(), Some(name.clone())),
                Some(owner) if owner.as_ref() != Some(name) => *owner = None,
                Some(_) => {}
            }
        }
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
        let mut fitting = self.patterns.iter().filter(|(_, patterns)| any_fits(patterns, uri));
        match (fitting.next(), fitting.next()) {
            (Some((server, _)), None) => Ok(Located { server: &self.servers[server], uri }),
            (Some((a, _)), Some((b, _))) => {
                let all = [a, b].into_iter().chain(fitting.map(|(server, _)| server));
                Err(NotLocated::Shared(all.map(|server| qualified(server, uri)).collect()))
            }
            (None, _) => {
                let server = self.only_of_scheme(uri).or_else(|| only(self.servers.values()));
                server.map(|server| Located { server, uri }).ok_or(NotLocated::Unknown)
            }
        }
    }

    /// The server and its own text for a template that is shown under `template`.
    pub fn locate_template<'a>(&'a self, template: &'a str) -> Result<Located<'a>, NotLocated> {
        match self.by_template.get(template).map(|index| &self.templates[*index]) {
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
        let owner = self.schemes.get(scheme(uri)?)?.as_ref()?;
        self.servers.get(owner)
    }
}

fn scheme(uri: &str) -> Option<&str> {
    let scheme = uri.split_once(':').map(|(scheme, _)| scheme);
    scheme.filter(|scheme| scheme.len() <= SCHEME_MAX)
}

/// The one element, if there is one.
fn only<T>(mut of: impl Iterator<Item = T>) -> Option<T> {
    let first = of.next()?;
    of.next().is_none().then_some(first)
}

fn qualified(server: &ServerName, uri: &str) -> Arc<str> {
    format!("{SCHEME}{server}/{uri}").into()
}

/// What several servers have is shown with the server's name, and so is what looks as if it had one.
/// Returns the URIs that several have.
fn give_way(entries: &mut [Entry]) -> HashMap<Arc<str>, Vec<Arc<str>>> {
    let mut count: HashMap<Arc<str>, usize> = HashMap::new();
    for entry in entries.iter() {
        *count.entry(entry.shown.clone()).or_default() += 1;
    }
    let mut shared: HashMap<Arc<str>, Vec<Arc<str>>> = HashMap::new();
    for entry in entries {
        let is_shared = count[&entry.shown] > 1;
        if is_shared || is_spelled_out(&entry.item.name) {
            let shown = qualified(&entry.server.name, &entry.item.name);
            if is_shared {
                shared.entry(entry.item.name.clone()).or_default().push(shown.clone());
            }
            entry.shown = shown;
        }
    }
    shared
}

/// Whether a URI begins with our scheme (RFC 3986, section 3.1: in either case).
fn is_spelled_out(uri: &str) -> bool {
    uri.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

/// Whether a URI can be an expansion of any template, as far as there is time to find out.
fn any_fits(patterns: &[UriPattern], uri: &str) -> bool {
    let mut left = COMPARED_MAX;
    patterns.iter().any(|pattern| {
        let literal = pattern.template.split('{').next().unwrap_or_default();
        let has_start = uri.starts_with(literal);
        let work = (pattern.parts + pattern.template.len() / 32) * (uri.len() + 1);
        if !has_start || work > left {
            return false;
        }
        left -= work;
        fits(&pattern.template, uri)
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
