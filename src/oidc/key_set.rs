//! The keys of an issuer as far as they are known, and when it is asked for them: a value, which asks
//! nobody and knows no clock.
//!
//! Whoever makes tokens up can name any key. So for one that is not known the issuer is asked once, while
//! everybody waits for the same answer, and then for a while not again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::jwt::Jwt;
use super::key::Key;

/// How long keys are good that the issuer says nothing of; and the least and the most that it can say.
const FRESH: Duration = Duration::from_hours(1);
const FRESH_MIN: Duration = Duration::from_mins(5);
const FRESH_MAX: Duration = Duration::from_hours(24);
/// How much longer they are used while the issuer cannot be asked.
const STALE: Duration = Duration::from_hours(24);
/// Between two times that the issuer is asked for a key that is not known, or once more after it failed.
const PAUSE: Duration = Duration::from_secs(30);
/// The first pause after it failed while there are no keys at all; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// How long a key is known not to be there, and of how many that is known.
const ABSENT_FOR: Duration = Duration::from_mins(1);
const ABSENT_MAX: usize = 256;
/// Keys that are tried for one token.
const TRIED_MAX: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    keys: Vec<Arc<Key>>,
    /// When they came, and for how long they are fresh.
    came: Option<(Instant, Duration)>,
    /// Somebody asks the issuer now.
    is_asked: bool,
    /// How often in a row that failed, and when it last ended.
    failures: u32,
    ended: Option<Instant>,
    /// When the issuer was last asked for a key that was not known.
    asked_for_unknown: Option<Instant>,
    /// Names of keys that were not there, each with when.
    absent: VecDeque<(Box<str>, Instant)>,
}

/// What there is for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyFound {
    /// These keys may have signed it. `refresh`: the issuer is to be asked for newer ones beside that.
    Keys { keys: Vec<Arc<Key>>, refresh: bool },
    /// The issuer has none that did.
    Absent,
    /// The issuer is to be asked by whoever hears this, and then it is looked again.
    Ask,
    /// Somebody asks it already.
    Wait,
    /// The issuer cannot be asked before so long.
    Later(Duration),
}

/// How far a token's own word counts for looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looking {
    /// It says to be of this issuer: a key that is not known is worth a question.
    First,
    /// It does not even say so.
    Idly,
    /// The issuer was asked since, or could not be.
    Again,
}

impl KeySet {
    pub(super) fn find(&mut self, token: &Jwt<'_>, looking: Looking, now: Instant) -> KeyFound {
        let Some((came, fresh)) = self.came.filter(|(came, fresh)| now < *came + *fresh + STALE)
        else {
            return match looking {
                Looking::First if self.is_asked => KeyFound::Wait,
                Looking::First => self.ask_if_due(now),
                Looking::Idly => KeyFound::Absent,
                Looking::Again => KeyFound::Later(self.pause(now)),
            };
        };
        let age = now.duration_since(came);
        let is_old = age >= fresh;
        // Who failed lately is asked again beside what is there, and nobody waits.
        if is_old && self.failures == 0 && looking == Looking::First {
            return if self.is_asked { KeyFound::Wait } else { self.ask_if_due(now) };
        }
        let keys = self.fitting(token);
        if !keys.is_empty() && keys.len() <= TRIED_MAX {
            let refresh = age >= fresh * 4 / 5 && !self.is_asked && self.pause(now).is_zero();
            self.is_asked |= refresh;
            return KeyFound::Keys { keys, refresh };
        }
        match token.kid.as_deref() {
            Some(kid) if self.keys.iter().all(|key| key.kid.as_deref() != Some(kid)) => {
                self.unknown(kid, looking, now)
            }
            _ => KeyFound::Absent,
        }
    }

    fn unknown(&mut self, kid: &str, looking: Looking, now: Instant) -> KeyFound {
        let is_known_absent =
            |(name, at): &(Box<str>, Instant)| **name == *kid && now < *at + ABSENT_FOR;
        if looking == Looking::Idly || self.absent.iter().any(is_known_absent) {
            return KeyFound::Absent;
        }
        if looking == Looking::Again && self.failures == 0 {
            if self.absent.len() >= ABSENT_MAX {
                self.absent.pop_front();
            }
            self.absent.push_back((kid.into(), now));
            return KeyFound::Absent;
        }
        if self.is_asked && looking == Looking::First {
            return KeyFound::Wait;
        }
        let since = self.asked_for_unknown.map(|at| now.duration_since(at));
        let left = since.map_or(Duration::ZERO, |since| PAUSE.saturating_sub(since));
        let left = left.max(self.pause(now));
        if !left.is_zero() || looking == Looking::Again {
            return KeyFound::Later(left.max(Duration::from_secs(1)));
        }
        (self.asked_for_unknown, self.is_asked) = (Some(now), true);
        KeyFound::Ask
    }

    fn ask_if_due(&mut self, now: Instant) -> KeyFound {
        let pause = self.pause(now);
        if !pause.is_zero() {
            return KeyFound::Later(pause);
        }
        self.is_asked = true;
        KeyFound::Ask
    }

    /// How long the issuer is left alone after it failed.
    fn pause(&self, now: Instant) -> Duration {
        let (Some(ended), 1..) = (self.ended, self.failures) else { return Duration::ZERO };
        let whole = match self.came {
            Some(_) => PAUSE,
            None => PAUSE.min(FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(8) - 1)),
        };
        whole.saturating_sub(now.duration_since(ended))
    }

    fn fitting(&self, token: &Jwt<'_>) -> Vec<Arc<Key>> {
        let fits = |key: &&Arc<Key>| {
            let is_named = token.kid.is_none() || key.kid == token.kid;
            is_named && key.fits(token.algorithm)
        };
        self.keys.iter().filter(fits).cloned().collect()
    }

    /// The issuer gave these keys, and said how long they are good, or failed.
    pub(super) fn answered(&mut self, keys: Option<(Vec<Key>, Option<Duration>)>, now: Instant) {
        (self.is_asked, self.ended) = (false, Some(now));
        let Some((keys, good_for)) = keys else {
            self.failures = self.failures.saturating_add(1);
            return;
        };
        self.failures = 0;
        self.came = Some((now, good_for.unwrap_or(FRESH).clamp(FRESH_MIN, FRESH_MAX)));
        self.keys = keys.into_iter().map(Arc::new).collect();
        self.absent.clear();
    }

    /// Whether who was let in by these keys is let in without looking at them again.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        self.came.is_some_and(|(came, fresh)| now < came + fresh * 4 / 5)
    }

    /// How often in a row the issuer failed.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests;
