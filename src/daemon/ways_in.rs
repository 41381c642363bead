//! The ways in, opened.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::open_sessions::FrontSessions;
use super::options::Serve;
use super::relief;
use super::state::Daemon;
use crate::admin::dashboard::Reception;
use crate::admin::metrics::Scraped;
use crate::admin::{self, AnswerSources, Desk};
use crate::base::{SessionId, memory};
use crate::facts;
use crate::front::listen::{self, Listener};
use crate::front::stdio::GivenUp;
use crate::front::{http, stdio};
use crate::management;
use crate::process::orphans;

impl Daemon {
    /// Opens the ways in. The receiver fires when the one client of stdio has left.
    pub(super) fn open(&self, serve: Serve, desk: Desk) -> oneshot::Receiver<Result<(), GivenUp>> {
        let (left, client_left) = oneshot::channel();
        let hub = self.front.hub.clone();
        self.connections.spawn_until_stopped("pulse", async move { hub.pulse().run().await });
        self.connections.spawn_until_stopped("memory", memory::give_back_regularly());
        self.connections.spawn_until_stopped("orphans", orphans::let_go_regularly());
        let relief = relief::whenever_memory_is_short(self.front.hub.clone());
        self.connections.spawn_until_stopped("memory pressure", relief);
        match serve {
            Serve::Stdio { cwd } => {
                let front = self.front.clone();
                let stop = self.connections.clone();
                self.connections.spawn("stdio", async move {
                    _ = left.send(stdio::serve(&front, &stop, cwd).await);
                });
            }
            Serve::Inherited { listeners, .. } => self.listen(listeners, true, desk, left),
            Serve::Bound(listeners) | Serve::OnDemand(listeners) => {
                self.listen(listeners, false, desk, left);
            }
        }
        client_left
    }

    fn listen(
        &self,
        listeners: Vec<Listener>,
        inherited: bool,
        desk: Desk,
        left: oneshot::Sender<Result<(), GivenUp>>,
    ) {
        let router = http::router(self.front.clone());
        let metrics = admin::metrics::router(Scraped {
            desk: desk.clone(),
            recorder: self.recorder.clone(),
            approvals: self.front.hub.approvals.clone(),
            http: self.front.counts.clone(),
        });
        let reception = admin::dashboard::router(Reception {
            desk: desk.clone(),
            recorder: self.recorder.clone(),
            entrances: self.front.dashboard.entrances.clone(),
        });
        let instance = SessionId::random().to_string().into();
        let sources = AnswerSources {
            desk: desk.clone(),
            hub: self.front.hub.clone(),
            config: self.settings.location().cloned(),
            changing: Arc::default(),
            sessions: Arc::new(FrontSessions(self.front.clone())),
            instance,
        };
        let operators = admin::http::router(sources);
        let operators = operators.clone().merge(management::router(operators));
        let page = admin::page::router(desk, self.front.dashboard.clone(), operators.clone());
        // Operators come over a unix socket, which only its owner and root can open.
        let inner = router.clone().merge(operators).merge(reception).merge(metrics.clone());
        let router = router.merge(http::metrics(self.front.clone(), metrics)).merge(page);
        for listener in listeners {
            self.recorder.record(facts::ListenerOpened { address: listener.address(), inherited });
            let tasks = self.connections.clone();
            let router = match listener {
                Listener::Unix(_) => inner.clone(),
                Listener::Tcp(_) | Listener::Far { .. } => router.clone(),
            };
            let accept = listen::accept(listener, self.front.clone(), router, tasks);
            self.connections.spawn("accept", accept);
        }
        // Nobody's leaving ends a daemon.
        self.connections.spawn_until_stopped("open", async move {
            std::future::pending::<()>().await;
            drop(left);
        });
    }
}
