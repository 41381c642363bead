//! Two requests with one id: the first one goes on, as it does over HTTP.

use super::{Bench, INITIALIZE, answer, call};

const TWICE: &str = "a request with this id is in flight already";

fn is_refusal(actions: &[String], id: u64) -> bool {
    let [only] = actions else { return false };
    only.starts_with("< ")
        && only.contains(&format!(r#""id":{id},"#))
        && only.contains("-32600")
        && only.contains(TWICE)
}

#[test]
fn a_second_request_of_an_id_is_refused_and_the_first_is_answered() {
    let mut bench = Bench::new();
    bench.anew();
    assert_eq!(bench.client(&call(7)), [format!("> {}", call(7))]);
    assert!(is_refusal(&bench.client(r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#), 7));
    assert_eq!(bench.client(r#"{"jsonrpc":"2.0","id":"7","method":"ping"}"#).len(), 1);
    assert_eq!(bench.daemon(&answer(7, "{}")), [format!("< {}", answer(7, "{}"))]);
    assert_eq!(bench.client(&call(7)), [format!("> {}", call(7))], "it has ended");
}

#[test]
fn so_is_one_that_waits_for_a_daemon() {
    let mut bench = Bench::new();
    assert!(bench.client(&call(7)).is_empty());
    assert!(is_refusal(&bench.client(&call(7)), 7));
    assert_eq!(bench.anew(), [format!("> {}", call(7))]);
    assert_eq!(bench.daemon(&answer(7, "{}")), [format!("< {}", answer(7, "{}"))]);
}

#[test]
fn an_id_that_was_taken_back_is_free() {
    let mut bench = Bench::new();
    bench.anew();
    bench.client(&call(7));
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
    bench.client(cancel);
    assert_eq!(bench.client(&call(7)), [format!("> {}", call(7))]);
}

#[test]
fn a_batch_and_a_single_request_keep_their_answers_apart() {
    let mut bench = Bench::new();
    bench.client(&INITIALIZE.replace("2025-06-18", "2025-03-26"));
    bench.anew();
    bench.daemon(&answer(0, "{}"));
    bench.client(&call(1));
    let sent = bench.client(&format!("[{},{}]", call(1), call(2)));
    assert_eq!(sent, [format!("> {}", call(2))]);
    assert!(is_refusal(&bench.client(&call(2)), 2), "outside of the batch");
    assert_eq!(bench.daemon(&answer(1, "{}")), [format!("< {}", answer(1, "{}"))]);
    let whole = bench.daemon(&answer(2, "{}"));
    assert_eq!(whole.len(), 1);
    assert!(whole[0].starts_with("< [") && whole[0].contains(TWICE), "{whole:?}");
}
