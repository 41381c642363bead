//! Offers that nobody should make: lists without an end, names that are another's, texts of megabytes.

use std::cell::Cell;

use serde_json::{Value, json};

/// What `--offer=` names.
pub enum Offer {
    /// So many tools, on one page.
    Many(usize),
    /// Pages of large tools, each with a new cursor. How many were asked for is in `pages`.
    Endless,
    /// One tool with a description of megabytes, and instructions of the same size.
    Wordy,
    /// Tools of these names.
    Named(Vec<String>),
    /// So many definitions that are wrong, once the tool `spoil` was called.
    Spoiled(usize),
    /// So many resources, templates and prompts.
    Everything(usize),
}

/// The bytes of a text that is far too long.
pub const WORDY: usize = 5_000_000;

thread_local! {
    pub static PAGES: Cell<usize> = const { Cell::new(0) };
}

impl Offer {
    pub fn parse(text: &str) -> Self {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        let count = || rest.parse().unwrap();
        match kind {
            "many" => Self::Many(count()),
            "endless" => Self::Endless,
            "wordy" => Self::Wordy,
            "named" => Self::Named(rest.split(',').map(str::to_owned).collect()),
            "spoiled" => Self::Spoiled(count()),
            "everything" => Self::Everything(count()),
            other => panic!("no such offer: {other}"),
        }
    }

    /// The answer to `initialize`.
    pub fn greeting(&self) -> String {
        let instructions =
            if matches!(self, Self::Wordy) { "Beware! ".repeat(WORDY / 8) } else { String::new() };
        json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {
                "tools": { "listChanged": true }, "prompts": {}, "resources": {},
            },
            "serverInfo": { "name": "hostile", "version": "1" },
            "instructions": instructions,
        })
        .to_string()
    }

    /// A page of a list. `is_spoiled`: `spoil` was called.
    pub fn page(&self, method: &str, cursor: Option<&str>, is_spoiled: bool) -> String {
        if let Self::Everything(count) = self
            && method != "tools/list"
        {
            return everything(method, *count);
        }
        match method {
            "tools/list" => {}
            "prompts/list" => return r#"{"prompts":[]}"#.to_owned(),
            "resources/list" => return r#"{"resources":[]}"#.to_owned(),
            _ => return r#"{"resourceTemplates":[]}"#.to_owned(),
        }
        let first = [tool("mirror"), tool("spoil"), tool("pages")].map(|tool| tool.to_string());
        let mut tools = first.to_vec();
        let mut next = None;
        match self {
            Self::Many(count) => {
                let small =
                    |n| format!(r#"{{"name":"t{n:06}","inputSchema":{{"type":"object"}}}}"#);
                tools.extend((0..*count).map(small));
            }
            Self::Endless => {
                PAGES.set(PAGES.get() + 1);
                let number: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
                let words = "word ".repeat(1600);
                let large = |n| {
                    json!({ "name": format!("t{number}_{n}"), "description": words,
                            "inputSchema": { "type": "object" } })
                    .to_string()
                };
                if number > 0 {
                    tools.clear();
                }
                tools.extend((0..128).map(large));
                next = Some((number + 1).to_string());
            }
            Self::Wordy => {
                let mut wordy = tool("wordy");
                wordy["description"] = json!("é".repeat(WORDY / 2));
                tools.push(wordy.to_string());
            }
            Self::Named(names) => tools.extend(names.iter().map(|name| tool(name).to_string())),
            Self::Spoiled(count) if is_spoiled => {
                tools.extend((0..*count).map(|n| format!(r#"{{"name":"wrong {n}"}}"#)));
            }
            Self::Spoiled(_) | Self::Everything(_) => {}
        }
        let next = next.map_or_else(String::new, |next| format!(r#","nextCursor":"{next}""#));
        format!(r#"{{"tools":[{}]{next}}}"#, tools.join(","))
    }
}

fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}

fn everything(method: &str, count: usize) -> String {
    let (member, item): (_, fn(usize) -> String) = match method {
        "prompts/list" => ("prompts", |n| format!(r#"{{"name":"p{n}"}}"#)),
        "resources/list" => ("resources", |n| format!(r#"{{"uri":"x://r/{n}","name":"r"}}"#)),
        _ => {
            ("resourceTemplates", |n| format!(r#"{{"uriTemplate":"x://t/{n}/{{a}}","name":"t"}}"#))
        }
    };
    let items: Vec<String> = (0..count).map(item).collect();
    format!(r#"{{"{member}":[{}]}}"#, items.join(","))
}
