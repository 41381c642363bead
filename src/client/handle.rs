//! What a client's message means, whatever way it came.

use std::sync::Arc;

use super::announce::Filter;
use super::hello;
use super::scout::scout;
use super::session::{Client, Session, URI_MAX};
use crate::access::{Action, ActionKind};
use crate::base::memory;
use crate::ledger::Amount;
use crate::mux::{ActRecord, Actor, Call, Caller, Hub, Maker, subscriptions, tasks};
use crate::replies;
use crate::wire::params::Head;
use crate::wire::{
    Era, Kind, ListKind, LogLevel, Message, Method, Payload, Revision, RpcError, Topic, object,
    translate,
};
use crate::world::World;

/// What is to be done about a message.
#[derive(Debug)]
pub enum Handled {
    /// Nothing more: a notification or a response was taken in.
    Taken,
    /// The response is ready.
    Reply(Payload),
    /// An error that also says how HTTP is to show it.
    Refused(RpcError),
    /// A request for a server: [`crate::mux::serve`] has the answer.
    Call(Box<Call>),
    /// What takes time and no single server: [`deferred`] has the answer.
    Deferred(Deferred),
    /// A modern client wants to hear of changes until it takes the request back.
    Listen(Filter, Actor),
}

/// What is answered from what is known of the servers, once they had their chance to start.
#[derive(Debug, Clone)]
pub enum Deferred {
    /// The result of `initialize`, with the servers' instructions, for the client of this name.
    Initialize(Revision, Box<str>),
    /// The result of `server/discover`, with the servers' instructions.
    Discover(Box<str>),
    /// A page of a list. The cursor is as written.
    List { kind: ListKind, era: Era, cursor: Option<Box<str>>, client: Box<str> },
    /// `resources/subscribe`.
    Subscribe { uri: Box<str> },
    /// `tasks/list`.
    Tasks,
}

/// Takes in one message of `session`, whose head was read from it.
pub fn handle(hub: &Hub, session: &Arc<Session>, message: Message, head: Head) -> Handled {
    match message.kind() {
        Kind::Result { .. } | Kind::Error { .. } => {
            session.answer(&message);
            Handled::Taken
        }
        Kind::Notification { method: Method::Cancelled, .. } => {
            if let Some(id) = translate::cancelled_id(&message) {
                session.cancel(id);
            }
            Handled::Taken
        }
        Kind::Notification { method: Method::RootsChanged, .. } => {
            session.roots.forget();
            pass_on_roots(hub, session, &message);
            Handled::Taken
        }
        Kind::Notification { .. } => Handled::Taken,
        Kind::Request { .. } => {
            request(hub, session, message, head).unwrap_or_else(Handled::Refused)
        }
    }
}

/// Shared servers have no roots of one client. The only client's are theirs.
fn pass_on_roots(hub: &Hub, session: &Session, message: &Message) {
    if hub.board.listeners() != 1 {
        return;
    }
    let (world, actor) = (hub.world(), session.actor());
    let record = ActRecord::new(hub, &actor, ActionKind::Roots, "notifications/roots/list_changed");
    let instances = hub.instances.of_session(session.id);
    for server in world.servers.values().chain(&instances) {
        let live = server.status().live.clone();
        let Some(live) = live.filter(|live| live.identity.era == Era::Legacy) else { continue };
        let action = Action::of_server(ActionKind::Roots, &server.name);
        if let Ok(permit) = world.gate.admit(actor.subject(), action) {
            live.connection.notify(&permit, message.payload().on_one_line());
        }
    }
    record.ended(None);
}

