//! What a client hears without having asked in between: changed lists, updated resources.

use super::Cell;
use crate::support::raw;
use crate::support::speaker::{Era, Wrong, same};

pub fn lists(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let filter = r#""toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true"#;
    let listening = match cell.client.era {
        Era::Modern => Some(cell.client.listen(filter)?),
        Era::Legacy => {
            for (method, member) in [
                ("tools/list", "tools"),
                ("prompts/list", "prompts"),
                ("resources/list", "resources"),
            ] {
                cell.client.list(method, member)?;
            }
            None
        }
    };
    let (name, uri) = (format!("new_{}", cell.number), format!("every://new/{}", cell.number));
    let added = [
        ("add_tool", "name", &name, "tools", true),
        ("add_prompt", "name", &name, "prompts", true),
        ("add_resource", "uri", &uri, "resources", true),
    ];
    let removed = [("remove_tool", "name", &name, "tools", false)];
    for round in [&added[..], &removed] {
        for (tool, key, value, ..) in round {
            let tool = cell.name(tool);
            cell.client.call(&tool, &format!(r#"{{"{key}":"{value}"}}"#))?;
        }
        for (tool, key, value, topic, is_there) in round {
            let told = cell.client.take_method(&format!("notifications/{topic}/list_changed"))?;
            let subscription =
                raw::get(&told, &["params", "_meta", "io.modelcontextprotocol/subscriptionId"]);
            let listening = listening.as_deref().unwrap_or("");
            same("the subscription", subscription.unwrap_or(""), listening)?;
            let shown = if *key == "name" { cell.name(value) } else { (*value).clone() };
            let found = cell.client.list(&format!("{topic}/list"), topic)?;
            let has = found.iter().any(|item| raw::text(item, &[key]) == shown);
            if has != *is_there {
                return Err(format!("after {tool} the list is {found:?}"));
            }
        }
        cell.client.is_silent()?;
    }
    if let Some(id) = listening {
        cell.client.wire.cancel(&id);
    }
    Ok(())
}

pub fn subscription(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let (touch, uri) = (cell.name("touch"), format!("every://item/{}", cell.number));
    let cancelled = cell.noted("notification notifications/cancelled");
    let listening = match cell.client.era {
        Era::Legacy => {
            cell.client.result("resources/subscribe", &format!(r#""uri":"{uri}""#))?;
            None
        }
        Era::Modern => Some(cell.client.listen(&format!(r#""resourceSubscriptions":["{uri}"]"#))?),
    };
    for _ in 0..3 {
        cell.client.call(&touch, r#"{"uri":"every://b"}"#)?;
        cell.client.call(&touch, &format!(r#"{{"uri":"{uri}"}}"#))?;
        let told = cell.client.take_method("notifications/resources/updated")?;
        same("the URI", &raw::text(&told, &["params", "uri"]), &uri)?;
        let subscription =
            raw::get(&told, &["params", "_meta", "io.modelcontextprotocol/subscriptionId"]);
        same("the subscription", subscription.unwrap_or(""), listening.as_deref().unwrap_or(""))?;
        if !told.contains(r#""aa":9007199254740993"#) {
            return Err(format!("the server's own members are gone: {told}"));
        }
    }
    match listening {
        None => {
            cell.client.result("resources/unsubscribe", &format!(r#""uri":"{uri}""#))?;
        }
        Some(id) => cell.client.wire.cancel(&id),
    }
    match cell.server {
        Era::Legacy => {
            cell.wait_noted(&format!(r#"request resources/unsubscribe "{uri}""#), 1);
        }
        Era::Modern => cell.wait_noted("notification notifications/cancelled", cancelled + 1),
    }
    cell.client.call(&touch, &format!(r#"{{"uri":"{uri}"}}"#))?;
    Ok(())
}
