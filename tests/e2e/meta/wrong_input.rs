//! Wrong values for every field of every meta-tool: each is refused by its path, and nothing is run.

use serde_json::{Value, json};

use super::rig::{Rig, Setup};

/// What a field takes, and by that what it does not take.
#[derive(Clone, Copy)]
enum Takes {
    /// A text that is not empty.
    Text,
    /// A text that may be empty.
    AnyText,
    Path,
    Whole {
        max: u64,
        from: u64,
    },
    Bool,
    Format,
    OneOf,
    List,
    /// Texts, or one text.
    Texts,
    Object,
}

impl Takes {
    fn refuses(self) -> Vec<Value> {
        let texts = [json!(7), json!(true), json!({}), json!(["a"])];
        match self {
            Self::AnyText => texts.into(),
            Self::Text => [&texts[..], &[json!(""), json!(" ")]].concat(),
            Self::Path => [&texts[..], &[json!("relative"), json!("")]].concat(),
            Self::Format | Self::OneOf => [&texts[..], &[json!(""), json!("other")]].concat(),
            Self::Bool => vec![json!(1), json!("yes"), json!([]), json!({})],
            Self::List => vec![json!(7), json!({}), json!("text"), json!("{}"), json!(false)],
            Self::Texts => vec![json!(7), json!({}), json!([7]), json!(["a", ""]), json!("")],
            Self::Object => vec![json!(7), json!([]), json!("text"), json!("[]"), json!(false)],
            Self::Whole { max, from } => {
                let mut wrong = vec![json!(-1), json!(1.5), json!("many"), json!([]), json!(true)];
                wrong.extend(max.checked_add(1).map(|more| json!(more)));
                wrong.extend(from.checked_sub(1).map(|less| json!(less)));
                wrong
            }
        }
    }
}

const TIMEOUT: Takes = Takes::Whole { max: 86_400_000, from: 1 };

/// A tool, arguments that are right, where in them the fields stand, and the fields.
type Row = (&'static str, Value, &'static str, Vec<(&'static str, Takes)>);

fn rows() -> Vec<Row> {
    use Takes::{Bool, Format, List, Object, OneOf, Path, Text};
    let mutate = json!({ "tool": "one__mutate", "arguments": {} });
    let call = vec![
        ("tool", Text),
        ("server", Text),
        ("arguments", Object),
        ("timeoutMs", TIMEOUT),
        ("cwd", Path),
    ];
    let step = [&call[..], &[("inputMapping", Object), ("onMappingMissing", OneOf)]].concat();
    let item = call[2..].to_vec();
    let format = ("outputFormat", Format);
    let own = [&call[..], &[("forceReconnect", Bool), format]].concat();
    let calls = json!({ "calls": [mutate, mutate] });
    let steps = json!({ "steps": [mutate, mutate] });
    let batch =
        json!({ "tool": "one__mutate", "items": [{ "arguments": {} }, { "arguments": {} }] });
    let of_batch = vec![call[0], call[1], call[3], call[4], ("items", List), format];
    let recipe = json!({ "recipe": "change", "arguments": {} });
    let of_recipe = vec![("recipe", Text), ("arguments", Object), format];
    vec![
        ("callmux_call", mutate.clone(), "", own),
        ("callmux_parallel", calls.clone(), "", vec![("calls", List), format]),
        ("callmux_parallel", calls.clone(), "calls[1]", call.clone()),
        ("callmux_batch", batch.clone(), "", of_batch.clone()),
        ("callmux_batch", batch.clone(), "items[1]", item.clone()),
        ("callmux_pipeline", steps.clone(), "", vec![("steps", List), format]),
        ("callmux_pipeline", steps.clone(), "steps[1]", step.clone()),
        ("callmux_dry_run", mutate, "", vec![("mode", OneOf), call[0], call[2], format]),
        ("callmux_dry_run", calls.clone(), "", vec![("calls", List)]),
        ("callmux_dry_run", calls, "calls[1]", call),
        ("callmux_dry_run", batch.clone(), "", of_batch),
        ("callmux_dry_run", batch, "items[1]", item),
        ("callmux_dry_run", steps.clone(), "", vec![("steps", List)]),
        ("callmux_dry_run", steps, "steps[1]", step),
        ("callmux_recipe_run", recipe.clone(), "", of_recipe.clone()),
        ("callmux_recipe_dry_run", recipe, "", of_recipe),
        ("callmux_search_tools", json!({}), "", of_search()),
        ("callmux_get_result", json!({ "ref": "r_none" }), "", of_get_result()),
        ("callmux_cache_clear", json!({}), "", vec![("tool", Text), ("server", Text), format]),
        ("callmux_status", json!({}), "", of_status()),
    ]
}

fn of_search() -> Vec<(&'static str, Takes)> {
    vec![
        ("query", Takes::AnyText),
        ("queries", Takes::Texts),
        ("server", Takes::Text),
        ("limit", Takes::Whole { max: 50, from: 1 }),
        ("descriptionMaxLength", Takes::Whole { max: 100_000, from: 0 }),
        ("outputFormat", Takes::Format),
    ]
}

fn of_get_result() -> Vec<(&'static str, Takes)> {
    vec![
        ("ref", Takes::Text),
        ("path", Takes::AnyText),
        ("offset", Takes::Whole { max: u64::MAX, from: 0 }),
        ("limit", Takes::Whole { max: 100, from: 0 }),
        ("fields", Takes::Texts),
        ("search", Takes::Text),
        ("filter", Takes::Text),
        ("sort", Takes::Text),
        ("descending", Takes::Bool),
        ("count", Takes::Bool),
        ("outputFormat", Takes::Format),
    ]
}

fn of_status() -> Vec<(&'static str, Takes)> {
    vec![
        ("server", Takes::Text),
        ("descriptions", Takes::Bool),
        ("descriptionMaxLength", Takes::Whole { max: 100_000, from: 0 }),
        ("recommendations", Takes::Bool),
        ("sessions", Takes::Bool),
        ("outputFormat", Takes::Format),
    ]
}

/// The object in the arguments that a path such as `calls[1]` leads to.
fn part<'a>(arguments: &'a mut Value, path: &str) -> &'a mut Value {
    match path.split_once('[') {
        None => arguments,
        Some((list, _)) => &mut arguments[list][1],
    }
}

