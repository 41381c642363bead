//! The endpoints for what waits for a person.
//!
//! | endpoint | answer |
//! | --- | --- |
//! | GET `/api/v1/approvals` | 200, the [`ApprovalList`] now |
//! | GET `/api/v1/approvals?since=STATE` | 200, the next one, or the same after 20 s |
//! | POST `/api/v1/approvals/ID/once`, `hour`, `deny` | 200, [`ApprovalDone`]; 403, the client would answer itself; 404 |

use std::future::ready;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Extension, Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::answer::{failure, json, missing};
use super::desk::Desk;
use crate::api::path::{self, pattern};
use crate::api::{ApprovalCall, ApprovalDone, ApprovalList, ApprovalReport};
use crate::approvals::{Approvals, Decision, Question, may_answer};
use crate::base::{Principal, quoted};
use crate::facts::ApprovalAnswered;
use crate::peers::peer::AtOtherEnd;
use crate::telemetry::Recorder;

/// So long an answer waits for news.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn routes(approvals: &Approvals, recorder: Recorder) -> Router<Desk> {
    let (listed, approvals) = (approvals.clone(), approvals.clone());
    let answered = move |path, process, principal| {
        ready(answer(&approvals, &recorder, (path, process, principal)))
    };
    Router::new()
        .route(path::APPROVALS, get(move |query| list(listed, query)))
        .route(&pattern::any_approval(), post(answered))
}

async fn list(approvals: Approvals, RawQuery(query): RawQuery) -> Response {
    let known = path::asked_since(query.as_deref().unwrap_or_default());
    let patience = if known.is_some() { PATIENCE } else { Duration::ZERO };
    let (state, open) = approvals.look(known, patience).await;
    let approvals = open.into_iter().map(report).collect();
    json(StatusCode::OK, &ApprovalList { state, approvals })
}

fn report(question: Question) -> ApprovalReport {
    let left = question.until.duration_since(SystemTime::now()).unwrap_or_default();
    let calls = question.calls.into_iter().map(|call| ApprovalCall {
        server: call.server.into(),
        kind: call.kind.into(),
        name: call.shown.into(),
        arguments: call.arguments.map(Into::into),
    });
    ApprovalReport {
        id: question.id.into(),
        principal: question.asking.principal.to_string(),
        client: question.asking.client.into(),
        cwd: question.asking.cwd.map(Into::into),
        rule: question.asking.rule.into(),
        expires_in: left.as_secs(),
        calls: calls.collect(),
    }
}

type AnswerRequest = (Path<(String, String)>, Extension<AtOtherEnd>, Extension<Principal>);

fn answer(approvals: &Approvals, recorder: &Recorder, answered: AnswerRequest) -> Response {
    let (Path((id, decision)), Extension(AtOtherEnd(process)), Extension(principal)) = answered;
    let Some(decision) = Decision::parse(&decision) else {
        return missing(format!(
            "there is no answer `{}`; it is once, hour or deny",
            quoted(&decision)
        ));
    };
    let Some(question) = approvals.question(&id) else {
        return missing(format!(
            "no question {} waits: it was answered, or nobody did in time",
            quoted(&id)
        ));
    };
    let Some(process) = process else {
        let why = "a question is answered over the unix socket, where it is known who does";
        return failure(StatusCode::FORBIDDEN, why.to_owned());
    };
    // To deny is always safe.
    if decision != Decision::Deny
        && let Err(why) = may_answer(process.number(), &question.asking.processes)
    {
        return failure(StatusCode::FORBIDDEN, why.to_string());
    }
    match approvals.answer(&id, decision) {
        Ok(question) => {
            let (id, decision) = (question.id, decision.as_str());
            recorder.record(ApprovalAnswered { id: id.clone(), decision, by: principal.label() });
            json(StatusCode::OK, &ApprovalDone { id: id.into(), decision: decision.to_owned() })
        }
        Err(unknown) => missing(unknown.to_string()),
    }
}
