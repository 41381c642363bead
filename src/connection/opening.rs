//! What a connection begins with, and how it begins.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::carrier::Carrier;
use super::notice::Board;
use super::pipes::Pipes;
use super::remote::{self, Remote};
use super::state::{Connection, News};
use crate::base::{ServerName, Tasks};
use crate::telemetry::Recorder;

/// What every connection begins with.
#[derive(Debug)]
pub struct Opening {
    pub server: ServerName,
    pub board: Board,
    pub over: Over,
}

/// What it is spoken over.
#[derive(Debug)]
pub enum Over {
    Pipes(Box<Pipes>),
    Http(Box<Remote>),
}

impl Connection {
    /// Begins to talk.
    pub fn open(
        opening: Opening,
        tasks: &Tasks,
        recorder: Recorder,
    ) -> (Arc<Self>, mpsc::Receiver<News>) {
        let Opening { server, board, over } = opening;
        match over {
            Over::Pipes(pipes) => {
                let carrier = Carrier::Pipes { key: pipes.key };
                let (connection, news) = Self::new(server, board, recorder, carrier);
                pipes.carry(&connection, tasks);
                (connection, news)
            }
            Over::Http(remote) => {
                let remote = Arc::new(*remote);
                let carrier = Carrier::Http(remote.clone());
                let (connection, news) = Self::new(server, board, recorder, carrier);
                remote::send::carry(&connection, remote, tasks);
                (connection, news)
            }
        }
    }
}
