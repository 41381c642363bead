//! The calls that a meta-tool makes, each through the one door.

use std::sync::Arc;
use std::time::Duration;

use bytestring::ByteString;
use tokio::time::Instant;

use super::refusal::wrong;
use super::table::PREFIX;
use super::wanted::Wanted;
use crate::access::{Action, ActionKind};
use crate::arguments::Checker;
use crate::base::names::SEPARATOR;
use crate::base::quote::beginning;
use crate::base::{ServerName, large, quoted};
use crate::catalog::{Entry, NotFound};
use crate::compression::signature::signature_within;
use crate::connection::Ask;
use crate::json::{Doc, Json, Slice};
use crate::mux::{self, Call, Caller, Hub, Maker, Outlet, prepare};
use crate::render::TextFormat;
use crate::render::preview::{preview, preview_text, shortened};
use crate::replies::ToolError;
use crate::targets::{Failure, absent, failure, locate};
use crate::wire::params::{Head, Target};
use crate::wire::{Era, Kind, Message, Payload, object};
use crate::world::World;

/// Tools that an error tells of at the most, and how much of each, in bytes.
const NEAREST_MAX: usize = 3;
/// Tools whose names are compared with one that no tool has, and parts of that one.
const LOOKED_AT_MAX: usize = 500;
const PARTS_MAX: usize = 8;
const SIGNATURE_MAX: usize = 280;
/// What of a mismatch between arguments and a schema is told at the most.
const PROBLEMS_MAX: usize = 5;
/// How much of the schema is told with it, in bytes.
const SCHEMA_SHOWN_MAX: usize = 16 << 10;
/// And of each problem, which quotes names and values of the client, in characters.
const PROBLEM_SHOWN_MAX: usize = 500;
/// How much of a server's own error is told: its message, and its data, in bytes.
const MESSAGE_SHOWN_MAX: usize = 4096;
const DATA_SHOWN_MAX: usize = 4096;

/// A longer value of a trace is left out of the calls that it would be copied into (W3C Baggage, 3.3.2), in bytes.
const TRACE_MAX: usize = 8192;

/// What the code of a meta-tool has at hand.
pub(super) struct Context<'a, O> {
    pub(super) hub: &'a Hub,
    /// The call of the meta-tool itself.
    pub(super) call: &'a Call,
    pub(super) outlet: &'a O,
    pub(super) world: Arc<World>,
    /// The client's progress token, as written.
    pub(super) progress_token: Option<&'a str>,
    /// How the reply is to be written, if the call says so.
    pub(super) format: Option<TextFormat>,
    /// How many prompts the same takes with direct connections: none where it is about us.
    pub(super) direct_turns: u64,
}

/// How an inner call ended.
#[derive(Debug)]
pub(super) struct InnerEnd {
    /// The whole result as the server sent it, or why there is none.
    pub(super) result: Result<Doc, ToolError>,
    pub(super) took: Duration,
    /// Why the server may not have liked the arguments: what does not fit, and the schema.
    pub(super) misfit: Option<Json>,
}

impl InnerEnd {
    pub(super) fn failed(error: ToolError) -> Self {
        Self { result: Err(error), took: Duration::ZERO, misfit: None }
    }

    /// Whether it is a result that is no error.
    pub(super) fn is_well(&self) -> bool {
        self.result.as_ref().is_ok_and(|result| !is_error(result.root()))
    }

    pub(super) fn took_ms(&self) -> Json {
        millis(self.took)
    }
}

/// What of a call says of which trace it is a part, as it is written (W3C Trace Context and Baggage).
fn trace_context(call: &Call) -> impl Iterator<Item = (&'static str, &str)> {
    const NAMES: [&str; 3] = ["traceparent", "tracestate", "baggage"];
    let meta = call.head.meta_text(&call.message);
    let members = meta.and_then(|meta| object::members(meta, NAMES).ok()).unwrap_or_default();
    let found = NAMES.into_iter().zip(members);
    found.filter_map(|(name, value)| Some((name, value.filter(|it| it.len() <= TRACE_MAX)?)))
}

pub(super) fn millis(duration: Duration) -> Json {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).into()
}

pub(super) fn is_error(result: Slice<'_>) -> bool {
    result.get("isError").is_some_and(Slice::is_true)
}

