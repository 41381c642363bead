//! `callmux_parallel` and `callmux_batch`: many calls at the same time.

use futures_util::stream::{self, StreamExt};
use tokio::time::Instant;

use super::inner::{Context, check_count, decode_all, millis};
use super::input::{Fields, Notes};
use super::reply::{HeldBytes, Told};
use super::wanted::Wanted;
use crate::access::{Action, ActionKind};
use crate::approvals::AskedCall;
use crate::json::Json;
use crate::mux::{Maker, Outlet, approval};
use crate::replies::ToolError;
use crate::world::hints;

/// How the entries of a reply name their calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entries {
    /// `call: {tool, server?}`
    ByCall,
    /// `index`
    ByIndex,
}

/// What is to be run.
#[derive(Debug)]
pub(super) struct FanOutPlan {
    pub(super) calls: Vec<Wanted>,
    pub(super) notes: Notes,
    pub(super) entries: Entries,
}

impl FanOutPlan {
    /// The arguments of `callmux_parallel`. `max`: how many calls are allowed.
    pub(super) fn parallel(fields: &mut Fields, max: usize) -> Result<Self, ToolError> {
        let field = fields.at("calls");
        let items = fields.needed_list("calls")?;
        fields.finish(&["calls", "outputFormat"])?;
        let (calls, mut notes) = decode_all(items, &field, false, max)?;
        notes.join(fields.notes);
        Ok(Self { calls, notes, entries: Entries::ByCall })
    }

    /// The arguments of `callmux_batch`.
    pub(super) fn batch(fields: &mut Fields, max: usize) -> Result<Self, ToolError> {
        let field = fields.at("items");
        let (tool, server) = (fields.needed_name("tool")?, fields.name("server")?);
        let timeout = fields.timeout()?;
        fields.cwd()?;
        let items = fields.needed_list("items")?;
        fields.finish(&["tool", "items", "server", "timeoutMs", "cwd", "outputFormat"])?;
        check_count(items.len(), &field, max)?;
        let (mut calls, mut notes) = (Vec::with_capacity(items.len()), fields.notes);
        for (index, item) in items.into_iter().enumerate() {
            let mut fields = Fields::of(item, format!("{field}[{index}]"))?;
            let wanted = Wanted::decode_rest(&mut fields, false)?;
            notes.join(fields.notes);
            calls.push(Wanted {
                tool: tool.clone(),
                server: server.clone(),
                timeout: wanted.timeout.or(timeout),
                ..wanted
            });
        }
        Ok(Self { calls, notes, entries: Entries::ByIndex })
    }
}

impl<O: Outlet> Context<'_, O> {
    /// Asks a person once about all calls that one has to be asked about.
    async fn ask_together(&self, calls: &[Wanted]) {
        let (gate, subject) = (&self.world.gate, self.call.subject());
        let mut by = None;
        let asked = calls.iter().filter_map(|wanted| {
            let entry = self.resolve(wanted).ok()?;
            let (own, shown) = (&*entry.item.name, &*entry.shown);
            let server = &entry.server.name;
            let action = Action::new(ActionKind::Tool, Some(server), own).shown_as(shown);
            let action = action.hinted(hints(&entry.server, &entry.item));
            let rule = gate.verdict(subject, action).ok()??;
            if !gate.asks(subject, action, rule) {
                return None;
            }
            by.get_or_insert(&*rule.id);
            let arguments = wanted.arguments.to_string();
            Some(AskedCall::new(server, action.kind.as_str(), (own, shown), Some(&arguments)))
        });
        let asked: Vec<AskedCall> = asked.collect();
        if let Some(rule) = by {
            let (hub, world) = (self.hub, &self.world);
            approval::ask_together(hub, world, self.call, (rule, asked), self.outlet).await;
        }
    }

    /// Runs the calls, and returns the payload once the last one has ended.
    pub(super) async fn fan_out(&self, plan: FanOutPlan, tool: &str) -> Json {
        let FanOutPlan { calls, notes, entries } = plan;
        let (started, count) = (Instant::now(), calls.len());
        if self.world.gate.may_ask() {
            Box::pin(self.ask_together(&calls)).await;
        }
        let (held, share) = (HeldBytes::default(), self.share(count));
        let run = |(index, wanted): (usize, &Wanted)| {
            let (wanted, held) = (wanted.clone(), &held);
            async move {
                let ended = self.run(&wanted, Maker::MetaTool).await;
                (index, self.told(&ended, share, held, tool).await)
            }
        };
        let at_once = self.world.config.fan_out.max_concurrency;
        let mut running = stream::iter(calls.iter().enumerate()).map(run).buffer_unordered(at_once);
        let mut ended: Vec<Option<Told>> = Vec::new();
        ended.resize_with(count, || None);
        let mut done = 0;
        while let Some((index, end)) = running.next().await {
            ended[index] = Some(end);
            done += 1;
            self.progress(done, count);
        }
        drop(running);
        let ended: Vec<Told> = ended.into_iter().flatten().collect();
        let failed: Vec<usize> = (0..count).filter(|index| !ended[*index].is_well).collect();
        let results = ended.into_iter().zip(&calls).enumerate().map(|(index, (end, wanted))| {
            let mut entry = vec![match entries {
                Entries::ByIndex => ("index", index.into()),
                Entries::ByCall => ("call", named(wanted)),
            }];
            entry.extend(end.members);
            entry.push(("durationMs", end.took_ms));
            Json::object(entry)
        });
        let status = if failed.is_empty() { "completed" } else { "partial" };
        let mut payload = vec![
            ("status", status.into()),
            ("results", Json::Array(results.collect())),
            ("totalDurationMs", millis(started.elapsed())),
            ("succeeded", (count - failed.len()).into()),
            ("failed", failed.len().into()),
            ("failedIndexes", Json::Array(failed.into_iter().map(Json::from).collect())),
        ];
        let noun = if entries == Entries::ByCall { "calls" } else { "items" };
        payload.extend(notes.warnings(noun).map(|warnings| ("warnings", warnings)));
        Json::object(payload)
    }
}

fn named(wanted: &Wanted) -> Json {
    let mut members = vec![("tool", wanted.tool.as_str().into())];
    members.extend(wanted.server.as_deref().map(|server| ("server", server.into())));
    Json::object(members)
}
