//! A definition as clients of each era read it.

use bytes::Bytes;

use super::read_tokens;
use crate::wire::{Era, object};

/// A definition as clients of each era read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    modern: Bytes,
    /// Where it is another.
    legacy: Option<Bytes>,
    /// What a model reads of it, in tokens.
    pub(super) tokens: usize,
}

impl Definition {
    /// `is_output_modern`: it has an output schema that legacy clients cannot read. Before 2026-07-28 results
    /// with a schema are objects, and clients refuse a whole list for a schema of anything else.
    pub(super) fn new(modern: Bytes, is_output_modern: bool) -> Self {
        let legacy = is_output_modern.then(|| without_output_schema(&modern));
        Self { legacy: legacy.flatten(), ..Self::from(modern) }
    }

    /// The same for a client that keeps it from its model.
    pub(super) fn unread(self) -> Self {
        Self { tokens: 0, ..self }
    }

    pub(super) fn for_era(&self, era: Era) -> &Bytes {
        match (era, &self.legacy) {
            (Era::Legacy, Some(legacy)) => legacy,
            _ => &self.modern,
        }
    }

    /// Bytes of the longer one.
    pub(super) fn len(&self) -> usize {
        self.modern.len()
    }
}

impl From<Bytes> for Definition {
    fn from(definition: Bytes) -> Self {
        let tokens = read_tokens::of(&definition);
        Self { modern: definition, legacy: None, tokens }
    }
}

fn without_output_schema(definition: &Bytes) -> Option<Bytes> {
    let text = std::str::from_utf8(definition).ok()?;
    let kept = object::all(text).into_iter().filter(|(name, _)| name != "outputSchema");
    let kept = kept.map(|(name, value)| format!("{}:{value}", serde_json::Value::from(&*name)));
    Some(format!("{{{}}}", kept.collect::<Vec<_>>().join(",")).into())
}
