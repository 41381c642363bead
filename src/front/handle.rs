//! What a client's message means, whatever way it came.

use std::sync::Arc;

use super::hello;
use super::session::{Client, Session};
use crate::mux::{Call, Hub};
use crate::telemetry::Fact;
use crate::wire::error::code;
use crate::wire::params::Head;
use crate::wire::{Era, Kind, Message, Method, Payload, Revision, RpcError, object, translate};

/// What is to be done about a message.
#[derive(Debug)]
pub enum Handled {
    /// Nothing more: a notification or a response was taken in.
    Taken,
    /// The response is ready.
    Reply(Payload),
    /// An error that also says how HTTP is to show it.
    Refused(RpcError),
    /// A tool call: [`crate::mux::serve`] has the answer.
    Call(Box<Call>),
    /// What the servers have a say in, once they had their chance to start: [`later`] has the answer.
    Later(Later),
    /// A modern client wants to hear of changes until it takes the request back.
    Listen { tools: bool },
}

/// What is answered from the servers that are there.
#[derive(Debug, Clone, Copy)]
pub enum Later {
    /// The result of `initialize`, with the servers' instructions.
    Initialize(Revision),
    /// The result of `server/discover`, with the servers' instructions.
    Discover,
    /// The list of tools.
    Tools(Era),
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
        Kind::Notification { .. } => Handled::Taken,
        Kind::Request { .. } => {
            request(hub, session, message, head).unwrap_or_else(Handled::Refused)
        }
    }
}

fn request(
    hub: &Hub,
    session: &Arc<Session>,
    message: Message,
    head: Head,
) -> Result<Handled, RpcError> {
    let method = message.method().cloned().unwrap_or(Method::Other("".into()));
    let id = message.id().unwrap_or("null").to_owned();
    if method == Method::Initialize {
        let revision = initialize(hub, session, &message)?;
        return Ok(Handled::Later(Later::Initialize(revision)));
    }
    let (meta, era) = (head.meta(&message), head.era());
    if era == Era::Modern {
        meta.check_modern()?;
    }
    match (method, era) {
        (Method::ToolsCall, _) => {
            let client_info = meta.client_info.map_or_else(|| session.client_info(), Into::into);
            let principal = session.principal.clone();
            let (owner, session) = (session.owner, session.id);
            Ok(Handled::Call(Box::new(Call {
                message,
                head,
                era,
                principal,
                session,
                owner,
                client_info,
                pending: None,
                again: false,
            })))
        }
        (Method::ToolsList, _) => {
            refuse_cursor(message.params())?;
            Ok(Handled::Later(Later::Tools(era)))
        }
        (Method::Ping, Era::Legacy) => Ok(Handled::Reply(translate::result(&id, "{}"))),
        (Method::Discover, Era::Modern) => Ok(Handled::Later(Later::Discover)),
        (Method::Discover, Era::Legacy) => Err(meta
            .check_modern()
            .err()
            .unwrap_or_else(|| RpcError::method_not_found(Method::Discover.as_str()))),
        (Method::Listen, Era::Modern) => {
            Ok(Handled::Listen { tools: wants_tools(message.params()) })
        }
        (method, _) => Err(RpcError::method_not_found(method.as_str())),
    }
}

/// The response, and the version of the list of tools if that is what it has.
pub async fn later(hub: &Hub, id: &str, later: Later) -> (Payload, Option<u64>) {
    let world = hub.settled_world().await;
    let result = match later {
        Later::Initialize(revision) => {
            hello::initialize(hello::instructions(&world), revision).into()
        }
        Later::Discover => hello::discover(hello::instructions(&world)).into(),
        Later::Tools(Era::Legacy) => world.catalog.legacy_result.clone(),
        Later::Tools(Era::Modern) => world.catalog.modern_result.clone(),
    };
    let head = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"#);
    let payload = Payload::Parts(vec![head.into(), result, bytes::Bytes::from_static(b"}")]);
    (payload, matches!(later, Later::Tools(_)).then_some(world.tools_version))
}

/// `notifications/tools/list_changed`; for a modern client under its subscription's id.
pub fn tools_changed(subscription: Option<&str>) -> Payload {
    Payload::from(match subscription {
        None => r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#.to_owned(),
        Some(id) => format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"_meta":{{"{}":{id}}}}}}}"#,
            crate::wire::meta::SUBSCRIPTION_ID
        ),
    })
}

/// The first message on a subscription: what of the wish is granted.
pub fn acknowledged(subscription: &str, tools: bool) -> Payload {
    Payload::from(format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"_meta":{{"{}":{subscription}}},"notifications":{{"toolsListChanged":{tools}}}}}}}"#,
        crate::wire::meta::SUBSCRIPTION_ID
    ))
}

/// The result that ends a subscription in order.
pub fn subscription_ended(id: &str) -> Payload {
    let meta = format!(
        r#"{{"resultType":"complete","_meta":{{"{}":{id}}}}}"#,
        crate::wire::meta::SUBSCRIPTION_ID
    );
    translate::result(id, &meta)
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
    hub.recorder.record(Fact::SessionOpened {
        session: session.id,
        front: session.way.as_str(),
        principal: session.principal.label().to_string(),
        client: client.title(),
        revision: revision.to_string(),
        cwd: session.cwd.clone(),
    });
    session.greet(client);
    Ok(revision)
}

/// Our lists have one page, so no cursor of ours exists.
fn refuse_cursor(params: Option<&str>) -> Result<(), RpcError> {
    let [cursor] =
        params.map_or(Ok([None]), |json| object::members(json, ["cursor"])).unwrap_or_default();
    match cursor {
        None | Some("null") => Ok(()),
        Some(_) => {
            Err(RpcError::new(code::INVALID_PARAMS, "unknown cursor: this list has one page"))
        }
    }
}

fn wants_tools(params: Option<&str>) -> bool {
    let find = |json, name| object::members(json, [name]).ok().and_then(|[found]| found);
    params
        .and_then(|params| find(params, "notifications"))
        .and_then(|filter| find(filter, "toolsListChanged"))
        == Some("true")
}
