//! The first words with a server, in either era.
//!
//! 2026-07-28 ("Versioning", era detection): a server that answers `server/discover`, or refuses it
//! with one of the modern error codes, is modern unless it names older revisions with that; whatever else
//! comes of the question means legacy, and `initialize` follows. Silence may also mean that the server is
//! still starting, so the probe is listened for until `initialize` is answered too. Some servers end on
//! a question that they do not know, or on what `initialize` says; [`Greeting`] knows what is to be said
//! to the next process of such a one. What worked is remembered ([`super::memory`]).

use std::sync::Arc;
use std::time::Duration;

use super::error::HandshakeError;
pub use super::greeting::Greeting;
pub use super::identity::Identity;
use super::identity::client_info_as;
use super::manner::Cost;
use crate::access::Permit;
use crate::base::clip::clipped;
use crate::connection::{Connection, Exchange, Origin, Reply};
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

/// Talks until the server can be used. `probe` bounds the silence on `server/discover`, `limit` is what all
/// may take.
pub async fn greet(
    connection: &Arc<Connection>,
    greeting: &mut Greeting,
    probe: Duration,
    limit: Duration,
) -> Result<Identity, HandshakeError> {
    let is_known_legacy = greeting.first() == Some(Era::Legacy);
    let greeted = greet_somehow(connection, greeting, probe, limit).await;
    greeted.inspect_err(|error| {
        // Another server may answer there by now, and a status of HTTP does not say which.
        let is_refused = matches!(error, HandshakeError::Refused(_));
        if is_known_legacy && (is_refused || connection.carrier().is_remote()) {
            greeting.forgets();
        }
    })
}

async fn greet_somehow(
    connection: &Arc<Connection>,
    greeting: &mut Greeting,
    probe: Duration,
    limit: Duration,
) -> Result<Identity, HandshakeError> {
    greeting.begins();
    if greeting.first() == Some(Era::Legacy)
        && let Some(identity) = ask_legacy(connection, greeting, limit).await?
    {
        return Ok(identity);
    }
    let probe = if connection.carrier().is_remote() { probe * REMOTE_FACTOR } else { probe };
    let is_known_modern = greeting.first() == Some(Era::Modern);
    // Half of the time is left for what comes after it.
    let probe = if is_known_modern { limit } else { probe.min(limit / 2) };
    let us = &*client_info_as(greeting.name());
    greeting.asks(Era::Modern);
    let mut discover = say(connection, "server/discover", &discover_params(us))?;
    match hear(&mut discover, probe).await {
        Hearing::Answer(message) => {
            greeting.hears(Era::Modern);
            if let Some(identity) = discovered(&message)? {
                greeting.agrees(Era::Modern, &identity);
                return Ok(identity);
            }
        }
        Hearing::Silence => {
            if let Some(identity) = ask_both(connection, greeting, discover, limit).await? {
                return Ok(identity);
            }
        }
        Hearing::Lost(lost) if connection.is_over() => return Err(lost),
        // Of HTTP there is every kind of answer that is none.
        Hearing::Lost(_) => {}
    }
    let identity = ask_legacy(connection, greeting, limit).await?;
    identity.ok_or_else(|| greeting.gives_up(HandshakeError::Nonsense))
}

/// Says `initialize` to a server, in one manner after the other. `None`: it is modern, and does not want
/// to hear it.
async fn ask_legacy(
    connection: &Arc<Connection>,
    greeting: &mut Greeting,
    limit: Duration,
) -> Result<Option<Identity>, HandshakeError> {
    loop {
        let answer = initialize(connection, greeting, limit).await;
        match take(connection, greeting, answer)? {
            Taken::Agreed(identity) => return Ok(Some(identity)),
            Taken::Modern => return Ok(None),
            Taken::Again => {}
        }
    }
}

