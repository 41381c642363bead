//! Where the answer to a request goes: to the client at once, or into the list that answers its batch.

use std::sync::Arc;

use bytes::Bytes;

use crate::base::Lock;
use crate::outbox::Outbox;
use crate::wire::link::frame::FrameKind;
use crate::wire::{Payload, batch};

/// The way of one answer.
#[derive(Debug, Clone)]
pub enum Sink {
    Alone(Arc<Outbox>),
    /// The request came in a batch (JSON-RPC 2.0, section 6).
    Batch(Arc<Batch>),
}

/// The answers to a batch. They are sent when nobody can add one any more: each request has its answer,
/// or was taken back.
#[derive(Debug)]
pub struct Batch {
    outbox: Arc<Outbox>,
    answers: Lock<Vec<Bytes>>,
}

impl Sink {
    pub fn of_batch(outbox: Arc<Outbox>) -> Self {
        Self::Batch(Arc::new(Batch { outbox, answers: Lock::default() }))
    }

    /// Sends an answer in a frame of this kind, if it goes over a link.
    pub fn put(&self, kind: FrameKind, answer: Payload) {
        match self {
            Self::Alone(outbox) => outbox.push_as(kind, answer),
            Self::Batch(batch) => {
                let mut answers = batch.answers.lock();
                answers.push(answer.into_bytes());
            }
        }
    }

    pub fn outbox(&self) -> &Arc<Outbox> {
        match self {
            Self::Alone(outbox) => outbox,
            Self::Batch(batch) => &batch.outbox,
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let answers = std::mem::take(&mut *self.answers.lock());
        // A batch of notifications has no answer.
        if !answers.is_empty() {
            self.outbox.push(batch::join(answers));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Sink;
    use crate::outbox::Outbox;
    use crate::wire::Payload;
    use crate::wire::link::frame::FrameKind;

    #[tokio::test]
    async fn a_batch_is_answered_once_everybody_has_said_what_there_is() {
        let outbox = Arc::new(Outbox::lines());
        let answer = |text: &str| Payload::from(text.to_owned());
        Sink::Alone(outbox.clone()).put(FrameKind::Message, answer("0"));
        let batch = Sink::of_batch(outbox.clone());
        let others = [batch.clone(), batch.clone(), batch.clone()];
        batch.put(FrameKind::Message, answer("1"));
        drop(batch);
        let [second, third, taken_back] = others;
        third.put(FrameKind::Message, answer("3"));
        drop((third, taken_back));
        second.put(FrameKind::Message, answer("2"));
        drop(second);
        drop(Sink::of_batch(outbox.clone()));
        outbox.close();
        let mut out = Vec::new();
        outbox.write_to(&mut out).await.unwrap();
        assert_eq!(out, b"0\n[1,3,2]\n");
    }
}
