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
    assert_eq!(machine.alarm(), Some(now + Duration::from_millis(100)), "as if for the first time");
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
