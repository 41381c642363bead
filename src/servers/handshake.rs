//! The first words with a server, in either era.
//!
//! 2026-07-28 ("Versioning", era detection): a server that answers `server/discover`, or refuses it
//! with one of the modern error codes, is modern; any other error, or silence, means legacy, and
//! `initialize` follows. The verdict is remembered ([`super::memory`]).

use std::sync::Arc;
use std::time::Duration;

use super::connection::{Connection, Reply};
use super::memory::Memory;
use crate::wire::error::code;
use crate::wire::{Era, Kind, Message, Payload, Revision, object, translate};

/// How long a server may be silent on `server/discover` before it counts as legacy.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

/// What a server said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub era: Era,
    /// As the server named it.
    pub revision: String,
    /// `serverInfo.name` and `serverInfo.version`.
    pub name: String,
    pub version: String,
    pub instructions: Option<String>,
    /// Whether it has tools at all.
    pub has_tools: bool,
    /// Whether it announces changes of its tools.
    pub announces_tools: bool,
}

/// The `clientInfo` we give when no client's call is the reason.
pub fn client_info() -> String {
    format!(r#"{{"name":"callmux","version":"{}"}}"#, env!("CARGO_PKG_VERSION"))
}

/// Talks until the server can be used. `patience` bounds each answer.
pub async fn greet(
    connection: &Arc<Connection>,
    memory: &Memory,
    patience: Duration,
) -> Result<Identity, String> {
    let identity = match memory.era() {
        Some(Era::Legacy) => initialize(connection, patience).await?,
        Some(Era::Modern) => match discover(connection, patience).await? {
            Discovery::Modern(identity) => identity,
            Discovery::Legacy => initialize(connection, patience).await?,
        },
        None => match discover(connection, PROBE_PATIENCE.min(patience)).await? {
            Discovery::Modern(identity) => identity,
            Discovery::Legacy => initialize(connection, patience).await?,
        },
    };
    memory.remember(identity.era);
    Ok(identity)
}

enum Discovery {
    Modern(Identity),
    Legacy,
}

async fn ask(
    connection: &Arc<Connection>,
    method: &str,
    params: &str,
    patience: Duration,
) -> Result<Option<Message>, String> {
    let build = |id: u64| {
        Payload::from(format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
        ))
    };
    let mut exchange = connection.request(None, build).map_err(|loss| loss.reason.to_string())?;
    match tokio::time::timeout(patience, exchange.reply()).await {
        Ok(Reply::Answer(message)) => Ok(Some(message)),
        Ok(Reply::Lost(loss)) => Err(loss.reason.to_string()),
        Err(_) => Ok(None),
    }
}

async fn discover(connection: &Arc<Connection>, patience: Duration) -> Result<Discovery, String> {
    let params = format!(r#"{{"_meta":{{{}}}}}"#, translate::modern_meta(&client_info()));
    let Some(answer) = ask(connection, "server/discover", &params, patience).await? else {
        return Ok(Discovery::Legacy);
    };
    match answer.kind() {
        Kind::Result { result, .. } => {
            let result = answer.at(*result);
            let [versions] = object::members(result, ["supportedVersions"]).unwrap_or_default();
            let versions: Vec<String> =
                versions.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
            match versions.iter().find(|version| *version == Revision::MODERN.as_str()) {
                Some(version) => Ok(Discovery::Modern(identity(Era::Modern, version, result))),
                None => Ok(Discovery::Legacy),
            }
        }
        Kind::Error { error, .. } => {
            let [code] = object::members(answer.at(*error), ["code"]).unwrap_or_default();
            let code: i64 = code.and_then(|code| code.parse().ok()).unwrap_or_default();
            if code::is_modern(code) {
                Err(format!("it speaks no revision we know; it refused with {}", answer.at(*error)))
            } else {
                Ok(Discovery::Legacy)
            }
        }
        Kind::Request { .. } | Kind::Notification { .. } => Ok(Discovery::Legacy),
    }
}

async fn initialize(connection: &Arc<Connection>, patience: Duration) -> Result<Identity, String> {
    let params = format!(
        r#"{{"protocolVersion":"{}","capabilities":{{"roots":{{}},"sampling":{{}},"elicitation":{{"form":{{}},"url":{{}}}}}},"clientInfo":{}}}"#,
        Revision::NEWEST_LEGACY,
        client_info(),
    );
    let Some(answer) = ask(connection, "initialize", &params, patience).await? else {
        return Err(format!("it did not answer the handshake within {patience:?}"));
    };
    match answer.kind() {
        Kind::Result { result, .. } => {
            let result = answer.at(*result);
            let [version] = object::members(result, ["protocolVersion"])
                .map_err(|error| format!("its answer to initialize is wrong: {error}"))?;
            let version = version
                .and_then(object::string)
                .ok_or("its answer to initialize names no protocolVersion")?;
            let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
            connection.send(Payload::from(note.to_owned()));
            Ok(identity(Era::Legacy, &version, result))
        }
        Kind::Error { error, .. } => {
            Err(format!("it refused the handshake: {}", answer.at(*error)))
        }
        Kind::Request { .. } | Kind::Notification { .. } => {
            Err("it answered the handshake with nonsense".into())
        }
    }
}

fn identity(era: Era, revision: &str, result: &str) -> Identity {
    let [capabilities, info, instructions, meta] =
        object::members(result, ["capabilities", "serverInfo", "instructions", "_meta"])
            .unwrap_or_default();
    let [tools] =
        capabilities.map_or([None], |json| object::members(json, ["tools"]).unwrap_or_default());
    let [announces] =
        tools.map_or([None], |json| object::members(json, ["listChanged"]).unwrap_or_default());
    let in_meta = meta.and_then(|json| {
        let [info] = object::members(json, ["io.modelcontextprotocol/serverInfo"]).ok()?;
        info
    });
    let [name, version] = info.or(in_meta).map_or([None, None], |json| {
        object::members(json, ["name", "version"]).unwrap_or_default()
    });
    let text = |json: Option<&str>| json.and_then(object::string).map(std::borrow::Cow::into_owned);
    Identity {
        era,
        revision: revision.to_owned(),
        name: text(name).unwrap_or_default(),
        version: text(version).unwrap_or_default(),
        instructions: text(instructions),
        has_tools: tools.is_some(),
        announces_tools: announces == Some("true"),
    }
}
