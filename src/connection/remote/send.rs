//! The task that takes messages off the queue and sends each as a POST of its own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method as Verb;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::asked::{self, OpenRequest, Responding};
use super::failure::{RequestFailure, RequestReached};
use super::patience::Patience;
use super::redirect::unfollowed;
use super::server::Remote;
use super::stream::LINGER;
use super::{answer, server_stream, sse, subscription};
use crate::base::{Secret, Tasks};
use crate::connection::state::Connection;
use crate::http::retry_after;
use crate::wire::{Message, Method, Payload};

/// How long the server may take to accept a notification or a response. What comes later waits.
const ACCEPT_WITHIN: Duration = Duration::from_secs(10);

enum ToSend {
    Request(Payload, OpenRequest, CancellationToken, OwnedSemaphorePermit),
    Message(Payload),
    Wait,
    End,
}

/// Carries the messages of the connection.
pub(in crate::connection) fn carry(
    connection: &Arc<Connection>,
    remote: Arc<Remote>,
    tasks: &Tasks,
) {
    let send = run(connection.clone(), remote.clone(), tasks.clone());
    tasks.spawn("sender to a remote server", send);
    let connection = connection.clone();
    tasks.spawn_until_stopped("idle connections to a remote server", async move {
        tokio::select! {
            () = connection.over() => {}
            () = remote.expire() => {}
        }
    });
}

/// Sends until the connection is closed, or finished and nothing of it is left.
async fn run(connection: Arc<Connection>, remote: Arc<Remote>, tasks: Tasks) {
    loop {
        match take(&connection, &remote) {
            ToSend::End => break,
            ToSend::Wait => connection.woken().await,
            ToSend::Request(payload, asked, stop, permit) => {
                let (connection, remote, own) = (connection.clone(), remote.clone(), tasks.clone());
                tasks.spawn_until_stopped("request to a remote server", async move {
                    let id = asked.id;
                    // It is large, and a task is moved several times before it runs.
                    let mut done = Box::pin(ask(&connection, &remote, payload, &asked, &own));
                    let done = match stop.run_until_cancelled(&mut done).await {
                        // The answer came on the one stream; the POST may have a response yet, after
                        // which its connection can be used again.
                        None if remote.is_sse() => tokio::time::timeout(LINGER, done).await.ok(),
                        done => done,
                    };
                    if let Some(Err(failure)) = done {
                        asked::lose(&connection, &remote, id, failure);
                    }
                    drop(permit);
                    connection.wake();
                });
            }
            ToSend::Message(payload) => {
                Box::pin(deliver(&connection, &remote, payload, &tasks)).await;
            }
        }
    }
    remote.drained.cancel();
}

fn take(connection: &Connection, remote: &Remote) -> ToSend {
    let mut state = connection.lock();
    if state.end.is_closed() {
        return ToSend::End;
    }
    let permit = remote.place();
    // What needs no room passes what does: the answer to a question may be what makes room.
    let Some(item) = state.queue.take(|item| item.cell.is_none() || permit.is_some()) else {
        let is_done = state.end.is_finishing() && !state.in_flight.has_clients();
        return if is_done { ToSend::End } else { ToSend::Wait };
    };
    match (item.cell, permit) {
        (Some((id, cell)), Some(permit)) => {
            let stop = CancellationToken::new();
            state.in_flight.goes_alone(id, stop.clone());
            cell.mark_sending(connection.key(), id);
            ToSend::Request(item.payload, OpenRequest { id, cell }, stop, permit)
        }
        _ => ToSend::Message(item.payload),
    }
}

