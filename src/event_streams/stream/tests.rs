use super::{KEPT_BYTES, KEPT_EVENTS, Reader, Stream, Streams, ToCome, UNREAD_MAX, is_of_response};
use crate::wire::Payload;
use http_body_util::BodyExt;

fn message(text: &str) -> Payload {
    Payload::from(text.to_owned())
}

async fn next(reader: &mut Reader) -> Option<String> {
    let frame = reader.frame().await?.unwrap().into_data().unwrap();
    Some(String::from_utf8(frame.to_vec()).unwrap())
}

#[tokio::test]
async fn a_broken_stream_is_taken_up_where_it_broke() {
    let streams = Streams::default();
    let stream = streams.open(None);
    stream.prime();
    stream.push(message("a"));
    let mut reader = stream.body();
    assert_eq!(next(&mut reader).await.unwrap(), "id: 1-1\ndata:\n\n");
    assert_eq!(next(&mut reader).await.unwrap(), "id: 1-2\nevent: message\ndata: a\n\n");
    drop(reader);
    stream.push(message("b"));
    stream.push(message("c"));
    stream.end();
    let (_, mut reader) = streams.resume("1-2").unwrap();
    assert_eq!(next(&mut reader).await.unwrap(), "id: 1-3\nevent: message\ndata: b\n\n");
    let (_, mut again) = streams.resume("1-3").unwrap();
    assert_eq!(next(&mut reader).await, None, "another reader took over");
    assert_eq!(next(&mut again).await.unwrap(), "id: 1-4\nevent: message\ndata: c\n\n");
    assert_eq!(next(&mut again).await, None);
    for unknown in ["2-1", "1", "x-y", "", "1-2-3", "-1-1"] {
        assert!(streams.resume(unknown).is_none(), "{unknown}");
    }
    streams.forget(&stream);
    assert!(streams.resume("1-2").is_none());
}

#[tokio::test]
async fn a_fleeting_stream_keeps_nothing_that_was_read() {
    let stream = Stream::fleeting();
    stream.prime();
    stream.push(message("a"));
    let mut reader = stream.body();
    assert_eq!(next(&mut reader).await.unwrap(), "event: message\ndata: a\n\n");
    assert_eq!(stream.lock().bytes, 0);
    let mut gone = reader.when_gone();
    assert!(gone.try_recv().is_err());
    drop(reader);
    assert!(gone.await.is_err(), "the sender went with the body");
}

#[tokio::test]
async fn a_reader_that_waits_is_kept_alive() {
    for stream in [Streams::new().open_standing(), Streams::new().open(None), Stream::fleeting()] {
        stream.keep_alive();
        stream.push(message("a"));
        let mut reader = stream.body();
        assert!(next(&mut reader).await.unwrap().ends_with("data: a\n\n"), "no comment is kept");
        let (comment, ()) = tokio::join!(next(&mut reader), async {
            tokio::task::yield_now().await;
            stream.keep_alive();
        });
        assert_eq!(comment.unwrap(), ": \n\n");
        stream.end();
        assert_eq!(next(&mut reader).await, None);
    }
}

#[test]
fn an_id_says_what_its_stream_was_for() {
    let streams = Streams::default();
    let standing = streams.open_standing();
    standing.push(message("a"));
    assert!(streams.resume("s1-0").is_some() && !is_of_response("s1-0"));
    assert!(is_of_response("1-0") && !is_of_response("x") && !is_of_response(""));
    let later = Streams::new();
    later.open(None);
    assert!(later.resume("1-0").is_none(), "of an earlier process");
}

#[tokio::test]
async fn the_next_process_goes_on_under_the_same_number() {
    let before = Streams::new();
    let number = before.number();
    let stream = before.open(Some(number));
    stream.prime();
    let mut reader = stream.body();
    let primed = next(&mut reader).await.unwrap();
    let seen = primed.strip_prefix("id: ").unwrap().lines().next().unwrap();
    before.leave();
    assert_eq!(next(&mut reader).await, None, "the client is to come back");
    assert!(stream.lock().to_come == ToCome::Elsewhere && !stream.lock().done);

    let after = Streams::new();
    let stream = after.take_up(number);
    for _ in 0..3 * UNREAD_MAX {
        after.open(None);
    }
    stream.push(message("answer"));
    stream.end();
    let (_, mut reader) = after.resume(seen).expect("no other stream takes its place");
    assert!(next(&mut reader).await.unwrap().ends_with("data: answer\n\n"));
    assert_eq!(next(&mut reader).await, None);
    stream.delivered().await;

    let unread = after.take_up(number + 1);
    unread.give_up_waiting();
    assert!(!unread.is_read());
    let read = after.take_up(number + 2);
    let _reader = read.body();
    read.give_up_waiting();
    assert!(read.is_read(), "its client came back");
}

#[test]
fn streams_and_events_are_bounded() {
    let streams = Streams::default();
    let first = streams.open(None);
    for n in 0..2 * KEPT_EVENTS {
        first.push(message(&n.to_string()));
    }
    assert_eq!(first.lock().events.len(), KEPT_EVENTS);
    for _ in 0..3 * UNREAD_MAX {
        streams.open(None);
    }
    assert_eq!(streams.lock().by_number.len(), UNREAD_MAX);
    let standing = streams.open_standing();
    streams.open_standing();
    assert_eq!(standing.lock().to_come, ToCome::Nothing);
}

#[tokio::test]
async fn a_question_outlives_the_notifications_that_come_after_it() {
    for stream in [Streams::default().open(None), Stream::fleeting()] {
        stream.push(message("question"));
        for n in 0..2 * KEPT_EVENTS {
            stream.push_notification(message(&n.to_string()));
        }
        let large = "x".repeat(KEPT_BYTES / 2);
        for _ in 0..3 {
            stream.push_notification(message(&large));
        }
        stream.push(message("answer"));
        stream.end();
        let (mut reader, mut read) = (stream.body(), Vec::new());
        while let Some(event) = next(&mut reader).await {
            read.push(event);
        }
        let (first, last) = (read.first().unwrap(), read.last().unwrap());
        assert!(first.ends_with("data: question\n\n") && last.ends_with("data: answer\n\n"));
        assert!(read.iter().map(String::len).sum::<usize>() <= KEPT_BYTES + 1024);
    }
}

#[tokio::test]
async fn what_was_sent_makes_room_before_what_was_not() {
    let stream = Streams::default().open(None);
    let mut reader = stream.body();
    for n in 0..KEPT_EVENTS {
        stream.push(message(&n.to_string()));
        next(&mut reader).await.unwrap();
    }
    stream.push_notification(message("news"));
    assert!(next(&mut reader).await.unwrap().ends_with("data: news\n\n"));
}
