//! One table of the config, read key by key against the table of known keys.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::error::ValueError;
use super::meant;
use super::reference::{self, Resolved, Sources};
use super::tree::{Node, Table, Value};
use super::units;
use super::{Key, ValueKind, default_of, kind_of};
use crate::base::Secret;
use crate::base::nearest::NAME_MAX;
use crate::json::Json;
use crate::settings::complaint::{Complaint, Place};

/// Two names are "near" when so many letters at the most have to change.
const NEAR: usize = 3;

/// A table being read. What is taken is gone; [`Section::finish`] complains about the rest.
#[derive(Debug)]
pub struct Section<'a> {
    /// As a person names it: `servers.github`; empty at the top.
    path: String,
    table: Table,
    at: Place,
    keys: &'static [Key],
    sources: &'a Sources,
    complaints: &'a mut Vec<Complaint>,
    /// References in this section that could not be resolved.
    unresolved: Vec<Complaint>,
    /// Texts with a secret in them, each with how it is written.
    secrets: Vec<(Secret, String)>,
}

impl<'a> Section<'a> {
    pub fn new(
        path: String,
        node: Node,
        keys: &'static [Key],
        sources: &'a Sources,
        complaints: &'a mut Vec<Complaint>,
    ) -> Self {
        let Node { at, value } = node;
        let table = if let Value::Table(table) = value {
            table
        } else {
            let message = format!("must be a table, not {}", value.title());
            complaints.push(Complaint { at: at.clone(), key: path.clone(), message });
            Table::new()
        };
        let (unresolved, secrets) = (Vec::new(), Vec::new());
        Self { path, table, at, keys, sources, complaints, unresolved, secrets }
    }

    fn key(&self, name: &str) -> String {
        match (self.path.as_str(), name) {
            ("", alone) | (alone, "") => alone.to_owned(),
            (path, name) => format!("{path}.{name}"),
        }
    }

    /// Notes that `name` is wrong. Where the message would show a secret it shows the reference.
    pub fn complain(&mut self, at: Place, name: &str, message: impl Into<String>) {
        let mut message = message.into();
        for (secret, written) in &self.secrets {
            message = message.replace(secret.expose(), written);
        }
        let complaint = Complaint { at, key: self.key(name), message };
        self.complaints.push(complaint);
    }

    /// Takes a member that is not in the table of keys: a section inside this one.
    pub fn take(&mut self, name: &str) -> Option<Node> {
        self.table.remove(name)
    }

