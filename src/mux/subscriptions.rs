//! How a server is asked about the resources that clients want to hear about ([`crate::targets::subscription`]).
//!
//! However many clients want the same one, its server is asked once, and again whenever it was
//! started anew. What the server says then goes to the board ([`crate::connection::notice`]), where each
//! client's way in picks out what it wants.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::hub::Hub;
use super::record::{ActRecord, Actor};
use crate::access::{Action, ActionKind, NotAdmitted, Permit};
use crate::base::ServerName;
use crate::catalog::NotLocated;
use crate::connection::{Connection, Origin};
use crate::connection::{Event, Reply, Step};
use crate::instances::{Lease, NoInstance};
use crate::servers::{Live, Server};
use crate::targets::failure::rate_limited;
use crate::targets::locate::no_resource;
use crate::targets::subscription::Begun;
pub use crate::targets::subscription::Subscription;
use crate::wire::error::code;
use crate::wire::{Era, Kind, Message, Payload, RpcError, object, translate};
use crate::world::World;

/// How soon a server that was replaced is looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How soon an instance that was given up is looked for again.
const LOOK_FOR_INSTANCE: Duration = Duration::from_secs(1);
/// How soon a server that ended a subscription in order is asked again.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// Where the outcome of the first request goes.
type First = oneshot::Sender<Result<(), RpcError>>;

/// Subscribes a client to the resource that it knows as `shown`.
pub async fn open(
    hub: &Hub,
    actor: &Actor,
    world: &World,
    shown: &str,
) -> Result<Arc<Subscription>, RpcError> {
    let mut record = ActRecord::new(hub, actor, ActionKind::Subscription, shown);
    let nothing = |why: NotLocated| {
        let why = world.seen_of(actor.subject(), ActionKind::Subscription, why);
        no_resource(shown, &why, Era::Legacy)
    };
    let located = match world.catalog.uris.locate(shown) {
        Ok(located) => located,
        Err(why) => {
            let error = nothing(why);
            record.ended(Some(&error.message));
            return Err(error);
        }
    };
    let (server, target) = (&located.server.name, located.uri);
    record.is_of(server);
    let action = Action::new(ActionKind::Subscription, Some(server), target);
    let permit = match world.gate.admit(actor.subject(), action) {
        Ok(permit) => permit,
        Err(why) => {
            record.not_admitted(&why);
            return Err(match why {
                NotAdmitted::Limited(limited) => rate_limited(&limited),
                // Nobody is asked about a subscription.
                NotAdmitted::Denied(_) | NotAdmitted::Unapproved(_) => nothing(NotLocated::Unknown),
            });
        }
    };
    if let Err(why) = record.begin().await {
        record.ended(Some(&why.to_string()));
        return Err(RpcError::new(code::INTERNAL, why.to_string()));
    }
    let opened = match instance(hub, actor, located.server).await {
        Ok(instance) => {
            let server = instance.as_deref().unwrap_or(located.server);
            record.is_of(&server.name);
            subscribed(hub, permit, server, located.uri).await
        }
        Err(why) => Err(RpcError::new(code::INTERNAL, why.to_string())),
    };
    record.ended(opened.as_ref().err().map(|error| error.message.as_str()));
    opened
}

/// The instance of the server that the actor has, if there is one for each directory.
async fn instance(hub: &Hub, actor: &Actor, server: &Server) -> Result<Option<Lease>, NoInstance> {
    if !server.config.is_per_directory() {
        return Ok(None);
    }
    let whose = (&actor.principal, actor.session);
    hub.instances.lease(server, whose, actor.cwd.as_deref()).await
}

/// Subscribes to a resource, or joins the subscription that is there.
async fn subscribed(
    hub: &Hub,
    permit: Permit,
    server: &Server,
    uri: &str,
) -> Result<Arc<Subscription>, RpcError> {
    let (first, outcome) = oneshot::channel();
    let keep = || keep(hub.clone(), permit, server.name.clone(), uri.into(), first);
    let subscription = match hub.subscriptions.begin(&server.name, uri, keep)? {
        Begun::Known(known) => return Ok(known),
        Begun::New(subscription) => subscription,
    };
    let patience = server.config.call_timeout;
    match tokio::time::timeout(patience, outcome).await {
        Ok(Ok(outcome)) => outcome.map(|()| subscription),
        _ => Err(RpcError::new(
            code::INTERNAL,
            format!("server {} did not subscribe within {patience:?}", server.name),
        )),
    }
}

