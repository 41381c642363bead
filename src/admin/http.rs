//! The endpoints.
//!
//! | endpoint | answer |
//! | --- | --- |
//! | GET `/api/v1/status` | 200, [`Status`](crate::api::Status) |
//! | GET `/api/v1/plan` | 200, the [`Plan`] of a reload; 422, a [`Refusal`] |
//! | POST `/api/v1/reload` | the same once it is done; 202 at once with `?wait=false` |
//! | POST `/api/v1/servers/NAME/start`, `stop`, `restart`, `review` | 200, a [`ServerReport`](api::ServerReport) once it is done; 404 |
//! | GET `/api/v1/tools` | 200, a [`ToolList`](api::ToolList) once no server is starting, or after `list_timeout` |
//! | GET `/api/v1/calls`, `?since=NUMBER` | 200, the [`CallsSeen`](api::CallsSeen) since then |
//! | GET `/api/v1/arguments?tool=NAME` | 200, [`ToolArguments`](api::ToolArguments) as is known now; 404 |
//! | GET `/api/v1/approvals` and below | see [`super::approvals`] |
//! | POST `/api/v1/retry`, `/api/v1/servers/NAME/retry` | 200, the [`ServerReport`](api::ServerReport)s of those that tried; 404 |
//! | POST `/api/v1/servers/NAME/login`, `logout` and below | see [`super::login`] |

use std::future::ready;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Path, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::time::Instant;

use super::answer::{failure, gone, json, missing, no_server};
use super::desk::{Closed, Desk, Question};
use super::order::{carry_out, outcome, patience};
use super::{approvals, login, report, taken};
use crate::access::{Action, ActionKind, ClientName, Subject};
use crate::api::path::{self, pattern};
use crate::api::{self, Asked, Refusal};
use crate::approvals::Approvals;
use crate::base::{Principal, ServerName, quoted};
use crate::facts::CallFinished;
use crate::servers::control::Order;
use crate::settings::{Complaint, Plan};
use crate::telemetry::Recorder;

/// The endpoints, for listeners at which only the daemon's user and root get in.
pub fn router(desk: Desk, recorder: Recorder, asked: &Approvals) -> Router {
    let admitting = (desk.clone(), recorder.clone());
    Router::new()
        .route(path::STATUS, get(status))
        .route(path::PLAN, get(plan))
        .route(path::RELOAD, post(reload))
        .route(path::TOOLS, get(tools))
        .route(path::ARGUMENTS, get(arguments))
        .route(
            path::CALLS,
            get({
                let recorder = recorder.clone();
                move |query| ready(calls(&recorder, query))
            }),
        )
        .route(path::RETRY, post(retry_all))
        .route(&pattern::order(api::Order::Retry), post(retry_one))
        .route(&pattern::any_order(), post(order))
        .merge(login::routes())
        .merge(approvals::routes(asked, recorder))
        .route_layer(middleware::from_fn_with_state(admitting, admit))
        .with_state(desk)
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
    match world.gate.admit(Subject { principal: &principal, client: ClientName::Read("") }, action)
    {
        Ok(_permit) => next.run(request).await,
        Err(denied) => {
            recorder.record(Box::new(CallFinished::denied(
                principal.label(),
                kind.as_str(),
                target,
            )));
            failure(StatusCode::FORBIDDEN, denied.to_string())
        }
    }
}

async fn status(State(desk): State<Desk>) -> Response {
    match desk.ask(|answer| Question::Status { afresh: true, answer }).await {
        Ok(status) => json(StatusCode::OK, &status),
        Err(closed) => gone(closed),
    }
}

async fn plan(State(desk): State<Desk>) -> Response {
    planned(desk.ask(Question::Plan).await)
}

async fn reload(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    if query.as_deref() != Some(path::AT_ONCE) {
        return planned(desk.ask(Question::Reload).await);
    }
    match desk.put(Question::Reload).await {
        Ok(_) => json(StatusCode::ACCEPTED, &Asked { asked: true }),
        Err(closed) => gone(closed),
    }
}

fn planned(answer: Result<Result<Plan, Vec<Complaint>>, Closed>) -> Response {
    match answer {
        Ok(Ok(plan)) => json(StatusCode::OK, &plan),
        Ok(Err(complaints)) => json(StatusCode::UNPROCESSABLE_ENTITY, &Refusal { complaints }),
        Err(closed) => gone(closed),
    }
}

async fn tools(State(desk): State<Desk>) -> Response {
    let world = match desk.ask(Question::World).await {
        Ok(world) => world,
        Err(closed) => return gone(closed),
    };
    let deadline = Instant::now() + world.config.list_timeout;
    for server in world.servers.values() {
        // No order has this number, so what is waited for is the end of a start.
        server.obeyed(0, deadline).await;
    }
    json(StatusCode::OK, &report::tools(&world.refreshed(Instant::now()).await))
}

/// Nothing is waited for: somebody presses a key.
async fn arguments(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let asked = path::asked_arguments(query.as_deref().unwrap_or_default());
    let Some((tool, server)) = asked else {
        return missing("it is asked for by ?tool=NAME".to_owned());
    };
    match desk.ask(Question::World).await {
        Ok(world) => match taken::arguments(&world, &tool, server.as_deref()) {
            Some(arguments) => json(StatusCode::OK, &arguments),
            None => missing(format!("there is no tool {}", quoted(&tool))),
        },
        Err(closed) => gone(closed),
    }
}

fn calls(recorder: &Recorder, RawQuery(query): RawQuery) -> Response {
    let since = path::asked_since(query.as_deref().unwrap_or_default());
    json(StatusCode::OK, &report::lately(recorder.glance(since)))
}

async fn retry_all(
    State(desk): State<Desk>,
    Extension(principal): Extension<Principal>,
) -> Response {
    retry(&desk, None, principal.label()).await
}

async fn retry_one(
    State(desk): State<Desk>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Response {
    let Ok(server) = ServerName::parse(&name) else { return no_server(&name) };
    retry(&desk, Some(server), principal.label()).await
}

async fn retry(desk: &Desk, server: Option<ServerName>, principal: Arc<str>) -> Response {
    let name = server.as_ref().map(ServerName::to_string).unwrap_or_default();
    let tried = match desk.ask(|answer| Question::Retry { server, principal, answer }).await {
        Ok(Some(tried)) => tried,
        Ok(None) => return no_server(&name),
        Err(closed) => return gone(closed),
    };
    // All try at the same time, so one deadline after the other is none of their sum.
    let begun = Instant::now();
    let mut reports = Vec::new();
    for ordered in tried {
        let deadline = begun + patience(&ordered.server.config);
        reports.push(outcome(ordered, deadline).await);
    }
    json(StatusCode::OK, &reports)
}

async fn order(
    State(desk): State<Desk>,
    Extension(principal): Extension<Principal>,
    Path((name, verb)): Path<(String, String)>,
) -> Response {
    let order = match api::Order::parse(&verb) {
        Some(api::Order::Start) => Order::Start,
        Some(api::Order::Stop) => Order::Stop,
        Some(api::Order::Restart) => Order::Restart,
        Some(api::Order::Review) => Order::Review,
        _ => {
            return missing(format!(
                "there is no `{verb}`; it is start, stop, restart, review or retry"
            ));
        }
    };
    let Ok(server) = ServerName::parse(&name) else { return no_server(&name) };
    carry_out(&desk, server, order, principal.label()).await
}
