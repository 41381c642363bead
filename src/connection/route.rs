//! Where a message of a server goes: to the request it answers, to the call it is about, to the client
//! whose call caused it, or to everybody.

use std::sync::Arc;

use tokio::time::Instant;

use super::ask::Ask;
use super::cell::{Cell, Event};
use super::notice::What;
use super::origin::Owner;
use super::state::{Connection, ConnectionState};
use crate::lenient::own_id;
use crate::wire::error::code;
use crate::wire::{Kind, Message, Method, RpcError, Topic, object, translate};

/// The request on whose own stream a message came in.
pub(super) type OwnStream<'a> = Option<(u64, &'a Arc<Cell>)>;

impl Connection {
    /// Routes one message. `on`: what the transport says that it is about.
    pub(super) fn route(self: &Arc<Self>, message: Message, on: OwnStream<'_>) {
        match message.kind() {
            Kind::Result { .. } | Kind::Error { .. } => self.route_answer(message, on),
            Kind::Notification { method, .. } => match method {
                Method::Progress => self.route_progress(message),
                Method::LogMessage => self.route_log(message, on),
                Method::Cancelled => self.route_cancellation(&message),
                Method::ResourceUpdated => self.route_update(message),
                Method::SubscriptionAcknowledged => self.route_acknowledgement(&message),
                Method::TaskStatus => self.board.put(self.server(), What::TaskStatus(message)),
                method => match Topic::announced_by(method) {
                    Some(topic) => self.list_changed(topic),
                    None => self.board.put(self.server(), What::Other(message)),
                },
            },
            Kind::Request { method: Method::Ping, id, .. } => {
                let answer = translate::result(message.at(*id), "{}");
                self.send(answer);
            }
            Kind::Request { .. } => self.route_ask(message, on),
        }
    }

    fn route_answer(&self, message: Message, on: OwnStream<'_>) {
        let mut id = message.id().and_then(own_id::read);
        let mut state = self.lock();
        let mut message = message;
        if id.is_none()
            && let Some((meant, named)) = state.meant(&message, on)
        {
            (id, message) = (Some(meant), named);
        }
        if let Some(waiting) = id.and_then(|id| self.remove(&mut state, id)) {
            if on.is_none_or(|(of, _)| Some(of) != id) {
                waiting.stop();
            }
            state.conduct.useful();
            state.noted = false;
            if waiting.cell.owner().is_some() {
                (state.served, state.used) = (true, Instant::now());
            }
            drop(state);
            waiting.cell.complete(self.key(), message);
            return;
        }
        // A request that was cancelled may be answered all the same: that is no misbehaviour.
        let late = id.is_some_and(|id| id <= state.last_id);
        state.conduct.stray();
        drop(state);
        if !late {
            let id = message.id().unwrap_or("null").to_owned();
            self.misbehaved(
                &format!("an answer to no request (id {id})"),
                message.text().as_bytes(),
            );
        }
    }

    fn route_progress(&self, message: Message) {
        let id = translate::progress_token(&message).and_then(own_id::read);
        match self.pending_cell(id) {
            Some(cell) => cell.push(Event::Progress(message)),
            None => self.lock().conduct.stray(),
        }
    }

    fn pending_cell(&self, id: Option<u64>) -> Option<Arc<Cell>> {
        let mut state = self.lock();
        let cell = state.in_flight.get(id?).cloned()?;
        state.conduct.useful();
        Some(cell)
    }

    /// A log message names no request. It reaches every client whose call is running, as long as
    /// they are all one principal's; while none is, whoever listens.
    fn route_log(&self, message: Message, on: OwnStream<'_>) {
        if let Some((_, cell)) = on {
            return cell.push(Event::Log(message));
        }
        let cells = self.lock().in_flight.newest_of_each_owner();
        let mut owners = cells.iter().filter_map(|(_, cell)| cell.owner());
        let Some(first) = owners.next() else {
            return self.board.put(self.server(), What::Log(message));
        };
        if owners.all(|owner| owner.principal == first.principal) {
            for (_, cell) in cells {
                cell.push(Event::Log(message.clone()));
            }
        }
    }

    fn route_update(&self, message: Message) {
        let uri = message.params().and_then(|params| object::get(params, "uri"));
        if let Some(uri) = uri.and_then(object::string).map(Into::into) {
            self.board.put(self.server(), What::ResourceUpdated { uri, message });
        }
    }

