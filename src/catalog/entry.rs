//! One item of the catalog.

use std::sync::Arc;

use bytes::Bytes;

use crate::servers::{Item, Server};
use crate::wire::splice::Splice;

/// One item in the catalog.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The name or URI that clients see.
    pub shown: Arc<str>,
    pub server: Server,
    pub item: Item,
    /// The definition under that name.
    pub(super) definition: Bytes,
}

impl Entry {
    /// An entry without a name yet.
    pub(super) fn new(server: &Server, item: &Item) -> Self {
        let (server, item) = (server.clone(), item.clone());
        Self { shown: item.name.clone(), server, item, definition: Bytes::new() }
    }

    /// Puts the name it is shown under into its definition.
    pub(super) fn put_name(&mut self) {
        let definition = &self.item.definition;
        self.definition = if self.shown == self.item.name {
            definition.as_bytes().clone()
        } else {
            let name = serde_json::Value::from(&*self.shown).to_string();
            Splice::new(definition).replace(self.item.name_at, name).finish().into_bytes()
        };
    }
}
