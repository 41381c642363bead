//! The tasks of all servers (2025-11-25, "Tasks": `tasks/list`).

use std::sync::Arc;
use std::time::Duration;

use super::hub::Hub;
use super::record::{ActRecord, Actor};
use crate::access::{Action, ActionKind, Permit};
use crate::connection::Origin;
use crate::connection::Reply;
use crate::servers::{Live, Server};
use crate::wire::translate::tasks;
use crate::wire::{Kind, Message, Payload, Span, object};

/// How long a server may take; its tasks are left out otherwise.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much is told of the tasks of all servers, in bytes, and read of those of one: some 10,000 tasks.
/// What is beyond is left out.
const BYTES_MAX: usize = 4 << 20;
/// Pages that are read of one server at the most.
const PAGES_MAX: usize = 32;
/// The longest cursor that is sent back.
const CURSOR_MAX: usize = 8 * 1024;

/// The result of `tasks/list`, as JSON: the tasks of every server that the actor may ask for them,
/// under the ids that clients know.
pub async fn list(hub: &Hub, actor: &Actor) -> String {
    let record = ActRecord::new(hub, actor, ActionKind::Tasks, "tasks/list");
    let world = hub.world();
    let (mut all, mut left) = (Vec::new(), BYTES_MAX);
    for server in world.servers.values() {
        let Some(live) = live(hub, actor, server).await else { continue };
        let action = Action::of_server(ActionKind::Tasks, &server.name);
        let Ok(permit) = world.gate.admit(actor.subject(), action) else { continue };
        if live.identity.capabilities.lists_tasks {
            match tokio::time::timeout(PATIENCE, of_server(&live, &permit)).await {
                Ok(tasks) => {
                    for page in tasks {
                        let Some(rest) = left.checked_sub(page.len()) else {
                            tracing::warn!(server = %server.name, "its tasks are too many to be told");
                            break;
                        };
                        left = rest;
                        all.push(page);
                    }
                }
                Err(_) => tracing::debug!(server = %server.name, "its tasks were not told in time"),
            }
        }
    }
    record.ended(None);
    format!(r#"{{"tasks":[{}]}}"#, all.join(","))
}

/// The server that runs, or the instance of it that the actor has.
async fn live(hub: &Hub, actor: &Actor, server: &Server) -> Option<Arc<Live>> {
    let instance = if server.config.is_per_directory() {
        hub.instances.find(server, &actor.principal, actor.cwd.as_deref()).await
    } else {
        None
    };
    instance.as_ref().unwrap_or(server).status().live.clone()
}

async fn of_server(live: &Live, permit: &Permit) -> Vec<String> {
    let (mut all, mut cursor, mut bytes) = (Vec::new(), None, 0);
    for _ in 0..PAGES_MAX {
        let params =
            cursor.map_or_else(String::new, |cursor| format!(r#","params":{{"cursor":{cursor}}}"#));
        let build = |id: u64| {
            Payload::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tasks/list"{params}}}"#))
        };
        let asked = live.connection.request(permit, Origin::default(), build);
        let Ok(mut asked) = asked else { break };
        let Reply::Answer(answer) = asked.reply().await else { break };
        let Kind::Result { result, .. } = answer.kind() else { break };
        bytes += answer.at(*result).len();
        if bytes > BYTES_MAX {
            tracing::debug!(server = %live.connection.server(), "it has too many tasks");
            break;
        }
        all.extend(page(&answer, *result, live.connection.server().as_str()));
        cursor = object::get(answer.at(*result), "nextCursor")
            .filter(|cursor| cursor.starts_with('"') && cursor.len() <= CURSOR_MAX)
            .map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    all
}

/// The tasks of one page, each under the id that clients know.
fn page(answer: &Message, result: Span, server: &str) -> Option<String> {
    let list = object::get(answer.at(result), "tasks")?;
    let inner = list.strip_prefix('[')?.strip_suffix(']')?;
    if inner.trim().is_empty() {
        return None;
    }
    let mut out = String::with_capacity(inner.len());
    let mut position = 0;
    for id in tasks::ids_in_result(answer.at(result)) {
        let at = Span::of(id, answer.text());
        let begin = Span::of(inner, answer.text());
        if at.start < begin.start || at.end > begin.end {
            continue;
        }
        let (start, end) = ((at.start - begin.start) as usize, (at.end - begin.start) as usize);
        out.push_str(&inner[position..start]);
        out.push_str(&tasks::shown(server, id));
        position = end;
    }
    out.push_str(&inner[position..]);
    Some(out)
}
