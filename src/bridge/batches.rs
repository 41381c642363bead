//! Batches of a client, which only revision 2025-03-26 has ("Batching"; JSON-RPC 2.0, section 6).
//!
//! The daemon gets each message of a batch as one of its own, so that each has its own fate over the
//! ends of daemons. The client gets one list of all answers, as soon as there is the last.

use bytes::Bytes;

use super::action::BridgeAction;
use crate::replies::SAME_ID;
use crate::wire::error::code;
use crate::wire::{Kind, Malformed, Message, Payload, RpcError, batch};

/// The batches whose answers are not all there.
#[derive(Debug, Default)]
pub(super) struct Batches(Vec<Open>);

#[derive(Debug)]
struct Open {
    /// The ids of the requests without an answer, as written.
    waiting: Vec<Box<str>>,
    answers: Vec<Bytes>,
}

impl Batches {
    /// Begins a batch and returns its messages, or the refusal of what is none. `is_known`: whether a
    /// request before it has this id.
    pub(super) fn begin(
        &mut self,
        text: &Bytes,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Vec<Message>, Payload> {
        let Some(items) = batch::split(text) else {
            let (error, id) = Malformed::Batch.answer();
            return Err(error.response(id).into());
        };
        let (mut messages, mut open) =
            (Vec::new(), Open { waiting: Vec::new(), answers: Vec::new() });
        for item in items {
            match item {
                Ok(message) => {
                    let id = match message.kind() {
                        Kind::Request { .. } => message.id(),
                        _ => None,
                    };
                    let is_twice = |id: &str| open.waiting.iter().any(|waiting| **waiting == *id);
                    let refusal = match id {
                        Some(id) if is_twice(id) => {
                            Some("two requests of one batch have this id".to_owned())
                        }
                        Some(id) if is_known(id) => Some(SAME_ID.to_owned()),
                        _ => None,
                    };
                    if let Some(what) = refusal {
                        let error = RpcError::new(code::INVALID_REQUEST, what);
                        open.answers.push(error.response(id));
                    } else {
                        open.waiting.extend(id.map(Into::into));
                        messages.push(message);
                    }
                }
                Err(malformed) => {
                    let (error, id) = malformed.answer();
                    open.answers.push(error.response(id));
                }
            }
        }
        self.0.push(open);
        Ok(messages)
    }

    /// What is to be done, with the answers to requests of batches in their places.
    pub(super) fn gather(&mut self, actions: Vec<BridgeAction>) -> Vec<BridgeAction> {
        if self.0.is_empty() {
            return actions;
        }
        let mut out: Vec<BridgeAction> = Vec::with_capacity(actions.len());
        for action in actions {
            match action {
                BridgeAction::ToClient(payload) => {
                    out.extend(self.take(payload).map(BridgeAction::ToClient));
                }
                other => out.push(other),
            }
        }
        out.extend(self.finished().map(BridgeAction::ToClient));
        out
    }

    /// Takes an answer in; anything else comes back.
    fn take(&mut self, payload: Payload) -> Option<Payload> {
        let text = payload.into_bytes();
        let message = Message::parse(&text).ok();
        let id = message.as_ref().and_then(|message| match message.kind() {
            Kind::Result { .. } | Kind::Error { .. } => message.id(),
            Kind::Request { .. } | Kind::Notification { .. } => None,
        });
        let found = id.and_then(|id| {
            self.0.iter_mut().find_map(|open| {
                let at = open.waiting.iter().position(|waiting| **waiting == *id)?;
                open.waiting.swap_remove(at);
                Some(open)
            })
        });
        match found {
            Some(open) => {
                open.answers.push(text);
                None
            }
            None => Some(text.into()),
        }
    }

    /// The request with this id, as written, will have no answer.
    pub(super) fn withdraw(&mut self, id: &str) {
        for open in &mut self.0 {
            open.waiting.retain(|waiting| **waiting != *id);
        }
    }

    /// The lists of answers that are whole. A batch that asked nothing has none.
    fn finished(&mut self) -> impl Iterator<Item = Payload> + use<> {
        let done = self.0.extract_if(.., |open| open.waiting.is_empty());
        let done: Vec<Open> = done.filter(|open| !open.answers.is_empty()).collect();
        done.into_iter().map(|open| batch::join(open.answers))
    }
}
