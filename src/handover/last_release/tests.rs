//! Bytes that the last release wrote.

use crate::base::{Principal, SessionId};
use crate::handover::call::Monotonic;
use crate::handover::table::Row;
use crate::handover::{CallRow, LinkRow, SessionRow, Table};
use crate::wire::Era;

const SESSION: &str = "00112233445566778899aabbccddeeff";
const CALL: &str = "303031313232333334343535363637373838393961616262636364646565666601cc1c1e3dda00000005002274776f22080022746f6b20c3bc220c007365727665725f5f746f6f6c";
const CALL_WITHOUT_TOKEN: &str = "3030313132323333343435353636373738383939616162626363646465656666003c791d3dda00000001003700000c007365727665725f5f746f6f6c";
const LINK: &str = "30303131323233333434353536363737383839396161626263636464656566660807060504030201e80300002f686f6d652f752fc3bc";
const HTTP_SESSION: &str = "3030313132323333343435353636373738383939616162626363646465656666e8030000323032352d30332d323626007b226e616d65223a2261222c2276657273696f6e223a2231222c227469746c65223a2241227d7b22656c696369746174696f6e223a7b7d2c22726f6f7473223a7b7d7d";

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn session() -> SessionId {
    SessionId::parse(SESSION).unwrap()
}

#[test]
fn each_row_is_read() {
    // Who made the call, and which one it is, was not noted.
    let mut left = CallRow::read_earlier(1, &bytes(CALL)).unwrap();
    assert_eq!(&*left.client, "");
    let call = CallRow {
        session: session(),
        id: r#""two""#.into(),
        era: Era::Modern,
        token: Some(r#""tok ü""#.into()),
        tool: "server__tool".into(),
        began: Monotonic(0xda_3d1e_1ccc),
        ..left.clone()
    };
    let began = Monotonic(0xda_3d1d_793c);
    let without = CallRow { id: "7".into(), era: Era::Legacy, token: None, began, ..call.clone() };
    assert_eq!(left, call);
    let id = left.call;
    left = CallRow::read_earlier(1, &bytes(CALL_WITHOUT_TOKEN)).unwrap();
    left.call = id;
    assert_eq!(left, without);
    let link = LinkRow {
        session: session(),
        epoch: 0x0102_0304_0506_0708,
        principal: Principal::user(1000),
        cwd: "/home/u/ü".into(),
    };
    assert_eq!(LinkRow::read_earlier(1, &bytes(LINK)), Some(link));
    let http = SessionRow {
        session: session(),
        principal: Principal::user(1000),
        revision: "2025-03-26".into(),
        cwd: Box::default(),
        info: r#"{"name":"a","version":"1","title":"A"}"#.into(),
        capabilities: r#"{"elicitation":{},"roots":{}}"#.into(),
    };
    assert_eq!(SessionRow::read_earlier(1, &bytes(HTTP_SESSION)), Some(http));
    assert_eq!(super::number("app-callmux-a-1.service"), 321_923_988);
}

#[test]
fn a_cut_off_row_is_none() {
    for len in 0..60 {
        assert_eq!(CallRow::read_earlier(1, &bytes(CALL)[..len]), None, "{len}");
    }
    assert_eq!(LinkRow::read_earlier(1, &bytes(LINK)[..40]), None);
    assert_eq!(SessionRow::read_earlier(1, &bytes(HTTP_SESSION)[..50]), None);
    assert_eq!(CallRow::read_earlier(3, &bytes(CALL)), None, "another version");
}

#[test]
fn its_table_is_taken_over_with_its_rows() {
    let (fd, number) =
        (first_table(&[(0x1c, 77, CALL), (1, 0, CALL_WITHOUT_TOKEN), (1, 0, "00")]), 3);
    let mut stored = vec![("links.2".to_owned(), first_table(&[])), ("calls".to_owned(), fd)];
    let (table, rows) = Table::<CallRow>::take_over(&mut stored);
    assert_eq!(stored.len(), 1, "only its own is taken");
    let found: Vec<_> = rows.iter().map(|left| (&*left.row.id, left.state, left.word)).collect();
    assert_eq!(found, [(r#""two""#, number << 3 | 4, 77), ("7", 1, 0)]);
    // They stand in the new table, and are found there by who comes next.
    let before: Vec<CallRow> = rows.iter().map(|left| left.row.clone()).collect();
    let mut stored =
        vec![("calls.2".to_owned(), table.fd()), ("calls".to_owned(), first_table(&[]))];
    std::mem::forget(rows);
    let (_, again) = Table::<CallRow>::take_over(&mut stored);
    let again: Vec<CallRow> = again.into_iter().map(|left| left.row).collect();
    assert_eq!((again, stored.len()), (before, 0));
}

/// A table as it was: its head, and records of 512 bytes.
fn first_table(rows: &[(u32, u64, &str)]) -> std::os::fd::OwnedFd {
    use std::os::fd::AsFd;
    let mut memory = crate::handover::SharedMemory::create("first", 512 * 9).unwrap();
    memory.bytes_mut()[..16].copy_from_slice(b"callmux table 01");
    for (at, (state, word, hex)) in rows.iter().enumerate() {
        let (record, bytes) = (&mut memory.bytes_mut()[512 * (at + 1)..], bytes(hex));
        record[..4].copy_from_slice(&state.to_ne_bytes());
        record[4..8].copy_from_slice(&u32::try_from(bytes.len()).unwrap().to_ne_bytes());
        record[8..16].copy_from_slice(&word.to_ne_bytes());
        record[16..16 + bytes.len()].copy_from_slice(&bytes);
    }
    memory.as_fd().try_clone_to_owned().unwrap()
}