    /// Takes a section inside this one. A text instead of a table stands for its key `short`.
    pub fn inner(&mut self, name: &str, short: &str, keys: &'static [Key]) -> Option<Section<'_>> {
        let mut node = self.known(name)?;
        if matches!(node.value, Value::Text(_)) {
            let at = node.at.clone();
            node = Node { at, value: Value::Table(Table::from([(short.to_owned(), node)])) };
        }
        Some(Section::new(self.key(name), node, keys, self.sources, self.complaints))
    }

    /// Counts references of a section inside this one that could not be resolved among its own.
    pub fn adopt(&mut self, unresolved: Vec<Complaint>) {
        self.unresolved.extend(unresolved);
    }

    /// Whether `name` is set, to whatever value.
    pub fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// The text of `name` as it is written, if it is one.
    pub fn written(&self, name: &str) -> Option<&str> {
        match &self.table.get(name)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether `name` was read and what it refers to was not there.
    pub fn is_unresolved(&self, name: &str) -> bool {
        let key = self.key(name);
        self.unresolved.iter().any(|missing| missing.key == key)
    }

    /// Where `name` is set, or the section if it is not.
    pub fn place(&self, name: &str) -> Place {
        self.table.get(name).map_or(&self.at, |node| &node.at).clone()
    }

    fn known(&mut self, name: &str) -> Option<Node> {
        debug_assert!(
            self.keys.iter().any(|key| key.name == name),
            "{name} is in the table of keys"
        );
        self.table.remove(name)
    }

    fn wrong_type(&mut self, name: &str, expected: &str, node: &Node) {
        let mut message = format!("must be {expected}, not {}", node.value.title());
        if let Some(remedy) = meant::value(self.keys, name, node) {
            message += &format!("; write {remedy}");
        }
        self.complain(node.at.clone(), name, message);
    }

    /// Notes that nothing can be started with what `name` says.
    pub fn leads_nowhere(&mut self, at: Place, name: &str, message: String) {
        self.unresolved.push(Complaint { at, key: self.key(name), message });
    }

    fn resolve(&mut self, name: &str, at: &Place, text: &str) -> Option<Resolved> {
        let is_server = self.path.starts_with("servers.");
        let resolved = if reference::has_program(text) && !is_server {
            Err(ValueError::ProgramElsewhere)
        } else {
            reference::resolve(text, self.sources)
        };
        match resolved {
            Ok(resolved) => {
                if resolved.secret && !resolved.text.expose().is_empty() {
                    self.secrets.push((resolved.text.clone(), text.to_owned()));
                }
                Some(resolved)
            }
            Err(error) => {
                let message = error.to_string();
                self.unresolved.push(Complaint { at: at.clone(), key: self.key(name), message });
                None
            }
        }
    }

    /// A text with its references resolved, and whether it holds a secret.
    pub fn resolved(&mut self, name: &str) -> Option<(Resolved, Place)> {
        let node = self.known(name)?;
        match &node.value {
            Value::Text(text) => {
                let text = text.clone();
                self.resolve(name, &node.at, &text).map(|resolved| (resolved, node.at))
            }
            _ => {
                let expected = match kind_of(self.keys, name) {
                    Some(ValueKind::Duration) => "a duration in quotes, with its unit",
                    Some(ValueKind::Size) => "a size in quotes, with its unit",
                    _ => "a text",
                };
                self.wrong_type(name, expected, &node);
                None
            }
        }
    }

    pub fn text(&mut self, name: &str) -> Option<(String, Place)> {
        self.resolved(name).map(|(resolved, at)| (resolved.text.expose().to_owned(), at))
    }

    /// A list of texts, each with its place and whether it holds a secret.
    pub fn texts(&mut self, name: &str) -> Option<Vec<(Resolved, Place)>> {
        let node = self.known(name)?;
        let Value::List(items) = node.value else {
            self.wrong_type(name, "a list of texts", &node);
            return None;
        };
        let mut out = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let name = format!("{name}[{index}]");
            match &item.value {
                Value::Text(text) => {
                    let resolved = self.resolve(&name, &item.at, text);
                    out.extend(resolved.map(|resolved| (resolved, item.at)));
                }
                _ => self.wrong_type(&name, "a text", &item),
            }
        }
        Some(out)
    }

    /// A list of plain texts.
    pub fn plain_texts(&mut self, name: &str) -> Option<Vec<(String, Place)>> {
        let items = self.texts(name)?;
        Some(items.into_iter().map(|(item, at)| (item.text.expose().to_owned(), at)).collect())
    }

    /// A table of texts. Values may be secrets.
    pub fn text_table(&mut self, name: &str) -> Option<BTreeMap<String, (Secret, Place)>> {
        let node = self.known(name)?;
        let Value::Table(members) = node.value else {
            self.wrong_type(name, "a table of texts", &node);
            return None;
        };
        let mut out = BTreeMap::new();
        for (member, node) in members {
            let path = format!("{name}.{member}");
            match &node.value {
                Value::Text(text) => {
                    if let Some(resolved) = self.resolve(&path, &node.at, text) {
                        out.insert(member, (resolved.text, node.at));
                    }
                }
                _ => self.wrong_type(&path, "a text", &node),
            }
        }
        Some(out)
    }

    /// `true` or `false`, or the key's default.
    pub fn bool(&mut self, name: &str) -> bool {
        let default = default_of(self.keys, name) == Some("true");
        match self.known(name) {
            None => default,
            Some(Node { value: Value::Bool(bool), .. }) => bool,
            Some(node) => {
                self.wrong_type(name, "true or false", &node);
                default
            }
        }
    }

    fn parsed<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, ValueError>) -> Option<T> {
        if let Some((text, at)) = self.text(name) {
            match parse(&text) {
                Ok(value) => return Some(value),
                Err(error) => self.complain(at, name, error.to_string()),
            }
        }
        let default = default_of(self.keys, name)?.trim_matches('"');
        Some(parse(default).expect("the table's defaults can be read"))
    }

    /// A duration, or the key's default; `None` only for a key without one.
    pub fn duration(&mut self, name: &str) -> Option<Duration> {
        self.parsed(name, units::duration)
    }

