//! POST: a client's message comes in.

use std::convert::Infallible;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header as names};
use bytes::Bytes;

use super::answer::{Prepared, begin};
use super::asked::{NoBody, TimedBody, whole};
use super::batch;
use super::body::{Sent, Unanswered};
use super::peer::Caller;
use super::response::{
    PROTOCOL_VERSION, Response, SESSION_ID, accepts, cwd, header, json, no_session, refusal,
    session_id,
};
use super::step_up::Grantable;
use super::too_early;
use crate::access::{ClientName, Gate, Subject};
use crate::base::{Principal, memory};
use crate::connection::Forwarded;
use crate::front::Front;
use crate::mux::ActRecord;
use crate::sessions::http_sessions::{HttpSession, NoSession};
use crate::wire::error::code;
use crate::wire::headers::{self, Mirrored};
use crate::wire::mirror;
use crate::wire::params::{Head, Target};
use crate::wire::{Era, Malformed, Message, Method, Revision, RpcError, object};

/// Up to this size a body is copied out of the connection's buffer, which then needs not be
/// allocated anew for the next request.
const COPIED_MAX: usize = 4096;

/// Whose request it is, and where it came in.
pub(super) struct Sender {
    pub(super) front: Arc<Front>,
    pub(super) caller: Arc<Caller>,
    pub(super) principal: Principal,
}

/// Answers one message.
pub(super) async fn serve(
    sender: Sender,
    under_way: Unanswered,
    request: HeaderMap,
    body: TimedBody,
) -> Result<axum::http::Response<Sent>, Infallible> {
    let prepared = match read_message(&sender, request, body).await {
        Ok(prepared) => prepared,
        Err(response) => return Ok(under_way.answered(response)),
    };
    let opens = prepared.message.method() == Some(&Method::Initialize);
    let session = prepared.session.id;
    let grantable = Grantable::of(&sender.front, &prepared);
    let mut response = begin(&sender.front, prepared).response().await;
    if let Some(grantable) = grantable {
        response = grantable.challenged(&sender.front, response);
    }
    if opens && response.status() == StatusCode::OK {
        sender.front.sessions.note(session);
        let value = HeaderValue::try_from(session.to_string()).expect("hex digits");
        response.headers_mut().insert(SESSION_ID, value);
    }
    Ok(under_way.answered(response))
}

/// The message, or the response to what is none.
async fn read_message(
    sender: &Sender,
    request: HeaderMap,
    body: TimedBody,
) -> Result<Prepared, Response> {
    let limit = {
        let world = sender.front.hub.world();
        if let Some(response) = too_early(sender, &world.gate, &request) {
            return Err(response);
        }
        world.config.http.max_body
    };
    let bytes = read(&request, body, limit).await?;
    // Headers are slices of the connection's buffer: they do not outlive their use.
    match Message::parse(&bytes) {
        Ok(message) => prepare(sender, &request, message),
        Err(Malformed::Batch) => Err(Box::pin(batch_or_refuse(sender, &request, &bytes)).await),
        Err(malformed) => {
            let (error, id) = malformed.answer();
            Err(json(StatusCode::BAD_REQUEST, error.response(id)))
        }
    }
}

/// The answer to a call that is too early whatever its body says.
fn too_early(sender: &Sender, gate: &Gate, request: &HeaderMap) -> Option<Response> {
    let limited = gate.check(&sender.principal).err()?;
    let (kind, name) = too_early::call(request)?;
    let hub = &sender.front.hub;
    // A call that its client goes on with was counted when it began.
    if hub.has_open_round(&sender.principal) {
        return None;
    }
    let actor = sender.caller.modern_session(&sender.principal).actor();
    let after = limited.after_seconds;
    let error = ActRecord::new(hub, &actor, kind, &name).limited(limited);
    Some(too_early::answer(&error, after))
}

