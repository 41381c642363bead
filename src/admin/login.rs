//! Logins.

use std::fmt;
use std::sync::Arc;

use axum::extract::rejection::StringRejection;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{gone, json, no_server, problem};
use super::desk::{Desk, Question};
use super::orders::carry_out;
use super::sources::AnswerSources;
use crate::api::{self, Consent, Farewell, Pasted, ProblemCode, ProblemDetails};
use crate::base::{Principal, ServerName};
use crate::servers::Server;
use crate::servers::control::Order;

pub(super) async fn login(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Response {
    let server = match find(&sources.desk, &name, Some(api::Order::Login), &principal).await {
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

pub(super) async fn wait(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Response {
    let server = match find(&sources.desk, &name, None, &principal).await {
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
    carry_out(&sources.desk, server.name, Order::Start, principal.label()).await
}

pub(super) async fn paste(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    address: Result<String, StringRejection>,
) -> Response {
    let address = match address {
        Ok(address) => address,
        Err(unread) => return no_address(&unread),
    };
    let server = match find(&sources.desk, &name, None, &principal).await {
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

pub(super) async fn logout(
    State(sources): State<AnswerSources>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Response {
    let server = match find(&sources.desk, &name, Some(api::Order::Logout), &principal).await {
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
    problem(&ProblemDetails::new(ProblemCode::Conflict, format!("server {name}: {why}")))
}

/// The answer to a body that is no text, or too long for one.
fn no_address(unread: &StringRejection) -> Response {
    let code = match unread.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::TooLarge,
        _ => ProblemCode::BadBody,
    };
    let fix = "send the address that the browser came to, as text";
    problem(&ProblemDetails::new(code, unread.body_text()).fixed_by(fix))
}
