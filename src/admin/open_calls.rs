//! Calls that have not ended: which they are, and how one is cancelled.

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{json, problem};
use super::sources::AnswerSources;
use crate::api::{OpenCallReport, ProblemCode, ProblemDetails};
use crate::base::{CallId, Principal, ServerName, quoted};
use crate::calls::OpenCall;
use crate::facts::CallCancelled;

/// So many ids are named to whoever asks for one that is not there.
const NAMED_MAX: usize = 8;

fn report(call: &OpenCall) -> OpenCallReport {
    OpenCallReport {
        id: call.id.to_string(),
        of: call.kind.to_owned(),
        name: call.name.to_string(),
        server: call.server.as_ref().map(ServerName::configured),
        client: call.client.clone(),
        principal: call.principal.to_string(),
        session: call.session.mark(),
        age_us: u64::try_from(call.began.elapsed().as_micros()).unwrap_or(u64::MAX),
        inner: call.is_inner,
    }
}

pub(super) async fn list(State(sources): State<AnswerSources>) -> Response {
    let open = sources.hub.calls.open().await;
    json(StatusCode::OK, &open.iter().map(report).collect::<Vec<_>>())
}

pub(super) async fn cancel(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let cancelled = match CallId::parse(&id) {
        Some(id) => sources.hub.calls.cancel(id).await,
        None => None,
    };
    let Some(call) = cancelled else { return unknown(&sources, &id).await };
    sources.hub.recorder.record(CallCancelled {
        call: call.id,
        session: call.session,
        server: call.server.clone(),
        name: call.name.clone(),
        principal: principal.label(),
    });
    json(StatusCode::OK, &report(&call))
}

async fn unknown(sources: &AnswerSources, id: &str) -> Response {
    let open = sources.hub.calls.open().await;
    let ids: Vec<String> = open.iter().take(NAMED_MAX).map(|call| call.id.to_string()).collect();
    let fix = match ids.as_slice() {
        [] => "no call waits for a server; it may have ended by now".to_owned(),
        ids => format!("`GET /api/v1/calls/open` lists those that there are: {}", ids.join(", ")),
    };
    let detail = format!("no call `{}` waits for a server", quoted(id));
    problem(&ProblemDetails::new(ProblemCode::UnknownCall, detail).fixed_by(&fix))
}
