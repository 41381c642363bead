//! Where a call of a tool comes in: our own tools are run here, all others go on to the door.

use std::sync::Arc;

use super::dry_run::Calls;
use super::fan_out::FanOutPlan;
use super::inner::Context;
use super::input::Fields;
use super::reply::room;
use super::single::SinglePlan;
use super::table::{self, MetaKind, MetaTool, PREFIX, RECIPE_PREFIX};
use super::{pipeline, recipe, status, stored};
use crate::access::{Action, ActionKind};
use crate::base::large;
use crate::facts::CallOutcome;
use crate::json::Json;
use crate::mux::record::CallRecord;
use crate::mux::{self, Call, Hub, Outlet, Reply, read_tokens};
use crate::replies::{Lost, ToolError};
use crate::settings::Recipe;
use crate::settings::recipe::Mode;
use crate::targets::failure::Failure;
use crate::targets::locate::nothing_there;
use crate::wire::params::{RequestParams, Target};
use crate::wire::translate;

/// A tool of ours.
enum Own {
    Tool(&'static MetaTool),
    /// A recipe that is listed as a tool.
    Recipe(Arc<Recipe>),
}

impl Own {
    fn of(hub: &Hub, call: &Call) -> Option<Self> {
        if call.head.target() != Some(Target::Tool) || !call.head.begins_with(&call.message, PREFIX)
        {
            return None;
        }
        let params = call.head.request(&call.message).ok()?;
        if let Some(tool) = table::find(&params.name) {
            return Some(Self::Tool(tool));
        }
        let name = params.name.strip_prefix(RECIPE_PREFIX)?;
        let recipe = hub.world().config.recipes.get(name).cloned();
        recipe.filter(|recipe| recipe.expose).map(Self::Recipe)
    }

