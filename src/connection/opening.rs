//! What a connection begins with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::exchange::Exchange;
use super::{Board, Owner, Remote};
use crate::base::{Secret, ServerName};
use crate::credentials::Credential;
use crate::handover::{PendingCall, Window, Written};

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

/// Where a remote server is, and what it wants to see of us.
pub struct Address {
    /// `http://` or `https://`.
    pub url: Secret,
    /// The unix socket it listens on; only with `http://`.
    pub socket: Option<PathBuf>,
    /// Whether it may speak streamable HTTP, which is tried first.
    pub streamable: bool,
    /// Whether it may speak HTTP with SSE (2024-11-05).
    pub sse: bool,
    /// Sent with every request.
    pub headers: Vec<(String, Secret)>,
    /// What proves us to it.
    pub credential: Option<Arc<Credential>>,
    /// The longest answer or event, in bytes.
    pub max_message: usize,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}
