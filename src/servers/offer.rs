//! What a server offers: its lists, each definition as the server wrote it.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use serde_json::value::RawValue;

use crate::connection::{Connection, Mirrors, Origin, Reply};
use crate::wire::{
    Kind, ListKind, Message, Payload, ServerCapabilities, Span,
    error::code,
    mirror::{self, Mirror},
    object,
};

/// Pages of a list that are read at the most: a server whose cursors never end must not keep us.
const PAGES_MAX: usize = 1000;
/// The longest tool name that any revision allows (2025-11-25, "Tool Names").
const TOOL_NAME_MAX: usize = 128;
/// The longest name or URI of anything else.
const NAME_MAX: usize = 8192;

/// One tool, prompt, resource or resource template.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The server's own name for it: a name, a URI or a URI template.
    pub name: Arc<str>,
    /// Its definition: a JSON object, as the server wrote it.
    pub definition: ByteString,
    /// Where the name's value lies in the definition.
    pub name_at: Span,
    /// Whether, by the server's word, a second call of the tool has no further effect.
    pub is_repeatable: bool,
    /// Whether, by the server's word, a call of the tool changes nothing.
    pub is_read_only: bool,
    /// Whether the tool's results carry `structuredContent` by a schema.
    pub has_output_schema: bool,
    /// Which of the tool's arguments a request over HTTP repeats in headers.
    pub mirrors: Arc<[Mirror]>,
}

/// A definition that is left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadItem {
    pub name: String,
    pub reason: String,
}

/// One list of a server, and what was wrong with the definitions that are missing in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    pub items: Vec<Item>,
    pub bad: Vec<BadItem>,
    /// For how long a modern server says that the list holds, in milliseconds.
    pub ttl_ms: Option<u64>,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offer {
    /// What the server wants agents to know.
    pub instructions: Option<Arc<str>>,
    pub capabilities: Arc<ServerCapabilities>,
    lists: [Arc<List>; 4],
}

impl Offer {
    /// An offer with empty lists.
    pub fn new(instructions: Option<&str>, capabilities: ServerCapabilities) -> Self {
        let instructions = instructions.map(Into::into);
        Self { instructions, capabilities: Arc::new(capabilities), lists: Default::default() }
    }

    pub fn list(&self, kind: ListKind) -> &Arc<List> {
        &self.lists[kind.index()]
    }

    pub fn set(&mut self, kind: ListKind, list: List) {
        self.lists[kind.index()] = Arc::new(list);
    }

    /// Definitions that are left out, with the list they are missing in.
    pub fn bad(&self) -> impl Iterator<Item = (ListKind, &BadItem)> {
        let of = |kind: ListKind| self.list(kind).bad.iter().map(move |bad| (kind, bad));
        ListKind::ALL.into_iter().flat_map(of)
    }
}

impl List {
    /// The list of these definitions.
    pub fn from_definitions<'a>(
        kind: ListKind,
        definitions: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut list = Self::default();
        definitions.for_each(|definition| list.add(kind, definition));
        list
    }

    fn add(&mut self, kind: ListKind, definition: &str) {
        match item(kind, definition) {
            Ok(item) if self.items.iter().any(|other| other.name == item.name) => {
                let reason = format!("its {} occurs twice", kind.key());
                self.bad.push(BadItem { name: item.name.to_string(), reason });
            }
            Ok(item) => self.items.push(item),
            Err(bad) => self.bad.push(bad),
        }
    }

    /// What of each tool's arguments is repeated in headers. A tool that is wrong about it is left
    /// out (2026-07-28, "Custom Headers from Tool Parameters").
    fn take_mirrors(&mut self) -> Mirrors {
        let mut mirrors = Mirrors::new();
        let bad = &mut self.bad;
        self.items.retain(|tool| {
            let schema = object::get(&tool.definition, "inputSchema").unwrap_or("{}");
            match mirror::annotations(schema) {
                Ok(found) if found.is_empty() => true,
                Ok(found) => {
                    mirrors.insert(tool.name.clone(), found.into());
                    true
                }
                Err(reason) => {
                    bad.push(BadItem { name: tool.name.to_string(), reason });
                    false
                }
            }
        });
        mirrors
    }

    /// Adds one page's items and returns the next cursor, as written.
    fn add_page(&mut self, kind: ListKind, page: &str) -> Result<Option<String>, String> {
        let wrong = |what: &str| format!("the result of its {} {what}", kind.method());
        let [items, cursor, ttl] = object::members(page, [kind.member(), "nextCursor", "ttlMs"])
            .map_err(|error| wrong(&format!("is wrong: {error}")))?;
        let items = items.ok_or_else(|| wrong(&format!("has no `{}`", kind.member())))?;
        let items: Vec<&RawValue> = serde_json::from_str(items)
            .map_err(|_| wrong(&format!("has `{}` that are no list", kind.member())))?;
        for definition in items {
            self.add(kind, definition.get());
        }
        let ttl = ttl.and_then(|json| json.parse::<u64>().ok());
        self.ttl_ms = self.ttl_ms.into_iter().chain(ttl).min();
        match cursor {
            None | Some("null") => Ok(None),
            Some(cursor) if cursor.starts_with('"') => Ok(Some(cursor.to_owned())),
            Some(_) => Err(wrong("has a `nextCursor` that is no text")),
        }
    }
}

