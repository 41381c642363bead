//! Where a call's events go before its answer: to the client that made the call.

use std::sync::Arc;

use crate::base::Lock;
use crate::client::session::Session;
use crate::connection::Ask;
use crate::event_streams::PendingStream;
use crate::mux::Outlet;
use crate::outbox::{FULL, Outbox};
use crate::wire::error::code;
use crate::wire::{Era, Payload, RpcError, translate};

/// The way back to the client of one call.
#[derive(Debug)]
pub enum Back {
    Duplex(Arc<Outbox>),
    Http(Arc<PendingStream>),
}

/// One call's outlet. Questions that are still open when it is dropped are refused.
#[derive(Debug)]
pub struct CallOutlet {
    session: Arc<Session>,
    era: Era,
    back: Back,
    /// Whether the client reads anything before the answer.
    can_ask: bool,
    asks: Lock<Vec<u64>>,
}

impl CallOutlet {
    pub fn new(session: Arc<Session>, era: Era, back: Back) -> Self {
        Self { session, era, back, can_ask: true, asks: Lock::default() }
    }

    /// For a client that reads nothing but the answer.
    pub fn answer_only(mut self) -> Self {
        self.can_ask = false;
        self
    }

    fn push(&self, message: Payload) {
        match &self.back {
            Back::Duplex(outbox) => outbox.push(message),
            Back::Http(stream) => stream.push(message, false),
        }
    }

    fn asks(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        self.asks.lock()
    }
}

impl Outlet for CallOutlet {
    fn notify(&self, notification: Payload) {
        match &self.back {
            Back::Duplex(outbox) => outbox.push_notification(notification),
            Back::Http(stream) => stream.push(notification, true),
        }
    }

    fn ask(&self, ask: Ask) {
        if let Back::Duplex(outbox) = &self.back
            && (outbox.waiting() > FULL || !outbox.takes(ask.message().len()))
        {
            let reason = "the client that made this call does not read what it is sent";
            return ask.refuse(&RpcError::new(code::INTERNAL, reason));
        }
        let refusal = match self.era {
            Era::Legacy if self.can_ask => self.session.ask(ask),
            Era::Legacy | Era::Modern => Err(ask),
        };
        match refusal {
            Ok((id, question)) => {
                self.asks().push(id);
                self.push(question);
            }
            Err(ask) => {
                let method = ask.message().method().map(ToString::to_string).unwrap_or_default();
                let reason = format!("the client that made this call cannot be asked {method}");
                ask.refuse(&RpcError::new(code::METHOD_NOT_FOUND, reason));
            }
        }
    }

    fn withdraw(&self, server_id: &str) {
        let ids = self.asks().clone();
        let found = ids.iter().find_map(|id| Some((*id, self.session.withdraw(*id, server_id)?)));
        if let Some((id, ask)) = found {
            ask.withdraw();
            self.push(translate::cancel(id, "the server took its request back"));
        }
    }
}

impl Drop for CallOutlet {
    fn drop(&mut self) {
        let ids = std::mem::take(&mut *self.asks());
        if !ids.is_empty() {
            self.session.drop_asks(&ids);
        }
    }
}
