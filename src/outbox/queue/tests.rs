use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::{BEHIND, CAUGHT_UP, FULL, NOTIFICATIONS_UNTIL, Outbox, SILENT_MAX};
use crate::wire::Payload;
use crate::wire::link::frame::{Frame, FrameKind};

fn message(len: usize) -> Payload {
    Payload::from("x".repeat(len))
}

/// Whether a future is ready at once.
fn is_ready(future: impl Future) -> bool {
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::pin!(future).poll(&mut task).is_ready()
}

/// The other end of a link has seen this much.
fn seen(outbox: &Outbox, seen: u64) {
    let frame = Frame { kind: FrameKind::Seen, number: 0, seen, payload: bytes::Bytes::new() };
    assert_eq!(outbox.receive(frame), Ok(None));
}

#[tokio::test]
async fn a_client_that_does_not_read_keeps_its_answers_and_loses_notifications() {
    let outbox = Outbox::lines();
    outbox.push(message(NOTIFICATIONS_UNTIL));
    outbox.push_notification(message(1));
    assert!(is_ready(outbox.room()));
    for _ in 0..20 {
        outbox.push(message(5_000_000));
    }
    assert!(!is_ready(outbox.room()) && !is_ready(outbox.not_full()));
    let all = NOTIFICATIONS_UNTIL + 1 + 20 * 5_000_001;
    assert_eq!(outbox.waiting(), all);
    outbox.close();
    let mut out = Vec::new();
    outbox.write_to(&mut out).await.unwrap();
    assert_eq!((out.len(), outbox.waiting()), (all, 0));
    assert_eq!(memchr::memchr_iter(b'\n', &out).count(), 21);
}

#[tokio::test]
async fn room_comes_as_the_client_reads() {
    let outbox = Outbox::lines();
    outbox.push(message(BEHIND + 1000));
    let (mut near, mut far) = tokio::io::duplex(1000);
    let mut read = vec![0; 2000];
    tokio::select! {
        _ = outbox.write_to(&mut near) => unreachable!("it is not closed"),
        ((), _) = async { tokio::join!(outbox.room(), far.read_exact(&mut read)) } => {}
    }
    assert!(outbox.waiting() <= BEHIND && outbox.waiting() > BEHIND - 4000);
}

#[test]
fn over_a_link_what_is_not_confirmed_waits_whether_there_is_a_connection_or_not() {
    let outbox = Outbox::link();
    outbox.push(message(BEHIND));
    outbox.push(message(NOTIFICATIONS_UNTIL));
    outbox.push_notification(message(10));
    let waiting = outbox.waiting();
    assert!(waiting > BEHIND + NOTIFICATIONS_UNTIL && !is_ready(outbox.room()));
    assert!(is_ready(outbox.not_full()), "nothing is on its way");
    assert_eq!(outbox.connect(0, FrameKind::NEWEST as u8, |_| None), 2, "without the notification");
    seen(&outbox, 1);
    assert!(is_ready(outbox.room()) && outbox.waiting() < waiting);
    seen(&outbox, 2);
    assert_eq!(outbox.waiting(), 0);
}

#[test]
fn what_a_bridge_confirms_is_read_even_if_much_waits() {
    let outbox = Outbox::link();
    outbox.connect(0, FrameKind::NEWEST as u8, |_| None);
    outbox.push(message(FULL));
    outbox.push(message(1));
    assert!(!is_ready(outbox.not_full()), "nothing more is taken in");
    assert!(is_ready(outbox.next()), "the bridge reads");
    assert!(is_ready(outbox.not_full()), "and is heard");
    assert!(!is_ready(outbox.room()), "though it has confirmed nothing");
}

#[tokio::test(start_paused = true)]
async fn a_client_is_given_up_only_when_it_takes_no_byte_for_long() {
    let outbox = Outbox::lines();
    outbox.push(message(2 * BEHIND));
    let (mut near, mut far) = tokio::io::duplex(1);
    let reads_slowly = async {
        for _ in 0..10 {
            tokio::time::sleep(SILENT_MAX / 2).await;
            far.read_u8().await.unwrap();
        }
    };
    tokio::select! {
        () = reads_slowly => {}
        () = outbox.given_up(SILENT_MAX) => panic!("it reads"),
        _ = outbox.write_to(&mut near) => unreachable!("it is not closed"),
    }
    let began = tokio::time::Instant::now();
    tokio::select! {
        () = outbox.given_up(SILENT_MAX) => {}
        _ = outbox.write_to(&mut near) => unreachable!("it is not closed"),
    }
    let waited = began.elapsed();
    assert!(waited >= SILENT_MAX && waited < SILENT_MAX * 2, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_with_little_to_read_is_never_given_up() {
    let outbox = Outbox::lines();
    outbox.push(message(BEHIND - 1));
    for _ in 0..10 {
        outbox.push_notification(message(CAUGHT_UP));
    }
    let patient = tokio::time::timeout(Duration::from_hours(24), outbox.given_up(SILENT_MAX));
    assert!(patient.await.is_err());
}

#[test]
fn a_bridge_that_reads_and_never_confirms_is_not_heard_at_last() {
    let outbox = Outbox::link();
    outbox.connect(0, FrameKind::NEWEST as u8, |_| None);
    for _ in 0..4 {
        outbox.push(message(FULL - 1));
        assert!(is_ready(outbox.next()));
    }
    assert!(!is_ready(outbox.not_full()));
    seen(&outbox, 2);
    assert!(is_ready(outbox.not_full()));
}
