//! What people read of a fact: one sentence, and its fields.

use std::borrow::Cow;
use std::path::PathBuf;

use super::fact::{CallFinished, Fact};
use super::record::{Fields, Value};
use crate::base::ServerName;

/// The sentence and the fields.
type Text<'a> = (Cow<'a, str>, Fields<'a>);

impl Fact {
    pub(super) fn text(&self) -> Text<'_> {
        match self {
            Self::CallFinished(call) => call.text(),
            Self::ConfigLoaded { .. }
            | Self::ConfigRefused { .. }
            | Self::ConfigReloaded { .. }
            | Self::LastGoodConfigUsed { .. }
            | Self::ConfigUnwatched { .. } => self.config_text(),
            Self::ServerStarted { .. }
            | Self::ServerDialed { .. }
            | Self::ServerReady { .. }
            | Self::ServerAdopted { .. }
            | Self::ServerFailed { .. }
            | Self::ServerUnusable { .. }
            | Self::ServerStopped { .. }
            | Self::ServerMisbehaved { .. }
            | Self::ServerWrote { .. }
            | Self::ServerWroteTooMuch { .. }
            | Self::ServerOrdered { .. }
            | Self::DefinitionsRefused { .. } => self.server_text(),
            Self::PeerRefused { .. } | Self::CapReached { .. } => self.door_text(),
            Self::ClientBehind { .. } | Self::ClientGivenUp { .. } => self.client_text(),
            other => other.daemon_text(),
        }
    }

    fn daemon_text(&self) -> Text<'_> {
        match self {
            Self::DaemonStarted { version, pid } => (
                format!("callmux {version} started").into(),
                vec![("VERSION", (*version).into()), ("PID", (*pid).into())],
            ),
            Self::Listening { address, inherited } => {
                let how = if *inherited { "passed by systemd" } else { "bound by callmux" };
                let message = format!("listening on {address} ({how})");
                (message.into(), vec![("ADDRESS", address.as_str().into())])
            }
            Self::ListenerRefused { address, reason } => {
                let message = format!("not serving {address}: {reason}");
                (message.into(), vec![("ADDRESS", address.as_str().into())])
            }
            Self::DaemonReady { servers } => (
                format!("ready, {servers} servers configured").into(),
                vec![("SERVERS", (*servers).into())],
            ),
            Self::DaemonDraining { calls } => {
                let message = format!("stopping; {calls} calls may finish");
                (message.into(), vec![("CALLS", (*calls).into())])
            }
            Self::DaemonStopped { calls_left } => (
                format!("stopped; {calls_left} calls were cut off").into(),
                vec![("CALLS", (*calls_left).into())],
            ),
            Self::ToolsChanged { tools } => (
                format!("the list of tools changed: {tools} tools").into(),
                vec![("TOOLS", (*tools).into())],
            ),
            Self::SessionOpened { session, front, principal, client, revision, cwd } => (
                format!("session opened by {client} over {front}, revision {revision}").into(),
                vec![
                    (
                        "CWD",
                        cwd.as_ref().map(|c| c.display().to_string()).unwrap_or_default().into(),
                    ),
                    ("SESSION", session.to_string().into()),
                    ("FRONT", (*front).into()),
                    ("PRINCIPAL", principal.as_str().into()),
                    ("CLIENT", client.as_str().into()),
                    ("REVISION", revision.as_str().into()),
                ],
            ),
            Self::SessionClosed { session } => {
                ("session closed".into(), vec![("SESSION", session.to_string().into())])
            }
            Self::LinkLost { session } => (
                "a bridge's connection was lost; its session waits".into(),
                vec![("SESSION", session.to_string().into())],
            ),
            Self::LinkResumed { session, resent } => (
                format!("a bridge came back; {resent} messages sent again").into(),
                vec![("SESSION", session.to_string().into())],
            ),
            Self::DaemonUpgraded => {
                ("our program was replaced; the new one goes on".into(), Vec::new())
            }
            Self::DaemonIdle => ("nobody needs us; the socket starts us again".into(), Vec::new()),
            Self::StrayStopped { unit } => {
                (format!("{unit} was nobody's").into(), vec![("UNIT", unit.as_str().into())])
            }
            _ => unreachable!("every other fact has its text elsewhere"),
        }
    }

    fn door_text(&self) -> Text<'_> {
        match self {
            Self::PeerRefused { address, cause, reason } => {
                let address = address.map_or_else(|| "a local peer".to_owned(), |a| a.to_string());
                let message = format!("connection of {address} refused: {reason}");
                let fields = vec![
                    ("PEER", address.into()),
                    ("CAUSE", (*cause).into()),
                    ("REASON", reason.as_str().into()),
                ];
                (message.into(), fields)
            }
            Self::CapReached { what, max, evicted } => {
                let outcome = if *evicted {
                    "the one that was unused for longest gave way to a new one"
                } else {
                    "all are in use, and a new one was refused"
                };
                let message =
                    format!("there are {max} {what}s, as many as there may be: {outcome}");
                (message.into(), vec![("CAP", (*what).into()), ("MAX", (*max).into())])
            }
            _ => unreachable!("every other fact has its text elsewhere"),
        }
    }

    fn client_text(&self) -> Text<'_> {
        match self {
            Self::ClientBehind { session, waiting } => (
                format!(
                    "a client has {waiting} bytes to read; until it does, notifications for it are dropped and its new requests wait"
                )
                .into(),
                vec![("SESSION", session.to_string().into()), ("WAITING_BYTES", (*waiting).into())],
            ),
            Self::ClientGivenUp { session, waiting, silent } => (
                format!(
                    "a client was given up: it read nothing for {} minutes and left {waiting} bytes",
                    silent.as_secs() / 60
                )
                .into(),
                vec![("SESSION", session.to_string().into()), ("WAITING_BYTES", (*waiting).into())],
            ),
            _ => unreachable!("every other fact has its text elsewhere"),
        }
    }

    fn config_text(&self) -> Text<'_> {
        match self {
            Self::ConfigLoaded { files, servers } => {
                let (from, files) = paths(files);
                let message = format!("config with {servers} servers read from {from}");
                (message.into(), vec![("CONFIG_FILES", files.into())])
            }
            Self::LastGoodConfigUsed { files, servers } => {
                let (from, files) = paths(files);
                let message = format!(
                    "the last good config is in force, with {servers} servers from {from} as it was"
                );
                (message.into(), vec![("CONFIG_FILES", files.into())])
            }
            Self::ConfigRefused { complaint } => {
                let fields = vec![("CONFIG_COMPLAINT", complaint.as_str().into())];
                (format!("config refused: {complaint}").into(), fields)
            }
            Self::ConfigReloaded { added, removed, restarted, adjusted, unchanged } => {
                let all = [
                    ("ADDED", "added", added),
                    ("REMOVED", "removed", removed),
                    ("RESTARTED", "restarted", restarted),
                    ("ADJUSTED", "adjusted", adjusted),
                ];
                let mut fields = vec![("UNCHANGED", (*unchanged).into())];
                let mut parts = Vec::new();
                for (field, verb, servers) in all {
                    let names: Vec<&str> = servers.iter().map(ServerName::as_str).collect();
                    if !names.is_empty() {
                        parts.push(format!("{verb} {}", names.join(", ")));
                    }
                    fields.push((field, names.join(" ").into()));
                }
                parts.push(format!("{unchanged} servers unchanged"));
                (format!("config reloaded: {}", parts.join("; ")).into(), fields)
            }
            Self::ConfigUnwatched { reason } => (
                format!("the config cannot be watched, so it is read every few seconds: {reason}")
                    .into(),
                vec![("REASON", reason.as_str().into())],
            ),
            _ => unreachable!("every other fact has its text elsewhere"),
        }
    }

    fn server_text(&self) -> Text<'_> {
        let (server, message, more): (&ServerName, String, Option<(&'static str, Value<'_>)>) =
            match self {
                Self::ServerStarted { server, pid, attempt } => {
                    let message =
                        format!("server {server} started as process {pid} (attempt {attempt})");
                    (server, message, Some(("SERVER_PID", (*pid).into())))
                }
                Self::ServerDialed { server, origin, attempt } => {
                    let message = format!("server {server} is at {origin} (attempt {attempt})");
                    (server, message, Some(("ORIGIN", origin.as_str().into())))
                }
                Self::ServerReady { server, era, revision, tools, took } => {
                    let took = took.as_millis();
                    let message = format!(
                        "server {server} is ready after {took} ms: {tools} tools, {revision}"
                    );
                    (server, message, Some(("ERA", (*era).into())))
                }
                Self::ServerAdopted { server, pid, took } => {
                    let took = took.as_millis();
                    let message = format!(
                        "server {server} goes on as process {pid}, taken over in {took} ms"
                    );
                    (server, message, Some(("SERVER_PID", (*pid).into())))
                }
                Self::ServerFailed { server, reason, retry_in } => {
                    let retry = retry_in.as_millis();
                    let message = format!("server {server}: {reason}; next try in {retry} ms");
                    (server, message, Some(("REASON", reason.as_str().into())))
                }
                Self::ServerUnusable { server, reason } => {
                    let message = format!("server {server} cannot be started: {reason}");
                    (server, message, Some(("REASON", reason.as_str().into())))
                }
                Self::ServerStopped { server } => {
                    let message = format!("server {server} stopped");
                    (server, message, None)
                }
                Self::ServerMisbehaved { server, what, sample } => {
                    let message = format!("server {server} sent {what}");
                    (server, message, Some(("SAMPLE", sample.as_str().into())))
                }
                Self::ServerWrote { server, line, .. } => {
                    return (line.into(), vec![("SERVER", server.as_str().into())]);
                }
                Self::ServerWroteTooMuch { server, lines } => {
                    let message = format!("server {server}: {lines} lines on stderr were left out");
                    (server, message, Some(("LINES", (*lines).into())))
                }
                Self::ServerOrdered { server, order, principal } => {
                    let message = format!("server {server}: {order}, says {principal}");
                    (server, message, Some(("PRINCIPAL", (&**principal).into())))
                }
                Self::DefinitionsRefused { server, definition, message } => {
                    let message = format!("server {server}: {message}");
                    let definition = definition.as_deref().map(|name| ("DEFINITION", name.into()));
                    (server, message, definition)
                }
                _ => unreachable!("every other fact has its text elsewhere"),
            };
        let mut fields = vec![("SERVER", server.as_str().into())];
        fields.extend(more);
        (message.into(), fields)
    }
}

