//! JSON-RPC batches, which only revision 2025-03-26 has (its "Batching"; JSON-RPC 2.0, section 6).

use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;

use super::response::{self, Response, empty, refusal};
use crate::client::handle::{self, Handled};
use crate::client::session::Session;
use crate::event_streams::PendingStream;
use crate::front::Front;
use crate::meta;
use crate::sessions::outlet::{Back, CallOutlet};
use crate::wire::params::Head;
use crate::wire::{Message, Payload, RpcError, batch, error::code, translate};

/// Answers every message of a batch, one after the other, in one array.
pub(super) async fn answer(front: &Arc<Front>, session: &Arc<Session>, text: &Bytes) -> Response {
    let Some(messages) = batch::split(text) else {
        let what = format!("a batch has 1 to {} messages", batch::MAX);
        return refusal(StatusCode::BAD_REQUEST, &RpcError::new(code::INVALID_REQUEST, what));
    };
    let mut answers: Vec<Bytes> = Vec::new();
    for message in messages {
        let answer = match message {
            Ok(message) => one(front, session, message).await,
            Err(malformed) => {
                let (error, id) = malformed.answer();
                Some(error.response(id).into())
            }
        };
        answers.extend(answer.map(Payload::into_bytes));
    }
    if answers.is_empty() {
        return empty(StatusCode::ACCEPTED);
    }
    response::message(StatusCode::OK, batch::join(answers))
}

async fn one(front: &Arc<Front>, session: &Arc<Session>, message: Message) -> Option<Payload> {
    let id = message.id().unwrap_or("null").to_owned();
    let head = match Head::parse(&message) {
        Ok(head) => head,
        Err(error) => return message.id().map(|id| translate::refusal(id, &error)),
    };
    match handle::handle(&front.hub, session, message, head) {
        Handled::Taken => None,
        Handled::Reply(payload) => Some(payload),
        Handled::Refused(error) => Some(translate::refusal(&id, &error)),
        Handled::Deferred(deferred) => {
            Some(handle::deferred(&front.hub, session, &id, deferred).await)
        }
        Handled::Call(call) => {
            // One array has no place for what comes before an answer.
            let back = Back::Http(Arc::new(PendingStream::default()));
            let outlet = CallOutlet::new(session.clone(), call.era, back).answer_only();
            Some(meta::serve(front.hub.clone(), call, outlet).await.payload)
        }
        Handled::Listen(..) => {
            let error =
                RpcError::new(code::INVALID_REQUEST, "a subscription cannot be part of a batch");
            Some(translate::refusal(&id, &error))
        }
    }
}
