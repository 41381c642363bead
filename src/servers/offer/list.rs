//! One list of a server, page by page, and where it is cut.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::item::Item;
use crate::connection::Mirrors;
use crate::definitions::{Remark, Remarks};
use crate::servers::error::ListError;
use crate::wire::{ListKind, mirror, object};

/// Definitions of one list that are looked at, right or wrong. Gateways with some 3,000 tools are
/// known, and servers that list every file as a resource; no client can take more.
pub(super) const ITEMS_MAX: usize = 10_000;
/// Bytes of one list that are kept: as many definitions of the usual size.
const KEPT_MAX: usize = 8 * 1024 * 1024;
/// Bytes of pages that are read for one list. A page comes whole, so the last one may go beyond it.
const READ_MAX: usize = 16 * 1024 * 1024;
/// The longest cursor that is sent back.
const CURSOR_MAX: usize = 8 * 1024;

/// One list of a server, and what was wrong with the definitions that are missing in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    pub items: Vec<Item>,
    /// Definitions that are left out.
    pub refused: Remarks,
    /// Definitions that are shown in another way than the server wrote them.
    pub changed: Remarks,
    /// Why the list is not whole, if it is not.
    pub cut: Option<Arc<str>>,
    /// What is wrong with the way its pages end, though nothing is known to be missing.
    pub paging: Option<Arc<str>>,
    /// Bytes that were read for it.
    pub size: usize,
    /// For how long a modern server says that the list holds, in milliseconds.
    pub ttl_ms: Option<u64>,
}

impl List {
    /// The list of these definitions.
    pub fn from_definitions<'a>(
        kind: ListKind,
        definitions: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut building = Building::new(kind);
        for definition in definitions {
            building.list.size += definition.len();
            building.add(definition);
        }
        building.finish()
    }

    pub(super) fn is_as_wrong_as(&self, other: &Self) -> bool {
        let what = |list: &Self| {
            (list.refused.clone(), list.changed.clone(), list.cut.clone(), list.paging.clone())
        };
        what(self) == what(other)
    }

    /// What is wrong with it, in one line; `None` if nothing is.
    pub fn complaint(&self, kind: ListKind) -> Option<String> {
        let noun = kind.noun();
        let about = |remarks: &Remarks, what: &str| {
            let (count, is) = (remarks.count(), if remarks.count() == 1 { " is" } else { "s are" });
            (count > 0).then(|| format!("{count} {noun}{is} {what}: {}", remarks.line()))
        };
        let refused = about(&self.refused, "not shown");
        let changed = about(&self.changed, "shown with changes");
        let rest = [&self.cut, &self.paging].into_iter().flatten().map(ToString::to_string);
        let parts: Vec<String> = refused.into_iter().chain(changed).chain(rest).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// What of each tool's arguments is repeated in headers. A tool that is wrong about it is left
    /// out (2026-07-28, "Custom Headers from Tool Parameters").
    pub(super) fn take_mirrors(&mut self) -> Mirrors {
        let mut mirrors = Mirrors::new();
        let refused = &mut self.refused;
        self.items.retain(|tool| {
            let schema = object::get(&tool.definition, "inputSchema").unwrap_or("{}");
            match mirror::annotations(schema) {
                Ok(found) if found.is_empty() => true,
                Ok(found) => {
                    mirrors.insert(tool.name.clone(), found.into());
                    true
                }
                Err(reason) => {
                    refused.add(Remark::new(&tool.name, &reason.to_string()));
                    false
                }
            }
        });
        mirrors
    }
}

/// A list that is being read.
#[derive(Debug)]
pub(super) struct Building {
    kind: ListKind,
    list: List,
    names: HashSet<Arc<str>>,
    /// Those of output schemas.
    ids: HashSet<String>,
    /// The definitions and what was refused, before the page that was read last.
    before: (usize, Remarks),
    /// Definitions that were sent, looked at or not.
    sent: usize,
    looked_at: usize,
    kept: usize,
}

impl Building {
    pub(super) fn new(kind: ListKind) -> Self {
        Self {
            kind,
            list: List::default(),
            names: HashSet::new(),
            ids: HashSet::new(),
            before: (0, Remarks::default()),
            sent: 0,
            looked_at: 0,
            kept: 0,
        }
    }

    pub(super) fn kind(&self) -> ListKind {
        self.kind
    }

    pub(super) fn finish(self) -> List {
        let mut list = self.list;
        if list.cut.is_none() && self.sent > self.looked_at {
            let (shown, sent) = (list.items.len(), self.sent);
            let cut = format!("of its {sent} {}s {shown} are shown: {}", self.kind.noun(), bound());
            list.cut = Some(cut.into());
        }
        list.items.shrink_to_fit();
        list
    }

