//! The tools as they are searched for, by what their servers wrote.

use std::borrow::Cow;

use super::entry::Entry;
use crate::json::Json;
use crate::search::{Document, Index};
use crate::wire::object;

/// What of a definition is searched.
struct Read<'a> {
    title: Option<Cow<'a, str>>,
    description: Cow<'a, str>,
    schema: Option<Json>,
}

pub(super) fn index(entries: &[Entry]) -> Index {
    let read: Vec<Read<'_>> = entries.iter().map(read).collect();
    Index::build(entries.iter().zip(&read).map(|(entry, read)| Document {
        name: &entry.shown,
        server: entry.server.name.as_str(),
        title: read.title.as_deref(),
        description: &read.description,
        input_schema: read.schema.as_ref(),
    }))
}

fn read(entry: &Entry) -> Read<'_> {
    let names = ["title", "description", "inputSchema"];
    let [title, description, schema] =
        object::members(&entry.item.definition, names).unwrap_or_default();
    Read {
        title: title.and_then(object::string),
        description: description.and_then(object::string).unwrap_or_default(),
        schema: schema.and_then(|schema| Json::parse(schema).ok()),
    }
}
