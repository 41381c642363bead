//! Orders about servers and about the config, and how long their outcome is waited for.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::Instant;

use super::answer::{gone, json, no_server, problem};
use super::desk::{Closed, Desk, Ordered, Question};
use super::report;
use super::sources::AnswerSources;
use crate::api::{self, Asked, ProblemDetails, ServerReport, path};
use crate::base::{Principal, ServerName};
use crate::servers::Server;
use crate::servers::control::Order;
use crate::settings::{Complaint, Plan, ServerConfig};

/// Has an order carried out and tells how the server is then.
pub(super) async fn carry_out(
    desk: &Desk,
    server: ServerName,
    order: Order,
    principal: Arc<str>,
) -> Response {
    let name = server.to_string();
    let ask = |answer| Question::Order { server, order, principal, answer };
    match desk.ask(ask).await {
        Err(closed) => gone(closed),
        Ok(None) => no_server(&name),
        Ok(Some(ordered)) => {
            let deadline = Instant::now() + patience(&ordered.server.config);
            json(StatusCode::OK, &outcome(ordered, deadline).await)
        }
    }
}

/// How the server is, and those of its instances that were told the same, once they have obeyed.
pub(super) async fn outcome(ordered: Ordered, deadline: Instant) -> ServerReport {
    let Ordered { server, instances, number } = ordered;
    server.obeyed(number, deadline).await;
    for (instance, number) in &instances {
        instance.obeyed(*number, deadline).await;
    }
    let instances: Vec<Server> = instances.into_iter().map(|(instance, _)| instance).collect();
    report::server(&server, &instances)
}

/// How long a restart may take: every step of the stop ladder, then the start.
pub(super) fn patience(config: &ServerConfig) -> Duration {
    config.supervision.stop_timeout * 4 + config.supervision.start_timeout
}

/// What carries this order out.
pub(super) fn of(
    order: api::Order,
) -> impl Fn(State<AnswerSources>, Extension<Principal>, Path<String>) -> Answering
+ Clone
+ Send
+ 'static {
    move |State(sources), Extension(principal), Path(name)| {
        Box::pin(async move {
            let order = match order {
                api::Order::Stop => Order::Stop,
                api::Order::Restart => Order::Restart,
                api::Order::Review => Order::Review,
                _ => Order::Start,
            };
            let Ok(server) = ServerName::parse(&name) else { return no_server(&name) };
            carry_out(&sources.desk, server, order, principal.label()).await
        })
    }
}

/// An answer on its way.
pub(super) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

pub(super) async fn retry_all(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
) -> Response {
    retry(&sources.desk, None, principal.label()).await
}

pub(super) async fn retry_one(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Response {
    let Ok(server) = ServerName::parse(&name) else { return no_server(&name) };
    retry(&sources.desk, Some(server), principal.label()).await
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

pub(super) async fn plan(State(sources): State<AnswerSources>) -> Response {
    planned(sources.desk.ask(Question::Plan).await)
}

pub(super) async fn reload(
    State(sources): State<AnswerSources>,
    RawQuery(query): RawQuery,
) -> Response {
    if query.as_deref() != Some(path::AT_ONCE) {
        return planned(sources.desk.ask(Question::Reload).await);
    }
    match sources.desk.put(Question::Reload).await {
        Ok(_) => json(StatusCode::ACCEPTED, &Asked { asked: true }),
        Err(closed) => gone(closed),
    }
}

fn planned(answer: Result<Result<Plan, Vec<Complaint>>, Closed>) -> Response {
    match answer {
        Ok(Ok(plan)) => json(StatusCode::OK, &plan),
        Ok(Err(complaints)) => problem(&ProblemDetails::of_config(complaints)),
        Err(closed) => gone(closed),
    }
}
