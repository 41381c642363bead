//! The table of meta-tools: what clients list, and which code is behind a name.
//!
//! Agents read all of it with every prompt, so the schemas name the fields that matter; further ones
//! are accepted ([`super::input`]).

use std::sync::Arc;

use crate::catalog::{OwnTool, OwnTools};
use crate::json::Json;
use crate::settings::{Config, Recipe};

/// What a meta-tool does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetaKind {
    Batch,
    CacheClear,
    Call,
    DryRun,
    GetResult,
    Parallel,
    Pipeline,
    RecipeDryRun,
    RecipeRun,
    SearchTools,
    Status,
}

/// One meta-tool.
#[derive(Debug)]
pub(super) struct MetaTool {
    pub(super) name: &'static str,
    description: &'static str,
    /// Its `inputSchema`, without `type`.
    schema: &'static str,
    /// Whether it changes nothing, so that running it twice does no harm.
    pub(super) is_read_only: bool,
    pub(super) kind: MetaKind,
}

const fn tool(
    kind: MetaKind,
    name: &'static str,
    is_read_only: bool,
    description: &'static str,
    schema: &'static str,
) -> MetaTool {
    MetaTool { name, description, schema, is_read_only, kind }
}

/// What every name of a tool of ours begins with.
pub(super) const PREFIX: &str = "callmux_";

/// And that of a recipe.
pub(super) const RECIPE_PREFIX: &str = "callmux_recipe_";

/// Whether a name can only be that of a tool of ours.
pub fn is_own_name(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// All of them, by name.
pub(super) const TABLE: &[MetaTool] = &[
    tool(
        MetaKind::Batch,
        "callmux_batch",
        false,
        "Call one tool once per item, at the same time.",
        r#""properties":{"tool":{"type":"string"},"items":{"type":"array","items":{"type":"object","properties":{"arguments":{"type":"object"}}}}},"required":["tool","items"]"#,
    ),
    tool(
        MetaKind::CacheClear,
        "callmux_cache_clear",
        false,
        "Forget cached results: all, or those of a tool or server.",
        r#""properties":{"tool":{"type":"string"},"server":{"type":"string"}}"#,
    ),
    tool(
        MetaKind::Call,
        "callmux_call",
        false,
        "Call any tool by name, also one that is not listed.",
        r#""properties":{"tool":{"type":"string"},"arguments":{"type":"object"}},"required":["tool"]"#,
    ),
    tool(
        MetaKind::DryRun,
        "callmux_dry_run",
        true,
        "Check a call, calls (parallel), tool+items (batch) or steps (pipeline) without running it.",
        r#""properties":{"tool":{"type":"string"},"arguments":{"type":"object"},"calls":{"type":"array"},"items":{"type":"array"},"steps":{"type":"array"}}"#,
    ),
    tool(
        MetaKind::GetResult,
        "callmux_get_result",
        true,
        "Read on in a large result by its ref. filter: status == \"open\" and n > 3.",
        r#""properties":{"ref":{"type":"string"},"path":{"type":"string"},"offset":{"type":"integer"},"limit":{"type":"integer"},"fields":{"type":"array","items":{"type":"string"}},"search":{"type":"string"},"filter":{"type":"string"},"sort":{"type":"string"},"count":{"type":"boolean"}},"required":["ref"]"#,
    ),
    tool(
        MetaKind::Parallel,
        "callmux_parallel",
        false,
        "Run several tool calls at the same time.",
        r#""properties":{"calls":{"type":"array","items":{"type":"object","properties":{"tool":{"type":"string"},"arguments":{"type":"object"}},"required":["tool"]}}},"required":["calls"]"#,
    ),
    tool(
        MetaKind::Pipeline,
        "callmux_pipeline",
        false,
        "Run calls in turn. inputMapping sets arguments from results: $text, $json.a[0].b (the step before), $steps[0].json.a.",
        r#""properties":{"steps":{"type":"array","items":{"type":"object","properties":{"tool":{"type":"string"},"arguments":{"type":"object"},"inputMapping":{"type":"object"},"onMappingMissing":{"enum":["continue","fail"]}},"required":["tool"]}}},"required":["steps"]"#,
    ),
    tool(
        MetaKind::RecipeDryRun,
        "callmux_recipe_dry_run",
        true,
        "Check a recipe run without running it.",
        r#""properties":{"recipe":{"type":"string"},"arguments":{"type":"object"}},"required":["recipe"]"#,
    ),
    tool(
        MetaKind::RecipeRun,
        "callmux_recipe_run",
        false,
        "Run a recipe of the config by name (callmux_status lists them).",
        r#""properties":{"recipe":{"type":"string"},"arguments":{"type":"object"}},"required":["recipe"]"#,
    ),
    tool(
        MetaKind::SearchTools,
        "callmux_search_tools",
        true,
        "Find tools by what they do; answers with signatures. Several queries: queries.",
        r#""properties":{"query":{"type":"string"},"queries":{"type":"array","items":{"type":"string"}},"server":{"type":"string"},"limit":{"type":"integer"}}"#,
    ),
    tool(
        MetaKind::Status,
        "callmux_status",
        true,
        "Servers, their tools, recipes, cache, tokens saved.",
        r#""properties":{"server":{"type":"string"},"detail":{"type":"boolean"}}"#,
    ),
];

/// The meta-tool of this name.
pub(super) fn find(name: &str) -> Option<&'static MetaTool> {
    TABLE.iter().find(|tool| tool.name == name)
}

