//! A client spoken to over one stream in each direction: stdio, or a bridge's link.

use std::sync::Arc;

use bytes::Bytes;

use super::note;
use super::outlet::{Back, CallOutlet};
use super::sink::Sink;
use super::stowage;
use crate::base::{Principal, Tasks, memory};
use crate::client::announce::{Announcements, Filter, Listening, Said};
use crate::client::handle::{self, Deferred, Handled};
use crate::client::session::{Carriage, Session};
use crate::handover::{CallRow, PendingCall};
use crate::meta;
use crate::mux::{self, Actor, Ended, Hub, Resumed};
use crate::outbox::Outbox;
use crate::results::aside::Aside;
use crate::wire::link::frame;
use crate::wire::params::{Head, Target};
use crate::wire::{Malformed, Message, Payload, RpcError, batch, error::code, translate};

/// One such conversation.
#[derive(Debug, Clone)]
pub struct Duplex {
    pub hub: Hub,
    pub session: Arc<Session>,
    pub outbox: Arc<Outbox>,
    /// Where answers go that the client does not read.
    pub aside: Aside,
    /// The requests in flight.
    pub tasks: Tasks,
}

impl Duplex {
    /// The same for a message of the same principal (see [`Session::asked_by`]).
    pub fn asked_by(self: &Arc<Self>, principal: &Principal) -> Arc<Self> {
        if self.session.principal.asks_alike(principal) {
            return self.clone();
        }
        Arc::new(self.of(principal))
    }

    /// The same for what comes of one connection of the same principal.
    pub fn of(&self, principal: &Principal) -> Self {
        Self { session: self.session.asked_by(principal), ..self.clone() }
    }

    /// Takes in one message. Requests that take time run in tasks of their own, which begin in the
    /// order the requests came in. `is_again`: an earlier process of ours may have carried it out.
    pub fn take_in(&self, text: &Bytes, is_again: bool) {
        memory::came(text.len());
        let sink = Sink::Alone(self.outbox.clone());
        match Message::parse(text) {
            Ok(message) => self.take_in_message(message, is_again, sink),
            Err(Malformed::Batch) if self.session.revision().has_batches() => {
                self.take_in_batch(text);
            }
            Err(malformed) => refuse(&malformed, &sink),
        }
    }

    fn take_in_batch(&self, text: &Bytes) {
        let Some(items) = batch::split(text) else {
            let what = format!("a batch has 1 to {} messages", batch::MAX);
            let error = RpcError::new(code::INVALID_REQUEST, what);
            return self.outbox.push(error.response(None).into());
        };
        let sink = Sink::of_batch(self.outbox.clone());
        for item in items {
            match item {
                Ok(message) => self.take_in_message(message, false, sink.clone()),
                Err(malformed) => refuse(&malformed, &sink),
            }
        }
    }

    fn take_in_message(&self, message: Message, is_again: bool, sink: Sink) {
        let id: Box<str> = message.id().unwrap_or("null").into();
        let answer = |payload| sink.put(frame::FrameKind::Message, payload);
        let head = match Head::parse(&message) {
            Ok(head) => head,
            Err(error) if message.id().is_some() => {
                return answer(translate::refusal(&id, &error));
            }
            Err(_) => return,
        };
        match handle::handle(&self.hub, &self.session, message, head) {
            Handled::Taken => {}
            Handled::Reply(payload) => answer(payload),
            Handled::Refused(error) => answer(translate::refusal(&id, &error)),
            Handled::Call(mut call) => {
                call.pending = self.note(&call, &id, is_again);
                let is_tool_call = call.head.target() == Some(Target::Tool);
                call.is_kept = self.session.carriage == Carriage::Link && !is_tool_call;
                call.again = is_again;
                let back = Back::Duplex(self.outbox.clone());
                let outlet = CallOutlet::new(self.session.clone(), call.era, back);
                let hub = self.hub.clone();
                let outbox = self.outbox.clone();
                // Boxed once: the task is moved several times before it runs.
                self.spawn(&id, "call", sink, async move {
                    // No server works for a client that does not read what there is already.
                    outbox.room().await;
                    let reply = Box::pin(meta::serve(hub, call, outlet)).await;
                    (frame::FrameKind::Message, reply.payload)
                });
            }
            Handled::Deferred(deferred) => self.answer_deferred(&id, deferred, sink),
            Handled::Listen(filter, actor) => self.listen(&id, (filter, actor), sink),
        }
    }

