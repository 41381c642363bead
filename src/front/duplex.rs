//! A client spoken to over one stream in each direction: stdio, or a bridge's link.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::outbox::Outbox;
use super::outlet::{Back, CallOutlet};
use crate::base::Tasks;
use crate::client::announce::{Announcements, Filter, Listening};
use crate::client::handle::{self, Handled, Later};
use crate::client::session::{Session, Way};
use crate::connection::PendingCall;
use crate::connection::pending::Description;
use crate::meta;
use crate::mux::{self, Ended, Hub, Resumed};
use crate::wire::link::frame;
use crate::wire::params::{Head, Target};
use crate::wire::{Malformed, Message, Payload, RpcError, translate};

/// One such conversation.
#[derive(Debug, Clone)]
pub struct Duplex {
    pub hub: Hub,
    pub session: Arc<Session>,
    pub outbox: Arc<Outbox>,
    /// The requests in flight.
    pub tasks: Tasks,
}

impl Duplex {
    /// Takes in one message. Requests that take time run in tasks of their own, which begin in the
    /// order the requests came in. `is_again`: an earlier process of ours may have carried it out.
    pub fn take_in(&self, text: &Bytes, is_again: bool) {
        let message = match Message::parse(text) {
            Ok(message) => message,
            // Each message of a batch is answered alone, as soon as its answer is there.
            Err(Malformed::Batch) if self.session.revision().has_batches() => {
                return self.take_in_batch(text);
            }
            Err(malformed) => {
                let (error, id) = malformed.answer();
                return self.outbox.push(error.response(id).into());
            }
        };
        let id: Box<str> = message.id().unwrap_or("null").into();
        let head = match Head::parse(&message) {
            Ok(head) => head,
            Err(error) if message.id().is_some() => {
                return self.outbox.push(translate::refusal(&id, &error));
            }
            Err(_) => return,
        };
        match handle::handle(&self.hub, &self.session, message, head) {
            Handled::Taken => {}
            Handled::Reply(payload) => self.outbox.push(payload),
            Handled::Refused(error) => self.outbox.push(translate::refusal(&id, &error)),
            Handled::Call(mut call) => {
                call.pending = self.note(&call, &id);
                let is_tool_call = call.head.target() == Some(Target::Tool);
                call.is_kept = self.session.way == Way::Link && !is_tool_call;
                call.again = is_again;
                let back = Back::Duplex(self.outbox.clone());
                let outlet = CallOutlet::new(self.session.clone(), call.era, back);
                let hub = self.hub.clone();
                self.spawn(
                    &id,
                    "call",
                    // Boxed once: the task is moved several times before it runs.
                    async move {
                        let reply = Box::pin(meta::serve(hub, call, outlet)).await;
                        (frame::Kind::Message, reply.payload)
                    },
                );
            }
            Handled::Later(later) => self.answer_later(&id, later),
            Handled::Listen(filter) => self.listen(&id, filter),
        }
    }

    fn take_in_batch(&self, text: &Bytes) {
        let items: Vec<&RawValue> = serde_json::from_slice(text).unwrap_or_default();
        // Batches do not nest: an item that is a list is refused as any other message is.
        for item in items.iter().filter(|item| !item.get().starts_with('[')) {
            self.take_in(&text.slice_ref(item.get().as_bytes()), false);
        }
    }

    /// Notes a call for the next process of ours, to which the bridge of a link will come back.
    fn note(&self, call: &mux::Call, id: &str) -> Option<PendingCall> {
        let pending = self.hub.pending.as_ref().filter(|_| self.session.way == Way::Link)?;
        let params = call.head.request(&call.message).ok()?;
        // Anything else can be asked for again.
        if params.target != Target::Tool {
            return None;
        }
        pending.begin(&Description {
            session: self.session.id,
            id: id.into(),
            era: call.era,
            token: params.progress_token.map(Into::into),
            tool: params.name.as_ref().into(),
            started: Instant::now(),
        })
    }

    /// Takes up a call that an earlier process of ours sent.
    pub fn take_up(&self, pending: PendingCall, resumed: Resumed) {
        let (id, era) = (resumed.call.id.clone(), resumed.call.era);
        let outlet = CallOutlet::new(self.session.clone(), era, Back::Duplex(self.outbox.clone()));
        let hub = self.hub.clone();
        self.spawn(&id, "call", async move {
            let ended = mux::resume(hub, resumed, outlet).await;
            drop(pending);
            match ended {
                Ended::Answered(reply) => (frame::Kind::Message, reply),
                Ended::Lost(reply) => (frame::Kind::Lost, reply),
            }
        });
    }

    /// Runs one request; its response is queued unless the client takes it back.
    fn spawn<F>(&self, id: &str, name: &'static str, request: F)
    where
        F: Future<Output = (frame::Kind, Payload)> + Send + 'static,
    {
        let mut in_flight = match self.session.begin(id) {
            Ok(in_flight) => in_flight,
            Err(error) => {
                let error =
                    RpcError::new(crate::wire::error::code::INVALID_REQUEST, error.to_string());
                return self.outbox.push(translate::refusal(id, &error));
            }
        };
        let outbox = self.outbox.clone();
        self.tasks.spawn_until_stopped(name, async move {
            tokio::select! {
                biased;
                (kind, response) = request => outbox.push_as(kind, response),
                Ok(()) = &mut in_flight.cancelled => {}
            }
        });
    }

    fn answer_later(&self, id: &str, later: Later) {
        let (hub, session, own_id) = (self.hub.clone(), self.session.clone(), id.to_owned());
        self.spawn(id, "later", async move {
            (frame::Kind::Message, handle::later(&hub, &session, &own_id, later).await)
        });
    }

    fn listen(&self, id: &str, filter: Filter) {
        let (hub, outbox, own_id) = (self.hub.clone(), self.outbox.clone(), id.to_owned());
        self.spawn(id, "subscription", async move {
            let mut listening = Listening::open(&hub, &own_id, filter).await;
            loop {
                outbox.push_notification(listening.next().await);
            }
        });
    }

    /// Tells the client what it is to hear unasked, for as long as the task runs.
    pub fn announce(&self) {
        let mut announcements = Announcements::new(&self.hub, self.session.clone());
        let outbox = self.outbox.clone();
        self.tasks.spawn_until_stopped("announcements", async move {
            loop {
                outbox.push_notification(announcements.next().await);
            }
        });
    }
}
