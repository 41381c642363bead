//! The two schemas of a tool.

use std::collections::HashSet;

use super::changes::Changes;
use super::error::{BadOutput, Hopeless, Misfit};
use super::sketch::{Fate, Sketch};
use crate::json::Json;
use crate::schema;
use crate::wire::object;

/// The type that the schema of arguments has to have, as JSON.
const OBJECT: &str = "\"object\"";
/// The members of either schema that clients check.
const CHECKED: [&str; 4] = ["$schema", "type", "properties", "required"];

/// An output schema that somebody can make use of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutputSchema {
    /// How it is to be written, if that is not as it was.
    pub(super) text: Option<String>,
    /// Results by it are no objects, so legacy clients cannot read it.
    pub(super) is_modern: bool,
}

/// The schema of a tool's arguments, if it is to be written in another way than it is. Arguments are always
/// an object, so a schema that says nothing of a type, or that takes objects beside others, means those.
pub(super) fn input(json: &str, changes: &mut Changes) -> Result<Option<String>, Hopeless> {
    // Some languages write an empty object so.
    let is_empty_list = object::items(json).is_some_and(|items| items.is_empty());
    if is_empty_list {
        changes.tell(|| "its `inputSchema` is a list and is read as an object".to_owned());
        return Ok(Some(format!(r#"{{"type":{OBJECT}}}"#)));
    }
    if !object::is_object(json) {
        return Err(Hopeless::NoInput);
    }
    let mut hopeless = None;
    let is_checked = |name: &str| CHECKED.contains(&name);
    let mut sketch = Sketch::of(object::all(json), is_checked, |name, value| match name {
        "type" => match kind(value) {
            Ok(fate) => {
                if let Fate::Becomes(_) = fate {
                    changes.tell(|| "its `inputSchema.type` is read as \"object\"".to_owned());
                }
                fate
            }
            Err(reason) => {
                hopeless = Some(reason);
                Fate::Stays
            }
        },
        "$schema" if object::string(value).is_none() => gone(name, value, Misfit::NoText, changes),
        "properties" => match properties(value, changes) {
            Ok(None) => Fate::Stays,
            Ok(Some(other)) => Fate::Becomes(other),
            Err(wrong) => gone(name, value, wrong, changes),
        },
        "required" => match names(value) {
            Ok(None) => Fate::Stays,
            Ok(Some(others)) => {
                changes.tell(|| "its `inputSchema.required` names what is no text".to_owned());
                Fate::Becomes(others)
            }
            Err(wrong) => gone(name, value, wrong, changes),
        },
        _ => Fate::Stays,
    });
    if let Some(reason) = hopeless {
        return Err(reason);
    }
    if sketch.get("type").is_none() {
        changes.tell(|| "its `inputSchema` has no `type`; \"object\" stands there".to_owned());
        sketch.begin_with("type", OBJECT.to_owned());
    }
    Ok(sketch.text())
}

fn gone(name: &str, value: &str, wrong: Misfit, changes: &mut Changes) -> Fate {
    let wrong = if value == "null" { Misfit::Null } else { wrong };
    changes.tell(|| format!("its `inputSchema.{name}` is {wrong} and is left out"));
    Fate::Goes
}

/// What becomes of the type of arguments.
fn kind(json: &str) -> Result<Fate, Hopeless> {
    match json {
        "null" => Ok(Fate::Goes),
        _ if object::string(json).as_deref() == Some("object") => {
            Ok(if json == OBJECT { Fate::Stays } else { Fate::Becomes(OBJECT.to_owned()) })
        }
        _ => {
            let kinds = object::items(json).unwrap_or_default();
            let takes_objects =
                kinds.iter().any(|kind| object::string(kind).as_deref() == Some("object"));
            let reason = || Hopeless::InputType(json.chars().take(100).collect());
            takes_objects.then(|| Fate::Becomes(OBJECT.to_owned())).ok_or_else(reason)
        }
    }
}

/// The schemas of properties, where one of them is not written as an object.
fn properties(json: &str, changes: &mut Changes) -> Result<Option<String>, Misfit> {
    if !object::is_object(json) {
        return Err(Misfit::NoObject);
    }
    let sketch = Sketch::of(
        object::all(json),
        |_| false,
        |name, value| match value {
            _ if object::is_object(value) => Fate::Stays,
            "true" => Fate::Becomes("{}".to_owned()),
            "false" => Fate::Becomes(r#"{"not":{}}"#.to_owned()),
            _ => {
                changes.tell(|| {
                    format!("the schema of its argument `{name}` is none; any value fits")
                });
                Fate::Becomes("{}".to_owned())
            }
        },
    );
    Ok(sketch.text())
}

/// The names, where something among them is none.
fn names(json: &str) -> Result<Option<String>, Misfit> {
    let items = object::items(json).ok_or(Misfit::NoList)?;
    let names: Vec<&str> =
        items.iter().copied().filter(|name| object::string(name).is_some()).collect();
    Ok((names.len() < items.len()).then(|| format!("[{}]", names.join(","))))
}

/// The schema of a tool's results. `ids`: those of the other tools; clients mix up schemas of one `$id`.
pub(super) fn output(json: &str, ids: &mut HashSet<String>) -> Result<OutputSchema, BadOutput> {
    match json {
        "null" => return Err(Misfit::Null.into()),
        _ if object::is_object(json) => {}
        _ => return Err(Misfit::NoObject.into()),
    }
    let schema = Json::parse(json)?;
    schema::check(&schema)?;
    if let Some(id) = schema.get("$id").and_then(Json::as_str)
        && !ids.insert(id.to_owned())
    {
        return Err(BadOutput::TakenId);
    }
    let is_checked = |name: &str| CHECKED.contains(&name);
    let mut none = Changes::default();
    let sketch = Sketch::of(object::all(json), is_checked, |name, value| match name {
        "properties" => match properties(value, &mut none) {
            Ok(Some(other)) => Fate::Becomes(other),
            Ok(None) | Err(_) => Fate::Stays,
        },
        _ => Fate::Stays,
    });
    let is_modern = schema.get("type").and_then(Json::as_str) != Some("object");
    Ok(OutputSchema { text: sketch.text(), is_modern })
}
