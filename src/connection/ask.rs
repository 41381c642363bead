//! A request that a server sends to a client: roots, sampling, elicitation.

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::wire::error::code;
use crate::wire::{Message, Payload, RpcError, translate};

/// Where the answer to a server's question goes.
pub(super) trait Answers: fmt::Debug + Send + Sync {
    /// The question with this id is not open any more.
    fn close(&self, id: &str);
    /// The server is to get this.
    fn send(&self, answer: Payload);
}

/// A server's open question. It is answered exactly once: dropping it unanswered tells the server
/// that the client is gone.
#[derive(Debug)]
pub struct Ask {
    message: Message,
    /// `None` once it is answered.
    asker: Option<Asker>,
}

/// Who asks.
#[derive(Debug)]
enum Asker {
    /// A legacy server, which waits for a response.
    Server(Arc<dyn Answers>),
    /// A call whose modern server ended a round with questions (2026-07-28, "Multi Round-Trip
    /// Requests"). It gets the response, or hears that there will be none.
    Call(oneshot::Sender<Message>),
}

impl Ask {
    pub(super) fn new(message: Message, server: Arc<dyn Answers>) -> Self {
        Self { message, asker: Some(Asker::Server(server)) }
    }

    /// A question of a call itself; the response goes to the receiver.
    pub fn of_call(message: Message) -> (Self, oneshot::Receiver<Message>) {
        let (sender, receiver) = oneshot::channel();
        (Self { message, asker: Some(Asker::Call(sender)) }, receiver)
    }

    /// The request as the server sent it, under the server's own id.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The server's id, as written.
    pub fn id(&self) -> &str {
        self.message.id().unwrap_or("null")
    }

    /// Passes on the client's response, whatever its id.
    pub fn answer(mut self, response: &Message) {
        match self.close() {
            Some(Asker::Server(server)) => {
                server.send(response.with_id(self.id()).on_one_line());
            }
            // The call may be over.
            Some(Asker::Call(call)) => drop(call.send(response.clone())),
            None => {}
        }
    }

    /// Answers with this result, a JSON object.
    pub fn answer_with(mut self, result: &str) {
        let answer = translate::result(self.id(), result);
        match self.close() {
            Some(Asker::Server(server)) => server.send(answer.on_one_line()),
            Some(Asker::Call(call)) => {
                if let Ok(message) = Message::parse(&answer.into_bytes()) {
                    drop(call.send(message));
                }
            }
            None => {}
        }
    }

    pub fn refuse(mut self, error: &RpcError) {
        self.refuse_with(error);
    }

    /// Drops the question without an answer: the server took it back.
    pub fn withdraw(mut self) {
        self.close();
    }

    fn refuse_with(&mut self, error: &RpcError) {
        let answer = error.response(Some(self.id()));
        match self.close() {
            Some(Asker::Server(server)) => server.send(answer.into()),
            Some(Asker::Call(call)) => {
                if let Ok(message) = Message::parse(&answer) {
                    drop(call.send(message));
                }
            }
            None => {}
        }
    }

    /// Who asked, if it was open until now.
    fn close(&mut self) -> Option<Asker> {
        let asker = self.asker.take();
        if let Some(Asker::Server(server)) = &asker {
            server.close(self.id());
        }
        asker
    }
}

impl Drop for Ask {
    fn drop(&mut self) {
        self.refuse_with(&RpcError::new(code::INTERNAL, "the client that this was for is gone"));
    }
}
