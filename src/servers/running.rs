//! A server's process, or the way to a remote one, together with everything that hangs on it.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::announcements;
use super::error::{ListError, NotReady, StartFailure, Step};
use super::greeting::{Greeting, MuteStarts};
use super::handle::Live;
use super::handshake;
use super::identity::{Identity, own_meta};
use super::offer::{self, List, Offer};
use super::pinning;
use super::way;
use crate::base::{Lock, Secret, ServerName, Tasks};
use crate::connection::notice::Board;
use crate::connection::{Address, AskedBefore, Connection, News, Opening, Over, Pipes, Remote};
use crate::credentials::{Credential, CredentialError};
use crate::facts;
use crate::handover::Window;
use crate::handover::card::{Found, Keepable, Kept};
use crate::pins::Keeper;
use crate::process::stderr::{self, Author, LastWords};
use crate::process::units::Units;
use crate::process::{self, Process, Streams};
use crate::settings::{LogLimits, ServerConfig, Transport, fingerprint};
use crate::telemetry::Recorder;
use crate::wire::ListKind;

/// How long the end of a process may lag behind the end of its output, so that the reason can name
/// the exit code. A manager that has much to do is slow to take note of it.
const EXIT_LAG: Duration = Duration::from_secs(1);

/// A started server.
#[derive(Debug)]
pub struct Running {
    /// A remote server has none.
    process: Option<Process>,
    connection: Arc<Connection>,
    news: mpsc::Receiver<News>,
    pub(super) last_words: LastWords,
    /// How much of its stderr is written down.
    log: watch::Sender<LogLimits>,
    pub(super) tasks: Tasks,
    pub(super) identity: Option<Identity>,
    kept: Option<Kept>,
}

/// Something happened to a running server.
#[derive(Debug)]
pub enum Change {
    /// See [`Running::read_changed`].
    ListsChanged,
    /// The process ended, or the connection did.
    Broken,
}

/// Lists that were read again, or why they could not be.
pub type ChangedLists = Vec<(ListKind, Result<List, ListError>)>;

/// What a start needs.
#[derive(Debug, Clone)]
pub struct Start {
    pub server: ServerName,
    pub config: Arc<ServerConfig>,
    pub recorder: Recorder,
    /// Where its process is to live; `None`: below us.
    pub units: Option<Units>,
    pub board: Board,
    /// What proves us to a remote one. `Err`: why nothing does.
    pub credential: Result<Option<Arc<Credential>>, Arc<CredentialError>>,
    /// What was accepted of it.
    pub pins: Keeper,
    /// The starts so far in which it answered nothing.
    pub mute: Arc<Lock<MuteStarts>>,
}

/// A server that an earlier process of ours left.
#[derive(Debug)]
pub struct LeftServer {
    pub found: Found,
    /// What it said of itself.
    pub identity: Identity,
    /// Calls of clients that it has not answered yet.
    pub asked_before: Vec<AskedBefore>,
}

/// Takes over a running server: its process never notices.
pub(super) async fn adopt(
    start: &Start,
    left: LeftServer,
    units: &Units,
) -> Result<(Running, Offer), NotReady> {
    let LeftServer { found, identity, asked_before } = left;
    let Start { server, config, recorder, board, .. } = start;
    let began = Instant::now();
    let process = Process::adopt(units, &found.card.unit).await;
    let process = process.inspect_err(|_| found.kept.forget())?;
    let no_pipe = NotReady::Pipes;
    let pipes = Pipes {
        stdin: pipe::Sender::from_owned_fd(found.stdin).map_err(no_pipe)?,
        stdout: pipe::Receiver::from_owned_fd(found.stdout).map_err(no_pipe)?,
        window: Window::adopt(found.window, config.max_message).map_err(no_pipe)?,
        key: found.card.number,
        last_id: u64::from(found.taken_over) << 32,
        asked_before,
    };
    let over = Over::Pipes(Box::new(pipes));
    let opening = Opening { server: server.clone(), board: board.clone(), over };
    let pid = process.pid();
    let stderr = found.stderr.map(pipe::Receiver::from_owned_fd).transpose().map_err(no_pipe)?;
    let mut running = Running::of(Some(process), opening, (stderr, config), recorder);
    running.kept = Some(found.kept);
    running.keep_process();
    let (connection, patience) = (running.connection.clone(), config.supervision.start_timeout);
    let offer = tokio::select! {
        offer = offer::read_all(connection, identity.clone(), patience) => {
            offer.map_err(NotReady::List)
        }
        () = ended(&mut running.process) => Err(NotReady::EndedInTakeover),
    };
    let offer = match offer {
        Ok(offer) => offer,
        Err(error) => {
            let patience = config.supervision.stop_timeout;
            return Err(NotReady::Ended(running.end(patience, Some(error.to_string())).await));
        }
    };
    let offer = pinning::look(offer, &start.pins, (server, config), recorder).await;
    recorder.record(facts::ServerAdopted { server: server.clone(), pid, took: began.elapsed() });
    running.identity = Some(identity);
    running.subscribe();
    Ok((running, offer))
}