/// What of a request's headers some server is to get.
fn forwarded(front: &Front, request: &HeaderMap) -> Option<Arc<Forwarded>> {
    let world = front.hub.world();
    let names = &world.config.http.forwarded;
    let find = |name: &str| header(request, name).map(str::to_owned);
    // Most configs have none.
    let found = (!names.is_empty()).then(|| Forwarded::gather(names, find))?;
    (!found.is_empty()).then(|| Arc::new(found))
}

/// A batch, if the session speaks the one revision that has them.
async fn batch_or_refuse(sender: &Sender, request: &HeaderMap, text: &Bytes) -> Response {
    let (front, principal) = (&sender.front, &sender.principal);
    let id = session_id(request).and_then(Result::ok);
    let held = id.and_then(|id| front.sessions.take_up(id, principal).ok());
    match held.filter(|held| held.session.revision().has_batches()) {
        Some(held) => batch::answer(front, &held.session.asked_by(principal), text).await,
        None => refusal(StatusCode::BAD_REQUEST, &Malformed::Batch.answer().0),
    }
}

/// The whole body, of the right type and size.
pub(super) async fn read<B>(headers: &HeaderMap, body: B, limit: usize) -> Result<Bytes, Response>
where
    B: http_body::Body<Data = Bytes, Error: Into<axum::BoxError>>,
{
    let wrong = |status, what: &str| refusal(status, &RpcError::new(code::INVALID_REQUEST, what));
    let media_type = header(headers, names::CONTENT_TYPE).and_then(|value| value.split(';').next());
    if !media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json")) {
        return Err(wrong(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be of type application/json",
        ));
    }
    if headers.contains_key(names::CONTENT_ENCODING) {
        return Err(wrong(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "compressed bodies are not accepted",
        ));
    }
    match whole(body, limit).await {
        Ok(bytes) => {
            memory::came(bytes.len());
            let small = bytes.len() <= COPIED_MAX;
            Ok(if small { Bytes::copy_from_slice(&bytes) } else { bytes })
        }
        Err(NoBody::TooLarge) => Err(too_large(limit)),
        Err(NoBody::TooSlow) => {
            Err(wrong(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"))
        }
        Err(NoBody::CutOff) => {
            Err(wrong(StatusCode::BAD_REQUEST, "the body ended before its announced end"))
        }
    }
}

/// The answer to a body of more than `limit` bytes. Its connection ends with it: what is left of the
/// body would have to be read before the next request.
pub(super) fn too_large(limit: usize) -> Response {
    let what =
        format!("the body is larger than {limit} bytes; raise `http.max_body` if that is right");
    let error = RpcError::new(code::INVALID_REQUEST, what);
    let mut response = refusal(StatusCode::PAYLOAD_TOO_LARGE, &error);
    response.headers_mut().insert(names::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[expect(clippy::result_large_err, reason = "the error is the response, and is sent at once")]
fn prepare(sender: &Sender, request: &HeaderMap, message: Message) -> Result<Prepared, Response> {
    let (front, principal) = (&sender.front, &sender.principal);
    let version = header(request, PROTOCOL_VERSION).and_then(Revision::parse);
    let is_modern = version.is_some_and(|version| version.era() == Era::Modern);
    let refuse = |status, error: &RpcError| Err(json(status, error.response(message.id())));
    let head = match Head::parse(&message) {
        Ok(head) => head,
        Err(error) if is_modern => return refuse(StatusCode::BAD_REQUEST, &error),
        Err(error) => return refuse(StatusCode::OK, &error),
    };
    let reads_events = accepts(request, "text/event-stream");
    let forwarded = forwarded(front, request);
    if is_modern || head.era() == Era::Modern {
        if let Err(error) = check_modern(request, &message, &head)
            .and_then(|()| check_mirrors(sender, request, &message, &head))
        {
            let status = match error.code {
                code::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
                _ => StatusCode::BAD_REQUEST,
            };
            return refuse(status, &error);
        }
        // Each request stands alone.
        let session = sender.caller.modern_session(principal);
        session.works_in(cwd(request));
        return Ok(Prepared { session, held: None, message, head, reads_events, forwarded });
    }
    match legacy_session(front, principal, request, &message) {
        Ok(held) => {
            let session = held.session.asked_by(principal);
            if let Some(cwd) = cwd(request)
                && session.works_in(Some(cwd))
            {
                front.sessions.note(session.id);
            }
            Ok(Prepared { session, held: Some(held), message, head, reads_events, forwarded })
        }
        Err((status, error)) => refuse(status, &error),
    }
}

/// What 2026-07-28 asks of every request's headers and metadata.
fn check_modern(request: &HeaderMap, parsed: &Message, head: &Head) -> Result<(), RpcError> {
    // A notification has no metadata that could be checked.
    let Some(method) = parsed.method().filter(|_| parsed.id().is_some()) else { return Ok(()) };
    // 2026-07-28 has no handshake, whatever its parameters.
    if *method == Method::Initialize {
        return Err(RpcError::method_not_found(method.as_str()));
    }
    let meta = head.meta(parsed);
    // A header that differs is what is wrong even if the body's version is unknown, too.
    if let Some(version) = &meta.version {
        headers::check_version(header(request, PROTOCOL_VERSION), version)?;
    }
    meta.check_modern()?;
    let body_version = meta.version.as_deref().unwrap_or_default();
    let name = match headers::named_by(method) {
        Some(member) => {
            let [name] = object::members(parsed.params().unwrap_or("{}"), [member])
                .map_err(|error| RpcError::invalid_params(error.to_string()))?;
            Some(name.and_then(object::string).unwrap_or_default())
        }
        None => None,
    };
    let mirrored = Mirrored {
        version: header(request, PROTOCOL_VERSION),
        method: header(request, headers::METHOD),
        name: request
            .get(headers::NAME)
            .map(|value| std::str::from_utf8(value.as_bytes()).unwrap_or("\u{fffd}")),
    };
    headers::check(mirrored, body_version, method.as_str(), name.as_deref())
}

/// What a tool's definition asks a client to repeat of its arguments (2026-07-28, "Custom Headers from
/// Tool Parameters").
fn check_mirrors(
    sender: &Sender,
    request: &HeaderMap,
    parsed: &Message,
    head: &Head,
) -> Result<(), RpcError> {
    let world = sender.front.hub.world();
    if head.target() != Some(Target::Tool) || !world.catalog.tools.has_mirrors {
        return Ok(());
    }
    let params = head.request(parsed)?;
    let said = head.client_info(parsed).unwrap_or_default();
    let subject = Subject { principal: &sender.principal, client: ClientName::In(said) };
    // What the caller may not know of is refused at the door, in other words.
    let Some(entry) = world.seen_tool(subject, &params.name) else { return Ok(()) };
    let arguments = parsed.params().and_then(|params| object::get(params, "arguments"));
    mirror::check(&entry.item.mirrors, arguments.unwrap_or("{}"), |name| header(request, name))
}

fn legacy_session(
    front: &Front,
    principal: &Principal,
    request: &HeaderMap,
    parsed: &Message,
) -> Result<Arc<HttpSession>, (StatusCode, RpcError)> {
    let wrong = |status, what: &str| Err((status, RpcError::new(code::INVALID_REQUEST, what)));
    if let Some(version) = header(request, PROTOCOL_VERSION)
        && Revision::parse(version).is_none()
    {
        return Err((StatusCode::BAD_REQUEST, crate::wire::meta::unsupported_version(version)));
    }
    if parsed.method() == Some(&Method::Initialize) {
        front.changed.notify_one();
        return front.sessions.open(principal.clone()).map_err(no_session);
    }
    match session_id(request) {
        None => wrong(
            StatusCode::BAD_REQUEST,
            "the Mcp-Session-Id header is missing; a session begins with `initialize`",
        ),
        Some(Err(())) => Err(no_session(NoSession::Unknown)),
        Some(Ok(id)) => front.sessions.take_up(id, principal).map_err(no_session),
    }
}
