//! What a server does when: a value without a clock, I/O or tasks.
//!
//! What is wanted and what is are two things. Wanted: up or down. What is:
//!
//! * **Resting**: no process, and none is wanted.
//! * **Starting**: a process is being started and greeted.
//! * **Ready**: the handshake is answered; calls go through.
//! * **Stopping**: the process is being ended. What comes after depends on what is wanted then.
//! * **Waiting**: the last try failed; the next one has its time.
//! * **Unusable**: it cannot work until its config changes.
//!
//! What an operator asks for happens at once and counts as a first try, whatever went before.

use std::time::{Duration, Instant};

use crate::base::Backoff;

/// A server that was up for so long has proved itself, as has one that served a call: its next
/// failure counts as the first.
const STEADY: Duration = Duration::from_secs(10);
/// 0.1 s, 0.3 s, 0.9 s, 2.7 s, 8.1 s, 24.3 s, then 30 to 35 s: at most eight tries in the first
/// minute.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), 3, Duration::from_secs(35), 14);

/// What is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Resting,
    Starting,
    Ready { since: Instant },
    Stopping,
    Waiting { until: Instant },
    Unusable,
}

/// What happens to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It is wanted up, or down. Wanting it up again while it waits is asking for the next try now.
    Want(bool),
    /// It is wanted up, with another process than the one it may have.
    Restart,
    /// If it waits for its next try, that is to come now.
    Retry,
    /// The start succeeded.
    Started,
    /// The start failed and its process is gone. `hopeless`: another try cannot succeed.
    Failed { hopeless: bool },
    /// The process or its connection is of no more use. `proved`: it had served a call.
    Broken { proved: bool },
    /// The process is gone.
    Stopped,
    /// The time of [`Machine::alarm`] has come.
    Alarm,
}

/// What the driver has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Start a process. Ends with [`Event::Started`] or [`Event::Failed`].
    Start,
    /// End the process, or give up the start. Ends with [`Event::Stopped`].
    Stop,
}

/// A server's state, and what decides the next.
#[derive(Debug, Clone)]
pub struct Machine {
    wanted: bool,
    /// The process that is being ended is to be followed by the next at once: its end was asked
    /// for.
    again: bool,
    state: State,
    backoff: Backoff,
}

impl Machine {
    pub fn new() -> Self {
        Self { wanted: false, again: false, state: State::Resting, backoff: BACKOFF }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// Whether the process is being ended only to be followed by another.
    pub fn is_restarting(&self) -> bool {
        self.state == State::Stopping && self.again
    }

    /// Failed tries since the server last was steady.
    pub fn tries(&self) -> u32 {
        self.backoff.tries()
    }

    /// When [`Event::Alarm`] is due.
    pub fn alarm(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until } => Some(until),
            _ => None,
        }
    }

    /// Takes one event. `random` is any evenly drawn number, for jitter.
    pub fn step(&mut self, now: Instant, random: u64, event: Event) -> Option<Action> {
        use State::{Ready, Resting, Starting, Stopping, Unusable, Waiting};
        let was_wanted = self.wanted;
        self.wanted = match event {
            Event::Want(wanted) => wanted,
            Event::Restart => true,
            _ => self.wanted,
        };
        let (state, action) = match (self.state, event) {
            (Resting | Waiting { .. } | Unusable, Event::Want(true) | Event::Restart)
            | (Waiting { .. }, Event::Retry) => self.start(),
            (Starting | Ready { .. }, Event::Want(false)) => self.stop(false),
            (Starting | Ready { .. }, Event::Restart) => self.stop(true),
            (Stopping, Event::Restart) => {
                self.again = true;
                (Stopping, None)
            }
            (Stopping, Event::Want(wanted)) => {
                self.again = wanted && (self.again || !was_wanted);
                (Stopping, None)
            }
            (Starting, Event::Started) => (Ready { since: now }, None),
            (Starting, Event::Failed { hopeless: true }) => (Unusable, None),
            (Starting, Event::Failed { hopeless: false }) => (self.wait(now, random), None),
            (Ready { since }, Event::Broken { proved }) => {
                if proved || now.duration_since(since) >= STEADY {
                    self.backoff.reset();
                }
                self.stop(false)
            }
            (Stopping, Event::Stopped) if self.again => self.start(),
            (Stopping, Event::Stopped) if self.wanted => (self.wait(now, random), None),
            (Waiting { .. } | Unusable, Event::Want(false)) | (Stopping, Event::Stopped) => {
                (Resting, None)
            }
            (Waiting { until }, Event::Alarm) if now >= until => (Starting, Some(Action::Start)),
            // Everything else is an echo of something that is over.
            (state, _) => (state, None),
        };
        self.state = state;
        action
    }

    /// A start that was asked for.
    fn start(&mut self) -> (State, Option<Action>) {
        self.again = false;
        self.backoff.reset();
        (State::Starting, Some(Action::Start))
    }

    fn stop(&mut self, again: bool) -> (State, Option<Action>) {
        self.again = again;
        (State::Stopping, Some(Action::Stop))
    }

    fn wait(&mut self, now: Instant, random: u64) -> State {
        State::Waiting { until: now + self.backoff.next(random) }
    }
}

#[cfg(test)]
mod tests;