    /// A moment; `None` if it is not set.
    pub fn moment(&mut self, name: &str) -> Option<SystemTime> {
        self.parsed(name, units::moment)
    }

    /// A size in bytes, or the key's default; `None` only for a key without one.
    pub fn size(&mut self, name: &str) -> Option<usize> {
        self.parsed(name, units::size)
    }

    /// A whole number in the key's range; `None` if it is not set.
    pub fn number(&mut self, name: &str) -> Option<u64> {
        let node = self.known(name)?;
        let Some(ValueKind::Number(min, max)) = kind_of(self.keys, name) else { return None };
        match node.value {
            Value::Number(number) => {
                let number = u64::try_from(number).ok().filter(|n| (min..=max).contains(n));
                if number.is_none() {
                    self.complain(
                        node.at,
                        name,
                        format!("must be a whole number from {min} to {max}"),
                    );
                }
                number
            }
            _ => {
                self.wrong_type(name, "a whole number", &node);
                None
            }
        }
    }

    /// A whole number in the key's range, or its default.
    pub fn number_or_default(&mut self, name: &str) -> u64 {
        let default = default_of(self.keys, name).and_then(|text| text.parse().ok());
        self.number(name).or(default).unwrap_or_default()
    }

    /// Any value, and where it is. References in its texts are not resolved: what a recipe holds is
    /// shown to agents.
    pub fn values(&mut self, name: &str) -> Option<(Place, Json)> {
        let node = self.known(name)?;
        match node.json() {
            Ok(value) => Some((node.at, value)),
            Err((at, error)) => {
                self.complain(at, name, error.to_string());
                None
            }
        }
    }

    /// One of the key's texts, or its default, by its place among them.
    pub fn choice(&mut self, name: &str) -> usize {
        let Some(ValueKind::Choice(texts)) = kind_of(self.keys, name) else { return 0 };
        let place = |text: &str| texts.iter().position(|choice| *choice == text);
        let default = default_of(self.keys, name).map_or("", |text| text.trim_matches('"'));
        match self.text(name) {
            None => place(default).unwrap_or(0),
            Some((text, at)) => place(&text).unwrap_or_else(|| {
                let message = format!("must be one of {}; not `{text}`", texts.join(", "));
                self.complain(at, name, message);
                0
            }),
        }
    }

    /// Complains about every key that is left, and returns the references that failed.
    pub fn finish(self) -> Vec<Complaint> {
        for (name, node) in &self.table {
            let headings =
                if self.path.is_empty() { meant::headings(name, node) } else { Vec::new() };
            if !headings.is_empty() {
                let key = self.key(name);
                self.complaints.extend(headings.into_iter().map(|(at, message)| Complaint {
                    at,
                    key: key.clone(),
                    message,
                }));
                continue;
            }
            let is_server = kind_of(self.keys, "start_timeout").is_some();
            let foreign = is_server.then(|| meant::key_of_server(name, node)).flatten();
            let message = foreign.unwrap_or_else(|| match nearest(name, self.keys) {
                Some(near) => format!("unknown key; did you mean `{near}`?"),
                None => {
                    let known: Vec<&str> = self.keys.iter().map(|key| key.name).collect();
                    format!("unknown key; known are {}", known.join(", "))
                }
            });
            let complaint = Complaint { at: node.at.clone(), key: self.key(name), message };
            self.complaints.push(complaint);
        }
        self.unresolved
    }
}

fn nearest(name: &str, keys: &[Key]) -> Option<&'static str> {
    // The words that other programs use for the same thing.
    let same = [("timeout", "call_timeout"), ("environment", "env"), ("directory", "cwd")];
    if let Some((_, ours)) = same.iter().find(|(theirs, _)| *theirs == name) {
        return keys.iter().map(|key| key.name).find(|key| key == ours);
    }
    if name.len() > NAME_MAX {
        return None;
    }
    let plain = name.to_lowercase().replace('-', "_");
    let distance = |key: &Key| {
        strsim::damerau_levenshtein(&plain, &key.name.replace('_', ""))
            .min(strsim::damerau_levenshtein(&plain, key.name))
    };
    let near = keys.iter().min_by_key(|key| distance(key))?;
    (distance(near) <= NEAR.min(name.len() / 2)).then_some(near.name)
}
