//! A connection to the daemon, from its first byte to its last answer.
//!
//! Input: one byte, of which the lowest bit says whether the connection came over TCP and the others how
//! many bytes arrive at a time; then what the client sends. The daemon has its own tools and no server.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Notify, watch};

use crate::base::{Principal, Tasks};
use crate::config::load;
use crate::connection::Board;
use crate::front::Front;
use crate::front::http::{self, Arrival, Peer, Service};
use crate::front::listen;
use crate::handover::Table;
use crate::meta::own_tools;
use crate::mux::Hub;
use crate::peers::connections::Watched;
use crate::results::Results;
use crate::settings::Config;
use crate::telemetry::Recorder;
use crate::world::World;

/// Bytes between the two ends.
const PIPE: usize = 64 * 1024;
/// How long a client waits for more, by a clock that runs only while everybody waits.
const PATIENCE: Duration = Duration::from_mins(2);
/// The longest answer to one request: the list of our own tools is most of it.
const ANSWER_MAX: usize = 256 * 1024;

/// A connection ends, and what comes back is HTTP, is no failure of ours, and is bounded.
pub fn http(data: &[u8]) {
    let Some((first, sent)) = data.split_first() else { return };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().expect("a runtime");
    let is_unix = first & 1 == 0;
    let step = match usize::from(first >> 1) {
        0 => sent.len().max(1),
        step => step,
    };
    let answer = runtime.block_on(connection(sent, step, is_unix));
    let requests = 1 + memchr::memmem::find_iter(sent, b"HTTP/1").count();
    assert!(answer.len() <= requests * ANSWER_MAX, "{} bytes", answer.len());
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "no HTTP");
    let fails = memchr::memmem::find(&answer, b"HTTP/1.1 500").is_some();
    assert!(!fails || memchr::memmem::find(sent, b"HTTP/1.1 500").is_some(), "a failure of ours");
}

fn front() -> Arc<Front> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| Arc::new(load::empty())).clone();
    let own = own_tools(&config);
    let world = World::new(config, BTreeMap::new(), own, None);
    let hub = Hub::new(
        watch::channel(Arc::new(world)).1,
        Recorder::none(),
        Table::default(),
        Table::default(),
        (Board::default(), <_>::default()),
        (Results::open(None, <_>::default()), <_>::default()),
    );
    Front::new(hub, Arc::new(Notify::new()), Table::default(), (Table::default(), Table::default()))
}

async fn connection(sent: &[u8], step: usize, is_unix: bool) -> Vec<u8> {
    let front = front();
    let router = http::router(front.clone());
    let arrival = if is_unix { Arrival::Unix } else { Arrival::Near };
    let proved = Some(Principal::user(7));
    let peer = Peer { proved, address: None, arrival, process: None, tcp: None };
    let (place, activity, _) = front.connections.enter(1).expect("it is the only one");
    let service = Service::new(front.clone(), &router, peer, activity.clone());
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let tasks = Tasks::new();
    let served = listen::serve(Watched::new(theirs, activity, place), service, tasks.clone());
    let (ended, answer) =
        tokio::join!(tokio::time::timeout(2 * PATIENCE, served), client(ours, sent, step));
    ended.expect("a connection ends once its client is gone");
    tasks.stop();
    front.calls.stop();
    front.streams.stop();
    answer
}

/// Sends everything, takes what comes for a while, for streams of events have no end, and goes.
async fn client(stream: DuplexStream, sent: &[u8], step: usize) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let write = async {
        for chunk in sent.chunks(step) {
            if writer.write_all(chunk).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, reader.read_to_end(&mut answer));
    tokio::select! {
        _ = read => {}
        () = async { write.await; std::future::pending::<()>().await } => {}
    }
    answer
}