impl<O: Outlet> Context<'_, O> {
    /// Makes one call and waits for its end.
    pub(super) async fn run(&self, wanted: &Wanted, maker: Maker) -> InnerEnd {
        let started = Instant::now();
        let name = match self.name(wanted) {
            Ok(name) => name,
            Err(error) => return InnerEnd::failed(error),
        };
        let call = match self.inner_call(&name, &wanted.arguments, wanted.timeout, maker) {
            Ok(call) => call,
            Err(error) => return InnerEnd::failed(error),
        };
        let reply = Box::pin(mux::serve(self.hub.clone(), Box::new(call), InnerOutlet(self))).await;
        if matches!(reply.failure.as_deref(), Some(Failure::Denied(..))) {
            return InnerEnd::failed(self.not_found(wanted, &NotFound::Unknown));
        }
        let len = reply.payload.len();
        let result = if len < large::LARGE {
            result(&wanted.tool, reply)
        } else {
            let tool = wanted.tool.clone();
            let read = large::beside(len, move || result(&tool, reply)).await;
            // The call was made: that it cannot be told what it brought is no reason to repeat it.
            read.unwrap_or_else(|| Err(failed("the daemon is being stopped")))
        };
        let is_refused = match &result {
            Ok(result) => is_error(result.root()),
            Err(error) => error.code == "tool_call_failed",
        };
        let misfit = is_refused.then(|| self.misfit(wanted)).flatten();
        InnerEnd { result, took: started.elapsed(), misfit }
    }

    /// The full name under which the door finds the tool.
    fn name(&self, wanted: &Wanted) -> Result<String, ToolError> {
        match self.resolve(wanted) {
            Ok(entry) => Ok(full_name(entry)),
            // The door knows how to wait for a server that is still starting.
            Err(error) if self.world.is_whole() => Err(error),
            Err(_) => Ok(match &wanted.server {
                Some(server) if !wanted.tool.contains(SEPARATOR) => {
                    format!("{server}{SEPARATOR}{}", wanted.tool)
                }
                _ => wanted.tool.clone(),
            }),
        }
    }

    fn inner_call(
        &self,
        name: &str,
        arguments: &Json,
        timeout: Option<Duration>,
        maker: Maker,
    ) -> Result<Call, ToolError> {
        let name = Json::from(name);
        let mut text = format!(
            r#"{{"jsonrpc":"2.0","id":0,"method":"tools/call","params":{{"name":{name},"arguments":"#
        );
        arguments.write(&mut text);
        let outer = self.call;
        // What it does is a part of the same trace.
        let mut before = r#","_meta":{"#;
        for (name, value) in trace_context(outer) {
            text += &format!(r#"{before}"{name}":{value}"#);
            before = ",";
        }
        text += if before == "," { "}}}" } else { "}}" };
        let refused = |error: String| ToolError::new("invalid_arguments", error);
        let message = Message::parse(&text.into()).map_err(|_| refused("it is no call".into()))?;
        let head = Head::parse(&message).map_err(|error| refused(error.message))?;
        let is_legacy = outer.era == Era::Legacy;
        let said = outer.head.meta(&outer.message).client_info;
        Ok(Call {
            message,
            head,
            // A modern client is asked by the end of a round, which an inner call does not have.
            era: Era::Legacy,
            caller: Caller {
                client_info: said.map_or_else(|| outer.caller.client_info.clone(), Into::into),
                capabilities: if is_legacy {
                    outer.caller.capabilities.clone()
                } else {
                    Arc::default()
                },
                level: outer.caller.level.filter(|_| is_legacy),
                ..outer.caller.clone()
            },
            pending: None,
            again: false,
            is_kept: false,
            forwarded: outer.forwarded.clone(),
            maker,
            approval: None,
            timeout,
        })
    }

    /// What of the arguments does not fit the tool's schema.
    fn misfit(&self, wanted: &Wanted) -> Option<Json> {
        let entry = self.resolve(wanted).ok().filter(|entry| self.may_see(entry))?;
        let schema = prepare::schema(&entry.item)?;
        Some(mismatch(&schema, &wanted.arguments, PROBLEMS_MAX)?.1)
    }

    /// Whether the caller may have a tool, and so know of it.
    pub(super) fn may_see(&self, entry: &Entry) -> bool {
        self.world.sees(self.call.subject(), ActionKind::Tool, entry)
    }

    /// Whether the caller may have a stored result of the tool that was known by this name.
    pub(super) fn may_read_of(&self, tool: &str) -> bool {
        let gate = &self.world.gate;
        let action = Action::new(ActionKind::Tool, None, tool);
        // What is held is not read on either: what it said may be what it is held for.
        if self.world.catalog.tools.held(tool).is_some() {
            return false;
        }
        gate.hides_nothing(self.call.subject())
            || match self.world.catalog.tools.resolve(tool, |_| true) {
                Ok(entry) => self.may_see(entry),
                // What nothing is known of any more is nobody's.
                Err(_) => tool.starts_with(PREFIX) && gate.sees(self.call.subject(), action),
            }
    }

    /// How many tools the caller may know of.
    pub(super) fn tools_seen(&self) -> usize {
        let tools = &self.world.catalog.tools;
        if self.world.gate.hides_nothing(self.call.subject()) {
            return tools.len();
        }
        tools.entries().iter().filter(|entry| self.may_see(entry)).count()
    }

    pub(super) fn sees_server(&self, server: &ServerName) -> bool {
        self.world.sees_server(self.call.subject(), server)
    }

    /// The tool that a call is about. The door decides whether the caller may have it.
    pub(super) fn resolve(&self, wanted: &Wanted) -> Result<&Entry, ToolError> {
        if wanted.tool.starts_with(PREFIX) {
            let message = format!(
                "`{}` is a tool of callmux itself, which cannot be called from another; call it directly",
                quoted(&wanted.tool)
            );
            return Err(ToolError::new("invalid_arguments", message));
        }
        let world = &self.world;
        let found = match &wanted.server {
            None => world.catalog.tools.resolve(&wanted.tool, |entry| self.may_see(entry)),
            Some(server) => {
                let server = self.known_server(server)?;
                let entries = world.catalog.tools.entries();
                let name = wanted.tool.as_str();
                let is_it = |entry: &&Entry| {
                    entry.server.name == *server
                        && (*entry.item.name == *name
                            || *entry.shown == *name
                            || is_full_name(entry, name))
                };
                entries.iter().find(is_it).ok_or(NotFound::Unknown)
            }
        };
        found.map_err(|why| self.not_found(wanted, &why))
    }

    /// The same, where nothing asks the door.
    pub(super) fn seen(&self, wanted: &Wanted) -> Result<&Entry, ToolError> {
        let entry = self.resolve(wanted)?;
        if self.may_see(entry) {
            Ok(entry)
        } else {
            Err(self.not_found(wanted, &NotFound::Unknown))
        }
    }

    /// The server of this name, if the caller may know of it.
    pub(super) fn known_server(&self, name: &str) -> Result<&ServerName, ToolError> {
        let seen = || self.world.servers.keys().filter(|server| self.sees_server(server));
        seen().find(|server| server.as_str() == name).ok_or_else(|| {
            let available = seen().map(|server| server.as_str().into());
            let details = Json::object([
                ("server", name.into()),
                ("availableServers", Json::Array(available.collect())),
            ]);
            let why = absent::disabled(&self.world, name, self.call.subject());
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            let message = format!("there is no server `{}`{why}", quoted(name));
            ToolError::new("server_not_found", message).with(details)
        })
    }

    fn not_found(&self, wanted: &Wanted, why: &NotFound) -> ToolError {
        let NotFound::Ambiguous(names) = why else { return self.unknown(wanted) };
        let candidates = names.iter().map(|name| Json::from(&**name)).collect();
        let shown = quoted(&wanted.tool);
        let message = format!("several servers have a tool `{shown}`; say which by its full name");
        let details =
            [("tool", wanted.tool.as_str().into()), ("candidates", Json::Array(candidates))];
        ToolError::new("tool_resolution_failed", message).with(Json::object(details))
    }

    /// The error for a tool that is not there, or that its server has not shown yet.
    fn unknown(&self, wanted: &Wanted) -> ToolError {
        let (world, subject) = (&self.world, self.call.subject());
        let (tool, shown) = (wanted.tool.as_str(), quoted(&wanted.tool));
        let is_of = |name: &ServerName| {
            wanted.server.as_deref().is_none_or(|server| name.as_str() == server)
        };
        let held = locate::held(world, Target::Tool, tool, subject);
        if let Some((server, own)) = held.filter(|(server, _)| is_of(server)) {
            return failure::moved(server, own);
        }
        let full = match &wanted.server {
            Some(server) => format!("{server}{SEPARATOR}{tool}"),
            None => tool.to_owned(),
        };
        if let Some(why) = absent::owner(world, &full, subject) {
            let details = [("tool", tool.into()), ("server", why.server.as_str().into())];
            let message = absent::told(&why);
            return ToolError::new("server_unavailable", message).with(Json::object(details));
        }
        let of_server = |entry: &&Entry| is_of(&entry.server.name) && self.may_see(entry);
        let entries: Vec<&Entry> = world.catalog.tools.entries().iter().filter(of_server).collect();
        let near = alike(tool, &entries);
        let line = |entry: &Entry| {
            let schema = prepare::schema(&entry.item).unwrap_or_default();
            Json::from(signature_within(&entry.shown, &schema, SIGNATURE_MAX))
        };
        let mut details = vec![
            ("tool", tool.into()),
            ("totalAvailable", entries.len().into()),
            ("nearest", Json::Array(near.into_iter().map(line).collect())),
        ];
        if entries.len() > NEAREST_MAX {
            details.push(("hint", "find others with callmux_search_tools".into()));
        }
        let names = Some(&world.catalog.tools).filter(|_| wanted.server.is_none());
        let near = names.and_then(|names| names.nearest(tool, |entry| self.may_see(entry)));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let remark = absent::remark(world, &full, subject);
        let message = format!("there is no tool `{shown}`{near}{remark}");
        ToolError::new("tool_not_found", message).with(Json::object(details))
    }

    /// Tells the client how far a meta-tool has come. That it is done its result says: the official SDK for
    /// TypeScript handles an answer before a notice that came right before it, and gives the connection up
    /// over progress of what it no longer knows.
    pub(super) fn progress(&self, done: usize, of: usize) {
        if let Some(token) = self.progress_token.filter(|_| done < of) {
            self.outlet.notify(Payload::from(format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{done},"total":{of}}}}}"#
            )));
        }
    }
}