    fn is_read_only(&self) -> bool {
        matches!(self, Self::Tool(tool) if tool.is_read_only)
    }
}

/// Carries out one request.
pub async fn serve(hub: Hub, call: Box<Call>, outlet: impl Outlet) -> Reply {
    match Own::of(&hub, &call) {
        None => mux::serve(hub, call, outlet).await,
        // Calls of servers' tools need no room for what ours need.
        Some(own) => Box::pin(run(hub, call, outlet, own)).await,
    }
}

async fn run(hub: Hub, call: Box<Call>, outlet: impl Outlet, own: Own) -> Reply {
    let _counted = hub.count_call();
    let mut record = CallRecord::new(&hub, &call);
    let id = call.message.id().unwrap_or("null");
    let params = match call.head.request(&call.message) {
        Ok(params) => params,
        Err(error) => return record.failed(Failure::Refused(error), id),
    };
    record.name(None, (&*params.name).into());
    let world = hub.world();
    let action = Action::new(ActionKind::Tool, None, &params.name);
    // What it calls is counted, and not it.
    if let Err(denied) = world.gate.admit_on(call.subject(), action) {
        let nothing = nothing_there(&world, &params, call.era, call.subject());
        return record.failed(Failure::Denied(nothing, denied), id);
    }
    if !own.is_read_only() {
        if call.again {
            return record.failed(cut(&call, &params, &record), id);
        }
        if let Some(pending) = &call.pending {
            pending.begun();
        }
    }
    // What it has done so far is known here alone.
    let _stays = hub.stays();
    let mut context = Context {
        hub: &hub,
        call: &call,
        outlet: &outlet,
        world,
        progress_token: params.progress_token,
        format: None,
        direct_turns: 0,
    };
    let done = perform(&mut context, own, &params).await;
    let (outcome, reason, result) = match done {
        Ok(result) => (CallOutcome::Done, None, result),
        Err(error) => {
            let result = context.error(&error);
            (CallOutcome::Refused, Some(error.message), result)
        }
    };
    let payload = translate::result(id, &result.to_string());
    let tokens = read_tokens::of(&payload, context.is_structured()).await;
    for ledger in [&hub.ledger, &call.caller.ledger] {
        ledger.meta_call(payload.len() as u64, tokens);
    }
    hub.turn(&call, record.started, context.direct_turns);
    let payload = record.finished(outcome, reason.as_deref(), payload);
    Reply { payload, error: None, failure: None }
}

/// The result of `tools/call`.
async fn perform<O: Outlet>(
    context: &mut Context<'_, O>,
    own: Own,
    params: &RequestParams<'_>,
) -> Result<Json, ToolError> {
    let given = given(params).await?;
    let tool = match own {
        Own::Tool(tool) => tool,
        Own::Recipe(recipe) => return run_recipe(context, &recipe, given).await,
    };
    let mut fields = Fields::of(given, "")?;
    context.format = fields.format()?;
    // A server that is still starting may bring what is asked for.
    if matches!(tool.kind, MetaKind::SearchTools | MetaKind::Status | MetaKind::DryRun) {
        context.world = context.hub.settled_world().await;
    }
    let max = context.world.config.fan_out.max_calls;
    let calls = matches!(tool.kind, MetaKind::Parallel | MetaKind::Batch | MetaKind::Call);
    context.direct_turns = u64::from(calls);
    match tool.kind {
        MetaKind::Parallel => {
            let plan = FanOutPlan::parallel(&mut fields, max)?;
            Ok(fan_out(context, plan, tool.name).await)
        }
        MetaKind::Batch => {
            let plan = FanOutPlan::batch(&mut fields, max)?;
            Ok(fan_out(context, plan, tool.name).await)
        }
        MetaKind::Pipeline => {
            let (steps, notes) = pipeline::decode(&mut fields, max)?;
            // Each needs what the one before it brought.
            context.direct_turns = steps.len() as u64;
            Ok(in_turn(context, steps, notes, tool.name).await)
        }
        MetaKind::Call => match SinglePlan::decode(&mut fields)? {
            SinglePlan::Tool(wanted) => context.single(&wanted).await,
            SinglePlan::GetResult(arguments) => {
                context.direct_turns = 0;
                let mut fields = Fields::of(arguments, "arguments")?;
                let format = fields.format()?;
                context.format = context.format.or(format);
                let found = stored::get_result(context, &mut fields).await?;
                Ok(context.payload(found, 0, tool.name).await)
            }
        },
        MetaKind::DryRun => {
            let calls = Calls::decode(&mut fields, max)?;
            Ok(dry_run(context, calls, tool.name).await)
        }
        MetaKind::RecipeRun => {
            let (recipe, given) = recipe::decode(&mut fields, &context.world)?;
            run_recipe(context, &recipe, given).await
        }
        MetaKind::RecipeDryRun => {
            let (recipe, given) = recipe::decode(&mut fields, &context.world)?;
            let calls = Calls::of_recipe(&recipe, given, max)?;
            Ok(dry_run(context, calls, tool.name).await)
        }
        MetaKind::SearchTools => {
            let found = super::find::search_tools(context, &mut fields).await?;
            Ok(context.lines(found.lines, found.payload, tool.name).await)
        }
        MetaKind::GetResult => {
            let found = stored::get_result(context, &mut fields).await?;
            Ok(context.payload(found, 0, tool.name).await)
        }
        MetaKind::CacheClear => {
            let done = status::cache_clear(context, &mut fields)?;
            Ok(context.payload(done, 0, tool.name).await)
        }
        MetaKind::Status => {
            let found = status::status(context, &mut fields)?;
            Ok(context.payload(found, 0, tool.name).await)
        }
    }
}

/// The arguments, read beside the loop where they are large.
async fn given(params: &RequestParams<'_>) -> Result<Json, ToolError> {
    let read = match params.arguments {
        None => Ok(Json::Null),
        Some(text) if text.len() < large::LARGE => Json::parse(text),
        Some(text) => {
            let owned = text.to_owned();
            let read = large::beside(text.len(), move || Json::parse(&owned)).await;
            let stopped = || ToolError::new("tool_call_failed", "the daemon is being stopped");
            read.ok_or_else(stopped)?
        }
    };
    read.map_err(|error| ToolError::new("invalid_arguments", format!("`arguments`: {error}")))
}

async fn run_recipe<O: Outlet>(
    context: &mut Context<'_, O>,
    recipe: &Recipe,
    given: Json,
) -> Result<Json, ToolError> {
    let name = "callmux_recipe_run";
    context.direct_turns = 1;
    let body = recipe::filled(recipe, given)?;
    let mut fields = Fields::of(body, "")?;
    let max = context.world.config.fan_out.max_calls;
    match recipe.mode {
        Mode::Call => match SinglePlan::decode(&mut fields)? {
            SinglePlan::Tool(wanted) => context.single(&wanted).await,
            SinglePlan::GetResult(_) => {
                Err(ToolError::new("invalid_arguments", "a recipe cannot read a stored result"))
            }
        },
        Mode::Parallel => Ok(fan_out(context, FanOutPlan::parallel(&mut fields, max)?, name).await),
        Mode::Batch => Ok(fan_out(context, FanOutPlan::batch(&mut fields, max)?, name).await),
        Mode::Pipeline => {
            let (steps, notes) = pipeline::decode(&mut fields, max)?;
            Ok(in_turn(context, steps, notes, name).await)
        }
    }
}

async fn fan_out<O: Outlet>(context: &Context<'_, O>, plan: FanOutPlan, tool: &str) -> Json {
    let count = plan.calls.len();
    let payload = context.fan_out(plan, tool).await;
    let payload = context.fitting(payload, "results", tool).await;
    let room = room(&payload, "results", count);
    context.payload(payload, room, tool).await
}

async fn in_turn<O: Outlet>(
    context: &Context<'_, O>,
    steps: Vec<super::wanted::Wanted>,
    notes: super::input::Notes,
    tool: &str,
) -> Json {
    let count = steps.len();
    let payload = context.pipeline(steps, notes, tool).await;
    let payload = context.fitting(payload, "steps", tool).await;
    let room = room(&payload, "steps", count);
    context.payload(payload, room, tool).await
}

async fn dry_run<O: Outlet>(context: &Context<'_, O>, calls: Calls, tool: &str) -> Json {
    let count = calls.len();
    let payload = context.dry_run(calls).await;
    let room = room(&payload, "items", count);
    context.payload(payload, room, tool).await
}

/// An earlier process of ours may have made some of the calls.
fn cut(call: &Call, params: &RequestParams<'_>, record: &CallRecord<'_>) -> Failure {
    let reason = "the callmux daemon ended while the calls were running; some may have been made";
    Failure::Lost(Lost {
        call: Some(record.id),
        server: None,
        tool: params.name.to_string(),
        reason: reason.to_owned(),
        sent: true,
        elapsed: record.started.elapsed(),
        has_output_schema: false,
        is_tool_call: call.head.target() == Some(Target::Tool),
    })
}
