//! `callmux_dry_run`: what a call would be, without making it.
//!
//! The same names, references, types and schemas as for the call itself; no count of the cache changes.

use super::fan_out::FanOutPlan;
use super::inner::{Context, full_name, mismatch};
use super::input::Fields;
use super::refusal::{invalid, wrong};
use super::wanted::Wanted;
use super::{pipeline, recipe};
use crate::base::quote::beginning;
use crate::catalog::Entry;
use crate::json::Json;
use crate::mux::{Outlet, prepare};
use crate::render::preview::shortened;
use crate::replies::ToolError;
use crate::settings::recipe::Mode;

/// How much of the prepared arguments of one call is shown, in bytes: files may stand in them.
const SHOWN_MAX: usize = 2048;
/// What of a mismatch between arguments and a schema is told at the most.
const PROBLEMS_MAX: usize = 20;
/// Warnings of one call at the most, and how much of a place in the arguments each tells, in
/// characters.
const WARNINGS_MAX: usize = 20;
const PATH_SHOWN_MAX: usize = 500;
/// Fields that tools usually want a text in.
const TEXT_FIELDS: [&str; 5] = ["body", "description", "comment", "text", "content"];

/// The calls that are looked at, and in which mode.
pub(super) struct Calls {
    mode: Mode,
    wanted: Vec<Wanted>,
    recipe: Option<String>,
}

impl Calls {
    /// The arguments of `callmux_dry_run`. `max`: how many calls are allowed.
    pub(super) fn decode(fields: &mut Fields, max: usize) -> Result<Self, ToolError> {
        let mode = match fields.take("mode") {
            None => inferred(fields)?,
            Some(value) => Mode::ALL
                .into_iter()
                .find(|mode| value.as_str() == Some(mode.as_str()))
                .ok_or_else(|| {
                    let expected = "\"call\", \"parallel\", \"batch\" or \"pipeline\"";
                    invalid(&fields.at("mode"), expected, Some(&value))
                })?,
        };
        Self::of_mode(mode, fields, max)
    }

    pub(super) fn len(&self) -> usize {
        self.wanted.len()
    }

    fn of_mode(mode: Mode, fields: &mut Fields, max: usize) -> Result<Self, ToolError> {
        let wanted = match mode {
            Mode::Call => {
                fields.flag("forceReconnect")?;
                vec![Wanted::decode(fields, false)?]
            }
            Mode::Parallel => FanOutPlan::parallel(fields, max)?.calls,
            Mode::Batch => FanOutPlan::batch(fields, max)?.calls,
            Mode::Pipeline => pipeline::decode(fields, max)?.0,
        };
        Ok(Self { mode, wanted, recipe: None })
    }

    /// The calls that a recipe would make.
    pub(super) fn of_recipe(
        name: &crate::settings::Recipe,
        given: Json,
        max: usize,
    ) -> Result<Self, ToolError> {
        let body = recipe::filled(name, given)?;
        let mut fields = Fields::of(body, "")?;
        let calls = Self::of_mode(name.mode, &mut fields, max)?;
        Ok(Self { recipe: Some(name.name.clone()), ..calls })
    }
}

fn inferred(fields: &Fields) -> Result<Mode, ToolError> {
    let by_member = [
        ("calls", Mode::Parallel),
        ("items", Mode::Batch),
        ("steps", Mode::Pipeline),
        ("tool", Mode::Call),
    ];
    let found = by_member.into_iter().find(|(name, _)| fields.has(name));
    found.map(|(_, mode)| mode).ok_or_else(|| {
        let expected = "`tool`, `calls`, `items` or `steps`";
        let message = format!("nothing says what is to be checked: give {expected}");
        wrong("mode", expected, message)
    })
}

/// What was found about all calls together.
#[derive(Default)]
struct Summary {
    valid: usize,
    invalid: usize,
    cache_hits: usize,
    bytes: usize,
    warnings: usize,
}

