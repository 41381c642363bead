//! The first words with a server, in either era.
//!
//! 2026-07-28 ("Versioning", era detection): a server that answers `server/discover`, or refuses it
//! with one of the modern error codes, is modern unless it names older revisions with that; any other
//! error, or silence, means legacy, and `initialize` follows. Silence may also mean that the server is
//! still starting, so the probe is listened for until `initialize` is answered too. The verdict is
//! remembered ([`super::memory`]).

use std::sync::Arc;
use std::time::Duration;

use super::error::HandshakeError;
pub use super::identity::Identity;
use super::identity::{OUR_NAME, client_info_as};
use super::memory::Memory;
use crate::access::Permit;
use crate::base::clip::clipped;
use crate::connection::{Connection, Exchange, Origin, Reply};
use crate::settings::ServerConfig;
use crate::wire::error::code;
use crate::wire::{Era, Kind, Message, Payload, Revision, object, translate};

/// How long a server may be silent on `server/discover` before `initialize` is tried as well.
pub const PROBE_PATIENCE: Duration = Duration::from_secs(5);
/// An HTTP server answers every request, so its silence says even less.
const REMOTE_FACTOR: u32 = 4;

/// Characters of what a server calls its revision.
const REVISION_MAX: usize = 40;
/// How much of a server's error is repeated, in characters.
const ERROR_MAX: usize = 500;

/// How a server is greeted.
#[derive(Debug)]
pub struct Greeting {
    /// The name we give, as `clientInfo` has it.
    pub name: &'static str,
    /// Which era it is greeted in first.
    pub memory: Memory,
}

impl Greeting {
    /// That of the server that `config` starts.
    pub fn of(config: &ServerConfig) -> Self {
        Self { name: OUR_NAME, memory: Memory::of(config) }
    }
}

/// Talks until the server can be used. `probe` bounds the silence on `server/discover`, `patience`
/// every other answer.
pub async fn greet(
    connection: &Arc<Connection>,
    Greeting { name, memory }: &Greeting,
    probe: Duration,
    patience: Duration,
) -> Result<Identity, HandshakeError> {
    let us = &*client_info_as(name);
    let known = memory.era();
    if known == Some(Era::Legacy) {
        let answer = initialize(connection, us, patience).await.inspect_err(|_| {
            // Another server may answer there by now, and a status of HTTP does not say which.
            if connection.carrier().is_remote() {
                memory.forget();
            }
        });
        match answer? {
            InitializeAnswer::Agreed(identity) => {
                memory.remember(identity.era);
                return Ok(identity);
            }
            InitializeAnswer::Refused { modern: false, error } => {
                memory.forget();
                return Err(refused(&error));
            }
            // It was updated since.
            InitializeAnswer::Refused { modern: true, .. } => {}
        }
    }
    let probe = if connection.carrier().is_remote() { probe * REMOTE_FACTOR } else { probe };
    let probe = if known == Some(Era::Modern) { patience } else { probe.min(patience) };
    let mut discover = say(connection, "server/discover", &discover_params(us))?;
    let (identity, speaks) = match hear(&mut discover, probe).await? {
        Some(message) => match discovered(&message)? {
            Some(identity) => (identity, Era::Modern),
            None => {
                let identity = initialize(connection, us, patience).await?.agreed()?;
                let era = identity.era;
                (identity, era)
            }
        },
        None => try_both(connection, us, discover, patience).await?,
    };
    memory.remember(speaks);
    Ok(identity)
}

/// Says `initialize` to a server that is silent on `server/discover`. Returns the identity it is
/// used under and the era to begin with next time.
async fn try_both(
    connection: &Arc<Connection>,
    us: &str,
    mut discover: Exchange,
    patience: Duration,
) -> Result<(Identity, Era), HandshakeError> {
    let initialize = initialize(connection, us, patience);
    tokio::pin!(initialize);
    let mut modern = None;
    let answer = tokio::select! {
        // The server answers in order, as far as it can.
        biased;
        late = hear(&mut discover, patience) => {
            modern = late?.map(|message| discovered(&message)).transpose()?.flatten();
            initialize.await?
        }
        answer = &mut initialize => answer?,
    };
    match (answer, modern) {
        // One that speaks both was told to be legacy now, but will not need to be next time.
        (InitializeAnswer::Agreed(identity), Some(_))
        | (InitializeAnswer::Refused { .. }, Some(identity)) => Ok((identity, Era::Modern)),
        (InitializeAnswer::Agreed(identity), None) => {
            let era = identity.era;
            Ok((identity, era))
        }
        (InitializeAnswer::Refused { error, .. }, None) => Err(refused(&error)),
    }
}

/// What a server made of `initialize`.
enum InitializeAnswer {
    Agreed(Identity),
    /// `modern`: with a code that only a modern server has. `error` as the server wrote it.
    Refused {
        modern: bool,
        error: String,
    },
}

