//! What the rest of the house sees of a server.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::identity::Identity;
use super::offer::Offer;
use crate::base::names::SEPARATOR;
use crate::base::{ServerName, Span};
use crate::connection::Connection;
use crate::credentials::Credential;
use crate::pins::PinKind;
use crate::process::stderr::LastWords;
use crate::settings::ServerConfig;

/// Failed tries after which a call no longer waits for the next one.
const PATIENT_TRIES: u32 = 3;

/// A configured server. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Server {
    pub name: ServerName,
    pub config: Arc<ServerConfig>,
    pub(super) status: watch::Receiver<Arc<Status>>,
    /// Notified when a sleeping server is called.
    pub(super) wake: Arc<Notify>,
    /// What proves us to it, if it is a remote one that wants that.
    pub credential: Option<Arc<Credential>>,
}

/// How a server is, in one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Stopped,
    /// The next call starts it.
    Asleep,
    Starting,
    Ready,
    Waiting,
    Unusable,
}

impl Phase {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Asleep => "asleep",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Unusable => "unusable",
        }
    }
}

/// How a server is.
#[derive(Debug, Clone, Default)]
pub struct Status {
    pub phase: Phase,
    /// There while the server is ready.
    pub live: Option<Arc<Live>>,
    /// What it offered when it was last ready; it stays listed while the server restarts.
    pub offer: Option<Arc<Offer>>,
    /// The offer is that of the server before it, which had another config.
    pub inherited: bool,
    /// The process, from its handshake to its end.
    pub pid: Option<u32>,
    /// Counts what operators asked for and was heard.
    pub heard: u64,
    /// Why it is not ready, or why it last was not.
    pub reason: Option<Arc<str>>,
    pub retry_at: Option<Instant>,
    pub tries: u32,
    /// Its last try failed, and it has not been ready since.
    pub failed: bool,
    pub runs: Runs,
}

/// What was seen of a server's runs.
#[derive(Debug, Clone, Default)]
pub struct Runs {
    /// How often it was ready, or taken over, since the daemon began.
    pub count: u32,
    /// Of the last one.
    pub last_words: LastWords,
}

impl Status {
    /// Whether its first start is decided: it was ready once, or it failed.
    pub fn is_settled(&self) -> bool {
        (self.offer.is_some() && !self.inherited)
            || self.failed
            || matches!(self.phase, Phase::Waiting | Phase::Unusable | Phase::Stopped)
    }

    /// Whether nobody knows what it offers: it has not been ready yet.
    fn is_unseen(&self) -> bool {
        self.live.is_none() && self.offer.is_none()
    }

    /// Whether it is worth while to wait for what it will offer.
    pub fn is_awaited(&self) -> bool {
        self.live.is_none()
            && (self.offer.is_none() || self.inherited)
            && matches!(self.phase, Phase::Starting | Phase::Waiting)
            && self.tries <= PATIENT_TRIES
    }
}

/// A server that can be called.
#[derive(Debug)]
pub struct Live {
    pub connection: Arc<Connection>,
    pub identity: Identity,
}

/// Why a server cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("server {server} is {}: {reason}{}", .phase.as_str(), retry(*.retry_in))]
pub struct Unavailable {
    pub server: ServerName,
    pub phase: Phase,
    pub reason: String,
    pub retry_in: Option<Duration>,
}

fn retry(after: Option<Duration>) -> String {
    after.map_or_else(String::new, |after| format!("; the next try is in {}", Span(after)))
}

impl Server {
    /// A server without a task, which has this offer and never changes.
    pub fn fixed(name: ServerName, config: Arc<ServerConfig>, offer: Offer) -> Self {
        let status = Status { offer: Some(Arc::new(offer)), ..Status::default() };
        let (_, status) = watch::channel(Arc::new(status));
        Self { name, config, status, wake: Arc::default(), credential: None }
    }
}

impl Server {
    pub fn status(&self) -> Arc<Status> {
        self.status.borrow().clone()
    }

    /// The same server, treated as another config says.
    pub fn adjusted(&self, config: Arc<ServerConfig>) -> Self {
        Self { config, ..self.clone() }
    }

    /// How the server is once it has done what was asked for, or at `deadline`. `number`: that of
    /// the order.
    pub async fn obeyed(&self, number: u64, deadline: Instant) -> Arc<Status> {
        let mut watched = self.status.clone();
        let done = |status: &Arc<Status>| {
            let under_way = status.phase == Phase::Starting
                || (status.phase == Phase::Stopped && status.pid.is_some());
            status.heard >= number && !under_way
        };
        let found = async { watched.wait_for(done).await.map(|status| status.clone()).ok() };
        match tokio::time::timeout_at(deadline, found).await {
            Ok(Some(status)) => status,
            _ => self.status(),
        }
    }

