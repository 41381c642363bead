//! What waits for a person.

use std::future::{Ready, ready};
use std::time::{Duration, SystemTime};

use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{json, problem};
use super::sources::AnswerSources;
use crate::api::{
    ApprovalCall, ApprovalDone, ApprovalList, ApprovalReport, ProblemCode, ProblemDetails, path,
};
use crate::approvals::{Decision, Question, may_answer};
use crate::base::{Principal, quoted};
use crate::facts::ApprovalAnswered;
use crate::peers::peer::AtOtherEnd;

/// So long an answer waits for news.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn list(
    State(sources): State<AnswerSources>,
    RawQuery(query): RawQuery,
) -> Response {
    let known = path::asked_since(query.as_deref().unwrap_or_default());
    let patience = if known.is_some() { PATIENCE } else { Duration::ZERO };
    let (state, open) = sources.hub.approvals.look(known, patience).await;
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

/// What gives this answer to a question.
pub(super) fn answer_with(
    decision: Decision,
) -> impl Fn(
    State<AnswerSources>,
    Path<String>,
    Extension<AtOtherEnd>,
    Extension<Principal>,
) -> Ready<Response>
+ Clone
+ Send
+ 'static {
    move |State(sources), Path(id), Extension(process), Extension(principal)| {
        ready(answer(&sources, &id, decision, (process, principal)))
    }
}

fn answer(
    sources: &AnswerSources,
    id: &str,
    decision: Decision,
    (AtOtherEnd(process), principal): (AtOtherEnd, Principal),
) -> Response {
    let unknown = |detail: String| {
        let fix = "`callmux approvals` lists those that wait";
        problem(&ProblemDetails::new(ProblemCode::UnknownApproval, detail).fixed_by(fix))
    };
    let not_allowed = |detail: String| {
        let fix = "answer in a terminal of your own: `callmux approvals`";
        problem(&ProblemDetails::new(ProblemCode::NotAllowed, detail).fixed_by(fix))
    };
    let Some(question) = sources.hub.approvals.question(id) else {
        return unknown(format!(
            "no question {} waits: it was answered, or nobody did in time",
            quoted(id)
        ));
    };
    // To deny is always safe.
    if decision != Decision::Deny {
        let Some(process) = process else {
            let why = "a question is answered over the unix socket, where it is known who does";
            return not_allowed(why.to_owned());
        };
        if let Err(why) = may_answer(process.number(), &question.asking.processes) {
            return not_allowed(why.to_string());
        }
    }
    match sources.hub.approvals.answer(id, decision) {
        Ok(question) => {
            let (id, decision) = (question.id, decision.as_str());
            let by = principal.label();
            sources.hub.recorder.record(ApprovalAnswered { id: id.clone(), decision, by });
            json(StatusCode::OK, &ApprovalDone { id: id.into(), decision: decision.to_owned() })
        }
        Err(gone) => unknown(gone.to_string()),
    }
}