/// The next thing that happens to `running`; never, if there is none.
pub async fn change(running: &mut Option<Running>) -> Change {
    let Some(running) = running else { return std::future::pending().await };
    tokio::select! {
        () = ended(&mut running.process) => Change::Broken,
        news = running.news.recv() => match news {
            Some(News::ListsChanged) => Change::ListsChanged,
            Some(News::Ended) | None => Change::Broken,
        },
    }
}

/// What later processes of ours need of it.
fn keepable(streams: &Streams, window: &Window) -> std::io::Result<Keepable> {
    let Streams { stdin, stdout, stderr } = streams;
    Keepable::of(stdin.as_fd(), stdout.as_fd(), stderr.as_fd(), window.as_fd())
}

/// Waits for the end of the process; for ever, if there is none.
async fn ended(process: &mut Option<Process>) {
    match process {
        Some(process) => _ = process.ended().await,
        None => std::future::pending().await,
    }
}

impl Running {
    /// A remote server. Whether it is there is seen by the first request. `Err`: it never will be.
    pub(super) fn dial(
        server: &ServerName,
        url: &Secret,
        config: &ServerConfig,
        recorder: &Recorder,
        (board, credential): (Board, Option<Arc<Credential>>),
    ) -> Result<Self, NotReady> {
        let headers = config.remote.headers.iter();
        let address = Address {
            url: url.clone(),
            socket: config.remote.socket.clone(),
            streamable: config.remote.transport != Some(Transport::Sse),
            sse: config.remote.transport != Some(Transport::StreamableHttp),
            headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
            proxies: way::proxies(config),
            credential,
            max_message: config.max_message,
        };
        let over = Over::Http(Box::new(Remote::new(&address)?));
        let opening = Opening { server: server.clone(), board, over };
        Ok(Self::of(None, opening, (None, config), recorder))
    }

    pub(super) async fn spawn(
        server: &ServerName,
        config: &ServerConfig,
        recorder: &Recorder,
        units: Option<&Units>,
        board: Board,
    ) -> Result<(Self, Option<Keepable>), NotReady> {
        let (process, streams) = Process::start(server, config, units).await?;
        let window = Window::new(config.max_message).map_err(NotReady::Memory)?;
        let keepable = process.unit().and_then(|_| keepable(&streams, &window).ok());
        let pipes = Pipes {
            stdin: streams.stdin,
            stdout: streams.stdout,
            key: keepable.as_ref().map_or(0, |keepable| keepable.number),
            window,
            last_id: 0,
            asked_before: Vec::new(),
        };
        let over = Over::Pipes(Box::new(pipes));
        let opening = Opening { server: server.clone(), board, over };
        let stderr = (Some(streams.stderr), config);
        Ok((Self::of(Some(process), opening, stderr, recorder), keepable))
    }

