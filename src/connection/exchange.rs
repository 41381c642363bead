//! A request that was sent, for who waits for its answer.

use std::sync::Arc;

use super::cell::{Cell, Reply, Step};
use super::in_flight::Waiting;
use super::state::{Connection, Load};
use crate::base::ServerName;
use crate::wire::translate;

/// A request that was sent. Dropping it forgets the request: a late answer is thrown away.
#[derive(Debug)]
pub struct Exchange {
    id: u64,
    cell: Arc<Cell>,
    connection: Arc<Connection>,
    ended: bool,
}

impl Exchange {
    pub(super) fn new(id: u64, cell: Arc<Cell>, connection: Arc<Connection>) -> Self {
        Self { id, cell, connection, ended: false }
    }

    /// The server that was asked.
    pub fn server(&self) -> &ServerName {
        self.connection.server()
    }

    /// The next event, or the end. Must not be called after the end.
    pub async fn next(&mut self) -> Step {
        let step = self.cell.next().await;
        self.ended = matches!(step, Step::End(_));
        step
    }

    /// Waits for the end and lets events pass.
    pub async fn reply(&mut self) -> Reply {
        loop {
            if let Step::End(reply) = self.next().await {
                return reply;
            }
        }
    }

    /// Whether it waits for its turn, or did to the end.
    pub fn is_waiting(&self) -> bool {
        self.cell.is_waiting()
    }

    /// Why it has not been sent in all its time, if it waits for its turn.
    pub fn no_turn(&self) -> Option<String> {
        let Load { in_flight, waiting, .. } = self.is_waiting().then(|| self.connection.load())?;
        Some(format!(
            "server {} had no room for it in time: {in_flight} calls are in flight there, which is its \
             `max_concurrency`, and {waiting} waited for their turn",
            self.server()
        ))
    }

    /// Gives the request up and tells the server so. Returns whether any byte of it may have
    /// reached the server.
    pub fn give_up(&mut self, reason: &str) -> bool {
        if !self.ended {
            self.ended = true;
            take_back(&self.connection, self.id, &self.cell, reason);
        }
        self.cell.is_sent()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.ended {
            let waiting = self.connection.remove(&mut self.connection.lock(), self.id);
            waiting.inspect(Waiting::stop);
        }
    }
}

/// Gives up request `id`. If it still waits to be sent it never will be; else the server is told.
fn take_back(connection: &Connection, id: u64, cell: &Arc<Cell>, reason: &str) {
    let mut state = connection.lock();
    let waited = cell.is_waiting();
    let Some(waiting) = connection.remove(&mut state, id) else { return };
    if waited || state.queue.take_back(cell) {
        return;
    }
    drop(state);
    waiting.stop();
    if cell.is_sent() && connection.carrier().tells_cancellation() {
        connection.send(translate::cancel(id, reason));
    }
}