    /// Looks at one definition, if there is room for it.
    fn add(&mut self, definition: &str) {
        self.sent += 1;
        if self.is_full() {
            return;
        }
        self.looked_at += 1;
        match Item::read(self.kind, definition, &mut self.ids) {
            Ok((item, _)) if self.names.contains(&item.name) => {
                let reason = format!("its {} occurs twice", self.kind.key());
                self.list.refused.add(Remark::new(&item.name, &reason));
            }
            Ok((item, changed)) => {
                if let Some(remark) = changed {
                    self.list.changed.add(remark);
                }
                self.kept += item.definition.len();
                self.names.insert(item.name.clone());
                self.list.items.push(item);
            }
            Err(remark) => self.list.refused.add(remark),
        }
    }

    fn is_full(&self) -> bool {
        self.looked_at >= ITEMS_MAX || self.kept >= KEPT_MAX
    }

    /// Adds one page's items and returns the next cursor, as written, if it is to be read.
    pub(super) fn add_page(&mut self, page: &str) -> Result<Option<String>, ListError> {
        let (method, member) = (self.kind.method(), self.kind.member());
        let [items, cursor, ttl] = object::members(page, [member, "nextCursor", "ttlMs"])
            .map_err(|error| ListError::Json { method, error })?;
        let items = items.ok_or(ListError::NoMember { method, member })?;
        let left = ITEMS_MAX.saturating_sub(self.looked_at);
        let (items, more) =
            elements(items, left).map_err(|_| ListError::NoList { method, member })?;
        self.before = (self.list.items.len(), self.list.refused.clone());
        for definition in items {
            self.add(definition.get());
        }
        self.sent += more;
        self.list.size += page.len();
        let ttl = ttl.and_then(|json| json.parse::<u64>().ok());
        self.list.ttl_ms = self.list.ttl_ms.into_iter().chain(ttl).min();
        match cursor {
            None | Some("null") => Ok(None),
            Some("\"\"") => {
                self.ends_oddly("with an empty cursor");
                Ok(None)
            }
            Some(cursor) if cursor.starts_with('"') => Ok(self.next(cursor)),
            Some(_) => Err(ListError::NoCursor { method }),
        }
    }

    /// The cursor of the next page, if that is to be read.
    fn next(&mut self, cursor: &str) -> Option<String> {
        if self.is_full() {
            self.stop(&bound());
        } else if self.list.size > READ_MAX {
            self.stop(&format!("its pages have more than {} MiB", READ_MAX >> 20));
        } else if cursor.len() > CURSOR_MAX {
            self.stop(&format!("its cursor has {} bytes", cursor.len()));
        } else {
            return Some(cursor.to_owned());
        }
        None
    }

    /// Notes why no further page is read.
    pub(super) fn stop(&mut self, why: &str) {
        let (shown, noun, method) = (self.list.items.len(), self.kind.noun(), self.kind.method());
        let cut = format!("its {method} is read no further than {shown} {noun}s: {why}");
        self.list.cut = Some(cut.into());
    }
}

impl Building {
    /// The cursor of the last page was sent before: what follows is known, or would be for ever.
    pub(super) fn repeats(&mut self, cursor: &str) {
        let (items, refused) = std::mem::take(&mut self.before);
        if self.list.items.len() == items {
            // All of the page is there already, from the first time.
            self.list.refused = refused;
        }
        self.ends_oddly(&format!("with the cursor {cursor}, which it sent before"));
    }

    fn ends_oddly(&mut self, how: &str) {
        let (shown, noun, method) = (self.list.items.len(), self.kind.noun(), self.kind.method());
        let told = format!("the last page of its {method} ends {how}: {shown} {noun}s were read");
        self.list.paging = Some(told.into());
    }
}

fn bound() -> String {
    format!("a list has at most {ITEMS_MAX} definitions and {} MiB", KEPT_MAX >> 20)
}

/// The first `max` elements of a JSON array, and how many more it has.
fn elements(json: &str, max: usize) -> Result<(Vec<&RawValue>, usize), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = reader.deserialize_seq(Elements { max })?;
    reader.end()?;
    Ok(found)
}

struct Elements {
    max: usize,
}

impl<'de> Visitor<'de> for Elements {
    type Value = (Vec<&'de RawValue>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let (mut first, mut more) = (Vec::new(), 0);
        while first.len() < self.max {
            match seq.next_element()? {
                Some(element) => first.push(element),
                None => return Ok((first, 0)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            more += 1;
        }
        Ok((first, more))
    }
}
