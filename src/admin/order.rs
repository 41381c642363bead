//! Orders about servers, and how long their outcome is waited for.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::Instant;

use super::answer::{gone, json, no_server};
use super::desk::{Desk, Question};
use super::report;
use crate::base::ServerName;
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
            ordered.server.obeyed(ordered.number, deadline).await;
            json(StatusCode::OK, &report::server(&ordered.server))
        }
    }
}

/// How long a restart may take: every step of the stop ladder, then the start.
pub(super) fn patience(config: &ServerConfig) -> Duration {
    config.supervision.stop_timeout * 4 + config.supervision.start_timeout
}
