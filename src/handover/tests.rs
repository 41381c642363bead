//! What this release writes, as the next one has to read it. A member that may be missing may come;
//! any other change needs the next version of the row, and a reader of this one.

use std::fmt::Debug;
use std::fs::File;
use std::os::unix::fs::FileExt;

use super::call::Monotonic;
use super::session::Want;
use super::{ActRow, CallRow, LinkRow, SessionRow, Table, WantRow};
use crate::base::{CallId, Principal, SessionId};
use crate::handover::table::Row;
use crate::wire::Era;

const SESSION: &str = "00112233445566778899aabbccddeeff";

fn check<R: Row + PartialEq + Debug>(row: &R, version: u32, written: &str) {
    assert_eq!((R::VERSION, &*serde_json::to_string(row).unwrap()), (version, written));
    let table = Table::<R>::unkept().unwrap();
    let record = table.note(row, 5, 6).unwrap();
    let memory = File::from(table.fd());
    let mut bytes = vec![0; 20];
    memory.read_exact_at(&mut bytes, 0).unwrap();
    let size = u32::try_from(R::SIZE).unwrap();
    let head = [&b"callmux rows"[..], &version.to_ne_bytes(), &size.to_ne_bytes()].concat();
    assert_eq!(bytes, head);
    let mut bytes = vec![0; 16 + written.len()];
    memory.read_exact_at(&mut bytes, R::SIZE as u64).unwrap();
    let len = u32::try_from(written.len()).unwrap();
    let numbers = [&5_u32.to_ne_bytes()[..], &len.to_ne_bytes(), &6_u64.to_ne_bytes()].concat();
    assert_eq!(bytes, [&numbers, written.as_bytes()].concat());
    std::mem::forget(record);
    let (_, left) = Table::<R>::adopt(table.fd()).unwrap();
    assert_eq!((&left[0].row, left[0].state, left[0].word), (row, 5, 6));
}

#[test]
fn each_row_is_written_as_it_was() {
    let session = SessionId::parse(SESSION).unwrap();
    let call = CallRow {
        session,
        id: r#""two""#.into(),
        era: Era::Modern,
        token: None,
        tool: "server__tool".into(),
        began: Monotonic(7),
        call: CallId::parse("6f1c2a-42").unwrap(),
        client: "agent 1".into(),
        stream: None,
    };
    check(
        &call,
        2,
        r#"{"session":"00112233445566778899aabbccddeeff","id":"\"two\"","era":"modern","token":null,"tool":"server__tool","began":7,"call":"6f1c2a-42","client":"agent 1"}"#,
    );
    check(
        &CallRow { stream: Some(3), ..call },
        2,
        r#"{"session":"00112233445566778899aabbccddeeff","id":"\"two\"","era":"modern","token":null,"tool":"server__tool","began":7,"call":"6f1c2a-42","client":"agent 1","stream":3}"#,
    );
    let link =
        LinkRow { session, epoch: 9, principal: Principal::user(1000), cwd: "/home/u/ü".into() };
    check(
        &link,
        2,
        r#"{"session":"00112233445566778899aabbccddeeff","epoch":9,"uid":1000,"cwd":"/home/u/ü"}"#,
    );
    let http = SessionRow {
        session,
        principal: Principal::user(1000),
        revision: "2025-03-26".into(),
        cwd: Box::default(),
        info: r#"{"name":"a"}"#.into(),
        capabilities: "{}".into(),
    };
    check(
        &http,
        2,
        r#"{"session":"00112233445566778899aabbccddeeff","uid":1000,"revision":"2025-03-26","info":"{\"name\":\"a\"}","capabilities":"{}"}"#,
    );
    check(
        &WantRow { session, want: Want::Level("error".into()) },
        2,
        r#"{"session":"00112233445566778899aabbccddeeff","want":{"level":"error"}}"#,
    );
    check(
        &WantRow { session, want: Want::Resource("x:\"y".into()) },
        2,
        r#"{"session":"00112233445566778899aabbccddeeff","want":{"resource":"x:\"y"}}"#.replace("x:\"y", "x:\\\"y").as_str(),
    );
}

#[test]
fn an_act_is_written_as_it_was() {
    let act = ActRow {
        session: SessionId::parse(SESSION).unwrap(),
        principal: Principal::user(1000),
        client: "agent 1".into(),
        kind: "tool".into(),
        name: "a__b".into(),
        server: Some("a".into()),
        began: Monotonic(7),
        call: CallId::parse("6f1c2a-42").unwrap(),
    };
    let written = r#"{"session":"00112233445566778899aabbccddeeff","uid":1000,"client":"agent 1","kind":"tool","name":"a__b","server":"a","began":7,"call":"6f1c2a-42"}"#;
    check(&act, 2, written);
}

#[test]
fn a_member_may_come_and_what_is_no_row_is_left_out() {
    let table = Table::<WantRow>::unkept().unwrap();
    let add = |text: &str| {
        let (records, found) = super::records::Records::adopt(table.fd()).unwrap();
        records.freeze();
        drop(found);
        drop(records.add(1, 0, text.as_bytes()).unwrap());
    };
    add(&format!(r#"{{"session":"{SESSION}","want":{{"level":"info"}},"new":1}}"#));
    add(&format!(r#"{{"session":"{SESSION}","want":{{"unknown":"info"}}}}"#));
    add(r#"{"session":"short","want":{"level":"info"}}"#);
    add("no JSON");
    let (_, left) = Table::<WantRow>::adopt(table.fd()).unwrap();
    let found: Vec<_> = left.into_iter().map(|left| left.row.want).collect();
    assert_eq!(found, [Want::Level("info".into())]);
}