    fn route_acknowledgement(&self, message: &Message) {
        let id = translate::subscription_id(message).and_then(own_id::read);
        if let Some(cell) = self.pending_cell(id) {
            cell.push(Event::Acknowledged);
        }
    }

    fn route_cancellation(&self, message: &Message) {
        let Some(id) = translate::cancelled_id(message) else { return };
        let mut state = self.lock();
        let exchange = state.questions.remove(id);
        let cell = exchange.and_then(|exchange| state.in_flight.get(exchange).cloned());
        drop(state);
        if let Some(cell) = cell {
            cell.push(Event::AskCancelled(id.into()));
        }
    }

    /// A stdio server does not say which call its question belongs to. It reaches a client only if
    /// the calls in flight are all of one; anything else would be a guess.
    fn route_ask(self: &Arc<Self>, message: Message, on: OwnStream<'_>) {
        let id: Box<str> = message.id().unwrap_or("null").into();
        let mut state = self.lock();
        let found = match on {
            Some((exchange, cell)) => Ok((exchange, cell.clone())),
            None => state.sole_owner(),
        };
        let exchange = found.as_ref().ok().map(|(exchange, _)| *exchange);
        if let Err(why) = state.questions.admit(&id, exchange, on.is_none()) {
            state.conduct.stray();
            drop(state);
            let reason = why.to_string();
            self.misbehaved(&reason, message.text().as_bytes());
            let error = RpcError::new(code::INTERNAL, reason);
            return self.send(error.response(Some(&id)).into());
        }
        state.questions.insert(id, exchange);
        drop(state);
        let is_roots = message.method() == Some(&Method::RootsList);
        let ask = Ask::new(message, self.clone());
        let (ask, reason) = match found {
            Ok((_, cell)) => return cell.push(Event::Asked(ask)),
            Err(0) => match self.board.ask(self.server(), ask) {
                Ok(()) => return,
                Err(ask) => (ask, "no client's call is running that this could be for".to_owned()),
            },
            Err(owners) => {
                let what = "it cannot be told which one this is for";
                (ask, format!("calls of {owners} clients are running; {what}"))
            }
        };
        if is_roots {
            ask.answer_with(r#"{"roots":[]}"#);
        } else {
            ask.refuse(&RpcError::new(code::INTERNAL, reason));
        }
    }
}

impl ConnectionState {
    /// The request that an error without an id answers, if that can be told, with the error under its id. On
    /// a stream of its own it is that request. Elsewhere it is the only one in flight, of a client's if the
    /// error says that something was not understood; and not if something else was said since the last
    /// answer, which it may be about.
    fn meant(&self, message: &Message, on: OwnStream<'_>) -> Option<(u64, Message)> {
        let Kind::Error { id: None, error } = message.kind() else { return None };
        let id = match on {
            Some((id, _)) => id,
            None => {
                let (id, cell) = self.in_flight.only()?;
                let is_unread = [Some(code::PARSE), Some(code::INVALID_REQUEST)];
                let is_about_it =
                    cell.owner().is_none() || is_unread.contains(&message.error_code());
                (cell.is_sent() && !self.noted && is_about_it).then_some(id)?
            }
        };
        let error = message.at(*error);
        let named = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#);
        Some((id, Message::parse(&named.into()).ok()?))
    }

    /// The newest exchange of the one owner that a question can be for; else how many there are. A
    /// call whose question is open waits for its client and asks nothing: between clients of
    /// one principal, that decides.
    fn sole_owner(&self) -> Result<(u64, Arc<Cell>), usize> {
        let mut newest = self.in_flight.newest_of_each_owner();
        let owners: Vec<Owner> = newest.iter().filter_map(|(_, cell)| cell.owner()).collect();
        if owners.len() > 1 && owners.iter().all(|owner| owner.principal == owners[0].principal) {
            let running = self.in_flight.iter().filter(|(id, _)| !self.questions.holds_up(*id));
            let running: Vec<_> = running.filter_map(|(_, cell)| cell.owner()).collect();
            newest.retain(|(_, cell)| cell.owner().is_some_and(|owner| running.contains(&owner)));
        }
        match newest.len() {
            1 => newest.pop().ok_or(0),
            0 => Err(owners.len()),
            more => Err(more),
        }
    }
}