/// What of arguments does not fit a schema: the first of it in words, and at most `max` with the schema.
pub(super) fn mismatch(schema: &Json, arguments: &Json, max: usize) -> Option<(String, Json)> {
    let problems = Checker::compile(schema)?.problems(arguments, max);
    let first = beginning(&problems.first()?.to_string(), PROBLEM_SHOWN_MAX).to_string();
    let shown = |text: &str| beginning(text, PROBLEM_SHOWN_MAX).to_string();
    let problems = problems.iter().map(|problem| {
        Json::object([
            ("path", shown(&problem.path).into()),
            ("message", shown(&problem.message).into()),
        ])
    });
    let told = shortened(schema, SCHEMA_SHOWN_MAX);
    let members = [("problems", Json::Array(problems.collect())), ("inputSchema", told)];
    Some((first, Json::object(members)))
}

/// The tools whose names have most of a name in common, those of its server looked at first.
fn alike<'e>(name: &str, entries: &[&'e Entry]) -> Vec<&'e Entry> {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| part.len() > 2);
    let parts: Vec<&str> = parts.take(PARTS_MAX).collect();
    let space = name.split_once(SEPARATOR).map_or("", |(space, _)| space);
    let is_near = |entry: &Entry| entry.shown.starts_with(space);
    let (near, others): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|it| is_near(it));
    let shared = |entry: &Entry| {
        let there = parts.iter().filter(|part| entry.shown.contains(**part));
        there.map(|part| part.len()).sum::<usize>() * 1000 / entry.shown.len().max(name.len())
    };
    let looked_at = near.into_iter().chain(others).take(LOOKED_AT_MAX);
    let mut alike: Vec<(usize, &Entry)> = looked_at
        .map(|entry| (shared(entry), entry))
        .filter(|(share, _)| *share > 0 || entries.len() <= NEAREST_MAX)
        .collect();
    alike.sort_by_key(|(share, _)| std::cmp::Reverse(*share));
    alike.into_iter().take(NEAREST_MAX).map(|(_, entry)| entry).collect()
}

