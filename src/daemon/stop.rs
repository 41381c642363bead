//! The order of stopping.
//!
//! Nobody who came in is sent away without an answer. Where another process of ours goes on, calls
//! that only this one can answer may finish first, and the rest is left as it is. Where none does,
//! the doors close, calls in flight may finish, what is left is answered as not sent or unknown, and
//! only then the servers go.

use std::time::Duration;

use super::options::Ended;
use super::signals::Signals;
use super::state::Daemon;
use super::systemd;
use crate::facts;

/// How long the last answers may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Turns of the scheduler after which every task that could run has run.
const STEPS: usize = 16;
/// How long the user manager may take to say what is going on.
const ASK_WITHIN: Duration = Duration::from_millis(500);

/// Stops everything. A second signal ends it at once: a client that told us to go kills us next,
/// and then nobody would end the servers.
pub(super) async fn stop(daemon: Daemon, ended: Ended, signals: &mut Signals) {
    let config = daemon.world.borrow().config.clone();
    let ladder = config
        .servers
        .values()
        .map(|server| server.supervision.stop_timeout * 3)
        .max()
        .unwrap_or_default();
    let limit = config.drain_timeout + LAST_WORDS + ladder + Duration::from_secs(1);
    systemd::stopping("stopping; calls in flight may finish", limit);
    let all = async {
        if ended == Ended::Again || daemon.are_we_restarted().await {
            leave(&daemon, config.drain_timeout).await;
        } else {
            in_order(&daemon, config.drain_timeout).await;
        }
        daemon.servers.close(ladder).await;
    };
    // A process that is still there is killed with its group when its task is dropped.
    tokio::select! {
        () = all => {}
        () = signals.stop() => tracing::warn!("told twice to stop; not waiting any longer"),
    }
}

impl Daemon {
    /// Whether another process of ours will go on. If that cannot be known, it may.
    async fn are_we_restarted(&self) -> bool {
        let Some(units) = &self.succession.units else { return false };
        match tokio::time::timeout(ASK_WITHIN, units.are_we_restarted()).await {
            Ok(Ok(restarted)) => restarted,
            Ok(Err(error)) => {
                tracing::warn!(%error, "it is not known whether this is a restart");
                true
            }
            Err(_) => true,
        }
    }
}

/// Another process of ours will go on: servers, links and their calls are left to it as they are.
/// Only what hangs on a connection to us is finished here.
async fn leave(daemon: &Daemon, drain: Duration) {
    let front = &daemon.front;
    daemon.recorder.record(facts::DaemonDraining { calls: front.hub.calls() });
    front.links.drain();
    front.streams.stop();
    daemon.connections.stop();
    // Plain HTTP: nobody comes back for an answer. Nor can anybody else finish a call to a remote
    // server, or one that makes calls of its own.
    let finished = async {
        tokio::join!(daemon.connections.drained(drain), front.hub.none_stays());
    };
    drop(tokio::time::timeout(drain, finished).await);
    front.links.stop_reading();
    let calls = front.hub.calls();
    front.hub.leave();
    front.hub.close();
    // The servers are told of calls that are given up: each is one step of one task.
    steps().await;
    let calls_left = calls.saturating_sub(front.hub.calls());
    daemon.succession.leaving.cancel();
    daemon.servers.drained(LAST_WORDS).await;
    // Answers that were read are on their way to their links now.
    steps().await;
    front.hub.pending.freeze();
    front.hub.acts.freeze();
    front.links.table.freeze();
    front.sessions.table.freeze();
    front.sessions.wants.freeze();
    front.links.say_goodbye();
    front.sessions.leave();
    tokio::join!(front.streams.drained(LAST_WORDS), daemon.connections.drained(LAST_WORDS));
    daemon.recorder.record(facts::DaemonStopped { calls_left });
    systemd::status("stopped; the next process goes on");
}

/// Lets every task that can run do so.
async fn steps() {
    for _ in 0..STEPS {
        tokio::task::yield_now().await;
    }
}

async fn in_order(daemon: &Daemon, drain: Duration) {
    let front = &daemon.front;
    let calls = front.hub.calls();
    daemon.recorder.record(facts::DaemonDraining { calls });
    // Connections finish the request they are at; streams that never end are ended.
    front.links.drain();
    front.streams.stop();
    daemon.connections.stop();
    let drained = async {
        // Requests that are being read become calls; links have calls without a connection.
        daemon.connections.drained(drain).await;
        front.hub.idle().await;
    };
    drop(tokio::time::timeout(drain, drained).await);
    let calls_left = front.hub.calls();
    front.links.stop_reading();
    front.hub.close();
    drop(tokio::time::timeout(LAST_WORDS, front.hub.idle()).await);
    front.links.say_goodbye();
    daemon.connections.drained(LAST_WORDS).await;
    front.calls.close(LAST_WORDS).await;
    daemon.recorder.record(facts::DaemonStopped { calls_left });
    systemd::status("stopped");
}