fn at(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[test]
fn wrong_input_to_every_field() {
    let tail = "[recipes.change]\ntool = \"one__mutate\"";
    let mut rig = Rig::of(Setup { tail, ..Setup::default() });
    let mut checked = 0;
    let mut check = |tool: &str, arguments: &Value, field: &str| {
        let error = rig.error(tool, arguments);
        assert_eq!(error["code"], "invalid_arguments", "{tool} {arguments}: {error}");
        let found = error["details"]["field"].as_str().unwrap_or_else(|| panic!("{error}"));
        let is_within =
            found.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
        assert!(is_within, "{tool} {arguments}: {found} is not {field}");
        assert!(error["details"]["expected"].is_string(), "{error}");
        assert!(error["message"].as_str().unwrap().contains(found), "{error}");
        checked += 1;
    };
    for (tool, right, path, fields) in rows() {
        for (name, takes) in fields {
            for wrong in takes.refuses() {
                let mut arguments = right.clone();
                part(&mut arguments, path)[name] = wrong;
                check(tool, &arguments, &at(path, name));
            }
        }
        let mut arguments = right.clone();
        part(&mut arguments, path)["nobody"] = json!(1);
        check(tool, &arguments, &at(path, "nobody"));
        for wrong in [json!(7), json!([]), json!("text"), json!(null)] {
            if let Some((list, _)) = path.split_once('[') {
                let mut arguments = right.clone();
                arguments[list][1] = wrong;
                check(tool, &arguments, path);
            }
        }
    }
    assert!(checked > 500, "{checked}");
    assert_eq!(rig.executed(), [""; 0]);
}

#[test]
fn wrong_mappings_are_refused_before_the_first_step() {
    let mut rig = Rig::new();
    for wrong in [
        json!(7),
        json!(["$text"]),
        json!({ "from": 7 }),
        json!({ "default": 7 }),
        json!({ "from": "$text", "else": 1 }),
        json!("$json.a["),
        json!("$text.a"),
        json!("$steps[x].text"),
        json!("$steps[0].body"),
    ] {
        let steps = json!([
            { "tool": "one__mutate" },
            { "tool": "one__mutate", "inputMapping": { "fine": "$text", "x": wrong } },
        ]);
        for tool in ["callmux_pipeline", "callmux_dry_run"] {
            let error = rig.error(tool, &json!({ "steps": steps }));
            assert_eq!(error["code"], "invalid_arguments");
            assert_eq!(error["details"]["field"], "steps[1].inputMapping.x", "{wrong}");
            assert!(error["details"]["expected"].is_string());
        }
    }
    assert_eq!(rig.executed(), [""; 0]);
}

#[test]
fn what_is_needed_is_asked_for() {
    let mut rig = Rig::new();
    for (tool, arguments, field) in [
        ("callmux_call", json!({}), "tool"),
        ("callmux_parallel", json!({}), "calls"),
        ("callmux_parallel", json!({ "calls": [{}] }), "calls[0].tool"),
        ("callmux_batch", json!({ "tool": "one__mutate" }), "items"),
        ("callmux_batch", json!({ "items": [{}] }), "tool"),
        ("callmux_pipeline", json!({}), "steps"),
        ("callmux_pipeline", json!({ "steps": [{ "arguments": {} }] }), "steps[0].tool"),
        ("callmux_dry_run", json!({}), "mode"),
        ("callmux_recipe_run", json!({}), "recipe"),
        ("callmux_recipe_dry_run", json!({ "arguments": {} }), "recipe"),
        ("callmux_get_result", json!({}), "ref"),
    ] {
        let error = rig.error(tool, &arguments);
        assert_eq!(error["code"], "invalid_arguments");
        assert_eq!(error["details"]["field"], field, "{tool} {arguments}");
        assert!(error["details"]["expected"].is_string());
        // `null` is as good as nothing.
        let mut nulls = arguments.clone();
        if nulls.get(field).is_none() && !field.contains('[') {
            nulls[field] = json!(null);
            assert_eq!(rig.error(tool, &nulls)["details"]["field"], field);
        }
    }
    assert_eq!(rig.executed(), [""; 0]);
}
