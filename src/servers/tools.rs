//! The tools a server offers, each with its definition as the server wrote it.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use serde_json::value::RawValue;

use super::connection::{Connection, Origin, Reply};
use crate::wire::{Kind, Payload, Span, object};

/// Pages of `tools/list` that are read at the most: a server whose cursors never end must not
/// keep us.
const PAGES_MAX: usize = 1000;
/// The longest tool name that any revision allows (2025-11-25, "Tool Names").
const NAME_MAX: usize = 128;

/// One tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// The server's own name for it.
    pub name: Arc<str>,
    /// Its definition: a JSON object, as the server wrote it.
    pub definition: ByteString,
    /// Where the name's value lies in the definition.
    pub name_at: Span,
    /// Whether, by the server's word, a second call has no further effect.
    pub is_repeatable: bool,
    /// Whether results carry `structuredContent` by a schema.
    pub has_output_schema: bool,
}

/// A definition that is left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTool {
    pub name: String,
    pub reason: String,
}

/// All tools of a server, and what was wrong with the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolList {
    pub tools: Vec<Tool>,
    pub bad: Vec<BadTool>,
}

#[cfg(test)]
impl ToolList {
    /// The list that one page makes.
    pub fn from_page(page: &str) -> Self {
        let mut list = Self::default();
        add_page(&mut list, page).expect("a page that can be read");
        list
    }
}

impl ToolList {
    /// The list of these definitions.
    pub fn from_definitions<'a>(definitions: impl Iterator<Item = &'a str>) -> Self {
        let mut list = Self::default();
        definitions.for_each(|definition| list.add(definition));
        list
    }

    fn add(&mut self, definition: &str) {
        match tool(definition) {
            Ok(tool) if self.tools.iter().any(|other| other.name == tool.name) => {
                self.bad.push(BadTool {
                    name: tool.name.to_string(),
                    reason: "its name occurs twice".into(),
                });
            }
            Ok(tool) => self.tools.push(tool),
            Err(bad) => self.bad.push(bad),
        }
    }
}

/// Reads every page of `tools/list`. `meta`: members of `_meta` for a modern server.
pub async fn read_all(
    connection: &Arc<Connection>,
    meta: Option<&str>,
    patience: Duration,
) -> Result<ToolList, String> {
    let mut list = ToolList::default();
    let mut cursor: Option<String> = None;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..PAGES_MAX {
        let page = read_page(connection, cursor.as_deref(), meta, patience).await?;
        cursor = add_page(&mut list, &page)?;
        match &cursor {
            None => return Ok(list),
            Some(cursor) if !seen.insert(cursor.clone()) => {
                return Err(format!("its tools/list returns the cursor {cursor} a second time"));
            }
            Some(_) => {}
        }
    }
    Err(format!("its tools/list has more than {PAGES_MAX} pages"))
}

