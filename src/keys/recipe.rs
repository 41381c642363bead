//! Keys of `[recipes.NAME]`.

use super::key::DefaultValue::{Unset, Value};
use super::key::{Key, ValueKind, key};
use crate::settings::recipe::Mode;

/// Keys of `[recipes.NAME]`.
pub const RECIPE: &[Key] = &[
    key("description", ValueKind::Text, Unset, "What the recipe is for; agents read it."),
    key(
        "mode",
        ValueKind::Choice(&Mode::NAMES),
        Value("\"call\""),
        "What is run: as by `callmux_call`, `callmux_parallel`, `callmux_batch` or `callmux_pipeline`.",
    ),
    key("tool", ValueKind::Text, Unset, "The tool, for `call` and `batch`."),
    key(
        "server",
        ValueKind::Text,
        Unset,
        "The server of `tool`, where several have one of that name.",
    ),
    key(
        "arguments",
        ValueKind::Values,
        Unset,
        "The arguments, for `call`. `{ \"$param\" = \"x\" }` stands for the parameter `x` anywhere.",
    ),
    key(
        "calls",
        ValueKind::Values,
        Unset,
        "For `parallel`: a list of `{ tool, server?, arguments? }`.",
    ),
    key(
        "items",
        ValueKind::Values,
        Unset,
        "For `batch`: a list of `{ arguments }`, or a parameter.",
    ),
    key(
        "steps",
        ValueKind::Values,
        Unset,
        "For `pipeline`: a list of `{ tool, server?, arguments?, inputMapping?, onMappingMissing? }`.",
    ),
    key("timeout", ValueKind::Duration, Unset, "How long each of its calls may take."),
    key(
        "parameters",
        ValueKind::Values,
        Unset,
        "What the recipe takes: `{ repo = { type = \"string\", description = \"…\", default = \"…\" } }`. \
         A parameter without a default is required. Unset: every `$param` of the recipe is.",
    ),
    key(
        "expose",
        ValueKind::Bool,
        Value("false"),
        "`true` lists the recipe as a tool of its own: `callmux_recipe_NAME`.",
    ),
];
