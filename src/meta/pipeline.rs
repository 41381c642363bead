//! `callmux_pipeline`: calls in turn, each with arguments from the results before it.

use tokio::time::Instant;

use super::inner::{Context, decode_all, is_error, millis, resolve};
use super::input::{Fields, Notes, Wanted, wrong};
use super::reply::{described, embedded};
use crate::json::Json;
use crate::mux::{Maker, Outlet, ToolError, prepare};

/// The arguments of `callmux_pipeline`. `max`: how many steps are allowed.
pub(super) fn decode(fields: &mut Fields, max: usize) -> Result<(Vec<Wanted>, Notes), ToolError> {
    let field = fields.at("steps");
    let items = fields.needed_list("steps")?;
    fields.finish(&["steps", "outputFormat"])?;
    if items.is_empty() {
        let expected = "an array of at least one step";
        let message = format!("`{field}` must be {expected}, and it is empty");
        return Err(wrong(&field, expected, message));
    }
    let (steps, mut notes) = decode_all(items, &field, true, max)?;
    notes.join(fields.notes);
    Ok((steps, notes))
}

/// The arguments of a step, and how they came about.
struct Mapped {
    arguments: Json,
    taken: Vec<(String, Json)>,
    skipped: Vec<Json>,
}

impl Mapped {
    fn of(wanted: &Wanted, literal: Json, results: &[Json]) -> Self {
        let mut members = match literal {
            Json::Object(members) => members,
            _ => Vec::new(),
        };
        let (mut taken, mut skipped) = (Vec::new(), Vec::new());
        for (argument, mapping) in &wanted.mappings {
            match mapping.value(results) {
                Ok(value) => {
                    members.retain(|(name, _)| name != argument);
                    members.push((argument.clone(), value.clone()));
                    taken.push((argument.clone(), value));
                }
                Err(reason) => skipped.push(Json::object([
                    ("argument", argument.as_str().into()),
                    ("expression", mapping.expression.as_str().into()),
                    ("reason", reason.into()),
                ])),
            }
        }
        Self { arguments: Json::Object(members), taken, skipped }
    }
}

impl<O: Outlet> Context<'_, O> {
    /// Runs the steps until one fails, and returns the payload.
    pub(super) async fn pipeline(&self, steps: Vec<Wanted>, notes: Notes) -> Json {
        let started = Instant::now();
        let (mut results, mut entries) = (Vec::new(), Vec::new());
        let mut failed = None;
        for (index, step) in steps.iter().enumerate() {
            let mut entry = vec![("step", index.into()), ("tool", step.tool.as_str().into())];
            let is_well = self.step(step, &mut results, &mut entry).await;
            entries.push(Json::object(entry));
            self.progress(index + 1, steps.len());
            if !is_well {
                failed = Some(index);
                break;
            }
        }
        let took = millis(started.elapsed());
        if let Some(index) = failed {
            return Json::object([
                ("status", "failed".into()),
                ("failedStep", index.into()),
                ("steps", Json::Array(entries)),
                ("totalDurationMs", took),
            ]);
        }
        let mut payload = vec![
            ("status", "completed".into()),
            ("steps", Json::Array(entries)),
            ("finalResult", results.last().map(embedded).unwrap_or_default()),
            ("totalDurationMs", took),
        ];
        payload.extend(notes.warnings("steps").map(|warnings| ("warnings", warnings)));
        Json::object(payload)
    }

    /// Runs one step and describes it in `entry`. Returns whether the next one may follow.
    async fn step(
        &self,
        step: &Wanted,
        results: &mut Vec<Json>,
        entry: &mut Vec<(&'static str, Json)>,
    ) -> bool {
        let literal = match self.literal(step).await {
            Ok(literal) => literal,
            Err(error) => {
                entry.extend(described(&super::inner::Ended::failed(error)));
                entry.push(("durationMs", 0_usize.into()));
                return false;
            }
        };
        let mapped = Mapped::of(step, literal, results);
        let is_whole = mapped.skipped.is_empty();
        if !mapped.taken.is_empty() {
            entry.push(("mappedArguments", Json::Object(mapped.taken)));
        }
        if !is_whole {
            entry.push(("skippedMappings", Json::Array(mapped.skipped)));
        }
        if step.must_map && !is_whole {
            entry.push(("error", "required inputMapping failed".into()));
            entry.push(("durationMs", 0_usize.into()));
            return false;
        }
        let wanted = Wanted { arguments: mapped.arguments, ..step.clone() };
        let ended = self.run(&wanted, Maker::MetaToolWithData).await;
        entry.extend(described(&ended));
        entry.push(("durationMs", ended.took_ms()));
        match ended.result {
            Ok(result) => {
                let is_well = !is_error(&result);
                results.push(result);
                is_well
            }
            Err(_) => false,
        }
    }

    /// What the agent wrote itself, with its references in place: what is mapped has none.
    async fn literal(&self, step: &Wanted) -> Result<Json, ToolError> {
        let entry = resolve(&self.world, step).ok();
        let Some(entry) = entry else { return Ok(step.arguments.clone()) };
        let written = step.arguments.clone();
        let done = prepare::prepared(self.hub, &self.world, self.call, written, &entry.item).await;
        match done {
            Ok((arguments, _)) => Ok(arguments),
            Err(failure) => Err(failure.told()),
        }
    }
}