/// Sends a request and sees to it that it is answered.
async fn ask(
    connection: &Arc<Connection>,
    remote: &Remote,
    payload: Payload,
    asked: &OpenRequest,
    tasks: &Tasks,
) -> Result<(), RequestFailure> {
    let body = payload.into_bytes();
    let message =
        Message::parse(&body).map_err(|error| RequestFailure::refused(error.to_string()))?;
    match message.method() {
        Some(Method::Discover) if !remote.streamable => {
            let answer = sse::undiscovered(&message);
            connection.take_in(&answer, Some((asked.id, &asked.cell)));
            return Ok(());
        }
        Some(Method::Initialize) if !remote.streamable => {
            Box::pin(sse::open(connection, remote, tasks)).await?;
        }
        _ => {}
    }
    match post(connection, remote, (&message, &body), asked).await {
        Err(RequestFailure { reason, reached: RequestReached::Misplaced { refused } }) => {
            let opened = Box::pin(sse::open(connection, remote, tasks)).await;
            opened.map_err(|failure| failure.after(&reason, refused))?;
            Box::pin(post(connection, remote, (&message, &body), asked)).await
        }
        done => done,
    }
}

/// Sends a request, again if the server wants that, and takes what comes back.
async fn post(
    connection: &Arc<Connection>,
    remote: &Remote,
    (message, body): (&Message, &Bytes),
    asked: &OpenRequest,
) -> Result<(), RequestFailure> {
    let (mut headers, era) = remote.headers_of(message)?;
    for (name, value) in asked.cell.forwarded().iter().flat_map(|forwarded| forwarded.iter()) {
        forward(remote, &mut headers, name, value)?;
    }
    let sent = Responding { asked, message, era };
    if message.method() == Some(&Method::Listen) {
        return Box::pin(subscription::keep(connection, remote, &sent, &headers, body)).await;
    }
    let mut patience = Patience::new();
    loop {
        let is_sse = remote.is_sse();
        let response = remote.request(Verb::POST, &headers, body).await?;
        let status = response.status();
        if let Some(after) =
            retry_after::after(status, response.headers()).filter(retry_after::is_bearable)
        {
            drop(response);
            if patience.wait(connection, remote, asked, (status, after)).await {
                continue;
            }
            return Ok(());
        }
        asked.cell.mark_sent(connection.key());
        if is_sse && status.is_success() {
            return Ok(());
        }
        return answer::take(connection, remote, &sent, response).await;
    }
}

/// Sends what has no answer and waits until the server has it.
async fn deliver(
    connection: &Arc<Connection>,
    remote: &Arc<Remote>,
    payload: Payload,
    tasks: &Tasks,
) {
    let body = payload.into_bytes();
    let Ok(message) = Message::parse(&body) else { return };
    let post = async {
        let (headers, _) = remote.headers_of(&message)?;
        remote.request(Verb::POST, &headers, &body).await
    };
    let post = tokio::select! {
        () = connection.over() => return,
        done = tokio::time::timeout(ACCEPT_WITHIN, post) => done,
    };
    let wrong = match post {
        Ok(Ok(response)) if response.status().is_success() => None,
        Ok(Ok(response)) if remote.forgets_session(response.status()) => {
            connection.end("its session is over".to_owned());
            None
        }
        Ok(Ok(response)) => {
            let status = response.status();
            let told = unfollowed(&remote.url, status, response.headers());
            Some(told.unwrap_or_else(|| format!("HTTP status {status}")))
        }
        Ok(Err(failure)) => Some(failure.reason),
        Err(_) => Some(format!("nothing within {ACCEPT_WITHIN:?}")),
    };
    if let Some(wrong) = wrong {
        connection.misbehaved(&format!("{wrong} in answer to a message"), &body);
    }
    if message.method() == Some(&Method::Initialized) && !remote.is_sse() {
        let stream = server_stream::listen(connection.clone(), remote.clone());
        tasks.spawn_until_stopped("stream of a remote server", stream);
    }
}

/// Adds a header of the client's own; its value is kept out of whatever is written.
fn forward(
    remote: &Remote,
    headers: &mut HeaderMap,
    name: &str,
    value: &Secret,
) -> Result<(), RequestFailure> {
    let wrong = || RequestFailure::refused(format!("the header `{name}` cannot be passed on"));
    let mut value = HeaderValue::from_str(value.expose()).map_err(|_| wrong())?;
    value.set_sensitive(true);
    remote.redaction().note(&value);
    headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
    Ok(())
}
