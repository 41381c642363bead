//! An issuer whose tokens are taken.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lru::LruCache;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::claims;
use super::fetch::{WITHIN, ask};
use super::jwt::Jwt;
use super::key::Key;
use super::key_set::{KeyFound, KeySet, Looking};
use super::refused::Refused;
use crate::base::{Lock, Principal, Tasks, visible};
use crate::settings::access::Oidc;

/// Tokens that are known to be good: each request of a client brings the same one.
const PROVED_MAX: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
/// What is shown of the name of a key, in characters.
const KID_SHOWN_MAX: usize = 64;

/// An issuer, with what is known of its keys.
#[derive(Debug)]
pub struct Issuer {
    oidc: Arc<Oidc>,
    state: Lock<IssuerState>,
    /// Somebody asked it, and has the answer.
    answered: Notify,
    tasks: Tasks,
}

#[derive(Debug)]
struct IssuerState {
    keys: KeySet,
    /// Whom a token proved, by its SHA-256, for as long as the keys stay the same.
    proved: LruCache<[u8; 32], Principal>,
}

/// Why a token proves nobody now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotProved {
    Refused(Refused),
    /// The issuer cannot be asked for the key; perhaps after so long.
    Later(Duration),
}

impl From<Refused> for NotProved {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl Issuer {
    /// It is asked by one of `tasks`, once somebody brings a token.
    pub fn new(oidc: Arc<Oidc>, tasks: Tasks) -> Self {
        let state = IssuerState { keys: KeySet::default(), proved: LruCache::new(PROVED_MAX) };
        Self { oidc, state: Lock::new(state), answered: Notify::new(), tasks }
    }

    /// Whether it is the one that these settings are about.
    pub fn is_of(&self, oidc: &Arc<Oidc>) -> bool {
        Arc::ptr_eq(&self.oidc, oidc) || self.oidc == *oidc
    }

    /// Whom a token proves that was looked at before.
    pub fn proved(&self, token: &str) -> Option<Principal> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut state = self.state.lock();
        if !state.keys.is_fresh(Instant::now()) {
            return None;
        }
        let found = state.proved.get(&hash)?;
        let lasts = found.proof().is_some_and(|proof| SystemTime::now() < proof.until());
        lasts.then(|| found.clone())
    }

    /// Whom a token proves. It waits for the issuer, if that has to be asked, and for that five seconds at
    /// the most.
    pub async fn prove(self: &Arc<Self>, text: &str) -> Result<Principal, NotProved> {
        let token = Jwt::parse(text, &self.oidc.algorithms)?;
        // What it says of itself is worth nothing yet but whether to ask for its key.
        let is_ours = token.claims().is_ok_and(|claims| claims::is_of(&claims, &self.oidc));
        let mut looking = if is_ours { Looking::First } else { Looking::Idly };
        loop {
            let answered = self.answered.notified();
            let mut answered = std::pin::pin!(answered);
            // From here on no answer is missed.
            answered.as_mut().enable();
            let found = self.state.lock().keys.find(&token, looking, Instant::now());
            match found {
                KeyFound::Keys { keys, refresh } => {
                    if refresh {
                        self.ask();
                    }
                    return self.judge(text, &token, &keys);
                }
                KeyFound::Absent => return Err(Refused::Key(shown(token.kid.as_deref())).into()),
                KeyFound::Later(after) => return Err(NotProved::Later(after)),
                KeyFound::Ask => self.ask(),
                KeyFound::Wait => {}
            }
            looking = Looking::Again;
            if tokio::time::timeout(WITHIN, answered).await.is_err() {
                return Err(NotProved::Later(Duration::from_secs(1)));
            }
        }
    }

    fn judge(
        &self,
        text: &str,
        token: &Jwt<'_>,
        keys: &[Arc<Key>],
    ) -> Result<Principal, NotProved> {
        let signed = |key: &Arc<Key>| key.signed(token.algorithm, token.signed, &token.signature);
        if !keys.iter().any(signed) {
            return Err(Refused::Signature.into());
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let principal = claims::judge(&token.claims()?, &self.oidc, now)?;
        let hash = Sha256::digest(text.as_bytes()).into();
        self.state.lock().proved.put(hash, principal.clone());
        Ok(principal)
    }

    /// Asks for its keys in a task of its own: whoever began that may leave.
    fn ask(self: &Arc<Self>) {
        let issuer = self.clone();
        self.tasks.spawn_until_stopped("keys of the issuer", async move {
            let answer = ask(&issuer.oidc).await;
            let name = &*issuer.oidc.issuer;
            let mut state = issuer.state.lock();
            let failures = state.keys.failures();
            match &answer {
                // Each time would be too often.
                Err(error) if failures == 0 => {
                    tracing::warn!(issuer = name, %error, "the issuer's keys cannot be had");
                }
                Ok(_) if failures > 0 => {
                    tracing::info!(issuer = name, "the issuer's keys are there");
                }
                _ => {}
            }
            // A key that is gone proves nobody any more.
            state.proved.clear();
            state.keys.answered(answer.ok(), Instant::now());
            drop(state);
            issuer.answered.notify_waiters();
        });
    }
}

fn shown(kid: Option<&str>) -> Box<str> {
    let Some(kid) = kid else { return "without a name".into() };
    let shown: String = visible::line(kid).chars().take(KID_SHOWN_MAX).collect();
    format!("`{shown}`").into()
}
