//! The task that reads: every line is an answer, a notification, a question, or nonsense.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::Instant;

use super::ask::Ask;
use super::exchange::{Cell, Event};
use super::window::Window;
use super::{Connection, Inner, News};
use crate::wire::error::code;
use crate::wire::lines::TooLong;
use crate::wire::{Kind, Message, Method, RpcError, translate};

/// Bytes after which other tasks get their turn.
const TURN_BYTES: usize = 256 * 1024;
/// After so many useless lines in a row, reading slows down: a server that floods its output must
/// not take the processor from its neighbours.
const STRAY_TURN: u64 = 256;
const STRAY_PAUSE: Duration = Duration::from_millis(1);

/// Reads until the server closes its output or breaks the framing.
pub(super) async fn run(
    connection: Arc<Connection>,
    mut stdout: pipe::Receiver,
    mut window: Window,
) {
    let mut since_turn = 0;
    // What an earlier process of ours read last.
    if take_lines(&connection, &mut window).await.is_err() {
        return;
    }
    connection.lose_answered();
    loop {
        match stdout.read(window.room()).await {
            Ok(0) if window.rest().is_empty() => {
                return connection.end("it closed its output".to_owned());
            }
            Ok(0) => {
                connection.misbehaved("half a message before it closed its output", window.rest());
                return connection
                    .end("it closed its output in the middle of a message".to_owned());
            }
            Ok(count) => {
                window.read(count);
                since_turn += count;
            }
            Err(error) => return connection.end(format!("its output cannot be read: {error}")),
        }
        if take_lines(&connection, &mut window).await.is_err() {
            return;
        }
        if since_turn >= TURN_BYTES {
            since_turn = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// Acts on every whole line. `Err` if nothing more can be read.
async fn take_lines(connection: &Arc<Connection>, window: &mut Window) -> Result<(), TooLong> {
    loop {
        match window.next() {
            Ok(Some(line)) => connection.take_in(&line),
            Ok(None) => break,
            Err(too_long) => {
                connection.misbehaved(&too_long.to_string(), window.rest());
                connection.end(format!("it sent {too_long}; raise `max_message` if that is right"));
                return Err(too_long);
            }
        }
        if connection.must_pause() {
            tokio::time::sleep(STRAY_PAUSE).await;
        }
    }
    window.release();
    Ok(())
}

impl Connection {
    fn take_in(self: &Arc<Self>, line: &bytes::Bytes) {
        match Message::parse(line) {
            Ok(message) => self.route(message),
            Err(malformed) => {
                self.misbehaved(&format!("a line that is {malformed}"), line);
                self.lock().stray_in_a_row += 1;
                self.fail_damaged(line, &malformed.to_string());
            }
        }
    }

    fn must_pause(&self) -> bool {
        let stray = self.lock().stray_in_a_row;
        stray > 0 && stray.is_multiple_of(STRAY_TURN)
    }

    fn route(self: &Arc<Self>, message: Message) {
        match message.kind() {
            Kind::Result { .. } | Kind::Error { .. } => self.route_answer(message),
            Kind::Notification { method, .. } => match method {
                Method::Progress => self.route_progress(message),
                Method::ToolsChanged => {
                    _ = self.news.try_send(News::ToolsChanged);
                }
                Method::LogMessage => self.to_sole_owner(Event::Log(message)),
                Method::Cancelled => self.route_cancellation(&message),
                _ => {}
            },
            Kind::Request { method: Method::Ping, id, .. } => {
                let answer = translate::result(message.at(*id), "{}");
                self.send(answer);
            }
            Kind::Request { .. } => self.route_ask(message),
        }
    }

    fn route_answer(&self, message: Message) {
        let id = message.id().and_then(|id| id.parse::<u64>().ok());
        let mut inner = self.lock();
        if let Some(cell) = id.and_then(|id| inner.pending.remove(&id)) {
            inner.stray_in_a_row = 0;
            if cell.owner().is_some() {
                (inner.served, inner.used) = (true, Instant::now());
            }
            drop(inner);
            cell.complete(self.key, message);
            return;
        }
        // A request that was cancelled may be answered all the same: that is no misbehaviour.
        let late = id.is_some_and(|id| id <= inner.last_id);
        inner.stray_in_a_row += 1;
        drop(inner);
        if !late {
            let id = message.id().unwrap_or("null").to_owned();
            self.misbehaved(
                &format!("an answer to no request (id {id})"),
                message.text().as_bytes(),
            );
        }
    }

    fn route_progress(&self, message: Message) {
        let id = translate::progress_token(&message).and_then(|token| token.parse::<u64>().ok());
        let mut inner = self.lock();
        match id.and_then(|id| inner.pending.get(&id).cloned()) {
            Some(cell) => {
                inner.stray_in_a_row = 0;
                drop(inner);
                cell.push(Event::Progress(message));
            }
            None => inner.stray_in_a_row += 1,
        }
    }

    fn route_cancellation(&self, message: &Message) {
        let Some(id) = translate::cancelled_id(message) else { return };
        let mut inner = self.lock();
        let cell =
            inner.asked.remove(id).and_then(|exchange| inner.pending.get(&exchange).cloned());
        drop(inner);
        if let Some(cell) = cell {
            cell.push(Event::AskCancelled(id.into()));
        }
    }

    fn to_sole_owner(&self, event: Event) {
        let found = self.lock().sole_owner();
        if let Ok((_, cell)) = found {
            cell.push(event);
        }
    }

    /// A stdio server does not say which call its question belongs to. It reaches a client only if
    /// the calls in flight are all of one; anything else would be a guess.
    fn route_ask(self: &Arc<Self>, message: Message) {
        let id: Box<str> = message.id().unwrap_or("null").into();
        let mut inner = self.lock();
        let found = inner.sole_owner();
        if let Ok((exchange, _)) = &found {
            inner.asked.insert(id.clone(), *exchange);
        }
        drop(inner);
        let error = match (found, message.method()) {
            (Ok((_, cell)), _) => return cell.push(Event::Asked(Ask::new(message, self.clone()))),
            (Err(_), Some(Method::RootsList)) => {
                return self.send(translate::result(&id, r#"{"roots":[]}"#));
            }
            (Err(0), _) => {
                RpcError::new(code::INTERNAL, "no client's call is running that this could be for")
            }
            (Err(owners), _) => RpcError::new(
                code::INTERNAL,
                format!(
                    "calls of {owners} clients are running; it cannot be told which one this is for"
                ),
            ),
        };
        self.send(translate::refusal(&id, &error));
    }

    /// A damaged line that looks like the answer to a request fails that request at once instead
    /// of letting it wait for its deadline.
    fn fail_damaged(&self, line: &[u8], what: &str) {
        let text = String::from_utf8_lossy(&line[..line.len().min(4096)]);
        let id = text.split("\"id\":").skip(1).find_map(|rest| {
            let rest = rest.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<u64>().ok()
        });
        let cell = id.and_then(|id| self.lock().pending.remove(&id));
        if let Some(cell) = cell {
            cell.lose(&format!("the answer of server {} is {what}", self.server).into());
        }
    }
}

impl Inner {
    /// The newest exchange of the one owner that has any; else how many owners there are.
    fn sole_owner(&self) -> Result<(u64, Arc<Cell>), usize> {
        let mut owners: Vec<_> = self.pending.values().filter_map(|cell| cell.owner()).collect();
        owners.sort_unstable();
        owners.dedup();
        let [owner] = owners[..] else { return Err(owners.len()) };
        let of_owner = self.pending.iter().filter(|(_, cell)| cell.owner() == Some(owner));
        let newest = of_owner.max_by_key(|(id, _)| **id).ok_or(0usize)?;
        Ok((*newest.0, newest.1.clone()))
    }
}
