//! What the control loop can be asked.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::api::{self, Status};
use crate::base::ServerName;
use crate::servers::Server;
use crate::servers::control::Order;
use crate::settings::{Complaint, Plan};
use crate::world::World;

/// Questions that may wait for the control loop.
const WAITING_MAX: usize = 64;

/// Where an answer goes. Dropping it says that there will be none.
pub type Answer<T> = oneshot::Sender<T>;

/// A question with the place for its answer.
#[derive(Debug)]
pub enum Question {
    /// How is everything? `afresh`: as it is now, even if finding out takes seconds.
    Status { afresh: bool, answer: Answer<Status> },
    /// What would a reload do?
    Plan(Answer<Result<Plan, Vec<Complaint>>>),
    /// Read the config. What was done, or what is wrong with it.
    Reload(Answer<Result<Plan, Vec<Complaint>>>),
    /// The servers and what they offer.
    World(Answer<Arc<World>>),
    /// Have servers that wait for their next try make it now: all, or this one. Answered with those
    /// that do; `None`: there is none of this name.
    Retry { server: Option<ServerName>, principal: Arc<str>, answer: Answer<Option<Vec<Ordered>>> },
    /// Start, stop or restart a server. `None`: there is none of this name.
    Order { server: ServerName, order: Order, principal: Arc<str>, answer: Answer<Option<Ordered>> },
    /// The server that somebody logs in to, or out of. `None`: there is none of this name.
    Identify {
        server: ServerName,
        /// What is worth telling.
        order: Option<api::Order>,
        principal: Arc<str>,
        answer: Answer<Option<Server>>,
    },
}

/// A server that was told something.
#[derive(Debug)]
pub struct Ordered {
    pub server: Server,
    /// Those of it that were told the same.
    pub instances: Vec<(Server, u64)>,
    /// See [`Server::obeyed`].
    pub number: u64,
}

/// Passes questions on. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Desk(mpsc::Sender<Question>);

/// The control loop is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the daemon is being stopped")]
pub struct Closed;

impl Desk {
    /// A desk, and the end at which the control loop answers.
    pub fn open() -> (Self, mpsc::Receiver<Question>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self(sender), receiver)
    }

    /// Completes once the control loop is gone.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }

    /// Puts a question and waits for the answer.
    pub(super) async fn ask<T>(
        &self,
        question: impl FnOnce(Answer<T>) -> Question,
    ) -> Result<T, Closed> {
        let answered = self.put(question).await?;
        answered.await.map_err(|_| Closed)
    }

    /// Puts a question.
    pub(super) async fn put<T>(
        &self,
        question: impl FnOnce(Answer<T>) -> Question,
    ) -> Result<oneshot::Receiver<T>, Closed> {
        let (answer, answered) = oneshot::channel();
        self.0.send(question(answer)).await.map_err(|_| Closed)?;
        Ok(answered)
    }
}