async fn read_page(
    connection: &Arc<Connection>,
    cursor: Option<&str>,
    meta: Option<&str>,
    patience: Duration,
) -> Result<String, String> {
    let meta = meta.map(|meta| format!(r#""_meta":{{{meta}}}"#));
    let cursor = cursor.map(|cursor| format!(r#""cursor":{cursor}"#));
    let members: Vec<String> = meta.into_iter().chain(cursor).collect();
    let members = members.join(",");
    let request = |id: u64| {
        let params =
            if members.is_empty() { String::new() } else { format!(r#","params":{{{members}}}"#) };
        Payload::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"{params}}}"#))
    };
    let mut exchange =
        connection.request(Origin::default(), request).map_err(|loss| loss.reason.to_string())?;
    let reply = tokio::time::timeout(patience, exchange.reply()).await;
    match reply {
        Err(_) => {
            exchange.give_up("no answer in time");
            Err(format!("it did not answer tools/list within {patience:?}"))
        }
        Ok(Reply::Lost(loss)) => Err(loss.reason.to_string()),
        Ok(Reply::Answer(message)) => match message.kind() {
            Kind::Result { result, .. } => Ok(message.at(*result).to_owned()),
            Kind::Error { error, .. } => {
                Err(format!("it answered tools/list with the error {}", message.at(*error)))
            }
            Kind::Request { .. } | Kind::Notification { .. } => {
                Err("it answered tools/list with nonsense".into())
            }
        },
    }
}

/// Adds one page's tools to `list` and returns the next cursor, as written.
fn add_page(list: &mut ToolList, page: &str) -> Result<Option<String>, String> {
    let wrong = |what: &str| format!("the result of its tools/list {what}");
    let [tools, cursor] = object::members(page, ["tools", "nextCursor"])
        .map_err(|error| wrong(&format!("is wrong: {error}")))?;
    let tools = tools.ok_or_else(|| wrong("has no `tools`"))?;
    let tools: Vec<&RawValue> =
        serde_json::from_str(tools).map_err(|_| wrong("has `tools` that are no list"))?;
    for definition in tools {
        list.add(definition.get());
    }
    match cursor {
        None | Some("null") => Ok(None),
        Some(cursor) if cursor.starts_with('"') => Ok(Some(cursor.to_owned())),
        Some(_) => Err(wrong("has a `nextCursor` that is no text")),
    }
}

/// One definition. A wrong one is left out alone: the others live.
fn tool(definition: &str) -> Result<Tool, BadTool> {
    let bad = |name: &str, reason: String| BadTool { name: name.to_owned(), reason };
    let members = ["name", "inputSchema", "outputSchema", "annotations"];
    let [name, input, output, annotations] = object::members(definition, members)
        .map_err(|error| bad("?", format!("its definition is wrong: {error}")))?;
    let raw = name.ok_or_else(|| bad("?", "it has no name".into()))?;
    let name = object::string(raw).ok_or_else(|| bad(raw, "its name is no text".into()))?;
    if name.is_empty() || name.len() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(bad(&name, format!("a name has 1 to {NAME_MAX} characters")));
    }
    if !input.is_some_and(object::is_object) {
        return Err(bad(&name, "its `inputSchema` is no object".into()));
    }
    let hints = annotations
        .and_then(|json| object::members(json, ["readOnlyHint", "idempotentHint"]).ok())
        .unwrap_or_default();
    Ok(Tool {
        name: (&*name).into(),
        is_repeatable: hints.contains(&Some("true")),
        name_at: Span::of(raw, definition),
        has_output_schema: output.is_some_and(object::is_object),
        definition: ByteString::from(definition),
    })
}

#[cfg(test)]
mod tests {
    use super::{ToolList, add_page};

    #[test]
    fn one_bad_definition_spoils_no_other() {
        let page = r#"{"tools":[
            {"name":"good","inputSchema":{"type":"object"},"x-unknown":1e400},
            {"inputSchema":{}}, {"name":7,"inputSchema":{}}, {"name":"no schema"}, 7,
            {"name":"bool","inputSchema":true}, {"name":"","inputSchema":{}},
            {"name":"good","inputSchema":{}},
            {"name":"out","inputSchema":{},"outputSchema":{}}
        ],"nextCursor":"c\"2"}"#;
        let mut list = ToolList::default();
        assert_eq!(add_page(&mut list, page).unwrap().as_deref(), Some(r#""c\"2""#));
        let names: Vec<&str> = list.tools.iter().map(|tool| &*tool.name).collect();
        assert_eq!(names, ["good", "out"]);
        assert!(list.tools[0].definition.contains("1e400") && list.tools[1].has_output_schema);
        assert_eq!(list.bad.len(), 7, "{:?}", list.bad);
    }

    #[test]
    fn a_wrong_page_is_an_error() {
        for page in ["[]", "{}", r#"{"tools":{}}"#, r#"{"tools":[],"nextCursor":7}"#] {
            assert!(add_page(&mut ToolList::default(), page).is_err(), "{page}");
        }
        assert_eq!(
            add_page(&mut ToolList::default(), r#"{"tools":[],"nextCursor":null}"#),
            Ok(None)
        );
    }
}
