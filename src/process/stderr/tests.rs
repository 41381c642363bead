use super::allowance::Allowance;
use super::{Author, LINE_MAX, LastWords, Scribe, follow};
use crate::base::{ServerName, Tasks};
use crate::facts::Priority;
use crate::settings::LogLimits;
use crate::telemetry::Recorder;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::watch;
use tokio::time::Instant;

const USUAL: LogLimits = LogLimits { burst: 500, rate: 20 };

fn author() -> Author {
    let (_, limits) = watch::channel(USUAL);
    Author::new(ServerName::parse("s").unwrap(), None, limits, ["a secret of it"])
}

fn scribe() -> (Scribe, LastWords) {
    let last = LastWords::default();
    (Scribe::new(author(), last.clone(), Recorder::none()), last)
}

#[test]
fn what_the_server_has_of_its_config_is_kept_nowhere() {
    let (mut scribe, last) = scribe();
    scribe.take(
        b"with a secret of it and 6120736563726574206f66206974\nBearer sk-0123456789abcdef\n",
    );
    assert_eq!(last.text(), "with (hidden) and (hidden) | Bearer (hidden)");
}

#[tokio::test]
async fn the_last_lines_are_kept_however_much_there_was() {
    let (mut far, stderr) = pipe::pipe().unwrap();
    let last = LastWords::default();
    let write = async move {
        for n in 0..1000 {
            far.write_all(format!("line {n}\n").as_bytes()).await.unwrap();
        }
        far.write_all(&vec![b'x'; 100_000]).await.unwrap();
    };
    let read = follow(author(), stderr, Tasks::new(), last.clone(), Recorder::none());
    tokio::join!(write, read);
    let long = "x".repeat(LINE_MAX);
    assert_eq!(last.text(), format!("line 996 | line 997 | line 998 | line 999 | {long}"));
    last.ended(Duration::from_hours(1)).await;
}

#[tokio::test(start_paused = true)]
async fn beyond_its_allowance_every_line_is_counted_and_none_is_written() {
    let (mut scribe, last) = scribe();
    for _ in 0..USUAL.burst {
        scribe.take(b"a line\n");
    }
    assert_eq!(scribe.left_out, 0);
    scribe.take(b"the beginning");
    scribe.take(b" and the end\n\nanother\nbegun");
    assert_eq!((scribe.left_out, scribe.line.as_slice()), (3, b"begun".as_slice()));
    assert!(
        last.text().ends_with("a line | the beginning and the end | another"),
        "{}",
        last.text()
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    scribe.take(b" and ended\n");
    assert_eq!(scribe.left_out, 3, "there is room again");
    // Long ones use up what there is for bytes.
    for _ in 0..USUAL.burst {
        tokio::time::advance(Duration::from_millis(50)).await;
        scribe.take(&[&[b'x'; LINE_MAX * 2], b"\n".as_slice()].concat());
    }
    assert!(scribe.left_out > 300, "{}", scribe.left_out);
}

#[tokio::test(start_paused = true)]
async fn a_server_may_be_loud_within_bounds_and_its_words_have_no_prefix() {
    let (mut scribe, last) = scribe();
    scribe.take(b"<3>disk full\n<6>");
    scribe.take(b"resting\n<3>\n");
    assert_eq!(last.text(), "disk full | resting");
    let mut allowance = Allowance::new(USUAL, Instant::now());
    let mut loud = |passed| {
        allowance.grow(USUAL, Instant::now() + Duration::from_secs(passed));
        let asked = [Priority::Error, Priority::Warning].repeat(100);
        let given: Vec<Priority> = asked.iter().map(|it| allowance.priority(*it)).collect();
        assert_eq!(allowance.priority(Priority::Notice), Priority::Notice);
        given.iter().filter(|it| **it != Priority::Info).count()
    };
    assert_eq!([loud(0), loud(0), loud(3), loud(3600)], [50, 0, 6, 50]);
}

#[tokio::test(start_paused = true)]
async fn what_the_config_allows_now_holds_at_once() {
    let (config, limits) = watch::channel(LogLimits { burst: 0, rate: 20 });
    let author = Author { limits, ..author() };
    let mut scribe = Scribe::new(author, LastWords::default(), Recorder::none());
    let mut left_out = |limits| {
        config.send_replace(limits);
        scribe.left_out = 0;
        scribe.take(&b"a line\n".repeat(10));
        scribe.left_out
    };
    assert_eq!(left_out(LogLimits { burst: 0, rate: 20 }), 10);
    assert_eq!(left_out(LogLimits { burst: 12, rate: 0 }), 0);
    assert_eq!(left_out(LogLimits { burst: 12, rate: 0 }), 8);
    tokio::time::advance(Duration::from_hours(1)).await;
    assert_eq!(left_out(LogLimits { burst: 12, rate: 0 }), 10, "nothing comes back");
    // However few lines there may be, a long one is among them.
    let long = [&[b'x'; LINE_MAX * 2], b"\n".as_slice()].concat();
    config.send_replace(LogLimits { burst: 1, rate: 1 });
    scribe.left_out = 0;
    scribe.take(&long);
    assert_eq!(scribe.left_out, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_left_out_is_told_ever_more_rarely() {
    let (mut scribe, _) = scribe();
    let (_far, stderr) = pipe::pipe().unwrap();
    let begun = tokio::time::Instant::now();
    let mut told = Vec::new();
    for _ in 0..6 {
        scribe.take(&b"\n".repeat(100_000));
        // Nothing more is written, and yet it is told.
        let at = scribe.tell_at.unwrap();
        drop(tokio::time::timeout_at(at + Duration::from_millis(1), scribe.read(&stderr)).await);
        assert_eq!(scribe.left_out, 0);
        told.push(begun.elapsed().as_secs());
    }
    assert_eq!(told, [1, 3, 7, 15, 31, 63]);
    let at = scribe.tell_at.unwrap();
    drop(tokio::time::timeout_at(at + Duration::from_millis(1), scribe.read(&stderr)).await);
    assert_eq!(scribe.tell_at, None, "it is quiet");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_stops_is_read_at_a_bounded_rate() {
    let (mut far, stderr) = pipe::pipe().unwrap();
    let (mut scribe, _) = scribe();
    let begun = tokio::time::Instant::now();
    let write = async move {
        for _ in 0..64 {
            far.write_all(&vec![b'\n'; 64 * 1024]).await.unwrap();
        }
    };
    tokio::join!(write, scribe.read(&stderr));
    // 4 MiB in turns of 256 KiB.
    assert!(begun.elapsed() >= Duration::from_millis(140), "{:?}", begun.elapsed());
}
