//! A list as clients read it: its bytes, whole and page by page.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use super::definition::Definition;
use crate::wire::{Era, ListKind};

/// How long a modern client may keep a list without asking again, in milliseconds, where no server
/// says less.
const TTL_MS: u64 = 60_000;
/// Items on one page, and bytes of them.
const PAGE: usize = 1000;
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// What every cursor of ours begins with, before it is encoded.
const AFTER: &str = "after:";

/// One list. A cursor names the last item that was sent, so that a page after a change of the list
/// neither repeats items nor leaves out any that were there all along.
#[derive(Debug, Default)]
pub struct Shown {
    kind: Option<ListKind>,
    ttl_ms: u64,
    items: Vec<(Arc<str>, Definition)>,
    /// Bytes of the whole list, as a JSON array.
    pub len: usize,
    /// What a model reads of it, in tokens, estimated.
    pub tokens: usize,
    /// The result with the first page, by era.
    legacy: Bytes,
    modern: Bytes,
}

/// A cursor that is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`params.cursor` is no cursor of this list; leave it out to begin anew")]
pub struct BadCursor;

impl Shown {
    /// The list of these definitions, which are sorted by their names.
    pub(super) fn new(
        kind: ListKind,
        items: Vec<(Arc<str>, Definition)>,
        ttl_ms: Option<u64>,
    ) -> Self {
        let mut shown = Self {
            kind: Some(kind),
            ttl_ms: ttl_ms.unwrap_or(TTL_MS).min(TTL_MS),
            len: items.iter().map(|(_, definition)| definition.len() + 1).sum::<usize>().max(1) + 1,
            tokens: items.iter().map(|(_, definition)| definition.tokens).sum(),
            items,
            ..Self::default()
        };
        shown.legacy = shown.from(0, Era::Legacy);
        shown.modern = shown.from(0, Era::Modern);
        shown
    }

    /// A list of one item.
    #[cfg(test)]
    pub fn of_one(definition: String) -> Self {
        let definition = Definition::from(Bytes::from(definition));
        Self::new(ListKind::Tools, vec![("one".into(), definition)], None)
    }

    /// The list without the items whose names do not fit.
    #[must_use]
    pub fn only(&self, fits: impl Fn(&str) -> bool) -> Self {
        let items = self.items.iter().filter(|(name, _)| fits(name)).cloned().collect();
        self.kind.map_or_else(Self::default, |kind| Self::new(kind, items, Some(self.ttl_ms)))
    }

    /// Bytes of memory that are its own: its pages, and where its items are. Their definitions are shared.
    pub fn size(&self) -> usize {
        let items = self.items.len() * size_of::<(Arc<str>, Definition)>();
        self.legacy.len() + self.modern.len() + items
    }

    /// Whether it is the same text as another list.
    pub fn is_same(&self, other: &Self) -> bool {
        self.items.len() == other.items.len() && self.items == other.items
    }

    /// The whole list, as a JSON array.
    #[cfg(test)]
    pub(super) fn text(&self) -> String {
        String::from_utf8(array(&self.items, Era::Modern).to_vec()).unwrap()
    }

    /// The result of a request for the page behind `cursor`, which is a JSON string.
    pub fn page(&self, cursor: Option<&str>, era: Era) -> Result<Bytes, BadCursor> {
        let Some(cursor) = cursor else {
            return Ok(match era {
                Era::Legacy => self.legacy.clone(),
                Era::Modern => self.modern.clone(),
            });
        };
        let cursor = crate::wire::object::string(cursor).ok_or(BadCursor)?;
        let decoded = URL_SAFE_NO_PAD.decode(&*cursor).map_err(|_| BadCursor)?;
        let decoded = std::str::from_utf8(&decoded).map_err(|_| BadCursor)?;
        let last = decoded.strip_prefix(AFTER).ok_or(BadCursor)?;
        Ok(self.from(self.items.partition_point(|(key, _)| **key <= *last), era))
    }

    /// The result with the page that begins at an item.
    fn from(&self, start: usize, era: Era) -> Bytes {
        let Some(kind) = self.kind else { return Bytes::new() };
        let mut bytes = 0;
        let fits = |(_, definition): &&(Arc<str>, Definition)| {
            let is_first = bytes == 0;
            bytes += definition.len();
            is_first || bytes <= PAGE_BYTES
        };
        let end = start + self.items[start..].iter().take(PAGE).take_while(fits).count();
        let page = &self.items[start..end];
        let list = array(page, era);
        let next = page.last().filter(|_| end < self.items.len()).map(|(key, _)| {
            let cursor = URL_SAFE_NO_PAD.encode(format!("{AFTER}{key}"));
            format!(r#","nextCursor":"{cursor}""#)
        });
        let next = next.unwrap_or_default();
        let (before, after) = match era {
            Era::Legacy => ("", String::new()),
            Era::Modern => (
                r#""resultType":"complete","#,
                format!(r#","ttlMs":{},"cacheScope":"private""#, self.ttl_ms),
            ),
        };
        let head = format!(r#"{{{before}"{}":"#, kind.member());
        [head.as_bytes(), &list, next.as_bytes(), after.as_bytes(), b"}"].concat().into()
    }
}

fn array(items: &[(Arc<str>, Definition)], era: Era) -> Bytes {
    let definitions: Vec<&[u8]> =
        items.iter().map(|(_, definition)| &**definition.for_era(era)).collect();
    [b"[".as_slice(), &definitions.join(&b","[..]), b"]"].concat().into()
}
