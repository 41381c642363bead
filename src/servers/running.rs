//! A server's process together with everything that hangs on it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::connection::{Connection, Exchange, News, Window};
use super::handle::Live;
use super::handshake::{self, Identity};
use super::memory::Memory;
use super::process::{self, Process};
use super::stderr::{self, LastLines};
use super::tools::{self, ToolList};
use crate::base::{ServerName, Tasks};
use crate::config::ServerConfig;
use crate::telemetry::{Fact, Recorder};
use crate::wire::{Era, Payload, translate};

/// How long the end of a process may lag behind the end of its output, so that the reason can name
/// the exit code.
const EXIT_LAG: Duration = Duration::from_millis(250);

/// A started server.
#[derive(Debug)]
pub struct Running {
    process: Process,
    connection: Arc<Connection>,
    news: mpsc::Receiver<News>,
    last_lines: LastLines,
    tasks: Tasks,
    identity: Option<Identity>,
    /// The open `subscriptions/listen` of a modern server.
    subscription: Option<Exchange>,
}

/// Why a start failed. Its process is gone.
#[derive(Debug)]
pub struct StartFailure {
    pub reason: String,
    /// Another try cannot succeed.
    pub hopeless: bool,
}

/// Something happened to a running server.
#[derive(Debug)]
pub enum Change {
    ToolsChanged,
    /// The process ended, or the connection did.
    Broken,
}

/// Starts the process, greets it and reads its tools.
pub async fn start(
    server: ServerName,
    config: Arc<ServerConfig>,
    recorder: Recorder,
    attempt: u32,
) -> Result<(Running, ToolList), StartFailure> {
    if let Some(first) = config.unresolved.first() {
        return Err(StartFailure { reason: first.to_string(), hopeless: true });
    }
    let began = Instant::now();
    let mut running = Running::spawn(&server, &config, &recorder)
        .map_err(|error| StartFailure { reason: error.to_string(), hopeless: false })?;
    let pid = running.pid();
    recorder.record(Fact::ServerStarted { server: server.clone(), pid, attempt });
    match running.greet(&config).await {
        Ok((identity, tools)) => {
            recorder.record(Fact::ServerReady {
                server,
                era: identity.era.as_str(),
                revision: identity.revision.clone(),
                tools: tools.tools.len(),
                took: began.elapsed(),
            });
            running.identity = Some(identity);
            running.subscribe();
            Ok((running, tools))
        }
        Err(reason) => {
            let reason = running.end(config.stop_timeout, Some(reason)).await;
            Err(StartFailure { reason, hopeless: false })
        }
    }
}

/// The next thing that happens to `running`; never, if there is none.
pub async fn change(running: &mut Option<Running>) -> Change {
    let Some(running) = running else { return std::future::pending().await };
    tokio::select! {
        _ = running.process.ended() => Change::Broken,
        news = running.news.recv() => match news {
            Some(News::ToolsChanged) => Change::ToolsChanged,
            Some(News::Ended) | None => Change::Broken,
        },
    }
}

impl Running {
    fn spawn(
        server: &ServerName,
        config: &ServerConfig,
        recorder: &Recorder,
    ) -> Result<Self, process::StartError> {
        let window = Window::new(config.max_message).map_err(process::StartError::Memory)?;
        let (process, streams) = Process::start(config)?;
        let tasks = Tasks::new();
        let last_lines = LastLines::default();
        let follow =
            stderr::follow(server.clone(), streams.stderr, last_lines.clone(), recorder.clone());
        tasks.spawn_until_stopped("server stderr", follow);
        let (connection, news) = Connection::open(
            server.clone(),
            streams.stdin,
            streams.stdout,
            window,
            &tasks,
            recorder.clone(),
        );
        Ok(Self {
            process,
            connection,
            news,
            last_lines,
            tasks,
            identity: None,
            subscription: None,
        })
    }

    async fn greet(&mut self, config: &ServerConfig) -> Result<(Identity, ToolList), String> {
        let connection = self.connection.clone();
        let patience = config.start_timeout;
        let greet = async {
            let memory = Memory::of(config);
            let probe = handshake::PROBE_PATIENCE;
            let identity = handshake::greet(&connection, &memory, probe, patience).await?;
            let tools = read_tools(connection.clone(), identity.clone(), patience).await?;
            Ok((identity, tools))
        };
        tokio::select! {
            result = tokio::time::timeout(patience, greet) => {
                result.unwrap_or_else(|_| Err(format!("it was not ready within {patience:?}")))
            }
            // The connection's end is told by the pipe; the process's own end may come first.
            _ = self.process.ended() => Err("it ended during the handshake".to_owned()),
        }
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn live(&self) -> Arc<Live> {
        let identity = self.identity.clone().expect("a server is live after its handshake");
        Arc::new(Live { connection: self.connection.clone(), identity })
    }

    /// Reads the tools anew.
    pub fn read_tools(
        &self,
        patience: Duration,
    ) -> impl Future<Output = Result<ToolList, String>> + use<> {
        let (connection, identity) = (self.connection.clone(), self.identity.clone());
        async move {
            let identity = identity.ok_or("it was not greeted")?;
            read_tools(connection, identity, patience).await
        }
    }

    /// Asks a modern server to announce changes; a legacy one does so unasked.
    fn subscribe(&mut self) {
        let Some(identity) = &self.identity else { return };
        if identity.era == Era::Modern && identity.announces_tools {
            let meta = translate::modern_meta(&handshake::client_info());
            let build = |id: u64| {
                Payload::from(format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{{"_meta":{{{meta}}},"notifications":{{"toolsListChanged":true}}}}}}"#
                ))
            };
            self.subscription = self.connection.request(None, build).ok();
        }
    }

    /// Ends the server and returns why, for people. `broken`: nobody asked for it.
    pub async fn stop(mut self, patience: Duration, broken: bool) -> String {
        self.subscription = None;
        let reason =
            broken.then(|| self.connection.ended().map_or_else(String::new, |r| r.to_string()));
        self.end(patience, reason).await
    }

    /// `reason`: what is known of why it is being ended; `None` if it was told to.
    async fn end(mut self, patience: Duration, reason: Option<String>) -> String {
        self.connection.finish();
        let status = match reason {
            // Requests in flight may still be answered: only the input is closed.
            None => Some(self.process.stop(patience).await),
            Some(_) => tokio::time::timeout(EXIT_LAG, self.process.ended()).await.ok(),
        };
        let mut parts: Vec<String> =
            reason.into_iter().filter(|reason| !reason.is_empty()).collect();
        parts.extend(status.map(process::describe));
        let stderr = self.last_lines.text();
        if !stderr.is_empty() {
            parts.push(format!("its last words on stderr: {stderr}"));
        }
        let reason = parts.join("; ");
        self.connection.close(&format!("server {}: {reason}", self.connection.server()));
        self.process.stop(patience).await;
        self.tasks.close(patience).await;
        reason
    }
}

async fn read_tools(
    connection: Arc<Connection>,
    identity: Identity,
    patience: Duration,
) -> Result<ToolList, String> {
    if !identity.has_tools {
        return Ok(ToolList::default());
    }
    let meta =
        (identity.era == Era::Modern).then(|| translate::modern_meta(&handshake::client_info()));
    tools::read_all(&connection, meta.as_deref(), patience).await
}
