//! Tokens of the npm callmux, of which the config has a slow hash (scrypt).
//!
//! Such a token does not say which of them it is, so one that nobody knows is tried with all hashes. That is done
//! beside the loop, once for each token and one at a time: what came of it is remembered, by the SHA-256 of
//! the token. Whoever sends wrong ones has to wait before more of theirs are tried.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::base::{Lock, Secret, memory};
use crate::settings::Access;
use crate::settings::access::{ScryptHash, TokenHash};

/// A longer token is none of them, in bytes.
const TOKEN_MAX: usize = 1024;
/// Tokens that are nobody's of which that is remembered.
const NOBODYS_MAX: usize = 256;
/// Tokens that wait for being tried, with the one that is.
const WAITING_MAX: usize = 16;
/// How long after a wrong one of an address the next may be tried, on the average.
const INTERVAL: Duration = Duration::from_secs(5);
/// So many wrong ones of an address may come at once.
const BURST: u32 = 10;
/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 1024;
/// When somebody is to come again who finds no place to wait.
const SOON: Duration = Duration::from_secs(1);

/// The SHA-256 of a token's text.
pub(super) type Digested = [u8; 32];

/// Whose a hash is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlowHash {
    pub(super) name: Box<str>,
    /// Of the token that another took the place of.
    pub(super) is_previous: bool,
    hash: Arc<ScryptHash>,
}

/// Whose a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKnown<'a> {
    Of(&'a SlowHash),
    Nobodys,
    Untried,
}

/// The slow hashes of a config, and what is known of tokens by them.
#[derive(Debug, Default)]
pub struct SlowTokens {
    hashes: Vec<SlowHash>,
    remembered: Lock<Remembered>,
    turns: Arc<Turns>,
}

#[derive(Debug, Default)]
struct Remembered {
    /// Which hash is that of a token.
    whose: HashMap<Digested, usize>,
    /// Tokens of nobody, the latest last.
    nobodys: VecDeque<Digested>,
}

/// Who is tried when, over all configs.
#[derive(Debug)]
struct Turns {
    one: Arc<Semaphore>,
    waiting: Semaphore,
    /// When the next wrong one of an address would be due if they came evenly; `None`: over a unix socket.
    wrong: Lock<HashMap<Option<IpAddr>, Instant>>,
}

impl Default for Turns {
    fn default() -> Self {
        let (one, waiting) = (Arc::new(Semaphore::new(1)), Semaphore::new(WAITING_MAX));
        Self { one, waiting, wrong: Lock::default() }
    }
}

/// The SHA-256 of a token's text.
pub(super) fn digest(token: &str) -> Digested {
    Sha256::digest(token.as_bytes()).into()
}

impl SlowTokens {
    /// Those of this config. What is known stays known as long as the hashes are the same.
    pub(super) fn renewed(self: &Arc<Self>, access: &Access) -> Arc<Self> {
        let mut hashes = Vec::new();
        for (name, token) in &access.tokens {
            let previous = token.previous.as_ref().map(|(hash, _)| (hash, true));
            for (hash, is_previous) in std::iter::once((&token.hash, false)).chain(previous) {
                if let TokenHash::Scrypt(hash) = hash {
                    let (name, hash) = (name.as_str().into(), hash.clone());
                    hashes.push(SlowHash { name, is_previous, hash });
                }
            }
        }
        if hashes == self.hashes {
            return self.clone();
        }
        Arc::new(Self { hashes, remembered: Lock::default(), turns: self.turns.clone() })
    }

    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    pub(super) fn known(&self, token: &str, digest: &Digested) -> TokenKnown<'_> {
        if token.len() > TOKEN_MAX || token.is_empty() || self.hashes.is_empty() {
            return TokenKnown::Nobodys;
        }
        let remembered = self.remembered.lock();
        if let Some(index) = remembered.whose.get(digest).copied() {
            return self.hashes.get(index).map_or(TokenKnown::Nobodys, TokenKnown::Of);
        }
        let is_nobodys = remembered.nobodys.contains(digest);
        if is_nobodys { TokenKnown::Nobodys } else { TokenKnown::Untried }
    }

    /// Tries a token, so that it is known whose it is. It waits for those that came before.
    ///
    /// # Errors
    /// When to come again: there were too many wrong ones of that address, or too many wait.
    pub async fn learn(
        self: &Arc<Self>,
        token: Secret,
        from: Option<IpAddr>,
    ) -> Result<(), Duration> {
        let from = from.map(network);
        let digest = digest(token.expose());
        self.turns.check(from)?;
        let waiting = self.turns.waiting.try_acquire().map_err(|_| SOON)?;
        let turn = self.turns.one.clone().acquire_owned().await.map_err(|_| SOON)?;
        drop(waiting);
        // Others may have brought the same one meanwhile, or wrong ones.
        if !matches!(self.known(token.expose(), &digest), TokenKnown::Untried) {
            return Ok(());
        }
        self.turns.check(from)?;
        let slow = self.clone();
        let work = move || {
            slow.try_all(&token, digest, from);
            memory::give_back();
            drop(turn);
        };
        // Whoever waits may give up; what was begun is remembered all the same.
        tokio::task::spawn_blocking(work).await.map_err(|_| SOON)
    }

    /// Tries it with all hashes, also behind the one that fits: how long it takes says nothing.
    fn try_all(&self, token: &Secret, digest: Digested, from: Option<IpAddr>) {
        let fit = |hash: &SlowHash| hash.hash.fits(token.expose());
        let all: Vec<bool> = self.hashes.iter().map(fit).collect();
        let whose = all.iter().position(|fits| *fits);
        let mut remembered = self.remembered.lock();
        match whose {
            Some(index) => _ = remembered.whose.insert(digest, index),
            None => {
                if remembered.nobodys.len() >= NOBODYS_MAX {
                    remembered.nobodys.pop_front();
                }
                remembered.nobodys.push_back(digest);
                self.turns.was_wrong(from);
            }
        }
    }
}

impl Turns {
    fn check(&self, from: Option<IpAddr>) -> Result<(), Duration> {
        let (now, mut wrong) = (Instant::now(), self.wrong.lock());
        if wrong.len() >= ADDRESSES_MAX && !wrong.contains_key(&from) {
            wrong.retain(|_, due| *due > now);
            if wrong.len() >= ADDRESSES_MAX {
                return Err(INTERVAL);
            }
        }
        let ahead =
            wrong.get(&from).map_or(Duration::ZERO, |due| due.saturating_duration_since(now));
        let early = (ahead + INTERVAL).saturating_sub(INTERVAL * BURST);
        if early.is_zero() { Ok(()) } else { Err(early) }
    }

    fn was_wrong(&self, from: Option<IpAddr>) {
        let now = Instant::now();
        let mut wrong = self.wrong.lock();
        let due = wrong.entry(from).or_insert(now);
        *due = (*due).max(now) + INTERVAL;
    }
}

/// The network that one client has for itself (RFC 6177): of IPv6 the first half of the address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        near @ IpAddr::V4(_) => near,
    }
}

#[cfg(test)]
mod tests;