    /// The live server; waits while it starts or is about to, until `deadline`. `but`: one that was
    /// found dead, which may be shown as live for a moment longer.
    pub async fn live(
        &self,
        deadline: Instant,
        but: Option<&Arc<Live>>,
    ) -> Result<Arc<Live>, Unavailable> {
        let is_usable = |live: &&Arc<Live>| but.is_none_or(|but| !Arc::ptr_eq(but, live));
        // The common case without a clone of the receiver.
        if let Some(live) = self.status.borrow().live.as_ref().filter(is_usable) {
            return Ok(live.clone());
        }
        let mut status = self.status.clone();
        loop {
            let now = status.borrow_and_update().clone();
            if let Some(live) = now.live.as_ref().filter(is_usable) {
                return Ok(live.clone());
            }
            let hopeless = match now.phase {
                Phase::Unusable | Phase::Stopped => true,
                Phase::Waiting => now.tries > PATIENT_TRIES,
                Phase::Starting | Phase::Ready => false,
                Phase::Asleep => {
                    self.wake.notify_one();
                    false
                }
            };
            if hopeless {
                return Err(self.unavailable(&now, None));
            }
            match tokio::time::timeout_at(deadline, status.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(self.unavailable(&now, Some("it was removed"))),
                Err(_) => return Err(self.unavailable(&now, Some("it was not ready in time"))),
            }
        }
    }

    /// The live server, however long it takes; `None` once it was removed. `but`: see
    /// [`Server::live`].
    pub async fn ready(&self, but: Option<&Arc<Live>>) -> Option<Arc<Live>> {
        let is_usable = |live: &&Arc<Live>| but.is_none_or(|but| !Arc::ptr_eq(but, live));
        let mut status = self.status.clone();
        let found = status.wait_for(|status| status.live.as_ref().as_ref().is_some_and(is_usable));
        found.await.ok()?.live.clone()
    }

    /// Why nobody knows what the server offers, if nobody does.
    pub fn unseen(&self) -> Option<Unavailable> {
        let status = self.status();
        status.is_unseen().then(|| self.unavailable(&status, None))
    }

    /// Whether what it offers may only be learned from an instance: it has one for each directory, does not
    /// start in its own, and nobody ever said what it offers.
    pub fn awaits_a_directory(&self) -> bool {
        let status = self.status();
        let is_general = self.config.is_per_directory() && self.name.workplace().is_none();
        is_general && status.failed && status.is_unseen()
    }

    /// Why the server cannot be called now, if it cannot.
    pub fn down(&self) -> Option<Unavailable> {
        let status = self.status();
        let is_up = matches!(status.phase, Phase::Ready | Phase::Asleep);
        (!is_up).then(|| self.unavailable(&status, None))
    }

    /// Whether an item is kept from clients until a person accepts it as it is now. The catalog asks here, and so does
    /// each call once its server is ready, for one that was remembered, or that began anew, may be another by then.
    pub fn holds(&self, kind: PinKind, name: &str) -> bool {
        self.config.policy.holds()
            && self.status.borrow().offer.as_ref().is_some_and(|offer| offer.moved.has(kind, name))
    }

    /// Whether a name begins as only names of this server's items do.
    pub fn owns(&self, name: &str) -> bool {
        let is_space =
            |space: &str| name.strip_prefix(space).is_some_and(|own| own.starts_with(SEPARATOR));
        let prefix = self.config.policy.prefix.as_deref().filter(|prefix| !prefix.is_empty());
        is_space(self.name.as_str()) || prefix.is_some_and(is_space)
    }

    fn unavailable(&self, status: &Status, reason: Option<&str>) -> Unavailable {
        let reason = match (reason, &status.reason) {
            (Some(reason), Some(earlier)) => format!("{reason} ({earlier})"),
            (Some(reason), None) => reason.to_owned(),
            (None, Some(earlier)) => earlier.to_string(),
            (None, None) => match status.phase {
                Phase::Starting => "it has not answered yet".to_owned(),
                Phase::Asleep => "the next call of a tool of it starts it".to_owned(),
                _ => "it is not wanted".to_owned(),
            },
        };
        let retry_in = status.retry_at.map(|at| at.saturating_duration_since(Instant::now()));
        Unavailable { server: self.name.clone(), phase: status.phase, reason, retry_in }
    }
}

#[cfg(test)]
mod tests;