#[cfg(test)]
impl Offer {
    /// An offer of what these pages have.
    pub fn from_pages(pages: &[(ListKind, &str)]) -> Self {
        let mut offer = Self::default();
        for (kind, page) in pages {
            let mut list = List::default();
            list.add_page(*kind, page).expect("a page that can be read");
            offer.set(*kind, list);
        }
        offer
    }
}

/// Reads every page of a list. `meta`: members of `_meta` for a modern server.
pub async fn read(
    connection: &Arc<Connection>,
    kind: ListKind,
    meta: Option<&str>,
    patience: Duration,
) -> Result<List, String> {
    let mut list = List::default();
    let mut cursor: Option<String> = None;
    let mut seen = std::collections::HashSet::new();
    let method = kind.method();
    for _ in 0..PAGES_MAX {
        let page = read_page(connection, method, cursor.as_deref(), meta, patience).await?;
        cursor = match page {
            Some(page) => list.add_page(kind, &page)?,
            None => None,
        };
        match &cursor {
            None => {
                if kind == ListKind::Tools && meta.is_some() && connection.is_remote() {
                    connection.mirror(list.take_mirrors());
                }
                return Ok(list);
            }
            Some(cursor) if !seen.insert(cursor.clone()) => {
                return Err(format!("its {method} returns the cursor {cursor} a second time"));
            }
            Some(_) => {}
        }
    }
    Err(format!("its {method} has more than {PAGES_MAX} pages"))
}

