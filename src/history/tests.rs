use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use serde_json::json;

use super::keeper::HistoryKeeper;
use super::read::{CALL, HistoryQuery, HistoryReader};
use super::row::HistoryRow;
use super::store::HistoryStore;
use super::{History, HistoryBounds, HistoryError, HistoryWanted, row, schema};
use crate::audit::{ArgumentsKept, SecretTexts};
use crate::base::{CallId, SessionId, file};
use crate::facts::{self, CallFinished, CallOutcome, Fact, Level, Threshold};
use crate::telemetry::{Followed, Follower, Format, Recorder, Sink};

const MIB: u64 = 1 << 20;

fn wanted(path: &Path) -> HistoryWanted {
    HistoryWanted {
        path: path.to_owned(),
        bounds: HistoryBounds { rows: 100_000, age: Duration::from_hours(720), bytes: 64 * MIB },
        arguments: ArgumentsKept::None,
        secrets: SecretTexts::new(["hunter2-hunter2"]),
    }
}

fn call(outcome: CallOutcome, micros: u64) -> Fact {
    let took = Duration::from_micros(micros);
    let reason = (outcome != CallOutcome::Done).then(|| "token hunter2-hunter2".to_owned());
    Box::new(CallFinished { outcome, reason, took, ..CallFinished::example() }).into()
}

fn row(fact: Fact, at: SystemTime, wanted: &HistoryWanted) -> HistoryRow {
    HistoryRow::of(Followed { at, fact }, wanted)
}

/// So many calls that went well, now.
fn calls(count: usize, wanted: &HistoryWanted) -> Vec<HistoryRow> {
    let one = |_| row(call(CallOutcome::Done, 700), SystemTime::now(), wanted);
    (0..count).map(one).collect()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state").join(schema::FILE);
    (dir, path)
}

fn everything() -> HistoryQuery {
    HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() }
}

fn count(path: &Path) -> usize {
    HistoryReader::open(path).unwrap().events(&everything()).unwrap().len()
}

/// All that is too much goes.
fn tidy(store: &mut HistoryStore, bounds: &HistoryBounds) {
    while store.take_away(bounds).unwrap() {}
}

