//! Lists, with a daemon and without.

use std::time::Duration;

use super::{Bench, INITIALIZE, LIST, Machine, answer};
use crate::bridge::memory::Memory;

#[test]
fn a_changed_list_is_announced_once() {
    let mut bench = Bench::new();
    bench.anew();
    bench.client(INITIALIZE);
    bench.daemon(&answer(0, "{}"));
    bench.client(LIST);
    bench.daemon(&answer(1, r#"{"tools":["a"]}"#));
    for (list, announcements) in [(r#"["a"]"#, 0), (r#"["b"]"#, 1), (r#"["b"]"#, 0)] {
        bench.machine.disconnected(u64::MAX);
        let asked = bench.anew();
        let answer = Bench::own_answer(&asked, "tools", &format!(r#"{{"tools":{list}}}"#));
        let told = bench.daemon(&answer);
        assert_eq!(told.len(), announcements, "{list}");
        assert!(told.iter().all(|text| text.contains("notifications/tools/list_changed")));
    }
}

#[test]
fn a_list_that_a_daemon_gave_stands_in_for_the_next_ones() {
    let mut bench = Bench::new();
    bench.anew();
    bench.client(INITIALIZE);
    bench.client(LIST);
    bench.daemon(&answer(1, r#"{"tools":["a"]}"#));
    bench.machine.disconnected(u64::MAX);
    assert!(bench.client(&LIST.replace(r#""id":1"#, r#""id":5"#)).is_empty());
    let answers = bench.after(1);
    assert!(answers.iter().any(|text| text.contains(r#""tools":["a"]"#)), "{answers:?}");
}

#[test]
fn a_client_that_waits_for_nothing_has_its_first_list_soon() {
    let mut bench = Bench::new();
    bench.machine = Machine::new(Memory::none(), Duration::ZERO);
    bench.client(LIST);
    assert!(bench.after(1)[0].contains(r#""result":{"tools":[]}"#));
}
