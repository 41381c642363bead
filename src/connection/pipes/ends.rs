//! The ends of both pipes, and what an earlier process of ours asked over them.

use std::sync::Arc;

use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::{reader, writer};
use crate::base::Tasks;
use crate::connection::cell::Cell;
use crate::connection::exchange::Exchange;
use crate::connection::origin::{Origin, Owner};
use crate::connection::state::Connection;
use crate::handover::{PendingCall, Window, Written};
use crate::wire::Payload;

/// Both pipes of a server process.
#[derive(Debug)]
pub struct Pipes {
    pub stdin: pipe::Sender,
    pub stdout: pipe::Receiver,
    /// What the table of pending calls is to know the connection by.
    pub key: u32,
    /// Where the server's output is read to.
    pub window: Window,
    /// Request ids up to this one belong to earlier processes of ours.
    pub last_id: u64,
    /// Requests that an earlier process of ours sent and that are not answered.
    pub asked_before: Vec<AskedBefore>,
}

/// A request that an earlier process of ours sent.
#[derive(Debug)]
pub struct AskedBefore {
    pub id: u64,
    pub written: Written,
    pub owner: Owner,
    pub pending: PendingCall,
    /// Where the exchange goes once the connection is there.
    pub exchange: oneshot::Sender<Exchange>,
}

impl Pipes {
    /// Takes over the requests of an earlier process of ours, and carries the messages of the
    /// connection.
    pub(in crate::connection) fn carry(self, connection: &Arc<Connection>, tasks: &Tasks) {
        let Self { stdin, stdout, key: _, window, last_id, asked_before } = self;
        let is_cut = asked_before.iter().any(|asked| asked.written == Written::Cut);
        let answered = |asked: &&AskedBefore| asked.written == Written::Answered;
        let answered: Vec<u64> =
            asked_before.iter().filter(answered).map(|asked| asked.id).collect();
        for asked in asked_before {
            asked.hand_over(connection);
        }
        connection.lock().last_id = last_id;
        if is_cut {
            // Ends a line that may have been cut off; a server skips what is no message.
            connection.send(Payload::from(String::new()));
        }
        tasks.spawn("server writer", writer::run(connection.clone(), stdin));
        let read = reader::run(connection.clone(), stdout, window, answered);
        tasks.spawn_until_stopped("server reader", read);
    }
}

impl AskedBefore {
    /// From now on its answer is awaited here.
    fn hand_over(self, connection: &Arc<Connection>) {
        let (owner, pending) = (Some(self.owner), Some(self.pending));
        let origin = Origin { owner, pending, ..Origin::default() };
        let cell = Arc::new(Cell::new(origin));
        cell.mark_adopted();
        connection.lock().in_flight.insert(self.id, cell.clone());
        // Nobody waits for it if its session is gone.
        drop(self.exchange.send(Exchange::new(self.id, cell, connection.clone())));
    }
}