/// Says `initialize` to a server that is silent on `server/discover`. `None`: it wants to hear it in
/// another manner.
async fn ask_both(
    connection: &Arc<Connection>,
    greeting: &mut Greeting,
    mut discover: Exchange,
    limit: Duration,
) -> Result<Option<Identity>, HandshakeError> {
    let mut late = None;
    let answer = {
        let initialize = initialize(connection, greeting, limit);
        tokio::pin!(initialize);
        tokio::select! {
            // The server answers in order, as far as it can.
            biased;
            heard = hear(&mut discover, limit * 2) => {
                late = Some(heard);
                initialize.await
            }
            answer = &mut initialize => answer,
        }
    };
    let modern = match late {
        Some(Hearing::Answer(message)) => {
            greeting.hears(Era::Modern);
            discovered(&message)?
        }
        Some(Hearing::Lost(_) | Hearing::Silence) | None => None,
    };
    match (answer, modern) {
        // One that speaks both was told to be legacy now, but will not need to be next time.
        (InitializeAnswer::Agreed(identity), Some(_))
        | (InitializeAnswer::Refused { .. }, Some(identity)) => {
            greeting.agrees(Era::Modern, &identity);
            Ok(Some(identity))
        }
        (answer, _) => match take(connection, greeting, answer)? {
            Taken::Agreed(identity) => Ok(Some(identity)),
            Taken::Modern | Taken::Again => Ok(None),
        },
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
    /// There is no answer.
    Nothing(HandshakeError),
    /// What it answered is of no use.
    Wrong(HandshakeError),
}

/// What follows from an answer.
enum Taken {
    Agreed(Identity),
    /// It is to be asked by `server/discover`.
    Modern,
    /// It is to be asked in another manner.
    Again,
}

/// What follows from what a server made of `initialize`. `Err`: nothing more can be said to it here.
fn take(
    connection: &Connection,
    greeting: &mut Greeting,
    answer: InitializeAnswer,
) -> Result<Taken, HandshakeError> {
    let (words, error, cost) = match answer {
        InitializeAnswer::Agreed(identity) => {
            greeting.agrees(identity.era, &identity);
            return Ok(Taken::Agreed(identity));
        }
        InitializeAnswer::Wrong(error) => return Err(error),
        // It was updated since.
        InitializeAnswer::Refused { modern: true, .. } if !greeting.has_asked_modern() => {
            greeting.hears(Era::Legacy);
            return Ok(Taken::Modern);
        }
        InitializeAnswer::Refused { error, .. } => {
            greeting.hears(Era::Legacy);
            let refused = HandshakeError::Refused(clipped(&error, ERROR_MAX));
            (error, refused, Cost::Message)
        }
        // A process that does not answer is no more, or of no more use.
        InitializeAnswer::Nothing(error) => {
            let may_go_on = connection.carrier().is_remote()
                && !connection.is_over()
                && error.may_be_refusal()
                && greeting.was_heard();
            if !may_go_on {
                return Err(greeting.gives_up(error));
            }
            (error.to_string(), error, Cost::Process)
        }
    };
    if greeting.turns(&words, error, cost) {
        return Ok(Taken::Again);
    }
    Err(greeting.gives_up(HandshakeError::Nonsense))
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
    connection.request(&Permit::own(), Origin::default(), build).map_err(HandshakeError::lost)
}

/// What comes of a question.
enum Hearing {
    Answer(Message),
    Lost(HandshakeError),
    Silence,
}

async fn hear(exchange: &mut Exchange, patience: Duration) -> Hearing {
    match tokio::time::timeout(patience, exchange.reply()).await {
        Ok(Reply::Answer(message)) => Hearing::Answer(message),
        Ok(Reply::Lost(loss)) => Hearing::Lost(HandshakeError::lost(loss)),
        Err(_) => Hearing::Silence,
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
    greeting: &mut Greeting,
    limit: Duration,
) -> InitializeAnswer {
    greeting.asks(Era::Legacy);
    let manner = greeting.manner();
    let us = &*client_info_as(greeting.name());
    let mut exchange = match say(connection, "initialize", &manner.params(us)) {
        Ok(exchange) => exchange,
        Err(error) => return InitializeAnswer::Nothing(error),
    };
    let patience = greeting.patience(limit);
    match hear(&mut exchange, patience).await {
        Hearing::Answer(answer) => {
            agreed(connection, &answer).unwrap_or_else(InitializeAnswer::Wrong)
        }
        Hearing::Lost(lost) => InitializeAnswer::Nothing(lost),
        Hearing::Silence => InitializeAnswer::Nothing(HandshakeError::Late(patience)),
    }
}

/// What the answer to `initialize` says. `Err`: nothing.
fn agreed(connection: &Connection, answer: &Message) -> Result<InitializeAnswer, HandshakeError> {
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