impl CallFinished {
    /// Where the name goes.
    fn field(&self) -> &'static str {
        match self.kind {
            "prompt" => "PROMPT",
            "resource" | "subscription" => "RESOURCE",
            "completion" => "REFERENCE",
            "task" => "TASK",
            "tasks" | "log_level" | "roots" => "METHOD",
            _ => "TOOL",
        }
    }

    fn text(&self) -> Text<'_> {
        let took = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX);
        let outcome = self.outcome.as_str();
        let mut message = format!("{} {outcome} in {took} µs", self.name);
        if let Some(reason) = &self.reason {
            message.push_str(": ");
            message.push_str(reason);
        }
        let mut fields = Vec::with_capacity(12);
        fields.extend([
            ("CALL_ID", self.call.to_string().into()),
            (self.field(), (&*self.name).into()),
            ("KIND", self.kind.into()),
            ("OUTCOME", outcome.into()),
            ("DURATION_US", took.into()),
            ("PRINCIPAL", (&*self.principal).into()),
            ("CLIENT", self.client.as_str().into()),
            ("REQUEST_BYTES", self.request_bytes.into()),
            ("REPLY_BYTES", self.reply_bytes.into()),
        ]);
        fields.extend(self.reason.as_deref().map(|reason| ("REASON", reason.into())));
        fields.extend(self.server.as_ref().map(|server| ("SERVER", server.as_str().into())));
        fields.extend(self.session.map(|session| ("SESSION", session.to_string().into())));
        (message.into(), fields)
    }
}

/// Paths for people and for a field.
fn paths(files: &[PathBuf]) -> (String, String) {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let from = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
    (from, files.join(":"))
}

/// A call with everything.
#[cfg(test)]
pub(super) fn example_call() -> CallFinished {
    CallFinished {
        call: crate::base::CallId::next(),
        session: Some(crate::base::SessionId::random()),
        principal: "user 1000".into(),
        client: "c 1".to_owned(),
        kind: "tool",
        name: "a__b".into(),
        server: ServerName::parse("a").ok(),
        outcome: super::fact::CallOutcome::ToolError,
        reason: Some("it said no".to_owned()),
        took: std::time::Duration::from_micros(1500),
        request_bytes: 10,
        reply_bytes: 20,
    }
}
