//! What people read of a fact: one sentence, and its fields.

use std::path::PathBuf;

use super::fact::{CallFinished, Fact};
use crate::base::ServerName;

impl Fact {
    pub(super) fn text(self) -> (String, Vec<(&'static str, String)>) {
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

    fn daemon_text(self) -> (String, Vec<(&'static str, String)>) {
        match self {
            Self::DaemonStarted { version, pid } => (
                format!("callmux {version} started"),
                vec![("VERSION", version.to_owned()), ("PID", pid.to_string())],
            ),
            Self::Listening { address, inherited } => {
                let how = if inherited { "passed by systemd" } else { "bound by callmux" };
                (format!("listening on {address} ({how})"), vec![("ADDRESS", address)])
            }
            Self::ListenerRefused { address, reason } => {
                (format!("not serving {address}: {reason}"), vec![("ADDRESS", address)])
            }
            Self::DaemonReady { servers } => (
                format!("ready, {servers} servers configured"),
                vec![("SERVERS", servers.to_string())],
            ),
            Self::DaemonDraining { calls } => {
                (format!("stopping; {calls} calls may finish"), vec![("CALLS", calls.to_string())])
            }
            Self::DaemonStopped { calls_left } => (
                format!("stopped; {calls_left} calls were cut off"),
                vec![("CALLS", calls_left.to_string())],
            ),
            Self::ToolsChanged { tools } => (
                format!("the list of tools changed: {tools} tools"),
                vec![("TOOLS", tools.to_string())],
            ),
            Self::SessionOpened { session, front, principal, client, revision, cwd } => (
                format!("session opened by {client} over {front}, revision {revision}"),
                vec![
                    ("CWD", cwd.map(|cwd| cwd.display().to_string()).unwrap_or_default()),
                    ("SESSION", session.to_string()),
                    ("FRONT", front.to_owned()),
                    ("PRINCIPAL", principal),
                    ("CLIENT", client),
                    ("REVISION", revision),
                ],
            ),
            Self::SessionClosed { session } => {
                ("session closed".to_owned(), vec![("SESSION", session.to_string())])
            }
            Self::LinkLost { session } => (
                "a bridge's connection was lost; its session waits".to_owned(),
                vec![("SESSION", session.to_string())],
            ),
            Self::LinkResumed { session, resent } => (
                format!("a bridge came back; {resent} messages sent again"),
                vec![("SESSION", session.to_string())],
            ),
            Self::DaemonUpgraded => {
                ("our program was replaced; the new one goes on".into(), Vec::new())
            }
            Self::DaemonIdle => ("nobody needs us; the socket starts us again".into(), Vec::new()),
            Self::StrayStopped { unit } => (format!("{unit} was nobody's"), vec![("UNIT", unit)]),
            _ => unreachable!("every other fact has its text elsewhere"),
        }
    }

    fn door_text(self) -> (String, Vec<(&'static str, String)>) {
        match self {
            Self::PeerRefused { address, cause, reason } => {
                let address = address.map_or_else(|| "a local peer".to_owned(), |a| a.to_string());
                let message = format!("connection of {address} refused: {reason}");
                (message, vec![("PEER", address), ("CAUSE", cause.to_owned()), ("REASON", reason)])
            }
            Self::CapReached { what, max, evicted } => {
                let outcome = if evicted {
                    "the one that was unused for longest gave way to a new one"
                } else {
                    "all are in use, and a new one was refused"
                };
                let message =
                    format!("there are {max} {what}s, as many as there may be: {outcome}");
                (message, vec![("CAP", what.to_owned()), ("MAX", max.to_string())])
            }
            _ => unreachable!("every other fact has its text elsewhere"),
        }
    }

    fn client_text(self) -> (String, Vec<(&'static str, String)>) {
        match self {
            Self::ClientBehind { session, waiting } => (
                format!(
                    "a client has {waiting} bytes to read; until it does, notifications for it are dropped and its new requests wait"
                ),
                vec![("SESSION", session.to_string()), ("WAITING_BYTES", waiting.to_string())],
            ),
            Self::ClientGivenUp { session, waiting, silent } => (
                format!(
                    "a client was given up: it read nothing for {} minutes and left {waiting} bytes",
                    silent.as_secs() / 60
                ),
                vec![("SESSION", session.to_string()), ("WAITING_BYTES", waiting.to_string())],
            ),
            _ => unreachable!("every other fact has its text elsewhere"),
        }
    }

    fn config_text(self) -> (String, Vec<(&'static str, String)>) {
        match self {
            Self::ConfigLoaded { files, servers } => {
                let (from, files) = paths(&files);
                let message = format!("config with {servers} servers read from {from}");
                (message, vec![("CONFIG_FILES", files)])
            }
            Self::LastGoodConfigUsed { files, servers } => {
                let (from, files) = paths(&files);
                let message = format!(
                    "the last good config is in force, with {servers} servers from {from} as it was"
                );
                (message, vec![("CONFIG_FILES", files)])
            }
            Self::ConfigRefused { complaint } => {
                (format!("config refused: {complaint}"), vec![("CONFIG_COMPLAINT", complaint)])
            }
            Self::ConfigReloaded { added, removed, restarted, adjusted, unchanged } => {
                let all = [
                    ("ADDED", "added", added),
                    ("REMOVED", "removed", removed),
                    ("RESTARTED", "restarted", restarted),
                    ("ADJUSTED", "adjusted", adjusted),
                ];
                let mut fields = vec![("UNCHANGED", unchanged.to_string())];
                let mut parts = Vec::new();
                for (field, verb, servers) in all {
                    let names: Vec<&str> = servers.iter().map(ServerName::as_str).collect();
                    if !names.is_empty() {
                        parts.push(format!("{verb} {}", names.join(", ")));
                    }
                    fields.push((field, names.join(" ")));
                }
                parts.push(format!("{unchanged} servers unchanged"));
                (format!("config reloaded: {}", parts.join("; ")), fields)
            }
            Self::ConfigUnwatched { reason } => (
                format!("the config cannot be watched, so it is read every few seconds: {reason}"),
                vec![("REASON", reason)],
            ),
            _ => unreachable!("every other fact has its text elsewhere"),
        }
    }

    fn server_text(self) -> (String, Vec<(&'static str, String)>) {
        let (server, message, more): (ServerName, String, Option<(&'static str, String)>) =
            match self {
                Self::ServerStarted { server, pid, attempt } => {
                    let message =
                        format!("server {server} started as process {pid} (attempt {attempt})");
                    (server, message, Some(("SERVER_PID", pid.to_string())))
                }
                Self::ServerDialed { server, origin, attempt } => {
                    let message = format!("server {server} is at {origin} (attempt {attempt})");
                    (server, message, Some(("ORIGIN", origin)))
                }
                Self::ServerReady { server, era, revision, tools, took } => {
                    let took = took.as_millis();
                    let message = format!(
                        "server {server} is ready after {took} ms: {tools} tools, {revision}"
                    );
                    (server, message, Some(("ERA", era.to_owned())))
                }
                Self::ServerAdopted { server, pid, took } => {
                    let took = took.as_millis();
                    let message = format!(
                        "server {server} goes on as process {pid}, taken over in {took} ms"
                    );
                    (server, message, Some(("SERVER_PID", pid.to_string())))
                }
                Self::ServerFailed { server, reason, retry_in } => {
                    let retry = retry_in.as_millis();
                    let message = format!("server {server}: {reason}; next try in {retry} ms");
                    (server, message, Some(("REASON", reason)))
                }
                Self::ServerUnusable { server, reason } => {
                    let message = format!("server {server} cannot be started: {reason}");
                    (server, message, Some(("REASON", reason)))
                }
                Self::ServerStopped { server } => {
                    let message = format!("server {server} stopped");
                    (server, message, None)
                }
                Self::ServerMisbehaved { server, what, sample } => {
                    let message = format!("server {server} sent {what}");
                    (server, message, Some(("SAMPLE", sample)))
                }
                Self::ServerWrote { server, line, .. } => (server, line, None),
                Self::ServerWroteTooMuch { server, lines } => {
                    let message = format!("server {server}: {lines} lines on stderr were left out");
                    (server, message, Some(("LINES", lines.to_string())))
                }
                Self::ServerOrdered { server, order, principal } => {
                    let message = format!("server {server}: {order}, says {principal}");
                    (server, message, Some(("PRINCIPAL", principal.to_string())))
                }
                Self::DefinitionsRefused { server, definition, message } => {
                    let message = format!("server {server}: {message}");
                    (server, message, definition.map(|name| ("DEFINITION", name)))
                }
                _ => unreachable!("every other fact has its text elsewhere"),
            };
        let mut fields = vec![("SERVER", server.to_string())];
        fields.extend(more);
        (message, fields)
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

    fn text(self) -> (String, Vec<(&'static str, String)>) {
        let took = self.took.as_micros();
        let because =
            self.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let message = format!("{} {} in {took} µs{because}", self.name, self.outcome.as_str());
        let mut fields = vec![
            ("CALL_ID", self.call.to_string()),
            (self.field(), self.name.to_string()),
            ("KIND", self.kind.to_owned()),
            ("OUTCOME", self.outcome.as_str().to_owned()),
            ("DURATION_US", took.to_string()),
            ("PRINCIPAL", self.principal.to_string()),
            ("CLIENT", self.client),
            ("REQUEST_BYTES", self.request_bytes.to_string()),
            ("REPLY_BYTES", self.reply_bytes.to_string()),
        ];
        fields.extend(self.reason.map(|reason| ("REASON", reason)));
        fields.extend(self.server.map(|server| ("SERVER", server.to_string())));
        fields.extend(self.session.map(|session| ("SESSION", session.to_string())));
        (message, fields)
    }
}

/// Paths for people and for a field.
fn paths(files: &[PathBuf]) -> (String, String) {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let from = if files.is_empty() { "no file".to_owned() } else { files.join(", ") };
    (from, files.join(":"))
}
