//! The config as it is in force, in the form it is written in.
//!
//! References are shown, never what they stand for. Literal values of `env` and `headers`, the
//! secrets of `auth`, and the query and the user of a literal `url` are hidden: a person who pastes this
//! output somewhere must not paste a token with it.

use std::fmt::Write;

use crate::base::visible;
use crate::keys::reference;
use crate::keys::tree::{Node, Table, Value};
use crate::keys::{self, DefaultValue, Key};

/// What stands for what may be a secret.
pub const HIDDEN: &str = "(hidden)";

/// The merged config as TOML, defaults included as comments.
pub fn toml(table: &Table) -> String {
    let mut out = String::new();
    section(&mut out, table, keys::TOP, false);
    let empty = Table::new();
    let part = |name: &str| table.get(name).map_or(&empty, |node| table_of(node, &empty));
    let access =
        |name: &str| part("access").get(name).map_or(&empty, |node| table_of(node, &empty));
    let one = [
        ("http", part("http"), keys::HTTP),
        ("access.limits", access("limits"), keys::LIMITS),
        ("access.approvals", access("approvals"), keys::APPROVALS),
        ("access.networks", access("networks"), keys::NETWORKS),
        ("cache", part("cache"), keys::CACHE),
        ("results", part("results"), keys::RESULTS),
        ("audit", part("audit"), keys::AUDIT),
        ("dashboard", part("dashboard"), keys::DASHBOARD),
        ("history", part("history"), keys::HISTORY),
        ("metrics", part("metrics"), keys::METRICS),
    ];
    for (name, table, keys) in one {
        let _ = writeln!(out, "\n[{name}]");
        section(&mut out, table, keys, false);
    }
    if let Some(oidc) = part("access").get("oidc") {
        out += "\n[access.oidc]\n";
        section(&mut out, table_of(oidc, &empty), keys::OIDC, false);
    }
    for node in rules(part("access")) {
        out += "\n[[access.rules]]\n";
        section(&mut out, table_of(node, &empty), keys::RULE, false);
    }
    let many = [
        ("access.tokens", access("tokens"), keys::TOKEN),
        ("access.approved", access("approved"), keys::APPROVED),
        ("clients", part("clients"), keys::CLIENT),
        ("recipes", part("recipes"), keys::RECIPE),
        ("servers", part("servers"), keys::SERVER),
    ];
    for (kind, table, keys) in many {
        for (name, node) in table {
            let _ = writeln!(out, "\n[{kind}.{}]", bare(name));
            section(&mut out, table_of(node, &empty), keys, kind == "servers");
        }
    }
    out
}

/// What is written of one server, without its secrets.
pub fn server(name: &str, node: &Node) -> String {
    let mut out = format!("[servers.{}]\n", bare(name));
    let empty = Table::new();
    let table = table_of(node, &empty);
    for key in keys::SERVER {
        if let Some(node) = table.get(key.name) {
            out += &format!("{} = {}\n", key.name, server_value(key, node));
        }
    }
    out
}

fn server_value(key: &Key, node: &Node) -> String {
    value(&without_secrets(true, key.name, &node.value))
}

/// The value of a key as it may be shown: what may be a secret is [`HIDDEN`] in it, references are not.
/// `is_server`: it is one of a section of `[servers]`.
pub fn without_secrets(is_server: bool, key: &str, value: &Value) -> Value {
    match value {
        Value::Text(text) if is_server && key == "url" => Value::Text(url(text)),
        any => hide(any, is_server && matches!(key, "env" | "headers")),
    }
}

fn hide(value: &Value, redact: bool) -> Value {
    let hidden =
        |node: &Node, redact| Node { at: node.at.clone(), value: hide(&node.value, redact) };
    match value {
        Value::Text(text) if redact && !reference::has_reference(text) => {
            Value::Text(HIDDEN.to_owned())
        }
        Value::List(items) => Value::List(items.iter().map(|item| hidden(item, redact)).collect()),
        Value::Table(members) => {
            let member = |(name, node): (&String, &Node)| {
                // Of `auth`; and everybody may know where programs are.
                let redact = (redact && name != "PATH")
                    || matches!(name.as_str(), "token" | "client_secret");
                (name.clone(), hidden(node, redact))
            };
            Value::Table(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}

fn rules(access: &Table) -> &[Node] {
    match access.get("rules").map(|node| &node.value) {
        Some(Value::List(rules)) => rules,
        _ => &[],
    }
}

fn table_of<'a>(node: &'a Node, empty: &'a Table) -> &'a Table {
    if let Value::Table(table) = &node.value { table } else { empty }
}

fn section(out: &mut String, table: &Table, keys: &[Key], is_server: bool) {
    for key in keys {
        match (table.get(key.name), key.default) {
            (Some(node), _) => {
                let shown = value(&without_secrets(is_server, key.name, &node.value));
                let _ = writeln!(out, "{} = {shown}  # {}", key.name, node.at);
            }
            (None, DefaultValue::Value(default)) => {
                let _ = writeln!(out, "# {} = {default}", key.name);
            }
            (None, DefaultValue::Unset) => {}
        }
    }
}

fn value(value_: &Value) -> String {
    match value_ {
        Value::Text(text) => quoted(text),
        Value::Bool(bool) => bool.to_string(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| value(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(members) => {
            let member =
                |(name, node): (&String, &Node)| format!("{} = {}", bare(name), value(&node.value));
            format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Value::Number(number) => number.to_string(),
        Value::Fraction(number) => number.clone(),
        Value::Other(title) => quoted(title),
    }
}

/// An address without what may be a secret in it: user, password and query, unless they are
/// references. It need not be a valid one.
pub fn url(text: &str) -> String {
    let (address, query) = text.split_once('?').map_or((text, None), |(a, q)| (a, Some(q)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) if !reference::has_reference(user) => format!("{HIDDEN}@{host}"),
        _ => authority.to_owned(),
    };
    let colon = if scheme.is_empty() { "" } else { "://" };
    let query = match query {
        Some(query) if !reference::has_reference(query) => format!("?{HIDDEN}"),
        Some(query) => format!("?{query}"),
        None => String::new(),
    };
    format!("{scheme}{colon}{authority}{path}{query}")
}

/// A text as TOML writes it, what is invisible in it by number.
pub fn quoted(text: &str) -> String {
    if !text.chars().any(visible::is_hidden) {
        return toml::Value::from(text).to_string();
    }
    // Its escapes are among TOML's.
    let json = serde_json::Value::from(text).to_string();
    let char = |c: char| {
        if visible::is_hidden(c) { format!("\\U{:08x}", u32::from(c)) } else { c.to_string() }
    };
    json.chars().map(char).collect()
}

/// A name as TOML writes it.
pub fn bare(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if is_bare { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests;
