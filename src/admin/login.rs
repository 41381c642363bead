//! The endpoints for logins.
//!
//! | endpoint | answer |
//! | --- | --- |
//! | POST `/api/v1/servers/NAME/login` | 200, a [`Consent`]; 409, why there is nothing to log in to |
//! | POST `/api/v1/servers/NAME/login/wait` | 200, a [`ServerReport`](crate::api::ServerReport) once it is done; 409 |
//! | POST `/api/v1/servers/NAME/login/paste` | the body is an address that a browser came to; 200; 409 |
//! | POST `/api/v1/servers/NAME/logout` | 200, a [`Farewell`]; 409 |

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;

use super::answer::{failure, gone, json, no_server};
use super::desk::{Desk, Question};
use super::order::carry_out;
use crate::api::path::pattern;
use crate::api::{self, Consent, Farewell, Pasted};
use crate::base::{Principal, ServerName};
use crate::servers::Server;
use crate::servers::control::Order;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route(&pattern::order(api::Order::Login), post(login))
        .route(&pattern::login_wait(), post(wait))
        .route(&pattern::login_paste(), post(paste))
        .route(&pattern::order(api::Order::Logout), post(logout))
}

async fn login(
    State(desk): State<Desk>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Response {
    let server = match find(&desk, &name, Some(api::Order::Login), &principal).await {
        Ok(server) => server,
        Err(response) => return response,
    };
    let Some(credential) = &server.credential else { return refused(&name, NONE) };
    match credential.login().await {
        Ok(login) => {
            let (url, unwritten) = (login.url().to_owned(), credential.is_unwritten());
            json(StatusCode::OK, &Consent { url, unwritten })
        }
        Err(why) => refused(&name, why),
    }
}

async fn wait(
    State(desk): State<Desk>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Response {
    let server = match find(&desk, &name, None, &principal).await {
        Ok(server) => server,
        Err(response) => return response,
    };
    let Some(credential) = &server.credential else { return refused(&name, NONE) };
    let outcome = match credential.under_way() {
        Ok(mut login) => login.done().await,
        Err(why) => Err(why),
    };
    if let Err(why) = outcome {
        return refused(&name, why);
    }
    // Who logs in wants it up.
    carry_out(&desk, server.name, Order::Start, principal.label()).await
}

async fn paste(
    State(desk): State<Desk>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    address: String,
) -> Response {
    let server = match find(&desk, &name, None, &principal).await {
        Ok(server) => server,
        Err(response) => return response,
    };
    let Some(credential) = &server.credential else { return refused(&name, NONE) };
    let outcome = match credential.under_way() {
        Ok(login) => login.paste(&address).await,
        Err(why) => Err(why),
    };
    match outcome {
        Ok(()) => json(StatusCode::OK, &Pasted { done: true }),
        Err(why) => refused(&name, why),
    }
}

async fn logout(
    State(desk): State<Desk>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Response {
    let server = match find(&desk, &name, Some(api::Order::Logout), &principal).await {
        Ok(server) => server,
        Err(response) => return response,
    };
    let Some(credential) = &server.credential else { return refused(&name, NONE) };
    match credential.logout().await {
        Ok(not_revoked) => {
            let not_revoked = not_revoked.map(|why| why.to_string());
            json(StatusCode::OK, &Farewell { not_revoked })
        }
        Err(why) => refused(&name, why),
    }
}

/// Of a server without `auth`.
const NONE: &str = "its `auth` takes no login";

async fn find(
    desk: &Desk,
    name: &str,
    order: Option<api::Order>,
    principal: &Principal,
) -> Result<Server, Response> {
    let Ok(server) = ServerName::parse(name) else { return Err(no_server(name)) };
    let principal: Arc<str> = principal.label();
    let ask = |answer| Question::Identify { server, order, principal, answer };
    match desk.ask(ask).await {
        Ok(Some(server)) => Ok(server),
        Ok(None) => Err(no_server(name)),
        Err(closed) => Err(gone(closed)),
    }
}

fn refused(name: &str, why: impl fmt::Display) -> Response {
    failure(StatusCode::CONFLICT, format!("server {name}: {why}"))
}
