//! What the last release wrote, which this one reads: its users upgrade while calls run.

use super::call::{CallRow, Monotonic};
use super::{LinkRow, SessionRow};
use crate::base::{CallId, Principal, SessionId};
use crate::wire::Era;

/// A field after the other: the session's id as text, the era as 0 or 1, the moment, and three texts
/// behind their lengths.
pub(super) fn call(mut bytes: &[u8]) -> Option<CallRow> {
    let session = session_id(&mut bytes)?;
    let era = if *bytes.split_off_first()? == 1 { Era::Modern } else { Era::Legacy };
    let began = Monotonic(u64::from_ne_bytes(bytes.split_off(..8)?.try_into().ok()?));
    let (id, token, tool) = (text(&mut bytes)?, text(&mut bytes)?, text(&mut bytes)?);
    let token = Some(token).filter(|token| !token.is_empty());
    let (call, client) = (CallId::next(), Box::default());
    Some(CallRow { session, id, era, token, tool, began, call, client, stream: None })
}

/// The session's id as text, the epoch, the user, and the directory to the end.
pub(super) fn link(mut bytes: &[u8]) -> Option<LinkRow> {
    let session = session_id(&mut bytes)?;
    let epoch = u64::from_ne_bytes(bytes.split_off(..8)?.try_into().ok()?);
    let principal = user(&mut bytes)?;
    Some(LinkRow { session, epoch, principal, cwd: std::str::from_utf8(bytes).ok()?.into() })
}

/// The session's id as text, the user, the revision, `clientInfo` behind its length, and the
/// capabilities to the end.
pub(super) fn session(mut bytes: &[u8]) -> Option<SessionRow> {
    let session = session_id(&mut bytes)?;
    let principal = user(&mut bytes)?;
    let revision = std::str::from_utf8(bytes.split_off(..10)?).ok()?.into();
    let info = text(&mut bytes)?;
    let capabilities = std::str::from_utf8(bytes).ok()?.into();
    Some(SessionRow { session, principal, revision, cwd: Box::default(), info, capabilities })
}

/// The number of a server whose card has none: a hash of its unit's name.
pub(super) fn number(unit: &str) -> u32 {
    let hash = unit
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash >> 3).max(1)
}

fn session_id(bytes: &mut &[u8]) -> Option<SessionId> {
    SessionId::parse(std::str::from_utf8(bytes.split_off(..32)?).ok()?)
}

fn user(bytes: &mut &[u8]) -> Option<Principal> {
    Some(Principal::user(u32::from_ne_bytes(bytes.split_off(..4)?.try_into().ok()?)))
}

/// Two bytes of length, and the text.
fn text(bytes: &mut &[u8]) -> Option<Box<str>> {
    let len = u16::from_ne_bytes(bytes.split_off(..2)?.try_into().ok()?);
    Some(std::str::from_utf8(bytes.split_off(..usize::from(len))?).ok()?.into())
}

#[cfg(test)]
mod tests;