/// The result of one request; nothing if the server does not know the method: that it has resources
/// does not say that it has templates of them.
async fn read_page(
    connection: &Arc<Connection>,
    method: &str,
    cursor: Option<&str>,
    meta: Option<&str>,
    patience: Duration,
) -> Result<Option<String>, String> {
    let meta = meta.map(|meta| format!(r#""_meta":{{{meta}}}"#));
    let cursor = cursor.map(|cursor| format!(r#""cursor":{cursor}"#));
    let members: Vec<String> = meta.into_iter().chain(cursor).collect();
    let members = members.join(",");
    let request = |id: u64| {
        let params =
            if members.is_empty() { String::new() } else { format!(r#","params":{{{members}}}"#) };
        Payload::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"{params}}}"#))
    };
    let mut exchange =
        connection.request(Origin::default(), request).map_err(|loss| loss.reason.to_string())?;
    let reply = tokio::time::timeout(patience, exchange.reply()).await;
    match reply {
        Err(_) => {
            exchange.give_up("no answer in time");
            Err(format!("it did not answer {method} within {patience:?}"))
        }
        Ok(Reply::Lost(loss)) => Err(loss.reason.to_string()),
        Ok(Reply::Answer(message)) => result_of(&message, method),
    }
}

fn result_of(answer: &Message, method: &str) -> Result<Option<String>, String> {
    match answer.kind() {
        Kind::Result { result, .. } => Ok(Some(answer.at(*result).to_owned())),
        Kind::Error { error, .. } => {
            let error = answer.at(*error);
            let code = object::get(error, "code").and_then(|code| code.parse::<i64>().ok());
            if code == Some(code::METHOD_NOT_FOUND) {
                return Ok(None);
            }
            Err(format!("it answered {method} with the error {error}"))
        }
        Kind::Request { .. } | Kind::Notification { .. } => {
            Err(format!("it answered {method} with nonsense"))
        }
    }
}

/// One definition. A wrong one is left out alone: the others live.
fn item(kind: ListKind, definition: &str) -> Result<Item, BadItem> {
    let bad = |name: &str, reason: String| BadItem { name: name.to_owned(), reason };
    let members = [kind.key(), "inputSchema", "outputSchema", "annotations"];
    let [name, input, output, annotations] = object::members(definition, members)
        .map_err(|error| bad("?", format!("its definition is wrong: {error}")))?;
    let raw = name.ok_or_else(|| bad("?", format!("it has no {}", kind.key())))?;
    let name =
        object::string(raw).ok_or_else(|| bad(raw, format!("its {} is no text", kind.key())))?;
    check_name(kind, &name).map_err(|reason| bad(&name, reason))?;
    if kind == ListKind::Tools && !input.is_some_and(object::is_object) {
        return Err(bad(&name, "its `inputSchema` is no object".into()));
    }
    let hints = annotations
        .filter(|_| kind == ListKind::Tools)
        .and_then(|json| object::members(json, ["readOnlyHint", "idempotentHint"]).ok())
        .unwrap_or_default();
    Ok(Item {
        name: (&*name).into(),
        is_repeatable: hints.contains(&Some("true")),
        is_read_only: hints[0] == Some("true"),
        name_at: Span::of(raw, definition),
        has_output_schema: output.is_some_and(object::is_object),
        // One that is wrong about it is none for clients over HTTP; others do not care.
        mirrors: mirror::annotations(input.unwrap_or("{}")).unwrap_or_default().into(),
        definition: ByteString::from(definition),
    })
}

/// A tool's name goes to models, whose vendors refuse a whole request for one bad name.
fn check_name(kind: ListKind, name: &str) -> Result<(), String> {
    let is_tool = kind == ListKind::Tools;
    let max = if is_tool { TOOL_NAME_MAX } else { NAME_MAX };
    if name.is_empty() || name.len() > max {
        return Err(format!("its {} must have 1 to {max} characters", kind.key()));
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if let Some(c) = name.chars().find(|c| if is_tool { !is_allowed(*c) } else { c.is_control() }) {
        let allowed = if is_tool { "; allowed are A-Z, a-z, 0-9, _, - and ." } else { "" };
        return Err(format!("its {} contains {c:?}{allowed}", kind.key()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{List, item};
    use crate::wire::ListKind::{Resources, Templates, Tools};

    #[test]
    fn one_bad_definition_spoils_no_other() {
        let page = r#"{"tools":[
            {"name":"good","inputSchema":{"type":"object"},"x-unknown":1e400},
            {"inputSchema":{}}, {"name":7,"inputSchema":{}}, {"name":"no schema"}, 7,
            {"name":"bool","inputSchema":true}, {"name":"","inputSchema":{}},
            {"name":"good","inputSchema":{}},
            {"name":"out","inputSchema":{},"outputSchema":{}}
        ],"nextCursor":"c\"2"}"#;
        let mut list = List::default();
        assert_eq!(list.add_page(Tools, page).unwrap().as_deref(), Some(r#""c\"2""#));
        let names: Vec<&str> = list.items.iter().map(|item| &*item.name).collect();
        assert_eq!(names, ["good", "out"]);
        assert!(list.items[0].definition.contains("1e400") && list.items[1].has_output_schema);
        assert_eq!(list.bad.len(), 7, "{:?}", list.bad);
    }

    #[test]
    fn a_tool_with_wrong_headers_is_left_out_alone() {
        let page = r#"{"tools":[
            {"name":"none","inputSchema":{}},
            {"name":"good","inputSchema":{"properties":{"a":{"type":"string","x-mcp-header":"A"}}}},
            {"name":"bad","inputSchema":{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}}
        ]}"#;
        let mut list = List::default();
        list.add_page(Tools, page).unwrap();
        let mirrors = list.take_mirrors();
        assert_eq!(mirrors.keys().map(|name| &**name).collect::<Vec<_>>(), ["good"]);
        let names: Vec<&str> = list.items.iter().map(|item| &*item.name).collect();
        assert_eq!((names, list.bad.len()), (vec!["none", "good"], 1));
    }

    #[test]
    fn a_wrong_page_is_an_error() {
        for page in ["[]", "{}", r#"{"tools":{}}"#, r#"{"tools":[],"nextCursor":7}"#] {
            assert!(List::default().add_page(Tools, page).is_err(), "{page}");
        }
        let last = r#"{"tools":[],"nextCursor":null}"#;
        assert_eq!(List::default().add_page(Tools, last), Ok(None));
    }
    #[test]
    fn names_are_those_that_models_take() {
        let check =
            |kind, json: &str, expected: Result<(), &str>| match (item(kind, json), expected) {
                (Ok(_), Ok(())) => {}
                (Err(bad), Err(expected)) => assert_eq!(bad.reason, expected),
                (found, expected) => panic!("{json}: {found:?} instead of {expected:?}"),
            };
        let tool = |name: &str| format!(r#"{{"name":"{name}","inputSchema":{{}}}}"#);
        check(Tools, &tool("A.b-c_9"), Ok(()));
        check(Tools, &tool(&"x".repeat(128)), Ok(()));
        check(Tools, &tool(&"x".repeat(129)), Err("its name must have 1 to 128 characters"));
        let space = "its name contains ' '; allowed are A-Z, a-z, 0-9, _, - and .";
        check(Tools, &tool("a b"), Err(space));
        check(Resources, r#"{"uri":"file:///a b/ü"}"#, Ok(()));
        check(Resources, r#"{"name":"x"}"#, Err("it has no uri"));
        check(Templates, r#"{"uriTemplate":"a:{b}"}"#, Ok(()));
        check(Templates, r#"{"uriTemplate":"\n"}"#, Err("its uriTemplate contains '\\n'"));
    }

    #[test]
    fn a_list_holds_as_long_as_its_shortest_page() {
        let mut list = List::default();
        for page in [
            r#"{"tools":[],"ttlMs":500}"#,
            r#"{"tools":[],"ttlMs":70}"#,
            r#"{"tools":[],"ttlMs":1.5}"#,
        ] {
            list.add_page(Tools, page).unwrap();
        }
        assert_eq!(list.ttl_ms, Some(70));
    }
}
