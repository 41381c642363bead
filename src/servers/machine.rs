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
mod tests {
    use super::{Action, Event, Machine, State};
    use crate::base::random::Jitter;
    use std::time::{Duration, Instant};

    fn after(now: Instant, seconds: u64) -> Instant {
        now + Duration::from_secs(seconds)
    }

    #[test]
    fn a_crash_loop_slows_down_and_a_steady_server_does_not() {
        let start = Instant::now();
        let mut now = start;
        let mut machine = Machine::new();
        assert_eq!(machine.step(now, 0, Event::Want(true)), Some(Action::Start));
        let mut starts = vec![now];
        while now < after(start, 300) {
            assert_eq!(machine.step(now, 0, Event::Failed { hopeless: false }), None);
            now = machine.alarm().unwrap();
            assert_eq!(machine.step(now, 0, Event::Alarm), Some(Action::Start));
            starts.push(now);
        }
        assert!(starts.iter().filter(|at| **at < after(start, 60)).count() <= 8, "{starts:?}");
        assert!(starts[8..].windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_secs(30)));
        machine.step(now, 0, Event::Started);
        now = after(now, 11);
        assert_eq!(machine.step(now, 0, Event::Broken { proved: false }), Some(Action::Stop));
        machine.step(now, 0, Event::Stopped);
        assert_eq!(
            machine.alarm(),
            Some(now + Duration::from_millis(100)),
            "as if for the first time"
        );
    }

    #[test]
    fn what_is_hopeless_is_not_tried_again_unasked() {
        let now = Instant::now();
        let mut machine = Machine::new();
        machine.step(now, 0, Event::Want(true));
        machine.step(now, 0, Event::Failed { hopeless: true });
        assert_eq!((machine.state(), machine.alarm()), (State::Unusable, None));
        assert_eq!(machine.step(now, 0, Event::Alarm), None);
    }

    #[test]
    fn an_operator_does_not_wait_for_anything() {
        let now = Instant::now();
        let mut machine = Machine::new();
        machine.step(now, 0, Event::Want(true));
        machine.step(now, 0, Event::Failed { hopeless: false });
        assert_eq!(machine.step(now, 0, Event::Want(true)), Some(Action::Start), "the next try");
        assert_eq!(machine.tries(), 0, "and it counts as the first");
        machine.step(now, 0, Event::Started);
        assert_eq!(machine.step(now, 0, Event::Want(true)), None, "it is up");
        assert_eq!(machine.step(now, 0, Event::Retry), None, "it is up");

        assert_eq!(machine.step(now, 0, Event::Restart), Some(Action::Stop));
        assert!(machine.is_restarting());
        assert_eq!(machine.step(now, 0, Event::Stopped), Some(Action::Start));
        machine.step(now, 0, Event::Failed { hopeless: false });
        assert_eq!(machine.step(now, 0, Event::Retry), Some(Action::Start), "the next try");
        machine.step(now, 0, Event::Failed { hopeless: true });
        assert_eq!(machine.step(now, 0, Event::Retry), None, "it does not wait for one");
        assert_eq!(machine.step(now, 0, Event::Restart), Some(Action::Start));

        machine.step(now, 0, Event::Started);
        machine.step(now, 0, Event::Want(false));
        assert_eq!(machine.step(now, 0, Event::Restart), None, "it is still being ended");
        machine.step(now, 0, Event::Want(false));
        assert_eq!(machine.step(now, 0, Event::Stopped), None, "the last word counts");
        assert_eq!(machine.state(), State::Resting);
        assert_eq!(machine.step(now, 0, Event::Retry), None, "nobody wants it");
        assert_eq!(machine.step(now, 0, Event::Alarm), None);
        assert_eq!(machine.step(now, 0, Event::Restart), Some(Action::Start));

        machine.step(now, 0, Event::Started);
        machine.step(now, 0, Event::Want(false));
        machine.step(now, 0, Event::Want(true));
        assert_eq!(machine.step(now, 0, Event::Stopped), Some(Action::Start), "stop, then start");
    }

    /// The world around the machine: at most one process, and an answer to every action.
    #[derive(Debug, Default)]
    struct World {
        starting: bool,
        alive: bool,
        stopping: bool,
    }

    #[test]
    fn random_lives_never_break_the_rules() {
        for seed in 0..200 {
            let mut random = Jitter::seeded(seed);
            let mut now = Instant::now();
            let (mut machine, mut world) = (Machine::new(), World::default());
            for step in 0..1000 {
                let event = match random.next() % 9 {
                    0 => Event::Want(!random.next().is_multiple_of(3)),
                    1 if world.starting => {
                        (world.starting, world.alive) = (false, true);
                        Event::Started
                    }
                    2 if world.starting => {
                        world.starting = false;
                        Event::Failed { hopeless: random.next().is_multiple_of(5) }
                    }
                    3 if world.alive && !world.stopping => {
                        Event::Broken { proved: random.next().is_multiple_of(2) }
                    }
                    4 | 5 if world.stopping => {
                        world = World::default();
                        Event::Stopped
                    }
                    6 => {
                        now = machine.alarm().unwrap_or(now).max(now);
                        Event::Alarm
                    }
                    7 if random.next().is_multiple_of(3) => Event::Restart,
                    8 => Event::Retry,
                    _ => continue,
                };
                let restarting = machine.is_restarting();
                let action = machine.step(now, random.next(), event);
                if restarting && event == Event::Stopped {
                    assert_eq!(action, Some(Action::Start), "seed {seed} step {step}");
                }
                match action {
                    Some(Action::Start) => {
                        assert!(
                            !world.starting && !world.alive && !world.stopping,
                            "seed {seed} step {step}"
                        );
                        world.starting = true;
                    }
                    Some(Action::Stop) => {
                        assert!(world.starting || world.alive, "seed {seed} step {step}");
                        world.stopping = true;
                        world.starting = false;
                    }
                    None => {}
                }
                let context = format!("seed {seed} step {step} {event:?} {machine:?} {world:?}");
                match machine.state() {
                    State::Resting | State::Unusable => {
                        assert!(!world.alive && !world.starting, "{context}");
                    }
                    State::Starting => assert!(world.starting, "{context}"),
                    State::Ready { .. } => assert!(world.alive && machine.is_wanted(), "{context}"),
                    State::Stopping => assert!(world.stopping, "{context}"),
                    State::Waiting { .. } => {
                        assert!(machine.alarm().is_some() && machine.is_wanted(), "{context}");
                    }
                }
            }
        }
    }
}
