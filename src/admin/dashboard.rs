//! The endpoints by which somebody at this machine opens the dashboard.
//!
//! | endpoint | answer |
//! | --- | --- |
//! | POST `/api/v1/dashboard/code` | 200, a [`DashboardCode`]; 409, nothing answers HTTP |
//! | DELETE `/api/v1/dashboard/sessions` | 200, [`DashboardRevoked`] |

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::{delete, post};
use tokio::time::Instant;

use super::answer::{gone, json, problem};
use super::desk::{Desk, Question};
use super::http::admit;
use crate::api::{DashboardCode, DashboardRevoked, ProblemCode, ProblemDetails, path};
use crate::base::Principal;
use crate::dashboard::entrances::{CODE_LASTS, Entrances};
use crate::dashboard::link::address;
use crate::telemetry::Recorder;

/// Of what stands between a desk and who opens the dashboard.
#[derive(Debug, Clone)]
pub struct Reception {
    pub desk: Desk,
    pub recorder: Recorder,
    pub entrances: Arc<Entrances>,
}

/// The endpoints, for listeners at which only the daemon's user and root get in.
pub fn router(reception: Reception) -> Router {
    let admitting = (reception.desk.clone(), reception.recorder.clone());
    Router::new()
        .route(path::DASHBOARD_CODE, post(code))
        .route(path::DASHBOARD_SESSIONS, delete(revoke))
        .route_layer(middleware::from_fn_with_state(admitting, admit))
        .with_state(reception)
}

async fn code(
    State(reception): State<Reception>,
    Extension(principal): Extension<Principal>,
) -> Response {
    let world = match reception.desk.ask(Question::World).await {
        Ok(world) => world,
        Err(closed) => return gone(closed),
    };
    let listening = reception.recorder.listening();
    let Some(at) = address(&listening, &world.config.http.allowed_hosts) else {
        let nowhere = "the daemon answers no HTTP over TCP, which a browser needs".to_owned();
        return problem(&ProblemDetails::new(ProblemCode::Conflict, nowhere).fixed_by(ADDRESS_FIX));
    };
    let code = reception.entrances.code(principal.unproved(), Instant::now());
    let code = code.expose().to_owned();
    let url = format!("{at}ui/#code={code}");
    json(StatusCode::OK, &DashboardCode { url, code, expires_in: CODE_LASTS.as_secs() })
}

/// How it comes to answer it.
const ADDRESS_FIX: &str = "write `listen = [\"127.0.0.1:4860\"]` into `[http]` of the config and start the daemon anew, \
                           or with systemd `systemctl --user enable --now callmux-http.socket`";

async fn revoke(State(reception): State<Reception>) -> Response {
    let revoked = reception.entrances.revoke(Instant::now());
    json(StatusCode::OK, &DashboardRevoked { codes: revoked.codes, visits: revoked.visits })
}