impl InitializeAnswer {
    fn agreed(self) -> Result<Identity, HandshakeError> {
        match self {
            Self::Agreed(identity) => Ok(identity),
            Self::Refused { error, .. } => Err(refused(&error)),
        }
    }
}

fn refused(error: &str) -> HandshakeError {
    HandshakeError::Refused(clipped(error, ERROR_MAX))
}

fn say(
    connection: &Arc<Connection>,
    method: &str,
    params: &str,
) -> Result<Exchange, HandshakeError> {
    let build = |id: u64| {
        Payload::from(format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
        ))
    };
    connection
        .request(&Permit::own(), Origin::default(), build)
        .map_err(|loss| HandshakeError::Lost(loss.reason))
}

/// The answer, or nothing if the server is silent for so long.
async fn hear(
    exchange: &mut Exchange,
    patience: Duration,
) -> Result<Option<Message>, HandshakeError> {
    match tokio::time::timeout(patience, exchange.reply()).await {
        Ok(Reply::Answer(message)) => Ok(Some(message)),
        Ok(Reply::Lost(loss)) => Err(HandshakeError::Lost(loss.reason)),
        Err(_) => Ok(None),
    }
}

fn discover_params(us: &str) -> String {
    format!(r#"{{"_meta":{{{}}}}}"#, translate::modern_meta(us, "{}"))
}

/// Whom the answer to `server/discover` shows; nobody, if it shows a legacy server.
fn discovered(answer: &Message) -> Result<Option<Identity>, HandshakeError> {
    match answer.kind() {
        Kind::Result { result, .. } => {
            let result = answer.at(*result);
            let [versions] = object::members(result, ["supportedVersions"]).unwrap_or_default();
            let versions: Vec<String> =
                versions.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
            let ours = versions.iter().find(|version| *version == Revision::MODERN.as_str());
            Ok(ours.map(|version| Identity::read(Era::Modern, version, result)))
        }
        Kind::Error { error, .. } => {
            let error = answer.at(*error);
            if has_modern_code(error) && !supports_legacy(error) {
                return Err(HandshakeError::NoRevision(clipped(error, ERROR_MAX)));
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// Whether a refusal names a revision that begins with `initialize`: of those in `data.supported` the
/// client is to choose one (2026-07-28, schema, `UnsupportedProtocolVersionError`).
fn supports_legacy(error: &str) -> bool {
    let named = object::get(error, "data").and_then(|data| object::get(data, "supported"));
    let named: Vec<String> =
        named.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let known = named.iter().filter_map(|name| Revision::parse(name));
    known.map(Revision::era).any(|era| era == Era::Legacy)
}

fn has_modern_code(error: &str) -> bool {
    let [code] = object::members(error, ["code"]).unwrap_or_default();
    code.and_then(|code| code.parse().ok()).is_some_and(code::is_modern)
}

async fn initialize(
    connection: &Arc<Connection>,
    us: &str,
    patience: Duration,
) -> Result<InitializeAnswer, HandshakeError> {
    let params = format!(
        r#"{{"protocolVersion":"{}","capabilities":{{"roots":{{"listChanged":true}},"sampling":{{}},"elicitation":{{"form":{{}},"url":{{}}}}}},"clientInfo":{}}}"#,
        Revision::NEWEST_LEGACY,
        us,
    );
    let mut exchange = say(connection, "initialize", &params)?;
    let Some(answer) = hear(&mut exchange, patience).await? else {
        return Err(HandshakeError::Late(patience));
    };
    match answer.kind() {
        Kind::Result { result, .. } => {
            let result = answer.at(*result);
            let [version] =
                object::members(result, ["protocolVersion"]).map_err(HandshakeError::Json)?;
            let version = version.and_then(object::string).ok_or(HandshakeError::NoVersion)?;
            if version.chars().nth(REVISION_MAX).is_some() {
                return Err(HandshakeError::NotAVersion);
            }
            // One that has no older revision says so here, and wants to hear no more of this.
            if version == Revision::MODERN.as_str() {
                return Ok(InitializeAnswer::Agreed(Identity::read(Era::Modern, &version, result)));
            }
            connection.carrier().agree(&version);
            let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
            connection.notify(&Permit::own(), Payload::from(note.to_owned()));
            Ok(InitializeAnswer::Agreed(Identity::read(Era::Legacy, &version, result)))
        }
        Kind::Error { error, .. } => {
            let error = answer.at(*error);
            Ok(InitializeAnswer::Refused {
                modern: has_modern_code(error),
                error: error.to_owned(),
            })
        }
        Kind::Request { .. } | Kind::Notification { .. } => Err(HandshakeError::Nonsense),
    }
}

#[cfg(test)]
mod tests;
