//! The endpoints of [`ENDPOINTS`], each with what answers it, for whom the gate lets in.

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{DefaultBodyLimit, Extension, MatchedPath, RawPathParams, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any, on};

use super::answer::{gone, problem};
use super::desk::{Desk, Question};
use super::sources::AnswerSources;
use super::{
    approvals, cache, call_tool, config, events, history, login, looks, open_calls, orders, pins,
    sessions,
};
use crate::access::{Action, ActionKind, ClientName, Subject};
use crate::api::endpoint::{BASE, Method};
use crate::api::endpoints::ENDPOINTS;
use crate::api::{Endpoint, Operation, Order, ProblemCode, ProblemDetails};
use crate::approvals::Decision;
use crate::base::Principal;
use crate::facts::CallFinished;
use crate::settings::access::{ADMIN, ADMIN_READ};
use crate::telemetry::Recorder;

/// The largest body of a request, in bytes.
const BODY_MAX: usize = 1 << 20;

/// The endpoints, for listeners at which it is known who asks.
pub fn router(sources: AnswerSources) -> Router {
    let admitting = (sources.desk.clone(), sources.hub.recorder.clone());
    let mut router = Router::new();
    for endpoint in ENDPOINTS {
        router = router.route(&endpoint.full_path(), handler(endpoint));
    }
    // What comes here is told that there is nothing, once the gate has let it in.
    let nothing = any(async || ());
    router
        .route(&format!("{BASE}/"), nothing.clone())
        .route(&format!("{BASE}/{{*below}}"), nothing)
        .route_layer(middleware::from_fn(known))
        .route_layer(middleware::from_fn_with_state(admitting, admit))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(sources)
}

fn handler(endpoint: &Endpoint) -> MethodRouter<AnswerSources> {
    let filter = match endpoint.method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    };
    match endpoint.operation {
        Operation::Index => on(filter, looks::index),
        Operation::OpenApi => on(filter, looks::open_api),
        Operation::Status => on(filter, looks::status),
        Operation::Doctor => on(filter, looks::doctor),
        Operation::Servers => on(filter, looks::servers),
        Operation::Server => on(filter, looks::server),
        Operation::Start => on(filter, orders::of(Order::Start)),
        Operation::Stop => on(filter, orders::of(Order::Stop)),
        Operation::Restart => on(filter, orders::of(Order::Restart)),
        Operation::Review => on(filter, orders::of(Order::Review)),
        Operation::Retry => on(filter, orders::retry_one),
        Operation::RetryAll => on(filter, orders::retry_all),
        Operation::Login => on(filter, login::login),
        Operation::LoginWait => on(filter, login::wait),
        Operation::LoginPaste => on(filter, login::paste),
        Operation::Logout => on(filter, login::logout),
        Operation::Tools => on(filter, looks::tools),
        Operation::Tool => on(filter, looks::tool),
        Operation::Arguments => on(filter, looks::arguments),
        Operation::CallTool => on(filter, call_tool::call),
        Operation::Clients => on(filter, looks::clients),
        Operation::Sessions => on(filter, sessions::list),
        Operation::EndSession => on(filter, sessions::end),
        Operation::Calls => on(filter, looks::calls),
        Operation::OpenCalls => on(filter, open_calls::list),
        Operation::CancelCall => on(filter, open_calls::cancel),
        Operation::Events => on(filter, events::stream),
        Operation::History => on(filter, history::events),
        Operation::HistoryHours => on(filter, history::hours),
        Operation::Context => on(filter, looks::context),
        Operation::ClearCache => on(filter, cache::clear),
        Operation::Approvals => on(filter, approvals::list),
        Operation::Approve => on(filter, approvals::answer_with(Decision::Once)),
        Operation::ApproveForAnHour => on(filter, approvals::answer_with(Decision::Hour)),
        Operation::Deny => on(filter, approvals::answer_with(Decision::Deny)),
        Operation::Rules => on(filter, looks::rules),
        Operation::AccessTest => on(filter, looks::access_test),
        Operation::Tokens => on(filter, looks::tokens),
        Operation::Pins => on(filter, pins::list),
        Operation::PlanChanges => on(filter, config::plan),
        Operation::ConfigPlace => on(filter, config::place),
        Operation::Sections => on(filter, config::sections),
        Operation::Section => on(filter, config::section),
        Operation::PutSection | Operation::PatchSection | Operation::DeleteSection => {
            on(filter, config::change)
        }
        Operation::Versions => on(filter, config::versions),
        Operation::Undo => on(filter, config::undo),
        Operation::Plan => on(filter, orders::plan),
        Operation::Reload => on(filter, orders::reload),
    }
}

/// Asks the gate before anything is done. What is let in, the control loop tells of.
pub(super) async fn admit(
    State((desk, recorder)): State<(Desk, Recorder)>,
    Extension(principal): Extension<Principal>,
    request: Request,
    next: Next,
) -> Response {
    let world = match desk.ask(Question::World).await {
        Ok(world) => world,
        Err(closed) => return gone(closed),
    };
    let (kind, target) = (ActionKind::Administration, request.uri().path());
    let action = Action::new(kind, None, target);
    let action = if target.starts_with(BASE) {
        action.shown_as(if request.method().is_safe() { ADMIN_READ } else { ADMIN })
    } else {
        action
    };
    match world.gate.admit(Subject { principal: &principal, client: ClientName::Read("") }, action)
    {
        Ok(_permit) => next.run(request).await,
        Err(denied) => {
            recorder.record(Box::new(CallFinished::denied(
                principal.label(),
                kind.as_str(),
                target,
            )));
            let fix = "it takes a rule with `endpoints = [\"admin:read\"]`, or \"admin\" for what changes something";
            problem(&ProblemDetails::new(ProblemCode::NotAllowed, denied.to_string()).fixed_by(fix))
        }
    }
}

/// Whether the table has what is asked for, with the query that it is asked with.
async fn known(
    path: MatchedPath,
    places: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    if places.is_err() {
        // No name is anything but text.
        return unknown("");
    }
    let Some(endpoint) = Endpoint::find(path.as_str(), request.method().as_str()) else {
        return unknown(path.as_str());
    };
    if let Some(complaint) = endpoint.complaint(request.uri().query().unwrap_or_default()) {
        let fix = "`GET /api/v1/openapi.json` says what each takes";
        return problem(&ProblemDetails::new(ProblemCode::BadQuery, complaint).fixed_by(fix));
    }
    next.run(request).await
}

fn unknown(path: &str) -> Response {
    let allowed = Endpoint::allowed(path);
    if allowed.is_empty() {
        let detail = "nothing is at this path".to_owned();
        let fix = "`GET /api/v1` lists the endpoints";
        return problem(&ProblemDetails::new(ProblemCode::NotFound, detail).fixed_by(fix));
    }
    let detail = format!("this endpoint takes {allowed}");
    let mut response = problem(&ProblemDetails::new(ProblemCode::MethodNotAllowed, detail));
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
