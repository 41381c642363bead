//! `callmux_recipe_run` and its dry run: calls that are written in the config.

use std::sync::Arc;

use super::input::Fields;
use super::refusal::{invalid, wrong};
use crate::arguments::BYTES_MAX as FILLED_MAX;
use crate::base::quoted;
use crate::json::Json;
use crate::replies::ToolError;
use crate::settings::Recipe;
use crate::settings::recipe::placeholder;
use crate::world::World;

/// The recipe of `callmux_recipe_run` and the arguments that it is given.
pub(super) fn decode(fields: &mut Fields, world: &World) -> Result<(Arc<Recipe>, Json), ToolError> {
    let name = fields.needed_name("recipe")?;
    let given = match fields.table("arguments")? {
        Some(given) => {
            fields.finish(&["recipe", "arguments", "outputFormat"])?;
            given
        }
        None => Json::Object(fields.rest()),
    };
    let recipe = world.config.recipes.get(&name).cloned().ok_or_else(|| {
        let available = world.config.recipes.keys().map(|name| name.as_str().into()).collect();
        let details = Json::object([
            ("recipe", name.as_str().into()),
            ("availableRecipes", Json::Array(available)),
        ]);
        ToolError::new("recipe_not_found", format!("there is no recipe `{}`", quoted(&name)))
            .with(details)
    })?;
    Ok((recipe, given))
}

/// The arguments of the meta-tool by which the recipe runs, with its parameters in place.
pub(super) fn filled(recipe: &Recipe, given: Json) -> Result<Json, ToolError> {
    let mut fields = Fields::of(given, "arguments")?;
    let mut values: Vec<(&str, Json)> = Vec::new();
    for parameter in &recipe.parameters {
        let name = parameter.name.as_str();
        let value = fields.take(name).or_else(|| parameter.default.clone());
        let Some(value) = value else {
            let expected = parameter.kind.map_or("a value".to_owned(), |kind| format!("a {kind}"));
            let error = invalid(&format!("arguments.{name}"), &expected, None);
            let details = Json::object([
                ("field", format!("arguments.{name}").into()),
                ("parameter", name.into()),
                ("expected", expected.into()),
            ]);
            let message = format!("recipe argument \"{name}\" is required");
            return Err(ToolError { message, ..error }.with(details));
        };
        if let Some(kind) = parameter.kind.filter(|kind| !is_of(&value, kind)) {
            let field = format!("arguments.{name}");
            return Err(invalid(&field, &format!("of type {kind}"), Some(&value)));
        }
        values.push((name, value));
    }
    let known: Vec<&str> = recipe.parameters.iter().map(|it| it.name.as_str()).collect();
    fields.finish(&known)?;
    let mut left = FILLED_MAX;
    put(&recipe.body, &values, &mut left).ok_or_else(|| {
        let expected = format!("values that come to at most {FILLED_MAX} bytes where they are put");
        let message = format!("the arguments of the recipe must be {expected}");
        wrong("arguments", &expected, message)
    })
}

/// Whether a value has a type of JSON Schema.
fn is_of(value: &Json, kind: &str) -> bool {
    match value {
        Json::Null | Json::Written(_) => false,
        Json::Bool(_) => kind == "boolean",
        Json::Number(number) => kind == "number" || (kind == "integer" && number.is_integer()),
        Json::String(_) => kind == "string",
        Json::Array(_) => kind == "array",
        Json::Object(_) => kind == "object",
    }
}

/// `None`: the values come to more than is `left`, in bytes, as one value may stand in many places.
fn put(body: &Json, values: &[(&str, Json)], left: &mut usize) -> Option<Json> {
    if let Some(name) = placeholder(body) {
        let value = values.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        *left = left.checked_sub(value.map_or(0, Json::len))?;
        return Some(value.cloned().unwrap_or_default());
    }
    Some(match body {
        Json::Array(items) => {
            Json::Array(items.iter().map(|item| put(item, values, left)).collect::<Option<_>>()?)
        }
        Json::Object(members) => {
            let mut filled = Vec::with_capacity(members.len());
            for (name, value) in members {
                filled.push((name.clone(), put(value, values, left)?));
            }
            Json::Object(filled)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Json, Recipe, filled};
    use crate::settings::recipe::{Mode, Parameter};

    fn recipe() -> Recipe {
        let parameter = |name: &str, kind, default| Parameter {
            name: name.into(),
            description: None,
            kind,
            default,
        };
        Recipe {
            name: "r".into(),
            description: None,
            mode: Mode::Call,
            body: Json::parse(
                r#"{"tool":"t","arguments":{"a":{"$param":"x"},"b":[{"$param":"y"}]}}"#,
            )
            .unwrap(),
            parameters: vec![
                parameter("x", Some("integer"), None),
                parameter("y", None, Some("why".into())),
            ],
            expose: false,
        }
    }

    #[test]
    fn parameters_are_put_in_place_as_they_are() {
        let check = |given: &str, expected: Result<&str, &str>| {
            let found = filled(&recipe(), Json::parse(given).unwrap());
            let found = found.map(|body| body.to_string()).map_err(|error| error.message);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{given}");
        };
        let with = |y: &str| {
            format!(r#"{{"tool":"t","arguments":{{"a":12345678901234567890,"b":[{y}]}}}}"#)
        };
        check(r#"{"x":12345678901234567890}"#, Ok(&with("\"why\"")));
        check(r#"{"x":12345678901234567890,"y":{"z":1}}"#, Ok(&with(r#"{"z":1}"#)));
        check("{}", Err("recipe argument \"x\" is required"));
        check(r#"{"x":"7"}"#, Err("`arguments.x` must be of type integer, not a string"));
        check(r#"{"x":1,"z":1}"#, Err("`arguments.z` is unknown; did you mean `x`?"));
    }
}