fn request(
    hub: &Hub,
    session: &Arc<Session>,
    message: Message,
    head: Head,
) -> Result<Handled, RpcError> {
    let method = message.method().cloned().unwrap_or(Method::Other("".into()));
    if method == Method::Initialize && head.era() == Era::Legacy {
        let revision = initialize(hub, session, &message)?;
        let client = client_name(session, &head, &message);
        return Ok(Handled::Deferred(Deferred::Initialize(revision, client)));
    }
    let era = head.era();
    if era == Era::Modern {
        let meta = head.meta(&message);
        meta.check_modern()?;
        if session.is_untold() {
            session.tell(&hub.recorder, &Client::new(Revision::MODERN, meta.client_info, None));
        }
    }
    if let Some(kind) = ListKind::read_by(&method) {
        let cursor = message.cursor();
        let cursor = cursor.filter(|cursor| *cursor != "null").map(Into::into);
        let client = client_name(session, &head, &message);
        return Ok(Handled::Deferred(Deferred::List { kind, era, cursor, client }));
    }
    match (&method, era) {
        (
            Method::ToolsCall
            | Method::PromptsGet
            | Method::ResourcesRead
            | Method::Complete
            | Method::TasksGet
            | Method::TasksCancel,
            _,
        )
        | (Method::TasksResult, Era::Legacy)
        | (Method::TasksUpdate, Era::Modern) => Ok(call(session, message, head)),
        (Method::Discover, Era::Modern) => {
            let client = client_name(session, &head, &message);
            Ok(Handled::Deferred(Deferred::Discover(client)))
        }
        (Method::Discover, Era::Legacy) => Err(head
            .meta(&message)
            .check_modern()
            .err()
            .unwrap_or_else(|| RpcError::method_not_found(method.as_str()))),
        (Method::Listen, Era::Modern) => {
            let said = head.meta(&message).client_info.map(Into::into);
            let actor = session.actor();
            let client_info = said.unwrap_or_else(|| actor.client_info.clone());
            let filter = Filter::parse(message.params())?;
            Ok(Handled::Listen(filter, Actor { client_info, ..actor }))
        }
        (_, Era::Legacy) => legacy_request(hub, session, &message, &head, &method),
        (_, Era::Modern) => Err(RpcError::method_not_found(method.as_str())),
    }
}

/// As the client names itself: a modern one with each request.
fn client_name(session: &Session, head: &Head, message: &Message) -> Box<str> {
    let said = head.meta(message).client_info.map(Into::into);
    let info: Arc<str> = said.unwrap_or_else(|| session.client().info);
    let name = object::get(&info, "name").and_then(object::string);
    name.unwrap_or_default().into()
}

/// What 2026-07-28 removed.
fn legacy_request(
    hub: &Hub,
    session: &Arc<Session>,
    message: &Message,
    head: &Head,
    method: &Method,
) -> Result<Handled, RpcError> {
    let done = || Ok(Handled::Reply(translate::result(message.id().unwrap_or("null"), "{}")));
    match method {
        Method::Ping => done(),
        Method::SetLevel => {
            set_level(hub, session, message)?;
            done()
        }
        Method::ResourcesSubscribe => {
            let uri = (&*head.request(message)?.name).into();
            Ok(Handled::Deferred(Deferred::Subscribe { uri }))
        }
        Method::ResourcesUnsubscribe => {
            session.unsubscribe(&head.request(message)?.name);
            done()
        }
        Method::TasksList => {
            let cursor = message.cursor();
            // All tasks are on one page, so every cursor is a wrong one.
            match cursor.filter(|cursor| *cursor != "null") {
                None => Ok(Handled::Deferred(Deferred::Tasks)),
                Some(_) => Err(RpcError::invalid_params("`params.cursor` is no cursor of tasks")),
            }
        }
        _ => Err(RpcError::method_not_found(method.as_str())),
    }
}

/// A request for one server.
fn call(session: &Arc<Session>, message: Message, head: Head) -> Handled {
    let (client, level, cwd) = session.said();
    Handled::Call(Box::new(Call {
        era: head.era(),
        message,
        head,
        caller: Caller {
            principal: session.principal.clone(),
            session: session.id,
            owner: session.owner,
            client_info: client.info,
            capabilities: client.capabilities,
            level,
            cwd,
            roots: session.roots.clone(),
            told: session.told.clone(),
            ledger: session.ledger.clone(),
            via: session.via(),
            process: session.process(),
        },
        pending: None,
        again: false,
        is_kept: false,
        forwarded: None,
        maker: Maker::Client,
        approval: None,
        timeout: None,
    }))
}

/// The servers that run are told at once; one that starts later is, with the session's next call.
fn set_level(hub: &Hub, session: &Session, message: &Message) -> Result<(), RpcError> {
    let level = message.params().and_then(|params| object::get(params, "level"));
    let level = level.and_then(LogLevel::parse).ok_or_else(|| {
        RpcError::invalid_params("`params.level` must be one of debug, info, notice, warning, error, critical, alert, emergency")
    })?;
    session.set_level(level);
    let (world, actor) = (hub.world(), session.actor());
    let record = ActRecord::new(hub, &actor, ActionKind::LogLevel, "logging/setLevel");
    let instances = hub.instances.of_session(session.id);
    for server in world.servers.values().chain(&instances) {
        let live = server.status().live.clone();
        let logs = |live: &Arc<crate::servers::Live>| {
            live.identity.era == Era::Legacy && live.identity.capabilities.has_logging
        };
        let Some(live) = live.filter(logs) else { continue };
        let action = Action::of_server(ActionKind::LogLevel, &server.name);
        if let Ok(permit) = world.gate.admit(actor.subject(), action) {
            live.connection.want_level(&permit, level);
        }
    }
    record.ended(None);
    Ok(())
}

