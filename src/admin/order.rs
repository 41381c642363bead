//! Orders about servers, and how long their outcome is waited for.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::Instant;

use super::answer::{gone, json, no_server};
use super::desk::{Desk, Ordered, Question};
use super::report;
use crate::api::ServerReport;
use crate::base::ServerName;
use crate::servers::Server;
use crate::servers::control::Order;
use crate::settings::ServerConfig;

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