/// `server__tool`, which is never ambiguous.
pub(super) fn full_name(entry: &Entry) -> String {
    format!("{}{SEPARATOR}{}", entry.server.name, entry.item.name)
}

fn is_full_name(entry: &Entry, name: &str) -> bool {
    let rest = name.strip_prefix(entry.server.name.as_str());
    rest.and_then(|rest| rest.strip_prefix(SEPARATOR)).is_some_and(|own| *own == *entry.item.name)
}

/// What a call brought: the server's whole result, or why there is none.
fn result(tool: &str, reply: mux::Reply) -> Result<Doc, ToolError> {
    match reply.failure.map(|failure| *failure) {
        Some(
            Failure::Told(error)
            | Failure::Limited { told: error, .. }
            | Failure::Unapproved { told: error, .. },
        ) => return Err(error),
        Some(Failure::Lost(lost)) => return Err(lost.told()),
        Some(Failure::Refused(error) | Failure::Denied(error, _)) => {
            return Err(ToolError::new("tool_not_found", error.message)
                .with(Json::object([("tool", tool.into())])));
        }
        None => {}
    }
    let message = Message::parse(&reply.payload.into_bytes())
        .map_err(|_| failed("the answer of the server cannot be read"))?;
    match message.kind() {
        Kind::Result { result, .. } => Doc::read(message.shared(*result))
            .map_err(|error| failed(&format!("the server's result cannot be read: {error}"))),
        Kind::Error { error, .. } => Err(rpc_error(tool, message.shared(*error))),
        _ => Err(failed("the server gave no answer")),
    }
}

