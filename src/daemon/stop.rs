//! The order of stopping.
//!
//! Nobody who came in is sent away without an answer: first the doors close, then calls in flight
//! may finish, then what is left is answered as not sent or unknown, and only then the servers go.

use std::time::Duration;

use super::control::{Daemon, Signals};
use super::systemd;
use crate::telemetry::Fact;

/// How long the last answers may take to be written.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Stops everything. A second signal ends it at once: a client that told us to go kills us next,
/// and then nobody would end the servers.
pub(super) async fn stop(daemon: Daemon, signals: &mut Signals) {
    let config = daemon.world.borrow().config.clone();
    let ladder =
        config.servers.values().map(|server| server.stop_timeout * 3).max().unwrap_or_default();
    let limit = config.drain_timeout + LAST_WORDS + ladder + Duration::from_secs(1);
    systemd::stopping("stopping; calls in flight may finish", limit);
    let all = async {
        in_order(&daemon, config.drain_timeout).await;
        daemon.servers.close(ladder).await;
    };
    // A process that is still there is killed with its group when its task is dropped.
    tokio::select! {
        () = all => {}
        () = signals.stop() => tracing::warn!("told twice to stop; not waiting any longer"),
    }
}

async fn in_order(daemon: &Daemon, drain: Duration) {
    let front = &daemon.front;
    let calls = front.hub.calls();
    daemon.recorder.record(Fact::DaemonDraining { calls });
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
    daemon.recorder.record(Fact::DaemonStopped { calls_left });
    systemd::status("stopped");
}