    /// Notes a call for the next process of ours, to which the bridge of a link will come back.
    fn note(&self, call: &mux::Call, id: &str, is_again: bool) -> Option<PendingCall> {
        if self.session.carriage != Carriage::Link || !self.hub.pending.is_there() {
            return None;
        }
        let row = note::row(&self.session, call, id)?;
        let ended = if is_again { self.session.ended_before(id) } else { None };
        let row = CallRow { call: ended.unwrap_or(row.call), ..row };
        self.hub.pending.begin(row, ended.is_some())
    }

    /// Takes up a call that an earlier process of ours sent.
    pub fn take_up(&self, resumed: Resumed) {
        let (id, era) = (resumed.call.id.clone(), resumed.call.era);
        let outlet = CallOutlet::new(self.session.clone(), era, Back::Duplex(self.outbox.clone()));
        let hub = self.hub.clone();
        let sink = Sink::Alone(self.outbox.clone());
        self.spawn(&id, "call", sink, async move {
            match mux::resume(hub, resumed, outlet).await {
                Ended::Answered(reply) => (frame::FrameKind::Message, reply),
                Ended::Lost(reply) => (frame::FrameKind::Lost, reply),
            }
        });
    }

    /// Runs one request; its response is queued unless the client takes it back.
    fn spawn<F>(&self, id: &str, name: &'static str, sink: Sink, request: F)
    where
        F: Future<Output = (frame::FrameKind, Payload)> + Send + 'static,
    {
        let mut in_flight = match self.session.begin(id) {
            Ok(in_flight) => in_flight,
            Err(error) => {
                let error = RpcError::new(code::INVALID_REQUEST, error.to_string());
                return sink.put(frame::FrameKind::Message, translate::refusal(id, &error));
            }
        };
        let (aside, id) = (self.aside.clone(), Box::<str>::from(id));
        self.tasks.spawn_until_stopped(name, async move {
            tokio::select! {
                biased;
                (kind, response) = request => match stowage::fit(&aside, sink.outbox(), response).await {
                    Ok(response) => sink.put(kind, response),
                    Err(no_room) => {
                        let what = format!("the call was carried out, but its answer is lost: {no_room}");
                        let error = RpcError::new(code::INTERNAL, what);
                        sink.put(frame::FrameKind::Message, translate::refusal(&id, &error));
                    }
                },
                Ok(()) = &mut in_flight.cancelled => {}
            }
        });
    }

    fn answer_deferred(&self, id: &str, deferred: Deferred, sink: Sink) {
        let (hub, session, own_id) = (self.hub.clone(), self.session.clone(), id.to_owned());
        let outbox = self.outbox.clone();
        self.spawn(id, "deferred", sink, async move {
            outbox.room().await;
            (frame::FrameKind::Message, handle::deferred(&hub, &session, &own_id, deferred).await)
        });
    }

    fn listen(&self, id: &str, (filter, actor): (Filter, Actor), sink: Sink) {
        let (hub, outbox, own_id) = (self.hub.clone(), self.outbox.clone(), id.to_owned());
        self.spawn(id, "subscription", sink, async move {
            let mut listening = Listening::open(&hub, &actor, &own_id, filter).await;
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
                match announcements.next().await {
                    Said::Notification(payload) => outbox.push_notification(payload),
                    Said::Question(payload) => outbox.push(payload),
                }
            }
        });
    }
}

fn refuse(malformed: &Malformed, sink: &Sink) {
    let (error, id) = malformed.answer();
    sink.put(frame::FrameKind::Message, error.response(id).into());
}
