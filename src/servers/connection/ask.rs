//! A request that a server sends to a client: roots, sampling, elicitation.

use std::sync::Arc;

use super::Connection;
use crate::wire::error::code;
use crate::wire::{Message, RpcError};

/// A server's open question. It is answered exactly once: dropping it unanswered tells the server
/// that the client is gone.
#[derive(Debug)]
pub struct Ask {
    message: Message,
    connection: Arc<Connection>,
    open: bool,
}

impl Ask {
    pub(super) fn new(message: Message, connection: Arc<Connection>) -> Self {
        Self { message, connection, open: true }
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
        if self.close() {
            self.connection.send(response.with_id(self.id()).on_one_line());
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
        if self.close() {
            self.connection.send(error.response(Some(self.id())).into());
        }
    }

    /// Whether it was open until now.
    fn close(&mut self) -> bool {
        self.connection.lock().asked.remove(self.id());
        std::mem::replace(&mut self.open, false)
    }
}

impl Drop for Ask {
    fn drop(&mut self) {
        self.refuse_with(&RpcError::new(code::INTERNAL, "the client that this was for is gone"));
    }
}
