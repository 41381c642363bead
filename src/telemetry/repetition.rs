//! What repeats is told a few times, and then once in a while: the failures of a server, what anybody
//! can bring about at our door, and whatever else a server or a client can make happen as often as it
//! likes.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::base::ServerName;
use crate::facts::Level;
use crate::facts::Record;
use crate::facts::{CapReached, ConfigReloaded, DefinitionsRefused, Fact, PeerRefused};
use crate::facts::{ServerFailed, ServerOrdered, ServerReady};

/// The same failure is told as often as this at once.
const TOLD_MAX: u32 = 3;
/// And after that again after so long.
const AGAIN: Duration = Duration::from_hours(1);
/// A server that was ready for so long was well: what comes then is news.
const WELL: Duration = Duration::from_mins(1);
/// Different failures that are known of one server; the oldest is forgotten.
const FAILURES_MAX: usize = 8;

/// How often something is told at once, and how long it takes until it may be told once more.
type Allowance = (u32, Duration);

/// Who sends other lists all the time is told of as often as a person can read.
const LISTS: Allowance = (20, Duration::from_mins(1));
/// Sessions come and go; what does so faster is no person.
const SESSIONS: Allowance = (500, Duration::from_millis(200));
/// Short memory is told as often as somebody may do something about it.
const MEMORY: Allowance = (3, Duration::from_mins(10));

/// Whether a failure is told, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeated {
    /// As any fact.
    News,
    /// It was told often enough.
    Quiet,
    /// It is told again, after so many times that it was not.
    Summary(u64),
}

/// What is known of servers that are down, and how often something else was told.
#[derive(Debug, Default)]
pub(super) struct Repetitions {
    /// Instances count as their server: clients choose where they work.
    down: BTreeMap<ServerName, Known>,
    /// By the kind of what happened alone: ports, addresses and users are chosen by whoever comes.
    peers: Known,
    caps: Known,
    told: BTreeMap<(&'static str, Option<ServerName>), Budget>,
}

/// How often something may still be told.
#[derive(Debug)]
struct Budget {
    left: u32,
    /// When `left` last grew.
    grown: Instant,
    /// How often it was not told since it last was.
    quiet: u64,
}

#[derive(Debug, Default)]
struct Known {
    failures: VecDeque<RepeatedFailure>,
    ready_since: Option<Instant>,
}

#[derive(Debug)]
struct RepeatedFailure {
    reason: String,
    told: u32,
    told_at: Instant,
    /// How often it was not told since.
    quiet: u64,
}

/// Whether a fact has to be seen here even if nobody reads it.
pub(super) fn depends_on(fact: &Fact) -> bool {
    matches!(fact, Fact::ServerReady(_) | Fact::ServerOrdered(_) | Fact::ConfigReloaded(_))
}

impl Repetitions {
    /// Takes note of a fact, and says how it is to be told.
    pub(super) fn note(&mut self, fact: &Fact, now: Instant) -> Repeated {
        match fact {
            Fact::ServerFailed(ServerFailed { server, reason, .. }) => {
                return self.down.entry(server.configured()).or_default().failed(reason, now);
            }
            Fact::PeerRefused(PeerRefused { cause, .. }) => return self.peers.failed(cause, now),
            Fact::CapReached(CapReached { what, evicted, .. }) => {
                return self.caps.failed(&format!("{what} {evicted}"), now);
            }
            Fact::ServerReady(ServerReady { server, .. }) => {
                if let Some(known) = self.down.get_mut(&server.configured()) {
                    known.ready_since = Some(now);
                }
            }
            // Whoever did something about it wants to see what came of that.
            Fact::ServerOrdered(ServerOrdered { server, .. }) => drop(self.down.remove(server)),
            Fact::ConfigReloaded(ConfigReloaded { removed, restarted, .. }) => {
                for server in removed.iter().chain(restarted) {
                    self.down.remove(server);
                }
            }
            _ => {}
        }
        let Some((server, allowance)) = limited(fact) else { return Repeated::News };
        let about = (fact.about().name, server);
        let budget = self.told.entry(about).or_insert_with(|| Budget::new(allowance, now));
        budget.note(allowance, now)
    }
}

/// What is told within an allowance only, and of whom.
fn limited(fact: &Fact) -> Option<(Option<ServerName>, Allowance)> {
    match fact {
        Fact::DefinitionsRefused(DefinitionsRefused { server, .. }) => {
            Some((Some(server.configured()), LISTS))
        }
        Fact::ToolsChanged(_) => Some((None, LISTS)),
        Fact::MemoryGivenBack(_) => Some((None, MEMORY)),
        Fact::SessionOpened(_)
        | Fact::SessionClosed(_)
        | Fact::LinkLost(_)
        | Fact::LinkResumed(_) => Some((None, SESSIONS)),
        _ => None,
    }
}

impl Budget {
    fn new((most, _): Allowance, now: Instant) -> Self {
        Self { left: most, grown: now, quiet: 0 }
    }

    fn note(&mut self, (most, each): Allowance, now: Instant) -> Repeated {
        let grows = now.duration_since(self.grown).as_millis() / each.as_millis();
        let grows = u32::try_from(grows).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(grows).min(most);
        self.grown = if self.left == most { now } else { self.grown + each * grows };
        if self.left == 0 {
            self.quiet += 1;
            return Repeated::Quiet;
        }
        self.left -= 1;
        match std::mem::take(&mut self.quiet) {
            0 => Repeated::News,
            quiet => Repeated::Summary(quiet),
        }
    }
}

impl Known {
    fn failed(&mut self, reason: &str, now: Instant) -> Repeated {
        if self.ready_since.take().is_some_and(|since| now.duration_since(since) >= WELL) {
            self.failures.clear();
        }
        let Some(known) = self.failures.iter_mut().find(|known| known.reason == reason) else {
            if self.failures.len() == FAILURES_MAX {
                self.failures.pop_front();
            }
            let reason = reason.to_owned();
            self.failures.push_back(RepeatedFailure { reason, told: 1, told_at: now, quiet: 0 });
            return Repeated::News;
        };
        if known.told < TOLD_MAX {
            (known.told, known.told_at) = (known.told + 1, now);
            return Repeated::News;
        }
        if now.duration_since(known.told_at) < AGAIN {
            known.quiet += 1;
            return Repeated::Quiet;
        }
        known.told_at = now;
        Repeated::Summary(std::mem::take(&mut known.quiet))
    }
}

impl Repeated {
    /// Makes a record what it is to be.
    pub(super) fn mark(self, record: &mut Record<'_>) {
        match self {
            Self::News => {}
            Self::Quiet => record.level = Level::Debug,
            Self::Summary(times) => {
                let since = format!("; the same happened {times} times since it was last told");
                record.message.to_mut().push_str(&since);
                record.fields.push(("REPEATED", times.into()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