fn failed(message: &str) -> ToolError {
    ToolError::new("tool_call_failed", message)
}

/// An error of the server itself: as much of it as an agent can do something about.
fn rpc_error(tool: &str, error: ByteString) -> ToolError {
    let error = Doc::read(error).ok();
    let member = |name: &str| error.as_ref().and_then(|error| error.root().get(name));
    let message = member("message").and_then(Slice::text).unwrap_or("the server refused".into());
    let mut details = vec![("tool", tool.into())];
    let code = member("code").map(|code| preview(code, DATA_SHOWN_MAX).value);
    details.extend(code.map(|code| ("jsonrpcCode", code)));
    let data = member("data").map(|data| preview(data, DATA_SHOWN_MAX).value);
    details.extend(data.map(|data| ("data", data)));
    let message = preview_text(&message, MESSAGE_SHOWN_MAX);
    ToolError::new("tool_call_failed", message).with(Json::object(details))
}

/// The way to the client for what comes before the answer of an inner call.
struct InnerOutlet<'a, 'b, O>(&'a Context<'b, O>);

impl<O: Outlet> Outlet for InnerOutlet<'_, '_, O> {
    fn notify(&self, notification: Payload) {
        // A modern client hears only what belongs to the request it made.
        if self.0.call.era == Era::Legacy {
            self.0.outlet.notify(notification);
        }
    }

    fn ask(&self, ask: Ask) {
        self.0.outlet.ask(ask);
    }

    fn withdraw(&self, id: &str) {
        self.0.outlet.withdraw(id);
    }
}

/// The calls of a list.
pub(super) fn decode_all(
    items: Vec<Json>,
    field: &str,
    may_map: bool,
    max: usize,
) -> Result<(Vec<Wanted>, super::input::Notes), ToolError> {
    check_count(items.len(), field, max)?;
    let mut notes = super::input::Notes::default();
    let mut wanted = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let mut fields = super::input::Fields::of(item, format!("{field}[{index}]"))?;
        wanted.push(Wanted::decode(&mut fields, may_map)?);
        notes.join(fields.notes);
    }
    Ok((wanted, notes))
}

pub(super) fn check_count(count: usize, field: &str, max: usize) -> Result<(), ToolError> {
    if count <= max {
        return Ok(());
    }
    let message = format!(
        "`{field}` has {count} calls; at most {max} are allowed (`max_calls` in the config)"
    );
    Err(wrong(field, &format!("an array of at most {max} calls"), message))
}
