//! What is wanted of a server, and by whom it is said.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::offer::Offer;
use crate::base::Tasks;
use crate::settings::ServerConfig;

/// What is wanted of a server. The newest holds.
#[derive(Debug, Clone)]
pub(super) struct Desired {
    pub(super) config: Arc<ServerConfig>,
    pub(super) up: bool,
    /// Counts the orders of operators.
    pub(super) number: u64,
    /// How many of them asked for another process.
    pub(super) restarts: u64,
    /// How many asked only for the next try.
    pub(super) retries: u64,
    /// How many asked only for another look at what was accepted.
    pub(super) reviews: u64,
    /// Another has taken its place.
    pub(super) retired: bool,
    /// What an instance of it offers, for while it does not run itself.
    pub(super) lent: Option<Arc<Offer>>,
}

/// What an operator can ask of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Start,
    Stop,
    Restart,
    /// Have a server that waits for its next try make it now.
    Retry,
    /// Hold what it offers against what was accepted again.
    Review,
}

/// The control loop's hold on one server.
#[derive(Debug)]
pub struct Control {
    desired: watch::Sender<Desired>,
    stop: Tasks,
}

impl Control {
    /// The hold on a server whose tasks are `stop`, and what is wanted of it.
    pub(super) fn new(
        config: Arc<ServerConfig>,
        up: bool,
        stop: Tasks,
    ) -> (Self, watch::Receiver<Desired>) {
        let (number, restarts, retries, reviews) = (0, 0, 0, 0);
        let (retired, lent) = (false, None);
        let desired = Desired { config, up, number, restarts, retries, reviews, retired, lent };
        let (desired, changes) = watch::channel(desired);
        (Self { desired, stop }, changes)
    }

    /// Passes on what an operator asks for, and returns its number.
    pub fn order(&self, order: Order) -> u64 {
        self.desired.send_modify(|desired| {
            desired.number += 1;
            desired.restarts += u64::from(order == Order::Restart);
            match order {
                Order::Retry => desired.retries += 1,
                Order::Review => desired.reviews += 1,
                _ => desired.up = order != Order::Stop,
            }
        });
        self.desired.borrow().number
    }

    /// From its next start on the server runs by this config.
    pub fn adjust(&self, config: Arc<ServerConfig>) {
        self.desired.send_modify(|desired| desired.config = config);
    }

    /// While the server does not run itself it offers what this instance of it does.
    pub fn lend(&self, offer: Option<Arc<Offer>>) {
        self.desired.send_if_modified(|desired| {
            let is_same = desired.lent.as_ref().map(Arc::as_ptr) == offer.as_ref().map(Arc::as_ptr);
            desired.lent = offer;
            !is_same
        });
    }

    pub fn is_up(&self) -> bool {
        self.desired.borrow().up
    }

    /// Gives the server up: it ends when nobody can call it any more, at the latest after `drain`.
    pub fn retire(self, drain: Duration, tasks: &Tasks) {
        self.desired.send_modify(|desired| desired.retired = true);
        tasks.spawn_until_stopped("retired server", async move {
            drop(tokio::time::timeout(drain, self.desired.closed()).await);
            self.stop.stop();
        });
    }
}