impl MetaTool {
    /// As it is listed: a JSON object.
    fn definition(&self) -> String {
        let hints = if self.is_read_only { r#","annotations":{"readOnlyHint":true}"# } else { "" };
        format!(
            r#"{{"name":"{}","description":{},"inputSchema":{{"type":"object",{}}}{hints}}}"#,
            self.name,
            Json::from(self.description),
            self.schema,
        )
    }
}

/// The tools that we list ourselves: the meta-tools, and the recipes that are to be.
pub fn own_tools(config: &Config) -> Arc<OwnTools> {
    let meta = TABLE.iter().map(|tool| (tool.name.to_owned(), tool.definition(), false));
    let recipes = config.recipes.values().filter(|recipe| recipe.expose);
    let recipes = recipes.map(|recipe| (recipe_name(recipe), recipe_definition(recipe), true));
    let tools = meta.chain(recipes);
    Arc::new(OwnTools(
        tools
            .map(|(name, definition, is_recipe)| OwnTool {
                name: name.into(),
                definition: definition.into(),
                is_recipe,
            })
            .collect(),
    ))
}

fn recipe_name(recipe: &Recipe) -> String {
    format!("{RECIPE_PREFIX}{}", recipe.name)
}

fn recipe_definition(recipe: &Recipe) -> String {
    let property = |parameter: &crate::settings::recipe::Parameter| {
        let mut schema = Vec::new();
        schema.extend(parameter.kind.map(|kind| ("type", kind.into())));
        schema.extend(parameter.description.as_deref().map(|text| ("description", text.into())));
        schema.extend(parameter.default.clone().map(|default| ("default", default)));
        (parameter.name.clone(), Json::object(schema))
    };
    let required = recipe.parameters.iter().filter(|parameter| parameter.default.is_none());
    let required: Vec<Json> = required.map(|parameter| parameter.name.as_str().into()).collect();
    let mut schema = vec![
        ("type", "object".into()),
        ("properties", Json::Object(recipe.parameters.iter().map(property).collect())),
    ];
    if !required.is_empty() {
        schema.push(("required", Json::Array(required)));
    }
    schema.push(("additionalProperties", false.into()));
    let description = recipe.description.clone().unwrap_or_else(|| {
        format!("A recipe: {} of {}.", recipe.mode.as_str(), recipe.name.replace(['_', '-'], " "))
    });
    Json::object([
        ("name", recipe_name(recipe).into()),
        ("description", description.into()),
        ("inputSchema", Json::object(schema)),
    ])
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::TABLE;
    use crate::json::Json;
    use crate::render::tokens::estimate;

    #[test]
    fn the_readme_names_each() {
        let readme = include_str!("../../README.md");
        for tool in TABLE {
            assert!(readme.contains(&format!("`{}`", tool.name)), "{}", tool.name);
        }
    }

    /// They stand in every prompt.
    #[test]
    fn all_definitions_together_have_few_tokens() {
        let all: Vec<String> = TABLE.iter().map(super::MetaTool::definition).collect();
        let tokens = estimate(&format!("[{}]", all.join(",")));
        assert!(tokens <= 900, "{tokens}");
    }

    #[test]
    fn definitions_are_whole_and_in_order() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].name < pair[1].name);
        }
        for tool in TABLE {
            let definition = Json::parse(&tool.definition()).unwrap();
            let schema = definition.get("inputSchema").unwrap();
            assert!(schema.get("properties").is_some_and(Json::is_object), "{}", tool.name);
        }
    }
}
