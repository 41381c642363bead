//! `callmux_pipeline`: calls in turn, each with arguments from the results before it.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::Instant;

use super::inner::{Context, decode_all, millis};
use super::input::{Fields, Notes};
use super::mapping::Brought;
use super::refusal::wrong;
use super::reply::{HeldBytes, refused};
use super::wanted::Wanted;
use crate::arguments::BYTES_MAX;
use crate::base::large::{self, LARGE};
use crate::base::quoted;
use crate::json::{Doc, Json};
use crate::mux::{Maker, Outlet, prepare};
use crate::render::preview::{BUDGET_MIN, preview, shortened};
use crate::replies::ToolError;

/// How much of what was mapped is told of each step, in bytes.
const SHOWN_MAX: usize = 2048;
/// What the results that later steps look into may come to, in bytes.
const KEPT_MAX: usize = 32 << 20;

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
    /// As much of what was taken as is told.
    taken: Option<Json>,
    skipped: Vec<Json>,
}

/// The values of a step's mappings, or why they are too much for a call.
fn mapped(wanted: &Wanted, literal: Json, results: &Results) -> Result<Mapped, ToolError> {
    let mut members = match literal {
        Json::Object(members) => members,
        _ => Vec::new(),
    };
    let (mut taken, mut skipped) = (Vec::new(), Vec::new());
    let mut left = BYTES_MAX;
    let before = results.0.len().checked_sub(1);
    for (argument, mapping) in &wanted.mappings {
        let result = |step: Option<usize>| results.0.get(step.or(before)?)?.as_deref();
        match mapping.value(result) {
            Ok(value) => {
                let rest = left.checked_sub(value.text().len());
                left = rest.ok_or_else(|| too_much(argument))?;
                taken.push((argument, value));
            }
            Err(reason) => skipped.push(Json::object([
                ("argument", argument.as_str().into()),
                ("expression", mapping.expression.as_str().into()),
                ("reason", reason.to_string().into()),
            ])),
        }
    }
    let names: HashSet<&str> = taken.iter().map(|(name, _)| name.as_str()).collect();
    members.retain(|(name, _)| !names.contains(name.as_str()));
    let told = shown(&taken);
    for (index, (argument, value)) in taken.iter().enumerate() {
        let is_last = !taken[index + 1..].iter().any(|(other, _)| other == argument);
        if is_last {
            members.push(((*argument).clone(), argument_of(value)));
        }
    }
    let told = (!taken.is_empty()).then_some(told);
    Ok(Mapped { arguments: Json::Object(members), taken: told, skipped })
}

/// As large as a tree of it may be, it is looked at like any other argument.
fn argument_of(value: &Doc) -> Json {
    if value.text().len() < LARGE {
        value.root().to_json_or_text()
    } else {
        Json::Written(value.clone())
    }
}

fn too_much(argument: &str) -> ToolError {
    let message = format!(
        "what `inputMapping` takes for `{}` is too large: the values of a step come to at most \
         {BYTES_MAX} bytes; take a part of them",
        quoted(argument)
    );
    ToolError::new("argument_resolution_failed", message)
}

/// What was taken, as an agent is told: it has the results themselves.
fn shown(taken: &[(&String, Doc)]) -> Json {
    let share = (SHOWN_MAX / taken.len().max(1)).max(BUDGET_MIN);
    let member =
        |(name, value): &(&String, Doc)| ((*name).clone(), preview(value.root(), share).value);
    let all = Json::Object(taken.iter().map(member).collect());
    if all.len() > 2 * SHOWN_MAX { shortened(&all, SHOWN_MAX) } else { all }
}

/// What the steps so far brought, by their places: those that a later step may still look into.
#[derive(Default, Clone)]
struct Results(Vec<Option<Arc<Brought>>>);

impl Results {
    /// Forgets what no step behind `done` looks into. `until`: see [`last_looks`].
    fn keep_for_later(&mut self, done: usize, until: &[usize]) {
        for (result, until) in self.0.iter_mut().zip(until) {
            if *until <= done {
                *result = None;
            }
        }
    }

