//! H: recipes of the config.

use serde_json::json;

use super::rig::{Rig, Setup, json_text, masked};

const RECIPES: &str = r#"
[recipes.greet]
description = "Say it"
tool = "one__echo"
arguments = { text = { "$param" = "what" }, deep = [{ again = { "$param" = "what" } }] }

[recipes.both]
mode = "parallel"
calls = [{ tool = "one__echo", arguments = { v = { "$param" = "v" } } }, { tool = "ping", server = "two" }]

[recipes.each]
mode = "batch"
tool = "two__echo"
timeout = "7s"
items = { "$param" = "items" }

[recipes.chain]
mode = "pipeline"
timeout = "5s"
steps = [
  { tool = "one__say", arguments = { text = { "$param" = "text" } }, timeoutMs = 9000 },
  { tool = "two__echo", arguments = {}, inputMapping = { heard = "$text" } },
]

[recipes.typed]
expose = true
description = "With parameters"
tool = "one__strict"
arguments = { owner = { "$param" = "owner" }, n = { "$param" = "n" } }
parameters = { owner = { type = "string", description = "Whose" }, n = { type = "integer", default = 3 } }
"#;

fn rig() -> Rig {
    Rig::of(Setup { tail: RECIPES, ..Setup::default() })
}

#[test]
fn h08_recipes_run_with_their_parameters_in_place() {
    let mut rig = rig();
    let run = |recipe: &str, arguments| json!({ "recipe": recipe, "arguments": arguments });
    for what in
        [json!("text"), json!(7), json!(1.5), json!(false), json!([1, {}]), json!({ "a": null })]
    {
        let said =
            json_text(&rig.call("callmux_recipe_run", &run("greet", json!({ "what": what }))));
        assert_eq!(said, json!({ "text": what, "deep": [{ "again": what }] }));
    }
    let both = rig.payload("callmux_recipe_run", &run("both", json!({ "v": { "w": 1 } })));
    assert_eq!(
        masked(both),
        json!({
            "status": "completed",
            "results": [
                { "call": { "tool": "one__echo" }, "result": { "v": { "w": 1 } }, "durationMs": 0 },
                { "call": { "tool": "ping", "server": "two" }, "result": "pong", "durationMs": 0 },
            ],
            "totalDurationMs": 0, "succeeded": 2, "failed": 0, "failedIndexes": [],
        })
    );
    let items = json!({ "items": [{ "arguments": { "n": 1 } }, { "arguments": { "n": 2 } }] });
    let each = rig.payload("callmux_recipe_run", &run("each", items));
    assert_eq!(each["results"][1]["result"], json!({ "n": 2 }));
    let chain = rig.payload("callmux_recipe_run", &run("chain", json!({ "text": "hi" })));
    assert_eq!(chain["finalResult"], json!({ "heard": "hi" }));
    // A recipe's arguments may stand beside its name, as those of a call.
    let flat = rig.call("callmux_recipe_run", &json!({ "recipe": "greet", "what": 1 }));
    assert_eq!(json_text(&flat)["text"], 1);

    let executed = rig.executed().len();
    assert_eq!(
        rig.error("callmux_recipe_run", &run("greet", json!({}))),
        json!({
            "code": "invalid_arguments", "message": "recipe argument \"what\" is required",
            "details": { "field": "arguments.what", "parameter": "what", "expected": "a value" },
        })
    );
    let error = rig.error("callmux_recipe_run", &run("greet", json!({ "what": 1, "wat": 2 })));
    assert_eq!(error["details"]["field"], "arguments.wat");
    let error = rig.error("callmux_recipe_run", &run("each", json!({ "items": 7 })));
    assert_eq!(error["details"]["field"], "items");
    assert_eq!(
        rig.error("callmux_recipe_run", &run("none", json!({}))),
        json!({
            "code": "recipe_not_found", "message": "there is no recipe `none`",
            "details": {
                "recipe": "none", "availableRecipes": ["both", "chain", "each", "greet", "typed"],
            },
        })
    );
    assert_eq!(rig.executed().len(), executed);
}

#[test]
fn h09_a_dry_run_of_a_recipe_says_what_it_would_call() {
    let mut rig = rig();
    let run = json!({ "recipe": "chain", "arguments": { "text": "hi" } });
    let all = rig.payload("callmux_recipe_dry_run", &run);
    let resolved = |server: &str, tool: &str| json!({ "server": server, "actualTool": tool, "qualifiedTool": format!("{server}__{tool}") });
    let item = &all["items"][0];
    assert_eq!(
        *item,
        json!({
            "source": { "mode": "pipeline", "step": 0 }, "tool": "one__say", "timeoutMs": 9000,
            "resolved": resolved("one", "say"), "resolvedArguments": { "text": "hi" },
            "resolvedArgumentBytes": 13, "cacheHitCandidate": false,
        })
    );
    let item = &all["items"][1];
    assert_eq!(item["source"], json!({ "mode": "pipeline", "step": 1, "hasInputMapping": true }));
    assert_eq!((&item["timeoutMs"], &item["resolved"]), (&json!(5000), &resolved("two", "echo")));
    assert_eq!(
        (&all["recipe"], &all["mode"], &all["valid"]),
        (&json!("chain"), &json!("pipeline"), &json!(true))
    );
    let run = json!({ "recipe": "each", "arguments": { "items": [{ "arguments": {} }] } });
    assert_eq!(rig.payload("callmux_recipe_dry_run", &run)["items"][0]["timeoutMs"], 7000);
    for (run, code) in [
        (json!({ "recipe": "chain" }), "invalid_arguments"),
        (json!({ "recipe": "none" }), "recipe_not_found"),
    ] {
        assert_eq!(rig.error("callmux_recipe_dry_run", &run)["code"], code);
    }
    assert_eq!(rig.executed(), [""; 0]);
}

#[test]
fn recipes_that_are_exposed_are_tools() {
    let mut rig = rig();
    let listed = rig.names();
    let recipes: Vec<&String> =
        listed.iter().filter(|name| name.starts_with("callmux_recipe_")).collect();
    assert_eq!(recipes, ["callmux_recipe_dry_run", "callmux_recipe_run", "callmux_recipe_typed"]);
    assert_eq!(
        rig.tool("callmux_recipe_typed"),
        json!({
            "name": "callmux_recipe_typed", "description": "With parameters",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "owner": { "type": "string", "description": "Whose" },
                    "n": { "type": "integer", "default": 3 },
                },
                "required": ["owner"], "additionalProperties": false,
            },
        })
    );
    let said = rig.call("callmux_recipe_typed", &json!({ "owner": "ada" }));
    assert_eq!(json_text(&said), json!({ "owner": "ada", "n": 3 }));
    for (arguments, field) in [
        (json!({}), "arguments.owner"),
        (json!({ "owner": 7 }), "arguments.owner"),
        (json!({ "owner": "a", "n": "x" }), "arguments.n"),
        (json!({ "owner": "a", "m": 1 }), "arguments.m"),
    ] {
        let error = rig.error("callmux_recipe_typed", &arguments);
        assert_eq!(
            (&error["code"], &error["details"]["field"]),
            (&json!("invalid_arguments"), &json!(field))
        );
    }
    let status = rig.payload("callmux_status", &json!({ "detail": true }));
    assert_eq!(
        status["recipes"][3],
        json!({ "name": "greet", "mode": "call", "description": "Say it", "parameters": ["what"] })
    );
    let hidden = rig.client.call("callmux_recipe_greet", &json!({ "what": 1 }));
    assert_eq!(hidden["error"]["code"], -32602, "{hidden}");
    assert_eq!(rig.executed(), ["strict"]);
}
