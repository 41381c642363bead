//! The sessions of clients: which are open, and how one is ended.

use std::time::UNIX_EPOCH;

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{json, problem};
use super::sources::AnswerSources;
use crate::api::{ProblemCode, ProblemDetails, SessionDetails};
use crate::base::{Principal, SessionId, large, quoted};
use crate::facts::SessionEnded;

/// So many ids are named to whoever asks for one that is not there.
const NAMED_MAX: usize = 8;

pub(super) async fn list(State(sources): State<AnswerSources>) -> Response {
    let all = open(&sources).await;
    json(StatusCode::OK, &all.into_iter().map(|(_, one)| one).collect::<Vec<_>>())
}

/// Those that are open, the oldest first; of what is not known when it was opened, at the beginning.
async fn open(sources: &AnswerSources) -> Vec<(SessionId, SessionDetails)> {
    let held = sources.sessions.clone();
    let mut all = large::beside(0, move || held.all()).await.unwrap_or_default();
    for note in sources.hub.recorder.sessions() {
        if let Some((_, one)) = all.iter_mut().find(|(id, _)| *id == note.session) {
            one.opened_at = note.opened.duration_since(UNIX_EPOCH).ok().map(|at| at.as_secs());
            one.client = note.client;
        }
    }
    all.sort_by_key(|(id, one)| (one.opened_at, *id));
    all
}

pub(super) async fn end(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Response {
    let all = open(&sources).await;
    let found = all.iter().find(|(own, one)| one.id == id || own.to_string() == id);
    match found.filter(|(own, _)| sources.sessions.end(*own)) {
        Some((session, ended)) => {
            let (session, calls) = (*session, ended.in_flight);
            sources.hub.recorder.record(SessionEnded {
                session,
                principal: principal.label(),
                calls,
            });
            json(StatusCode::OK, ended)
        }
        None => unknown(&id, &all),
    }
}

fn unknown(id: &str, open: &[(SessionId, SessionDetails)]) -> Response {
    let detail = format!("no session `{}` is open", quoted(id));
    let ids: Vec<&str> = open.iter().take(NAMED_MAX).map(|(_, one)| one.id.as_str()).collect();
    let fix = match ids.as_slice() {
        [] => "none is open; a client has one as soon as it has connected".to_owned(),
        ids => format!("`GET /api/v1/sessions` lists those that are open: {}", ids.join(", ")),
    };
    problem(&ProblemDetails::new(ProblemCode::UnknownSession, detail).fixed_by(&fix))
}
