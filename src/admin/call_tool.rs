//! A call of a tool, made for whoever asks through the one door, or looked at without being made.
//!
//! It is the call of a client that says of itself what it is, and can be asked nothing.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::answer::{bad_body, gone, json, problem, too_large};
use super::desk::Closed;
use super::sources::AnswerSources;
use super::taken;
use crate::api::{ProblemCode, ProblemDetails, ToolCallDone, ToolCallWanted};
use crate::base::names::SEPARATOR;
use crate::base::{Principal, SessionId, large, quoted};
use crate::connection::Ask;
use crate::meta;
use crate::mux::{Call, Caller, Maker, Outlet, Reply};
use crate::peers::peer::AtOtherEnd;
use crate::targets::failure::Failure;
use crate::wire::error::code;
use crate::wire::params::Head;
use crate::wire::{Era, Kind, Message, Payload, RpcError, object};
use crate::world::World;

/// What is called for this in `clientInfo`.
const CLIENT_INFO: &str =
    concat!(r#"{"name":"callmux-api","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#);
/// The tool of ours that looks at a call.
const DRY_RUN: &str = "callmux_dry_run";
/// The largest result that is told whole, in bytes. Most are shortened before, as `max_result` says.
const RESULT_MAX: usize = 4 << 20;

pub(super) async fn call(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Extension(AtOtherEnd(process)): Extension<AtOtherEnd>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(body) = body else { return too_large() };
    let wanted: ToolCallWanted = match serde_json::from_slice(&body) {
        Ok(wanted) => wanted,
        Err(error) => return bad_body(&error.to_string()),
    };
    let arguments = wanted.arguments.as_deref().map_or("{}", RawValue::get);
    if !object::is_object(arguments) {
        return bad_body("`arguments` has to be an object");
    }
    let (name, arguments) = if wanted.dry_run {
        (DRY_RUN.to_owned(), looked_at(&wanted, arguments))
    } else {
        (name(&sources.hub.world(), &wanted), arguments.to_owned())
    };
    let caller = Caller {
        owner: Caller::owner_of(&principal),
        principal,
        session: SessionId::random(),
        client_info: CLIENT_INFO.into(),
        capabilities: Arc::default(),
        level: None,
        cwd: None,
        roots: Arc::default(),
        told: Arc::default(),
        ledger: Arc::default(),
        via: "api",
        process: process.map(|process| process.number()),
    };
    let call = match of_client(caller, &name, &arguments) {
        Ok(call) => Box::new(call),
        Err(why) => return bad_body(&why.message),
    };
    let began = Instant::now();
    let reply = meta::serve(sources.hub.clone(), call, AnswerOnly).await;
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    if let Some(failure) = &reply.failure {
        return problem(&refused(failure, &wanted));
    }
    let told = large::beside(reply.payload.len(), move || told(reply, &wanted, took_us)).await;
    match told {
        Some(Ok(done)) => json(StatusCode::OK, &done),
        Some(Err(why)) => problem(&why),
        None => gone(Closed),
    }
}

/// The name by which the door finds the tool.
fn name(world: &World, wanted: &ToolCallWanted) -> String {
    let tool = &wanted.tool;
    match &wanted.server {
        None => tool.clone(),
        Some(server) => match taken::entry(world, tool, Some(server)) {
            Some(entry) => format!("{}{SEPARATOR}{}", entry.server.name, entry.item.name),
            None if tool.contains(SEPARATOR) => tool.clone(),
            None => format!("{server}{SEPARATOR}{tool}"),
        },
    }
}

/// The arguments of the tool that looks at the call.
fn looked_at(wanted: &ToolCallWanted, arguments: &str) -> String {
    let tool = Value::from(&*wanted.tool);
    let server = match &wanted.server {
        Some(server) => format!(r#","server":{}"#, Value::from(&**server)),
        None => String::new(),
    };
    format!(
        r#"{{"mode":"call","tool":{tool}{server},"arguments":{arguments},"outputFormat":"json"}}"#
    )
}

/// The call, as a client sends it that is asked nothing.
fn of_client(caller: Caller, name: &str, arguments: &str) -> Result<Call, RpcError> {
    let name = Value::from(name);
    let text = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":{name},"arguments":{arguments}}}}}"#
    );
    let message = Message::parse(&text.into()).map_err(|error| error.answer().0)?;
    let head = Head::parse(&message)?;
    Ok(Call {
        message,
        head,
        // Who has no rounds is answered once and for all.
        era: Era::Legacy,
        caller,
        pending: None,
        again: false,
        is_kept: false,
        forwarded: None,
        maker: Maker::Client,
        approval: None,
        timeout: None,
    })
}

/// Nobody hears what comes before the answer, and nobody can be asked.
struct AnswerOnly;

impl Outlet for AnswerOnly {
    fn notify(&self, _: Payload) {}

    fn ask(&self, ask: Ask) {
        let reason = "the call was made over the management API, where nobody can be asked";
        ask.refuse(&RpcError::new(code::METHOD_NOT_FOUND, reason));
    }

    fn withdraw(&self, _: &str) {}
}

/// What callmux says of a call that it did not make, or that has no answer.
fn refused(failure: &Failure, wanted: &ToolCallWanted) -> ProblemDetails {
    let (code, detail, fix) = match failure {
        Failure::Denied(..) | Failure::Refused(_) if wanted.dry_run => {
            (ProblemCode::UnknownTool, format!("there is no tool `{}`", quoted(&wanted.tool)), FIND)
        }
        Failure::Denied(error, _) | Failure::Refused(error) => {
            (ProblemCode::UnknownTool, error.message.clone(), FIND)
        }
        Failure::Limited { limited, .. } => {
            (ProblemCode::RateLimited, limited.to_string(), "make it again when that time is over")
        }
        Failure::Unapproved { told, .. } => (
            ProblemCode::NotApproved,
            told.message.clone(),
            "answer the question in a terminal of your own, `callmux approvals`, and make the same call again",
        ),
        Failure::Told(told) if told.code == "argument_resolution_failed" => {
            let fix = "mend the reference that is named in the arguments";
            (ProblemCode::BadArguments, told.message.clone(), fix)
        }
        Failure::Told(told) => {
            let fix = "do what it says, and make the call again";
            (ProblemCode::Conflict, told.message.clone(), fix)
        }
        Failure::Lost(lost) if lost.sent => (
            ProblemCode::OutcomeUnknown,
            lost.reason.clone(),
            "the call may have had its effect: look before you make it again",
        ),
        Failure::Lost(lost) => (
            ProblemCode::NotSent,
            lost.reason.clone(),
            "it had no effect, and can be made again; `callmux doctor` says what keeps a server down",
        ),
    };
    ProblemDetails::new(code, detail).fixed_by(fix)
}

/// How it is found out why there is no such tool for somebody.
const FIND: &str = "`callmux tools` lists those that there are, `callmux access test` says whether a rule keeps one from you";

/// The answer to a call that was made, or looked at.
fn told(
    reply: Reply,
    wanted: &ToolCallWanted,
    took_us: u64,
) -> Result<ToolCallDone, Box<ProblemDetails>> {
    let unreadable = |detail: &str| {
        let fix = "look what came of the call before you make it again";
        let told = ProblemDetails::new(ProblemCode::ServerError, detail.to_owned());
        Box::new(told.fixed_by(fix))
    };
    let message = Message::parse(&reply.payload.into_bytes())
        .map_err(|_| unreadable("its answer cannot be read"))?;
    let result = match message.kind() {
        Kind::Result { result, .. } => message.at(*result),
        Kind::Error { error, .. } => return Err(Box::new(of_server(message.at(*error)))),
        _ => return Err(unreadable("it gave no answer")),
    };
    if wanted.dry_run
        && let Some(why) = unknown(result)
    {
        return Err(Box::new(ProblemDetails::new(ProblemCode::UnknownTool, why).fixed_by(FIND)));
    }
    let left_out_bytes = (result.len() > RESULT_MAX).then_some(result.len());
    let shown = match left_out_bytes {
        None => result.to_owned(),
        Some(bytes) => instead(result, bytes),
    };
    let result =
        RawValue::from_string(shown).map_err(|_| unreadable("its answer cannot be read"))?;
    Ok(ToolCallDone { dry_run: wanted.dry_run, took_us, result, left_out_bytes })
}

/// A result that says how large the one is that it stands for.
fn instead(result: &str, bytes: usize) -> String {
    let is_error = object::get(result, "isError") == Some("true");
    let text = format!("The result has {bytes} bytes, which is more than is told here.");
    serde_json::json!({ "content": [{ "type": "text", "text": text }], "isError": is_error })
        .to_string()
}

/// What an error of JSON-RPC says that the server answered with.
fn of_server(error: &str) -> ProblemDetails {
    let said = object::get(error, "message").and_then(object::string).unwrap_or_default();
    let detail = format!("it answered: {}", quoted(&said));
    let fix = "that is the server's own word; `callmux logs` shows what else it wrote";
    ProblemDetails::new(ProblemCode::ServerError, detail).fixed_by(fix)
}

/// Why there is nothing to look at, where there is no such tool for who asks.
fn unknown(result: &str) -> Option<String> {
    let found: Value = serde_json::from_str(result).ok()?;
    let text: Value = serde_json::from_str(found["content"][0]["text"].as_str()?).ok()?;
    let error = &text["items"][0]["error"];
    let codes = ["tool_not_found", "server_not_found", "tool_resolution_failed"];
    let is_unknown = error["code"].as_str().is_some_and(|code| codes.contains(&code));
    is_unknown.then(|| error["message"].as_str().unwrap_or_default().to_owned())
}
