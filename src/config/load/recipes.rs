//! `[recipes.NAME]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::named::{Named, members};
use crate::json::Json;
use crate::keys;
use crate::keys::section::Section;
use crate::keys::tree::Node;
use crate::settings::complaint::Place;
use crate::settings::recipe::{Mode, Parameter, Recipe, placeholders};

/// What a recipe's name may be: a part of a tool's name.
fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=35).contains(&text.len()) && text.bytes().all(is_allowed)
}

pub(super) fn read(node: Node, named: &mut Named<'_>) -> BTreeMap<String, Arc<Recipe>> {
    let mut recipes = BTreeMap::new();
    for (name, node) in members(node, "recipes", named) {
        let (path, at) = (format!("recipes.{name}"), node.at.clone());
        let mut section = Section::new(path, node, keys::RECIPE, named.sources, named.complaints);
        if !is_name(&name) {
            let message = "a recipe's name has 1 to 35 letters, digits, `_` and `-`";
            section.complain(at, "", message);
        }
        let recipe = recipe(name.clone(), &mut section);
        named.unresolved.extend(section.finish());
        recipes.insert(name, Arc::new(recipe));
    }
    recipes
}

fn recipe(name: String, section: &mut Section<'_>) -> Recipe {
    let mode = Mode::ALL[section.choice("mode")];
    if !section.has(mode.needs()) {
        let message = format!("is missing: a recipe with `mode = \"{}\"` needs it", mode.as_str());
        section.complain(section.place(mode.needs()), mode.needs(), message);
    }
    let body = body(mode, section);
    let named = placeholders(&body);
    let declared = section.values("parameters");
    let parameters = match declared {
        Some((at, declared)) => parameters(&declared, &named, &at, section),
        None => named.into_iter().map(Parameter::required).collect(),
    };
    Recipe {
        name,
        description: section.text("description").map(|(text, _)| text),
        mode,
        body,
        parameters,
        expose: section.bool("expose"),
    }
}

/// The arguments of the meta-tool that the recipe is run by.
fn body(mode: Mode, section: &mut Section<'_>) -> Json {
    let mut body = Vec::new();
    for name in ["tool", "server"] {
        if let Some((text, _)) = section.text(name) {
            body.push((name.to_owned(), Json::from(text)));
        }
    }
    for name in ["arguments", "calls", "items", "steps"] {
        if let Some((at, value)) = section.values(name) {
            let is_list = name != "arguments";
            let fits = if is_list { value.as_array().is_some() } else { value.is_object() };
            if !fits && crate::settings::recipe::placeholder(&value).is_none() {
                let expected = if is_list { "a list of tables" } else { "a table" };
                section.complain(at, name, format!("must be {expected}, not {}", value.title()));
            } else if name == "arguments" && mode != Mode::Call {
                let message = "goes with `mode = \"call\"`; elsewhere each call has its own";
                section.complain(at, name, message);
            }
            body.push((name.to_owned(), value));
        }
    }
    let mut body = Json::Object(body);
    if let Some(timeout) = section.duration("timeout") {
        let timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1);
        set_timeout(&mut body, mode, timeout);
    }
    body
}

/// Each call of the recipe that has no limit of its own gets this one, in milliseconds.
fn set_timeout(body: &mut Json, mode: Mode, timeout: u64) {
    let Json::Object(members) = body else { return };
    if matches!(mode, Mode::Call | Mode::Batch) {
        members.push(("timeoutMs".to_owned(), timeout.into()));
        return;
    }
    let calls = members.iter_mut().find(|(name, _)| name == mode.needs());
    let Some((_, Json::Array(calls))) = calls else { return };
    for call in calls {
        let has_own = call.get("timeoutMs").is_some();
        if let (Json::Object(call), false) = (call, has_own) {
            call.push(("timeoutMs".to_owned(), timeout.into()));
        }
    }
}

const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

fn parameters(
    declared: &Json,
    named: &[String],
    at: &Place,
    section: &mut Section<'_>,
) -> Vec<Parameter> {
    let mut wrong = |key: String, message: String| section.complain(at.clone(), &key, message);
    let Some(members) = declared.as_object() else {
        wrong("parameters".into(), format!("must be a table, not {}", declared.title()));
        return Vec::new();
    };
    for name in named.iter().filter(|name| declared.get(name).is_none()) {
        wrong("parameters".into(), format!("does not have `{name}`, which the recipe uses"));
    }
    let mut parameters = Vec::new();
    for (name, value) in members {
        let key = format!("parameters.{name}");
        let Some(keys) = value.as_object() else {
            wrong(key, format!("must be a table, not {}", value.title()));
            continue;
        };
        let mut parameter = Parameter::required(name.clone());
        for (word, value) in keys {
            match (word.as_str(), value.as_str()) {
                ("description", Some(text)) => parameter.description = Some(text.to_owned()),
                ("type", Some(text)) if TYPES.contains(&text) => {
                    parameter.kind = TYPES.into_iter().find(|kind| *kind == text);
                }
                ("default", _) => parameter.default = Some(value.clone()),
                ("type", _) => {
                    wrong(format!("{key}.type"), format!("must be one of {}", TYPES.join(", ")));
                }
                ("description", None) => wrong(format!("{key}.{word}"), "must be a text".into()),
                _ => wrong(
                    format!("{key}.{word}"),
                    "unknown key; known are type, description, default".into(),
                ),
            }
        }
        parameters.push(parameter);
    }
    parameters
}

impl Parameter {
    fn required(name: String) -> Self {
        Self { name, description: None, kind: None, default: None }
    }
}