/// Keeps one subscription up over every start of its server.
async fn keep(hub: Hub, permit: Permit, server: ServerName, uri: Box<str>, first: First) {
    let (mut first, mut dead): (_, Option<Arc<Live>>) = (Some(first), None);
    loop {
        let Some(handle) = hub.server(&server) else {
            if server.workplace().is_none() || hub.server(&server.configured()).is_none() {
                return;
            }
            // The next call from its directory brings it back.
            tokio::time::sleep(LOOK_FOR_INSTANCE).await;
            continue;
        };
        let live = match first.as_ref() {
            Some(_) => {
                let deadline = Instant::now() + handle.config.call_timeout;
                match handle.live(deadline, dead.as_ref()).await {
                    Ok(live) => Some(live),
                    Err(error) => {
                        let error = RpcError::new(code::INTERNAL, error.to_string());
                        return tell(&mut first, Err(error));
                    }
                }
            }
            None => handle.ready(dead.as_ref()).await,
        };
        let Some(live) = live else {
            tokio::time::sleep(LOOK_AGAIN).await;
            continue;
        };
        let outcome = match live.identity.era {
            Era::Legacy => subscribe(&live, &permit, &uri, &mut first).await,
            Era::Modern => listen(&live, &permit, &uri, &mut first).await,
        };
        if let Err(error) = outcome {
            tracing::debug!(%server, uri, error = error.message, "a subscription was refused");
            return tell(&mut first, Err(error));
        }
        dead = Some(live);
    }
}

fn tell(first: &mut Option<First>, outcome: Result<(), RpcError>) {
    if let Some(first) = first.take() {
        // Nobody may wait any more.
        drop(first.send(outcome));
    }
}

/// Until the connection is over.
async fn subscribe(
    live: &Live,
    permit: &Permit,
    uri: &str,
    first: &mut Option<First>,
) -> Result<(), RpcError> {
    let connection = &live.connection;
    if !live.identity.capabilities.has_subscriptions {
        let message = format!("server {} has no subscriptions", connection.server());
        return Err(RpcError::new(code::METHOD_NOT_FOUND, message));
    }
    let build = |id: u64| request(id, "resources/subscribe", uri);
    let asked = connection.request(permit, Origin::default(), build);
    let Ok(mut asked) = asked else { return Ok(()) };
    match asked.reply().await {
        Reply::Answer(answer) => accepted(&answer)?,
        Reply::Lost(_) => return Ok(()),
    }
    tell(first, Ok(()));
    let _end = Unsubscribe { connection, uri };
    connection.over().await;
    Ok(())
}

/// Until the connection is over, or the server ends it.
async fn listen(
    live: &Live,
    permit: &Permit,
    uri: &str,
    first: &mut Option<First>,
) -> Result<(), RpcError> {
    let info = crate::servers::client_info();
    let meta = translate::modern_meta(&info, "{}");
    let uri = serde_json::Value::from(uri);
    let build = |id: u64| {
        Payload::from(format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{{"_meta":{{{meta}}},"notifications":{{"resourceSubscriptions":[{uri}]}}}}}}"#
        ))
    };
    loop {
        let asked = live.connection.request(permit, Origin::default(), build);
        let Ok(asked) = asked else { return Ok(()) };
        let answer = match until_ended(Listening(asked), first).await {
            Reply::Answer(answer) => answer,
            Reply::Lost(_) => return Ok(()),
        };
        accepted(&answer)?;
        // Ended in order, as before a restart of a remote server.
        tell(first, Ok(()));
        tokio::select! {
            () = live.connection.over() => return Ok(()),
            () = tokio::time::sleep(LISTEN_AGAIN) => {}
        }
    }
}

async fn until_ended(mut asked: Listening, first: &mut Option<First>) -> Reply {
    loop {
        match asked.0.next().await {
            Step::Event(Event::Acknowledged) => tell(first, Ok(())),
            Step::Event(_) => {}
            Step::End(reply) => return reply,
        }
    }
}

struct Listening(crate::connection::Exchange);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.give_up("nobody listens any more");
    }
}

struct Unsubscribe<'a> {
    connection: &'a Arc<Connection>,
    uri: &'a str,
}

impl Drop for Unsubscribe<'_> {
    fn drop(&mut self) {
        let build = |id: u64| request(id, "resources/unsubscribe", self.uri);
        // A connection that is over needs none, and nobody waits for the answer.
        drop(self.connection.request(&Permit::own(), Origin::default(), build));
    }
}

fn request(id: u64, method: &str, uri: &str) -> Payload {
    let uri = serde_json::Value::from(uri);
    Payload::from(format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{"uri":{uri}}}}}"#
    ))
}

/// `Err` with the server's error.
fn accepted(answer: &Message) -> Result<(), RpcError> {
    let Kind::Error { error, .. } = answer.kind() else { return Ok(()) };
    let [number, message] =
        object::members(answer.at(*error), ["code", "message"]).unwrap_or_default();
    let number = number.and_then(|code| code.parse().ok()).unwrap_or(code::INTERNAL);
    let message = message.and_then(object::string).unwrap_or_default();
    Err(RpcError::new(number, message))
}