    fn of(
        process: Option<Process>,
        opening: Opening,
        (stderr, config): (Option<pipe::Receiver>, &ServerConfig),
        recorder: &Recorder,
    ) -> Self {
        let tasks = Tasks::new();
        let last_words = LastWords::default();
        let (log, limits) = watch::channel(config.program.log);
        if let Some(stderr) = stderr {
            let unit = process.as_ref().and_then(Process::unit).map(Into::into);
            let author = Author::new(opening.server.clone(), unit, limits, config.secrets());
            let follow =
                stderr::follow(author, stderr, tasks.clone(), last_words.clone(), recorder.clone());
            tasks.spawn("server stderr", follow);
        } else {
            last_words.end();
        }
        let (connection, news) = Connection::open(opening, &tasks, recorder.clone());
        Self { process, connection, news, last_words, log, tasks, identity: None, kept: None }
    }

    /// Lets systemd keep what a later process of ours needs to take the server over.
    pub(super) fn keep(&mut self, keepable: Option<Keepable>, config: &ServerConfig) {
        let unit = self.process.as_ref().and_then(Process::unit);
        let (Some(keepable), Some(unit), Some(identity)) = (keepable, unit, &self.identity) else {
            return;
        };
        let (server, mark) = (self.connection.server(), fingerprint::of_start(config));
        let said = serde_json::value::to_raw_value(identity).map_err(std::io::Error::from);
        let kept = said.and_then(|said| keepable.keep(server, unit, mark, said));
        match kept {
            Ok(kept) => {
                self.kept = Some(kept);
                self.keep_process();
            }
            Err(error) => tracing::warn!(%error, "a server will not survive a restart"),
        }
    }

    fn keep_process(&mut self) {
        if let Some(process) = &mut self.process {
            process.keep();
        }
    }

    /// Leaves the server to the next process of ours: what is queued is written, nothing more is
    /// read.
    pub async fn leave(self, patience: Duration) {
        self.connection.finish();
        self.tasks.close(patience).await;
    }

    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Greets it and reads what it offers, until `deadline`.
    pub(super) async fn greet(
        &mut self,
        config: &ServerConfig,
        greeting: &mut Greeting,
        deadline: Instant,
    ) -> Result<(Identity, Offer), StartFailure> {
        let connection = self.connection.clone();
        let patience = config.supervision.start_timeout;
        let greet = async {
            let probe = handshake::PROBE_PATIENCE;
            let greeted = handshake::greet(&connection, greeting, probe, patience).await;
            let identity = greeted.map_err(|error| {
                NotReady::Handshake(connection.carrier().redact(&error.to_string()))
            })?;
            // The bound of the whole has more to say about it than that of a single answer.
            let each = patience * 2;
            let offer = offer::read_all(connection.clone(), identity.clone(), each).await?;
            Ok::<_, NotReady>((identity, offer))
        };
        let late = || {
            let why =
                connection.carrier().delay().map_or_else(String::new, |why| format!(": {why}"));
            NotReady::Late { within: patience, why }
        };
        let failed = tokio::select! {
            biased;
            result = tokio::time::timeout_at(deadline, greet) => match result {
                Ok(Ok(met)) => return Ok(met),
                Ok(Err(reason)) => reason,
                Err(_) => return Err(StartFailure::at(Step::Time, late().to_string())),
            },
            // The connection's end is told by the pipe; the process's own end may come first.
            () = ended(&mut self.process) => NotReady::EndedInHandshake,
            // Nobody else looks after what is in flight yet.
            () = connection.over() => self.over().await,
        };
        let is_there = connection.carrier().has_responded();
        let step = if is_there { Step::Handshake } else { Step::Reach };
        Err(StartFailure::at(step, failed.to_string()))
    }

    /// Why its connection is over. Of a process that ends there is more to say than that.
    async fn over(&mut self) -> NotReady {
        if self.process.is_some()
            && tokio::time::timeout(EXIT_LAG, ended(&mut self.process)).await.is_ok()
        {
            return NotReady::EndedInHandshake;
        }
        let why = self.connection.ended();
        NotReady::Over(why.map_or_else(String::new, |reason| reason.to_string()))
    }

    /// So much of its stderr is written down from now on.
    pub(super) fn limit_log(&self, limits: LogLimits) {
        self.log.send_replace(limits);
    }

    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// What it said of itself.
    pub(super) fn identity(&self) -> &Identity {
        self.identity.as_ref().expect("a server is here after its handshake")
    }