#[test]
fn a_call_is_there_once_with_what_there_is_to_say_of_it_and_no_secret() {
    let (_dir, path) = place();
    let wanted = HistoryWanted { arguments: ArgumentsKept::Redacted, ..wanted(&path) };
    let session = SessionId::parse("00000000000000000000000000000007").unwrap();
    let mut finished = CallFinished::example();
    finished.reason = Some("no: hunter2-hunter2".to_owned());
    finished.origin.arguments = Some(r#"{"q":"x","password":"p4ss","t":"hunter2-hunter2"}"#.into());
    let fact: Fact = Box::new(finished.clone()).into();
    let mut store = HistoryStore::open(&path).unwrap();
    for _ in 0..2 {
        store.add(&[row(fact.clone(), SystemTime::now(), &wanted)]).unwrap();
    }
    let opened = facts::SessionClosed { session };
    store.add(&[row(opened.into(), SystemTime::now(), &wanted)]).unwrap();
    store.close().unwrap();

    let reader = HistoryReader::open(&path).unwrap();
    let found = reader.events(&everything()).unwrap();
    let mut json = found[0].json.clone();
    assert!(json["t"].as_str().unwrap().ends_with('Z'));
    let arguments = json["arguments"].take();
    assert_eq!(arguments["q"], "x");
    assert!(json["reason"].as_str().unwrap().starts_with("no: "));
    for (member, value) in [
        ("id", json!(1)),
        ("kind", json!(CALL)),
        ("of", json!("tool")),
        ("server", json!("a")),
        ("tool", json!("a__b")),
        ("client", json!("c 1")),
        ("outcome", json!("tool_error")),
        ("us", json!(1500)),
        ("in", json!(10)),
        ("out", json!(20)),
        ("call", json!(finished.call.to_string())),
        ("session", json!(session.mark())),
        ("via", json!("link")),
    ] {
        assert_eq!(json[member], value, "{member}");
    }
    assert_eq!((found.len(), &found[1].json["kind"]), (2, &json!("session.closed")));
    assert_eq!((found[1].id, &found[1].json["session"]), (2, &json!(session.mark())));
    let sums = reader.hours(SystemTime::UNIX_EPOCH, SystemTime::now(), 100).unwrap();
    assert_eq!((sums.len(), sums[0].n, sums[0].took_us), (1, 1, 1500));

    let bytes = fs::read(&path).unwrap();
    for secret in ["hunter2-hunter2", "p4ss", &session.to_string()] {
        assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{secret}");
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn what_is_asked_for_is_found_and_nothing_else() {
    let (_dir, path) = place();
    let wanted = wanted(&path);
    let mut store = HistoryStore::open(&path).unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    for index in 0..10_u32 {
        let outcome = if index % 2 == 0 { CallOutcome::Done } else { CallOutcome::ToolError };
        let fact = call(outcome, 10);
        store.add(&[row(fact, start + Duration::from_secs(index.into()), &wanted)]).unwrap();
    }
    let ready = facts::ToolsChanged { tools: 3 };
    store.add(&[row(ready.into(), start + Duration::from_mins(1), &wanted)]).unwrap();
    let reader = HistoryReader::open(&path).unwrap();
    let ids = |query: HistoryQuery| -> Vec<i64> {
        reader.events(&query).unwrap().iter().map(|event| event.id).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(ids(HistoryQuery { limit: 3, ..everything() }), [9, 10, 11]);
    assert_eq!(ids(HistoryQuery { after: Some(4), limit: 2, ..everything() }), [5, 6]);
    assert_eq!(ids(HistoryQuery { before: Some(4), limit: 2, ..everything() }), [2, 3]);
    assert_eq!(ids(HistoryQuery { outcome: text("tool_*"), limit: 2, ..everything() }), [8, 10]);
    assert_eq!(ids(HistoryQuery { tool: text("a__*"), limit: 1, ..everything() }), [10]);
    assert_eq!(ids(HistoryQuery { kind: text("tools.*"), ..everything() }), [11]);
    assert_eq!(ids(HistoryQuery { kind: text(CALL), limit: 1, ..everything() }), [10]);
    assert_eq!(ids(HistoryQuery { server: text("[a]"), ..everything() }), [0_i64; 0]);
    assert_eq!(ids(HistoryQuery { server: text("?"), ..everything() }), [0_i64; 0]);
    assert_eq!(ids(HistoryQuery { tool: text("x' OR '1'='1"), ..everything() }), [0_i64; 0]);
    let (since, until) = (start + Duration::from_secs(2), start + Duration::from_secs(3));
    assert_eq!(
        ids(HistoryQuery { since: Some(since), until: Some(until), ..everything() }),
        [3, 4]
    );
}

#[test]
fn an_hour_has_the_sums_of_its_calls() {
    let (_dir, path) = place();
    let wanted = wanted(&path);
    let mut store = HistoryStore::open(&path).unwrap();
    let start = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    // In two rounds, and one call in the hour after.
    for round in 0..2_u64 {
        let micros = |index: u64| if index < 9 { 300 } else { 40_000_000 };
        let one = |index| call(CallOutcome::Done, micros(index));
        let at = start + Duration::from_secs(round);
        let rows: Vec<HistoryRow> = (0..10).map(|index| row(one(index), at, &wanted)).collect();
        store.add(&rows).unwrap();
    }
    let later = start + Duration::from_hours(1);
    store.add(&[row(call(CallOutcome::Done, 1), later, &wanted)]).unwrap();
    let unknown = CallFinished { server: None, name: "made up".into(), ..CallFinished::example() };
    let mut unknown = Box::new(unknown);
    unknown.origin.is_listed = false;
    store.add(&[row(unknown.into(), later, &wanted)]).unwrap();
    let reader = HistoryReader::open(&path).unwrap();
    let hours = reader.hours(start, later, 100).unwrap();
    assert_eq!((hours.len(), hours[0].n, hours[0].reply_bytes), (1, 20, 400));
    assert_eq!((hours[0].within(50), hours[0].within(95)), (Some(500), None));
    let hours = reader.hours(later, later + Duration::from_hours(1), 100).unwrap();
    let tools: Vec<&str> = hours.iter().map(|sums| &*sums.tool).collect();
    assert_eq!(tools, ["other", "a__b"]);
}

#[test]
fn what_is_too_much_goes_the_oldest_first() {
    let (_dir, path) = place();
    let wanted = wanted(&path);
    let mut store = HistoryStore::open(&path).unwrap();
    let old = SystemTime::now() - Duration::from_hours(48);
    let ready = || facts::ToolsChanged { tools: 3 };
    store.add(&[row(ready().into(), old, &wanted)]).unwrap();
    store.add(&[row(call(CallOutcome::Done, 1), old, &wanted)]).unwrap();
    store.add(&calls(2500, &wanted)).unwrap();
    tidy(&mut store, &wanted.bounds);
    assert_eq!(count(&path), 2502);
    tidy(&mut store, &HistoryBounds { age: Duration::from_hours(24), ..wanted.bounds });
    assert_eq!(count(&path), 2500);
    tidy(&mut store, &HistoryBounds { rows: 100, ..wanted.bounds });
    let reader = HistoryReader::open(&path).unwrap();
    let left = reader.events(&everything()).unwrap();
    assert_eq!((left.len(), left[0].id, left[99].id), (100, 2403, 2502));
    // Ids go on, though there is none left.
    tidy(&mut store, &HistoryBounds { age: Duration::ZERO, ..wanted.bounds });
    assert_eq!(count(&path), 0);
    store.add(&[row(ready().into(), SystemTime::now(), &wanted)]).unwrap();
    let left = reader.events(&everything()).unwrap();
    assert_eq!((left.len(), left[0].id), (1, 2503));
}

#[test]
fn the_file_becomes_no_larger_than_it_may() {
    let (_dir, path) = place();
    let wanted = wanted(&path);
    let bounds = HistoryBounds { bytes: 2 * MIB, ..wanted.bounds };
    let mut store = HistoryStore::open(&path).unwrap();
    for _ in 0..60 {
        store.add(&calls(256, &wanted)).unwrap();
        tidy(&mut store, &bounds);
    }
    let kept = count(&path);
    store.close().unwrap();
    let bytes = fs::metadata(&path).unwrap().len();
    // Some pages without content stay for what comes.
    assert!(bytes <= 3 * MIB, "{bytes}");
    assert!(kept > 4000, "{kept}");
}

#[test]
fn tables_of_a_newer_callmux_are_left_alone_and_missing_ones_are_made() {
    let (_dir, path) = place();
    drop(HistoryStore::open(&path).unwrap().close());
    let connection = Connection::open(&path).unwrap();
    assert_eq!(schema::version(&connection).unwrap(), 1);
    let rows: i64 =
        connection.query_row("SELECT count(*) FROM call_events", (), |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(HistoryStore::open(&path), Err(HistoryError::Newer(99))));
    assert!(matches!(HistoryReader::open(&path), Err(HistoryError::Newer(99))));

    let other = path.with_file_name("empty.db");
    file::replace(&other, b"").unwrap();
    assert!(matches!(HistoryReader::open(&other), Err(HistoryError::Missing)));
    HistoryStore::open(&other).unwrap();
    assert_eq!(count(&other), 0);
    assert!(matches!(
        HistoryReader::open(&path.with_file_name("none.db")),
        Err(HistoryError::Missing)
    ));
}

fn quiet() -> (Recorder, crate::telemetry::recorder::Writer) {
    let threshold = Threshold { level: Level::Error, acts: false };
    Recorder::start(Sink::stderr(Format::Json), threshold, None)
}

/// Asks until it is so.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        match ask() {
            Some(found) => return found,
            None if Instant::now() > end => panic!("no {what}"),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

#[test]
fn facts_become_rows_until_nobody_wants_them() {
    let (_dir, path) = place();
    let (recorder, writer) = quiet();
    let history = History::default();
    assert!(!recorder.wants_calls());
    history.follow(Some(wanted(&path)), &recorder);
    assert!(recorder.wants_calls() && history.status().is_on);
    for _ in 0..300 {
        recorder.record(call(CallOutcome::Done, 5));
    }
    until("300 rows", || (HistoryReader::open(&path).is_ok() && count(&path) == 300).then_some(()));
    // Another one takes over where the first ends.
    let narrow = HistoryWanted {
        bounds: HistoryBounds { rows: 10, ..wanted(&path).bounds },
        ..wanted(&path)
    };
    history.follow(Some(narrow), &recorder);
    until("10 rows", || (count(&path) == 10).then_some(()));
    history.follow(None, &recorder);
    assert!(!recorder.wants_calls() && !history.status().is_on);
    recorder.record(call(CallOutcome::Done, 5));
    history.follow(Some(wanted(&path)), &recorder);
    recorder.record(facts::ToolsChanged { tools: 3 });
    drop(recorder);
    drop(writer);
    let found = HistoryReader::open(&path).unwrap().events(&everything()).unwrap();
    let last = found.last().unwrap();
    assert_eq!((found.len(), last.id, &last.json["kind"]), (11, 301, &json!("tools.changed")));
}

#[test]
fn a_broken_file_is_set_aside_and_the_history_goes_on() {
    for is_open in [false, true] {
        let (_dir, path) = place();
        let wanted = wanted(&path);
        let state = std::sync::Arc::default();
        let (recorder, writer) = quiet();
        let mut store = HistoryStore::open(&path).unwrap();
        store.add(&calls(2000, &wanted)).unwrap();
        store.close().unwrap();
        let spoil = || {
            let mut bytes = fs::read(&path).unwrap();
            let from = if is_open { 4096 } else { 0 };
            bytes[from..].fill(0x5a);
            file::replace(&path, &bytes).unwrap();
        };
        spoil();
        let keeper =
            HistoryKeeper::new(wanted, state, recorder.downgrade(), Duration::from_hours(1));
        let follower =
            Follower::start("history", row::wants, false, move |facts| keeper.run(&facts)).unwrap();
        drop(recorder.follow(Some(follower)));
        recorder.record(call(CallOutcome::Done, 5));
        drop(recorder);
        drop(writer);
        assert!(count(&path) >= 1, "{is_open}");
        let names = fs::read_dir(path.parent().unwrap()).unwrap().flatten();
        let names: Vec<String> =
            names.map(|entry| entry.file_name().into_string().unwrap()).collect();
        let is_aside = |name: &&String| name.starts_with("history.db.broken-");
        assert!(names.iter().any(|name| is_aside(&name)), "{is_open}: {names:?}");
    }
}

#[test]
fn where_nothing_can_be_written_it_is_off_and_later_says_what_it_lacks() {
    let (_dir, path) = place();
    let state: std::sync::Arc<super::state::HistoryState> = std::sync::Arc::default();
    let (recorder, writer) = quiet();
    // Whoever runs the tests may write everywhere, but not into a file as a directory.
    let dir = path.parent().unwrap();
    file::replace(dir, b"in the way").unwrap();
    let keeper =
        HistoryKeeper::new(wanted(&path), state.clone(), recorder.downgrade(), Duration::ZERO);
    let follower =
        Follower::start("history", row::wants, false, move |facts| keeper.run(&facts)).unwrap();
    drop(recorder.follow(Some(follower)));
    recorder.record(call(CallOutcome::Done, 5));
    let status = until("trouble", || Some(state.status()).filter(|status| status.lost > 0));
    assert!(status.trouble.is_some());
    fs::remove_file(dir).unwrap();
    recorder.record(call(CallOutcome::Done, 5));
    until("a file", || (HistoryReader::open(&path).is_ok() && count(&path) > 1).then_some(()));
    assert_eq!(state.status().trouble, None);
    drop(recorder);
    drop(writer);
    let found = HistoryReader::open(&path).unwrap().events(&everything()).unwrap();
    let gap = found.iter().find(|event| event.json["kind"] == "history.gap").unwrap();
    assert!(gap.json["fields"]["lost"].as_u64() >= Some(1), "{:?}", gap.json);
    let ids: std::collections::HashSet<&str> =
        found.iter().filter_map(|event| event.json["call"].as_str()).collect();
    assert_eq!(ids.len(), 1);
    assert!(CallId::parse(ids.iter().next().unwrap()).is_some());
}

#[test]
fn who_was_cut_off_says_so_when_it_goes_on() {
    let (_dir, path) = place();
    // As after a kill: nobody closed it.
    drop(HistoryStore::open(&path).unwrap());
    let (recorder, writer) = quiet();
    let history = History::default();
    history.follow(Some(wanted(&path)), &recorder);
    drop(recorder);
    drop(writer);
    let found = HistoryReader::open(&path).unwrap().events(&everything()).unwrap();
    assert_eq!((found.len(), &found[0].json["fields"]), (1, &json!({ "cut_off": true })));
    assert!(!HistoryStore::open(&path).unwrap().was_cut);
}