    fn len(&self) -> usize {
        self.0.iter().flatten().map(|result| result.result.text().len()).sum()
    }
}

/// For each step the last one that looks into its result; itself if none does.
fn last_looks(steps: &[Wanted]) -> Vec<usize> {
    let mut until: Vec<usize> = (0..steps.len()).collect();
    for (index, step) in steps.iter().enumerate() {
        for from in step.mappings.iter().filter_map(|(_, mapping)| mapping.looked_into(index)) {
            if let Some(until) = until.get_mut(from) {
                *until = index.max(*until);
            }
        }
    }
    until
}

impl<O: Outlet> Context<'_, O> {
    /// Runs the steps until one fails, and returns the payload.
    pub(super) async fn pipeline(&self, steps: Vec<Wanted>, notes: Notes, tool: &str) -> Json {
        let started = Instant::now();
        let mut run = Run {
            until: last_looks(&steps),
            results: Results::default(),
            last: None,
            held: HeldBytes::default(),
            tool,
        };
        let mut entries = Vec::new();
        let mut failed = None;
        for index in 0..steps.len() {
            let mut entry =
                vec![("step", index.into()), ("tool", steps[index].tool.as_str().into())];
            let is_well = self.step(&steps, index, &mut run, &mut entry).await;
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
            ("finalResult", run.last.unwrap_or_default()),
            ("totalDurationMs", took),
        ];
        payload.extend(notes.warnings("steps").map(|warnings| ("warnings", warnings)));
        Json::object(payload)
    }

    /// Runs one step and describes it in `entry`. Returns whether the next one may follow.
    async fn step(
        &self,
        steps: &[Wanted],
        index: usize,
        run: &mut Run<'_>,
        entry: &mut Vec<(&'static str, Json)>,
    ) -> bool {
        let step = &steps[index];
        let mapped = match self.mapped(step, &run.results).await {
            Ok(mapped) => mapped,
            Err(error) => {
                entry.extend(refused(&error));
                entry.push(("durationMs", 0_usize.into()));
                return false;
            }
        };
        let is_whole = mapped.skipped.is_empty();
        entry.extend(mapped.taken.map(|taken| ("mappedArguments", taken)));
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
        let told = self.told(&ended, self.share(steps.len()), &run.held, run.tool).await;
        run.last = told.members.iter().find(|(name, _)| *name == "result").map(|it| it.1.clone());
        entry.extend(told.members);
        entry.push(("durationMs", told.took_ms));
        let Ok(result) = ended.result else { return false };
        run.results.0.push(Some(Arc::new(result.into())));
        run.results.keep_for_later(index, &run.until);
        if run.results.len() > KEPT_MAX {
            let why = "the results that later steps look into come to too much; use fewer of them";
            entry.push(("error", why.into()));
            return false;
        }
        told.is_well
    }

    async fn mapped(&self, step: &Wanted, results: &Results) -> Result<Mapped, ToolError> {
        let literal = self.literal(step).await?;
        let bytes = results.len();
        if step.mappings.is_empty() || bytes < LARGE {
            return mapped(step, literal, results);
        }
        let (step, results) = (step.clone(), results.clone());
        let done = large::beside(bytes, move || mapped(&step, literal, &results)).await;
        done.unwrap_or_else(|| {
            Err(ToolError::new("tool_call_failed", "the daemon is being stopped"))
        })
    }

    /// What the agent wrote itself, with its references in place: what is mapped has none.
    async fn literal(&self, step: &Wanted) -> Result<Json, ToolError> {
        // What the door will refuse is not prepared: that may open files.
        let Ok(entry) = self.seen(step) else { return Ok(step.arguments.clone()) };
        let written = step.arguments.clone();
        let done = prepare::prepared(self.hub, &self.world, self.call, written, &entry.item).await;
        match done {
            Ok((arguments, _)) => Ok(arguments),
            Err(failure) => Err(failure.told()),
        }
    }
}

/// How far a pipeline is.
struct Run<'a> {
    results: Results,
    until: Vec<usize>,
    /// What is told of the last result.
    last: Option<Json>,
    held: HeldBytes,
    /// The meta-tool, under whose name results are kept.
    tool: &'a str,
}