/// The response.
pub async fn deferred(hub: &Hub, session: &Arc<Session>, id: &str, deferred: Deferred) -> Payload {
    let found = match deferred {
        Deferred::Subscribe { uri } => {
            subscribe(hub, session, &uri).await.map(|()| bytes::Bytes::from_static(b"{}"))
        }
        Deferred::Tasks => Ok(tasks::list(hub, &session.actor()).await.into()),
        Deferred::Initialize(revision, client) => {
            let world = hub.settled_world().await;
            scout(hub, session, &world, &client).await;
            let capabilities = hello::capabilities(&world, Era::Legacy);
            let instructions = hello::instructions(&world, session.subject(&client), &client);
            Ok(replies::hello::initialize(&capabilities, instructions, revision).into())
        }
        Deferred::Discover(client) => {
            let world = hub.settled_world().await;
            let capabilities = hello::capabilities(&world, Era::Modern);
            Ok(replies::hello::discover(
                &capabilities,
                hello::instructions(&world, session.subject(&client), &client),
            )
            .into())
        }
        Deferred::List { kind, era, cursor, client } => {
            let world = hub.settled_world().await;
            scout(hub, session, &world, &client).await;
            page(hub, session, &world, (kind, era), cursor.as_deref(), &client)
        }
    };
    match found {
        Ok(result) => {
            let head = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"#);
            Payload::Parts(vec![head.into(), result, bytes::Bytes::from_static(b"}")])
        }
        Err(error) => translate::refusal(id, &error),
    }
}

/// A page of a list, for the client of this name.
fn page(
    hub: &Hub,
    session: &Session,
    world: &World,
    (kind, era): (ListKind, Era),
    cursor: Option<&str>,
    client: &str,
) -> Result<bytes::Bytes, RpcError> {
    let (subject, client) = (session.subject(client), world.config.client(client));
    let page = world.page(subject, (kind, client), cursor, era);
    let page = page.map_err(|error| RpcError::invalid_params(error.to_string()))?;
    memory::came(page.len());
    if kind == ListKind::Tools {
        let catalog = &world.catalog;
        let amount =
            |sent: usize, direct: usize| Amount { sent: sent as u64, direct: direct as u64 };
        let bytes = amount(page.len(), catalog.definitions_len);
        let defers = catalog.menu(client).is_some_and(|menu| menu.pins_own);
        let direct = if defers { 0 } else { catalog.definitions_tokens };
        let tokens = amount(catalog.shown(kind, client).tokens, direct);
        for ledger in [&hub.ledger, &session.ledger] {
            ledger.listed(bytes, tokens);
        }
    }
    // A modern client subscribes to what it wants to hear.
    if era == Era::Legacy {
        let topic: Topic = kind.topic();
        session.sent_list(topic, world.versions[topic.index()]);
    }
    Ok(page)
}

/// Subscribes the session to a resource, once its server had its chance to start.
pub async fn subscribe(hub: &Hub, session: &Session, uri: &str) -> Result<(), RpcError> {
    if uri.len() > URI_MAX {
        let message = format!(
            "`params.uri` has {} bytes; a URI to subscribe to has at most {URI_MAX}",
            uri.len()
        );
        return Err(RpcError::invalid_params(message));
    }
    let world = hub.settled_world().await;
    let held = subscriptions::open(hub, &session.actor(), &world, uri).await?;
    if session.subscribe(uri, held) {
        Ok(())
    } else {
        Err(RpcError::invalid_params("this session is subscribed to too many resources"))
    }
}

fn initialize(hub: &Hub, session: &Arc<Session>, message: &Message) -> Result<Revision, RpcError> {
    let params = message.params().ok_or_else(|| RpcError::invalid_params("`params` is missing"))?;
    let [version, info, capabilities] =
        object::members(params, ["protocolVersion", "clientInfo", "capabilities"])
            .map_err(|error| RpcError::invalid_params(format!("`params`: {error}")))?;
    let asked = version
        .and_then(object::string)
        .ok_or_else(|| RpcError::invalid_params("`params.protocolVersion` must be a string"))?;
    let revision = Revision::negotiate(&asked);
    let client = Client::new(revision, info, capabilities);
    session.tell(&hub.recorder, &client);
    session.greet(client);
    Ok(revision)
}
