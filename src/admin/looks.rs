//! What is told to who looks in, and changes nothing.

use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;

use super::answer::{gone, json, no_server, no_tool};
use super::desk::{Closed, Question};
use super::sources::AnswerSources;
use super::{report, rules as of_rules, runs, taken};
use crate::api::endpoints::ENDPOINTS;
use crate::api::{
    DaemonIndex, Endpoint, EndpointSummary, ServerDetails, ServerHealth, ServerReport, Status, path,
};
use crate::base::{Principal, dirs};
use crate::servers::Server;

/// Made from the table by a test, which fails when it is stale.
const OPEN_API: &str = include_str!("../api/openapi.json");

pub(super) async fn index(State(sources): State<AnswerSources>) -> Response {
    let summary = |endpoint: &Endpoint| EndpointSummary {
        method: endpoint.method.as_str().to_owned(),
        path: endpoint.full_path(),
        about: endpoint.about.to_owned(),
    };
    json(
        StatusCode::OK,
        &DaemonIndex {
            name: "callmux".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            instance: sources.instance.to_string(),
            pid: std::process::id(),
            endpoints: ENDPOINTS.iter().map(summary).collect(),
        },
    )
}

pub(super) async fn open_api() -> Response {
    let value = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, value)], OPEN_API).into_response()
}

impl AnswerSources {
    async fn status(&self) -> Result<Status, Closed> {
        self.desk.ask(|answer| Question::Status { afresh: true, answer }).await
    }
}

/// What a status has that was asked for.
async fn told<T: serde::Serialize>(sources: &AnswerSources, of: impl Fn(Status) -> T) -> Response {
    match sources.status().await {
        Ok(status) => json(StatusCode::OK, &of(status)),
        Err(closed) => gone(closed),
    }
}

pub(super) async fn status(State(sources): State<AnswerSources>) -> Response {
    told(&sources, |status| status).await
}

pub(super) async fn doctor(State(sources): State<AnswerSources>) -> Response {
    told(&sources, |status| status.findings).await
}

pub(super) async fn clients(State(sources): State<AnswerSources>) -> Response {
    told(&sources, |status| status.clients).await
}

pub(super) async fn context(State(sources): State<AnswerSources>) -> Response {
    told(&sources, |status| status.traffic).await
}

pub(super) async fn servers(State(sources): State<AnswerSources>) -> Response {
    match details(&sources).await {
        Ok(all) => json(StatusCode::OK, &all),
        Err(closed) => gone(closed),
    }
}

pub(super) async fn server(
    State(sources): State<AnswerSources>,
    Path(name): Path<String>,
) -> Response {
    match details(&sources).await {
        Ok(all) => match all.into_iter().find(|one| one.report.name.as_str() == name) {
            Some(one) => json(StatusCode::OK, &one),
            None => no_server(&name),
        },
        Err(closed) => gone(closed),
    }
}

async fn details(sources: &AnswerSources) -> Result<Vec<ServerDetails>, Closed> {
    let status = sources.desk.ask(|answer| Question::Status { afresh: false, answer }).await?;
    let world = sources.desk.ask(Question::World).await?;
    let instances = sources.hub.instances.clone();
    let all = tokio::task::spawn_blocking(move || {
        let one = |report: ServerReport| {
            let server = world.servers.get(&report.name);
            let credential = server.and_then(|server| server.credential.as_ref());
            let needs_login =
                credential.is_some_and(|credential| credential.login_needed().is_some());
            let of_one = |server: &Server| {
                runs::of(std::iter::once(server).chain(&instances.of(Some(&server.name))))
            };
            ServerDetails {
                health: ServerHealth::of(&report, needs_login),
                runs: server.map(of_one).unwrap_or_default(),
                report,
            }
        };
        status.servers.into_iter().map(one).collect()
    });
    all.await.map_err(|_| Closed)
}

pub(super) async fn tools(State(sources): State<AnswerSources>) -> Response {
    let world = match sources.desk.ask(Question::World).await {
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

pub(super) async fn tool(
    State(sources): State<AnswerSources>,
    Path(name): Path<String>,
) -> Response {
    match sources.desk.ask(Question::World).await {
        Ok(world) => match report::tool(&world, &name) {
            Some(tool) => json(StatusCode::OK, &tool),
            None => no_tool(&name),
        },
        Err(closed) => gone(closed),
    }
}

/// Nothing is waited for: somebody presses a key.
pub(super) async fn arguments(
    State(sources): State<AnswerSources>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = path::asked_arguments(query.as_deref().unwrap_or_default());
    let Some((tool, server)) = asked else { return no_tool("") };
    match sources.desk.ask(Question::World).await {
        Ok(world) => match taken::arguments(&world, &tool, server.as_deref()) {
            Some(arguments) => json(StatusCode::OK, &arguments),
            None => no_tool(&tool),
        },
        Err(closed) => gone(closed),
    }
}

pub(super) async fn calls(
    State(sources): State<AnswerSources>,
    RawQuery(query): RawQuery,
) -> Response {
    let since = path::asked_since(query.as_deref().unwrap_or_default());
    json(StatusCode::OK, &report::lately(sources.hub.recorder.glance(since)))
}

pub(super) async fn rules(State(sources): State<AnswerSources>) -> Response {
    match sources.desk.ask(Question::World).await {
        Ok(world) => json(StatusCode::OK, &of_rules::rules(&world.config.access)),
        Err(closed) => gone(closed),
    }
}

pub(super) async fn access_test(
    State(sources): State<AnswerSources>,
    Extension(asker): Extension<Principal>,
    RawQuery(query): RawQuery,
) -> Response {
    let [tool, principal, client] = path::asked_verdict(query.as_deref().unwrap_or_default());
    let (tool, client) = (tool.unwrap_or_default(), client.unwrap_or_default());
    let principal = principal.and_then(|named| Principal::parse(&named)).unwrap_or(asker);
    match sources.desk.ask(Question::World).await {
        Ok(world) => match of_rules::verdict(&world, &principal, &client, &tool) {
            Some(verdict) => json(StatusCode::OK, &verdict),
            None => no_tool(&tool),
        },
        Err(closed) => gone(closed),
    }
}

pub(super) async fn tokens(State(sources): State<AnswerSources>) -> Response {
    match sources.desk.ask(Question::World).await {
        Ok(world) => {
            let tokens = of_rules::tokens(&world.config.access, dirs::state());
            json(StatusCode::OK, &tokens)
        }
        Err(closed) => gone(closed),
    }
}
