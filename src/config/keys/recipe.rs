//! Keys of `[recipes.NAME]`.

use super::key::DefaultValue::{Unset, Value};
use super::key::{Key, Kind, key};
use crate::settings::recipe::Mode;

/// Keys of `[recipes.NAME]`.
pub const RECIPE: &[Key] = &[
    key("description", Kind::Text, Unset, "What the recipe is for; agents read it."),
    key(
        "mode",
        Kind::Choice(&Mode::NAMES),
        Value("\"call\""),
        "What is run: as by `callmux_call`, `callmux_parallel`, `callmux_batch` or `callmux_pipeline`.",
    ),
    key("tool", Kind::Text, Unset, "The tool, for `call` and `batch`."),
    key("server", Kind::Text, Unset, "The server of `tool`, where several have one of that name."),
    key(
        "arguments",
        Kind::Values,
        Unset,
        "The arguments, for `call`. `{ \"$param\" = \"x\" }` stands for the parameter `x` anywhere.",
    ),
    key("calls", Kind::Values, Unset, "For `parallel`: a list of `{ tool, server?, arguments? }`."),
    key("items", Kind::Values, Unset, "For `batch`: a list of `{ arguments }`, or a parameter."),
    key(
        "steps",
        Kind::Values,
        Unset,
        "For `pipeline`: a list of `{ tool, server?, arguments?, inputMapping?, onMappingMissing? }`.",
    ),
    key("timeout", Kind::Duration, Unset, "How long each of its calls may take."),
    key(
        "parameters",
        Kind::Values,
        Unset,
        "What the recipe takes: `{ repo = { type = \"string\", description = \"…\", default = \"…\" } }`. \
         A parameter without a default is required. Unset: every `$param` of the recipe is.",
    ),
    key(
        "expose",
        Kind::Bool,
        Value("false"),
        "`true` lists the recipe as a tool of its own: `callmux_recipe_NAME`.",
    ),
];