    pub fn live(&self) -> Arc<Live> {
        Arc::new(Live { connection: self.connection.clone(), identity: self.identity().clone() })
    }

    /// Reads the lists that changed anew.
    pub fn read_changed(&self, patience: Duration) -> impl Future<Output = ChangedLists> + use<> {
        let (connection, identity) = (self.connection.clone(), self.identity.clone());
        let kinds = self.connection.take_changed();
        async move {
            let meta = identity.as_ref().and_then(own_meta);
            let mut lists = Vec::with_capacity(kinds.len());
            for kind in kinds {
                let list = offer::read(&connection, kind, meta.as_deref(), patience).await;
                lists.push((kind, list));
            }
            lists
        }
    }

    /// Has a modern server announce changes; a legacy one does so unasked.
    pub(super) fn subscribe(&mut self) {
        let Some(identity) = self.identity.as_ref() else { return };
        if let Some(keep) = announcements::subscribe(self.connection.clone(), identity) {
            self.tasks.spawn_until_stopped("subscription to a server", keep);
        }
    }

    /// Ends the server and returns why, for people. `broken`: nobody asked for it.
    pub async fn stop(self, patience: Duration, broken: bool) -> String {
        let reason =
            broken.then(|| self.connection.ended().map_or_else(String::new, |r| r.to_string()));
        self.end(patience, reason).await
    }

    /// `reason`: what is known of why it is being ended; `None` if it was told to.
    pub(super) async fn end(mut self, patience: Duration, reason: Option<String>) -> String {
        // While another holds the pipe too, closing ours does not end the server's input.
        if let Some(kept) = self.kept.take() {
            kept.forget();
        }
        self.connection.finish();
        let Some(mut process) = self.process.take() else {
            return self.part(patience, reason).await;
        };
        let status = match reason {
            // Requests in flight may still be answered: only the input is closed.
            None => Some(process.stop(patience).await),
            Some(_) => tokio::time::timeout(EXIT_LAG, process.ended()).await.ok(),
        };
        if status.is_some() {
            self.last_words.ended(EXIT_LAG).await;
        }
        // Which of its ends was seen first is chance, and says nothing beside that of the process.
        let is_told =
            |reason: &String| !(reason.is_empty() || status.is_some() && self.is_mere_end(reason));
        let mut parts: Vec<String> = reason.into_iter().filter(is_told).collect();
        parts.extend(status.map(process::describe));
        // Before it was ready, what it printed in place of an answer is the reason more often than not.
        let wrong = self.connection.first_wrong().filter(|_| self.identity.is_none());
        parts.extend(wrong.map(|wrong| format!("it sent {wrong}")));
        let stderr = self.last_words.text();
        if !stderr.is_empty() {
            parts.push(format!("its last words on stderr: {stderr}"));
        }
        let reason = parts.join("; ");
        self.connection.close(&format!("server {}: {reason}", self.connection.server()));
        if status.is_none() {
            process.stop(patience).await;
            self.last_words.ended(EXIT_LAG).await;
        }
        process.clear(patience).await;
        self.tasks.close(patience).await;
        reason
    }

    /// Whether a reason says no more than that the process or a pipe of it ended.
    fn is_mere_end(&self, reason: &str) -> bool {
        [NotReady::EndedInHandshake, NotReady::EndedInTakeover]
            .iter()
            .any(|end| end.to_string() == reason)
            || self.connection.cut_off().is_some_and(|cut| *cut == *reason)
    }

    /// Parts from a remote server; what is in flight may still be answered if nothing is broken.
    async fn part(self, patience: Duration, reason: Option<String>) -> String {
        if reason.is_none() {
            self.connection.carrier().drained(patience).await;
        }
        let reason = reason.unwrap_or_else(|| "it is being ended".to_owned());
        self.connection.close(&format!("server {}: {reason}", self.connection.server()));
        self.connection.carrier().part().await;
        self.tasks.close(patience).await;
        reason
    }
}
