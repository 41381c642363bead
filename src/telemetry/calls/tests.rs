use super::{CallRecord, EARLIER, NAME, Tail};
use crate::facts::FactKind;
use crate::facts::{CallFinished, ListenerOpened};
use std::os::unix::fs::PermissionsExt;

fn fact() -> ListenerOpened {
    ListenerOpened { address: "a \"b\"\nc".into(), inherited: true }
}

#[test]
fn the_next_process_goes_on_where_the_last_one_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("audit");
    let (mut file, tail) = CallRecord::open(&dir).unwrap();
    assert_eq!(tail, Tail::default());
    for sequence in 1..=5 {
        file.add(&fact().record(), sequence, 1000 + sequence);
    }
    assert!(CallRecord::open(&dir).unwrap_err().to_string().contains("another daemon"));
    file.flush().unwrap();
    drop(file);
    let (mut file, tail) = CallRecord::open(&dir).unwrap();
    assert_eq!(tail, Tail { last: 5, checked: 0, since: 1001 });
    file.mark(5, 1);
    file.add(&fact().record(), 6, 1006);
    file.flush().unwrap();
    std::fs::OpenOptions::new()
        .append(true)
        .open(file.path())
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{\"sequence\":7,\"a"))
        .unwrap();
    drop(file);
    let (mut file, tail) = CallRecord::open(&dir).unwrap();
    assert_eq!(tail, Tail { last: 6, checked: 5, since: 1006 });
    file.add(&fact().record(), 7, 1007);
    file.flush().unwrap();
    let text = std::fs::read_to_string(file.path()).unwrap();
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&last["sequence"], &last["address"]), (&7.into(), &"a \"b\"\nc".into()));
    let mode = std::fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_was_written_is_known_by_the_calls_ids() {
    let dir = tempfile::tempdir().unwrap();
    let (mut file, _) = CallRecord::with_size(dir.path(), 1).unwrap();
    let calls: Vec<_> = (0..2).map(|_| CallFinished::example()).collect();
    for (sequence, call) in (1..).zip(&calls) {
        let forged = format!("\"call_id\":\"ffffff-{sequence}\"");
        let call = CallFinished { reason: Some(forged), ..call.clone() };
        file.add(&call.record(), sequence, 0);
        // Into a file of its own.
        file.flush().unwrap();
    }
    let wanted = calls.iter().map(|call| call.call).collect();
    assert_eq!(super::written(&file.path()), wanted);
    assert_eq!(super::written(&dir.path().join("none/calls.jsonl")).len(), 0);
}

#[test]
fn the_record_is_bounded_and_its_numbers_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut file, _) = CallRecord::with_size(dir.path(), 10_000).unwrap();
    let size = |name: &str| std::fs::metadata(dir.path().join(name)).map_or(0, |m| m.len());
    for sequence in 1..=1000 {
        file.add(&fact().record(), sequence, sequence);
        file.flush().unwrap();
        assert!(size(NAME) + size(EARLIER) < 21_000);
    }
    drop(file);
    std::fs::rename(dir.path().join(NAME), dir.path().join(EARLIER)).unwrap();
    assert_eq!(CallRecord::open(dir.path()).unwrap().1.last, 1000);
    // Nothing of this is ours to follow or to wait for.
    let path = dir.path().join(NAME);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    assert!(CallRecord::open(dir.path()).is_err());
}