impl<O: Outlet> Context<'_, O> {
    pub(super) async fn dry_run(&self, calls: Calls) -> Json {
        let Calls { mode, wanted: calls, recipe } = calls;
        let mut summary = Summary::default();
        let mut items = Vec::with_capacity(calls.len());
        for (index, wanted) in calls.iter().enumerate() {
            let mut item = vec![
                ("source", source(mode, index, wanted)),
                ("tool", wanted.tool.as_str().into()),
            ];
            if let Some(server) = &wanted.server {
                item.push(("serverHint", server.as_str().into()));
            }
            if let Some(timeout) = wanted.timeout {
                item.push(("timeoutMs", super::inner::millis(timeout)));
            }
            match self.look(mode, wanted, &mut summary, &mut item).await {
                Ok(()) => summary.valid += 1,
                Err(error) => {
                    summary.invalid += 1;
                    item.extend(
                        error.payload().get("error").cloned().map(|error| ("error", error)),
                    );
                }
            }
            items.push(Json::object(item));
            // A schema is read for each call: the others have their turn in between.
            tokio::task::yield_now().await;
        }
        let mut payload = Vec::new();
        payload.extend(recipe.map(|name| ("recipe", name.into())));
        payload.extend([
            ("mode", mode.as_str().into()),
            ("valid", (summary.invalid == 0).into()),
            ("items", Json::Array(items)),
            ("summary", summary.json(calls.len())),
        ]);
        Json::object(payload)
    }

    async fn look(
        &self,
        mode: Mode,
        wanted: &Wanted,
        summary: &mut Summary,
        item: &mut Vec<(&'static str, Json)>,
    ) -> Result<(), ToolError> {
        let entry = self.seen(wanted)?;
        item.push((
            "resolved",
            Json::object([
                ("server", entry.server.name.as_str().into()),
                ("actualTool", (&*entry.item.name).into()),
                ("qualifiedTool", full_name(entry).into()),
            ]),
        ));
        let written = wanted.arguments.clone();
        let done = prepare::prepared(self.hub, &self.world, self.call, written, &entry.item).await;
        let (arguments, changes) = done.map_err(crate::targets::failure::Failure::told)?;
        let schema = prepare::schema(&entry.item);
        let mut warnings = warnings(mode, wanted, schema.as_ref());
        let room = WARNINGS_MAX.saturating_sub(warnings.len());
        warnings.extend(changes.iter().take(room).map(|change| {
            warning(
                "coerced_argument",
                &change.path,
                &change.to_string(),
                "send the type that the schema has",
            )
        }));
        let bytes = arguments.len();
        summary.bytes += bytes;
        summary.warnings += warnings.len();
        item.push(("resolvedArguments", shortened(&arguments, SHOWN_MAX)));
        if !warnings.is_empty() {
            item.push(("warnings", Json::Array(warnings)));
        }
        item.push(("resolvedArgumentBytes", bytes.into()));
        let is_known = self.is_cached(entry, &arguments);
        summary.cache_hits += usize::from(is_known);
        item.push(("cacheHitCandidate", is_known.into()));
        // What comes from another result cannot be checked before there is one.
        match schema.filter(|_| wanted.mappings.is_empty()) {
            Some(schema) => fits(&schema, &arguments),
            None => Ok(()),
        }
    }

    fn is_cached(&self, entry: &Entry, arguments: &Json) -> bool {
        self.hub.is_cached(&self.call.caller.principal, entry, &arguments.to_string())
    }
}

fn fits(schema: &Json, arguments: &Json) -> Result<(), ToolError> {
    match mismatch(schema, arguments, PROBLEMS_MAX) {
        None => Ok(()),
        Some((first, details)) => {
            let message = format!("the arguments do not fit: {first}");
            Err(ToolError::new("invalid_arguments", message).with(details))
        }
    }
}

fn source(mode: Mode, index: usize, wanted: &Wanted) -> Json {
    let place = if mode == Mode::Pipeline { "step" } else { "index" };
    let mut members = vec![("mode", mode.as_str().into()), (place, index.into())];
    if !wanted.mappings.is_empty() {
        members.push(("hasInputMapping", true.into()));
    }
    if wanted.must_map {
        members.push(("onMappingMissing", "fail".into()));
    }
    Json::object(members)
}

fn warning(code: &str, path: &str, message: &str, recommendation: &str) -> Json {
    let shown = |text: &str| beginning(text, PATH_SHOWN_MAX).to_string();
    let (path, message) = (shown(path), shown(message));
    Json::object([
        ("code", code.into()),
        ("path", path.into()),
        ("message", message.into()),
        ("recommendation", recommendation.into()),
    ])
}

fn warnings(mode: Mode, wanted: &Wanted, schema: Option<&Json>) -> Vec<Json> {
    let mut found = Vec::new();
    let members = wanted.arguments.as_object().unwrap_or_default();
    let wants_text = |name: &str| {
        let property = schema.and_then(|schema| schema.get("properties")?.get(name));
        property.and_then(|property| property.get("type")).and_then(Json::as_str) == Some("string")
    };
    for (name, value) in members {
        if found.len() >= WARNINGS_MAX {
            break;
        }
        let path = format!("arguments.{name}");
        let is_structured = matches!(value, Json::Array(_) | Json::Object(_));
        if value.as_str().is_some_and(|text| text.starts_with("$json") || text == "$text") {
            found.push(warning(
                "literal_json_mapping",
                &path,
                "an expression in `arguments` is sent as it is",
                "put it in `inputMapping` of a pipeline's step",
            ));
        } else if is_structured && wants_text(name) {
            found.push(warning(
                "client_stringifies_structured_value",
                &path,
                "the tool takes a text here",
                "send the text, or {\"$text\": {\"lines\": […]}}",
            ));
        } else if is_structured && TEXT_FIELDS.contains(&name.as_str()) {
            found.push(warning(
                "structured_text_field",
                &path,
                "tools usually take a text here",
                "send a text unless the schema says otherwise",
            ));
        }
    }
    if mode == Mode::Pipeline && !wanted.mappings.is_empty() {
        found.push(warning(
            "pipeline_mapping_not_evaluated_in_dry_run",
            "inputMapping",
            "there are no results yet to take values from",
            "run the pipeline to see them",
        ));
    }
    found
}

impl Summary {
    fn json(&self, total: usize) -> Json {
        Json::object([
            ("totalCalls", total.into()),
            ("validCalls", self.valid.into()),
            ("invalidCalls", self.invalid.into()),
            ("cacheHitCandidates", self.cache_hits.into()),
            ("estimatedResolvedArgumentBytes", self.bytes.into()),
            ("warningCount", self.warnings.into()),
        ])
    }
}
