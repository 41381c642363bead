//! Codes that open the dashboard once, and the visits that come of them. Nothing of either is kept but a hash.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::base::{Lock, Principal, Secret, random};

/// How long a code can be used.
pub const CODE_LASTS: Duration = Duration::from_mins(1);
/// How long a visit goes on after its last request.
pub const VISIT_LASTS: Duration = Duration::from_hours(12);
/// Codes that nobody used yet; one more, and the oldest is none any more.
const CODES_MAX: usize = 8;
/// Visits at the same time; one more, and the one that was silent for longest has ended.
const VISITS_MAX: usize = 64;

/// SHA-256 of what was given out.
type Hash = [u8; 32];

/// Who may open the dashboard of this daemon. A daemon that starts anew knows none of them.
#[derive(Debug)]
pub struct Entrances {
    /// What tells the cookies of this daemon from those of others at the same host.
    instance: String,
    given: Lock<GivenOut>,
    /// A visit was ended.
    ended: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct GivenOut {
    /// The oldest first.
    codes: VecDeque<Opening>,
    /// The one that was silent for longest first.
    visits: VecDeque<Opening>,
}

#[derive(Debug)]
struct Opening {
    hash: Hash,
    principal: Principal,
    until: Instant,
}

/// Why a code opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the code was used, is older than a minute, was revoked, or is of another daemon")]
pub struct NoEntry;

/// What was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    pub codes: usize,
    pub visits: usize,
}

impl Default for Entrances {
    fn default() -> Self {
        let number = u32::from_ne_bytes(random::bytes());
        Self {
            instance: format!("{number:08x}"),
            given: Lock::default(),
            ended: watch::Sender::new(()),
        }
    }
}

impl Entrances {
    /// Eight hexadecimal digits that no other daemon has.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// A code with which somebody can enter once as this principal.
    pub fn code(&self, principal: Principal, now: Instant) -> Secret {
        let code = secret();
        let mut given = self.given.lock();
        given.end_what_is_over(now);
        if given.codes.len() == CODES_MAX {
            given.codes.pop_front();
        }
        given.codes.push_back(Opening {
            hash: hash(code.expose()),
            principal,
            until: now + CODE_LASTS,
        });
        code
    }

    /// Uses a code up. What comes back is the secret of a visit.
    pub fn enter(&self, code: &str, now: Instant) -> Result<(Secret, Principal), NoEntry> {
        let hash_of_code = hash(code);
        let mut given = self.given.lock();
        given.end_what_is_over(now);
        let at = given.codes.iter().position(|entry| entry.hash == hash_of_code).ok_or(NoEntry)?;
        let Opening { principal, .. } = given.codes.remove(at).ok_or(NoEntry)?;
        if given.visits.len() == VISITS_MAX {
            given.visits.pop_front();
            self.ended.send_replace(());
        }
        let visit = secret();
        let until = now + VISIT_LASTS;
        given.visits.push_back(Opening {
            hash: hash(visit.expose()),
            principal: principal.clone(),
            until,
        });
        Ok((visit, principal))
    }

    /// Whose visit this is the secret of. It goes on for another while.
    pub fn visitor(&self, visit: &str, now: Instant) -> Option<Principal> {
        let hash_of_visit = hash(visit);
        let mut given = self.given.lock();
        given.end_what_is_over(now);
        let at = given.visits.iter().position(|entry| entry.hash == hash_of_visit)?;
        let entry = given.visits.remove(at)?;
        let principal = entry.principal.clone();
        given.visits.push_back(Opening { until: now + VISIT_LASTS, ..entry });
        Some(principal)
    }

    /// Ends a visit.
    pub fn leave(&self, visit: &str) {
        let hash_of_visit = hash(visit);
        self.given.lock().visits.retain(|entry| entry.hash != hash_of_visit);
        self.ended.send_replace(());
    }

    /// Completes once this is not the secret of a visit any more. Until then what goes on for it is its use.
    pub fn over(self: Arc<Self>, visit: &str) -> impl Future<Output = ()> + Send + use<> {
        let hash_of_visit = hash(visit);
        async move {
            let mut ended = self.ended.subscribe();
            let goes_on =
                || self.given.lock().visits.iter().any(|entry| entry.hash == hash_of_visit);
            while goes_on() && ended.changed().await.is_ok() {}
        }
    }

    /// Ends all visits, and takes back all codes.
    pub fn revoke(&self, now: Instant) -> Revoked {
        let mut given = self.given.lock();
        given.end_what_is_over(now);
        let revoked = Revoked { codes: given.codes.len(), visits: given.visits.len() };
        *given = GivenOut::default();
        self.ended.send_replace(());
        revoked
    }

    /// Whether there is a code or a visit.
    pub fn is_open(&self, now: Instant) -> bool {
        let mut given = self.given.lock();
        given.end_what_is_over(now);
        !given.codes.is_empty() || !given.visits.is_empty()
    }
}

impl GivenOut {
    fn end_what_is_over(&mut self, now: Instant) {
        for entries in [&mut self.codes, &mut self.visits] {
            entries.retain(|entry| now < entry.until);
        }
    }
}

/// 256 bits of chance, in base64url.
fn secret() -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random::bytes::<32>()))
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}
