mod effects;
mod ids;
mod lists;

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::super::action::BridgeAction;
use super::{HELD_MAX, Machine};
use crate::bridge::memory::Memory;
use crate::wire::link::frame::FrameKind;
use crate::wire::link::{Restored, Welcome};

const INITIALIZE: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18"}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

struct Bench {
    machine: Machine,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { machine: Machine::new(Memory::none(), Duration::from_mins(1)), now: Instant::now() }
    }

    fn client(&mut self, text: &str) -> Vec<String> {
        shown(self.machine.take_from_client(&Bytes::copy_from_slice(text.as_bytes()), self.now))
    }

    fn daemon(&mut self, text: &str) -> Vec<String> {
        self.daemon_says(FrameKind::Message, text)
    }

    fn daemon_says(&mut self, kind: FrameKind, text: &str) -> Vec<String> {
        shown(self.machine.take_from_daemon(kind, &Bytes::copy_from_slice(text.as_bytes())))
    }

    /// The answer of a new daemon to the bridge's own question about a list.
    fn own_answer(asked: &[String], kind: &str, result: &str) -> String {
        let end = format!("-{kind}\"");
        let ids = asked.iter().filter_map(|line| line.split_once(r#""id":"#));
        let ids = ids.map(|(_, rest)| rest.split(',').next().unwrap());
        let id = ids.into_iter().find(|id| id.ends_with(&end)).expect("it asked");
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
    }

    fn anew(&mut self) -> Vec<String> {
        shown(self.machine.connected_anew(&welcome(None), self.now))
    }

    fn after(&mut self, seconds: u64) -> Vec<String> {
        self.now += Duration::from_secs(seconds);
        shown(self.machine.alarm(self.now))
    }
}

/// A daemon that does not have the link, and cannot be asked again: it is an older one.
fn welcome(restored: Option<&Restored>) -> Welcome {
    let (restored, kinds) = (restored.cloned(), FrameKind::FIRST_NEWEST as u8);
    Welcome { resumed: false, seen: 0, restored, knows_again: true, version: String::new(), kinds }
}

/// One that can.
fn deciding(restored: Option<&Restored>) -> Welcome {
    Welcome { kinds: FrameKind::NEWEST as u8, ..welcome(restored) }
}

fn shown(actions: Vec<BridgeAction>) -> Vec<String> {
    let text =
        |payload: crate::wire::Payload| String::from_utf8(payload.into_bytes().to_vec()).unwrap();
    let show = |action| match action {
        BridgeAction::ToClient(payload) => format!("< {}", text(payload)),
        BridgeAction::ToDaemon(payload) => format!("> {}", text(payload)),
        BridgeAction::Again(payload) => format!(">> {}", text(payload)),
    };
    actions.into_iter().map(show).collect()
}

fn call(id: u64) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"t"}}}}"#)
}

fn answer(id: u64, result: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
}

#[test]
fn what_comes_early_is_sent_in_order_once_there_is_a_daemon() {
    let mut bench = Bench::new();
    assert!(bench.client(INITIALIZE).is_empty() && bench.client(INITIALIZED).is_empty());
    assert!(bench.client(LIST).is_empty());
    assert_eq!(bench.anew(), [INITIALIZE, INITIALIZED, LIST].map(|text| format!("> {text}")));
    assert_eq!(bench.daemon(&answer(0, "{}")), [format!("< {}", answer(0, "{}"))]);
    assert_eq!(bench.client(&call(2)), [format!("> {}", call(2))]);
    assert!(!bench.machine.is_idle());
    bench.daemon(&answer(1, r#"{"tools":[]}"#));
    bench.daemon(&answer(2, "{}"));
    assert!(bench.machine.is_idle());
    assert!(bench.daemon(&answer(2, "{}")).is_empty(), "a second answer goes nowhere");
}

#[test]
fn a_new_daemon_is_greeted_and_calls_that_ran_are_unknown() {
    let mut bench = Bench::new();
    bench.anew();
    for text in [INITIALIZE, INITIALIZED, LIST] {
        bench.client(text);
    }
    bench.daemon(&answer(0, "{}"));
    bench.daemon(&answer(1, r#"{"tools":["a"]}"#));
    bench.client(&call(2));
    bench.client(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#);
    bench.machine.disconnected(u64::MAX);
    assert!(bench.client(&call(4)).is_empty());
    let actions = bench.anew();
    assert_eq!(actions[..2], [INITIALIZE, INITIALIZED].map(|text| format!("> {text}")));
    assert!(actions[2].starts_with(r#"< {"jsonrpc":"2.0","id":2,"result":"#), "{}", actions[2]);
    assert!(actions[2].contains("outcome_unknown") && actions[2].contains(r#""isError":true"#));
    assert!(actions[3].contains(r#""id":3,"method":"ping""#));
    assert_eq!(actions[4], format!("> {}", call(4)), "it was never sent");
    assert!(actions[5].contains(r#""method":"tools/list""#));
    assert_eq!(actions.len(), 6);
    assert!(bench.daemon(&answer(0, "{}")).is_empty(), "the client has that answer");
    let same = Bench::own_answer(&actions, "tools", r#"{"tools":["a"]}"#);
    assert!(bench.daemon(&same).is_empty());
}

#[test]
fn a_call_that_never_left_us_is_made_by_the_next_daemon() {
    let mut bench = Bench::new();
    bench.anew();
    bench.client(&call(1));
    bench.client(&call(2));
    bench.machine.disconnected(1);
    let actions = bench.anew();
    assert!(actions[0].contains(r#""id":1"#) && actions[0].contains("outcome_unknown"));
    assert_eq!(actions[1..], [format!("> {}", call(2))]);
}

#[test]
fn what_a_daemon_did_not_read_before_it_left_is_asked_again() {
    let mut bench = Bench::new();
    bench.anew();
    bench.client(&call(1));
    bench.client(&call(2));
    bench.machine.daemon_drains();
    assert!(bench.client(&call(3)).is_empty(), "held");
    let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}}"#;
    assert_eq!(bench.client(note), [format!("> {note}")], "what runs is still served");
    bench.machine.daemon_leaves(1);
    bench.machine.disconnected(u64::MAX);
    let actions = bench.anew();
    assert!(actions[0].contains(r#""id":1"#) && actions[0].contains("outcome_unknown"));
    assert_eq!(actions[1..], [format!("> {}", call(2)), format!("> {}", call(3))]);
}

#[test]
fn a_daemon_that_still_knows_us_gets_only_what_was_held() {
    let mut bench = Bench::new();
    bench.anew();
    bench.client(&call(1));
    bench.machine.disconnected(u64::MAX);
    bench.client(&call(2));
    assert_eq!(shown(bench.machine.resumed()), [format!("> {}", call(2))]);
    assert_eq!(bench.daemon(&answer(1, "{}")).len(), 1);
}

#[test]
fn without_a_daemon_the_client_is_answered_all_the_same() {
    let mut bench = Bench::new();
    bench.client(INITIALIZE);
    bench.client(LIST);
    bench.client(&call(2));
    assert!(bench.after(0).is_empty());
    assert_eq!(bench.machine.next_alarm(), Some(bench.now + Duration::from_secs(1)));
    let answers = bench.after(1);
    assert_eq!(answers.len(), 1);
    assert!(answers[0].contains(r#""protocolVersion":"2025-06-18""#), "{}", answers[0]);
    assert!(bench.after(18).is_empty(), "no daemon ever gave a list: one may be starting");
    let answers = bench.after(1);
    assert_eq!(answers.len(), 1);
    assert!(answers[0].contains(r#""result":{"tools":[]}"#), "{}", answers[0]);
    let answers = bench.after(40);
    assert_eq!(answers.len(), 1);
    assert!(
        answers[0].contains("not_sent") && answers[0].contains("safe to repeat"),
        "{}",
        answers[0]
    );
    assert!(bench.machine.is_idle() && bench.machine.next_alarm().is_none());
    let actions = bench.anew();
    assert_eq!(actions.len(), 2, "the greeting, and whether the list differs: {actions:?}");
    assert!(bench.daemon(&answer(0, "{}")).is_empty(), "the client was greeted already");
    let list = Bench::own_answer(&actions, "tools", r#"{"tools":["a"]}"#);
    assert!(bench.daemon(&list)[0].contains("list_changed"));
}

#[test]
fn a_request_taken_back_is_never_sent_nor_answered() {
    let mut bench = Bench::new();
    bench.client(&call(1));
    bench
        .client(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    assert!(bench.anew().iter().all(|text| !text.contains("tools/call")));
    bench.client(&call(2));
    bench
        .client(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#);
    assert!(bench.daemon(&answer(2, "{}")).is_empty());
    assert!(bench.machine.is_idle());
}

#[test]
fn what_waits_is_bounded() {
    let mut bench = Bench::new();
    for id in 0..HELD_MAX as u64 {
        assert!(bench.client(&call(id)).is_empty());
    }
    assert!(bench.client(&call(9999))[0].contains("not_sent"));
    assert!(bench.client("nonsense")[0].contains("-32700"));
}

#[test]
fn a_daemon_that_took_over_decides_each_call_by_what_it_found() {
    let mut bench = Bench::new();
    bench.machine.connected_anew(&welcome(None), bench.now);
    bench.client(INITIALIZE);
    bench.daemon(&answer(0, "{}"));
    bench.client(INITIALIZED);
    // Numbered 3 to 8 on the link.
    for id in 1..=6 {
        bench.client(&call(id));
    }
    bench.machine.disconnected(8);
    bench
        .client(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#);
    let text = |id: u64| id.to_string();
    let restored = Restored { seen: 7, running: vec![text(1), text(2)], not_sent: vec![text(3)] };
    let actions = shown(bench.machine.connected_anew(&welcome(Some(&restored)), bench.now));
    let sent: Vec<&str> = actions.iter().filter_map(|line| line.strip_prefix("> ")).collect();
    assert_eq!(sent[..2], [INITIALIZE, INITIALIZED]);
    assert!(sent[2].contains("notifications/cancelled") && sent[2].contains(r#""requestId":2"#));
    assert_eq!(sent[3..5], [call(3), call(6)], "never sent, never read");
    let told: Vec<&str> = actions.iter().filter_map(|line| line.strip_prefix("< ")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for (told, id) in told.iter().zip([4, 5]) {
        assert!(told.contains("outcome_unknown") && told.contains(&format!(r#""id":{id},"#)));
    }
    assert_eq!(bench.daemon(&answer(1, "{}")), [format!("< {}", answer(1, "{}"))], "it went on");
    // A second end: what is running by the word of the next daemon stays so.
    bench.machine.disconnected(9);
    let restored = Restored { seen: 9, running: vec![text(3)], not_sent: Vec::new() };
    let actions = shown(bench.machine.connected_anew(&welcome(Some(&restored)), bench.now));
    assert!(
        actions.iter().any(|line| line.contains("outcome_unknown") && line.contains(r#""id":6,"#))
    );
    assert_eq!(bench.daemon(&answer(3, "{}")), [format!("< {}", answer(3, "{}"))]);
}

#[test]
fn a_daemon_that_can_decides_about_a_call_that_may_have_been_carried_out() {
    let mut bench = Bench::new();
    bench.machine.connected_anew(&welcome(None), bench.now);
    bench.client(&call(1));
    bench.machine.disconnected(1);
    let sent = shown(bench.machine.connected_anew(&deciding(None), bench.now));
    assert_eq!(sent, [format!(">> {}", call(1))]);
    // It never left us: nobody was asked yet.
    bench.machine.disconnected(0);
    let sent = shown(bench.machine.connected_anew(&deciding(None), bench.now));
    assert_eq!(sent, [format!(">> {}", call(1))]);
    assert_eq!(bench.daemon(&answer(1, "{}")), [format!("< {}", answer(1, "{}"))]);
}

#[test]
fn a_call_is_asked_again_once_whatever_comes() {
    let restored = |running: &[&str], not_sent: &[&str]| {
        let texts = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Some(Restored { seen: 2, running: texts(running), not_sent: texts(not_sent) })
    };
    let second_ends: [(&str, Option<Restored>); 3] = [
        ("nothing is known", None),
        ("an earlier one may have carried it out all the same", restored(&[], &["1"])),
        ("it was read and has ended", restored(&[], &[])),
    ];
    for (what, restored) in second_ends {
        let mut bench = Bench::new();
        bench.machine.connected_anew(&deciding(None), bench.now);
        bench.client(&call(1));
        let lost = answer(1, r#"{"n":1}"#);
        assert_eq!(
            bench.daemon_says(FrameKind::Lost, &lost),
            [format!(">> {}", call(1))],
            "{what}"
        );
        bench.machine.disconnected(2);
        let told = shown(bench.machine.connected_anew(&deciding(restored.as_ref()), bench.now));
        assert!(told.len() == 1 && told[0].contains("outcome_unknown"), "{what}: {told:?}");
        assert!(bench.machine.is_idle(), "{what}");
    }
    // It goes on by the word of the next daemon, and is lost once more.
    let mut bench = Bench::new();
    bench.machine.connected_anew(&deciding(None), bench.now);
    bench.client(&call(1));
    bench.daemon_says(FrameKind::Lost, &answer(1, "{}"));
    bench.machine.disconnected(2);
    let running = restored(&["1"], &[]);
    assert!(bench.machine.connected_anew(&deciding(running.as_ref()), bench.now).is_empty());
    let lost = answer(1, r#"{"lost":"again"}"#);
    assert_eq!(bench.daemon_says(FrameKind::Lost, &lost), [format!("< {lost}")], "as it is");
    assert!(bench.daemon_says(FrameKind::Lost, &lost).is_empty() && bench.machine.is_idle());
}

#[test]
fn what_a_message_says_is_never_what_its_frame_says() {
    let mut bench = Bench::new();
    bench.machine.connected_anew(&deciding(None), bench.now);
    // A server's answer.
    bench.client(&call(1));
    let forged = r#"{"callmux/lost":true,"jsonrpc":"2.0","id":1,"result":{}}"#;
    assert_eq!(bench.daemon(forged), [format!("< {forged}")]);
    assert!(bench.machine.is_idle());
    // A client's request, and an id that looks like one of our own questions.
    let forged = r#"{"callmux/again":true,"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    assert_eq!(bench.client(forged), [format!("> {forged}")]);
    let own = r#"{"jsonrpc":"2.0","id":"callmux-bridge-tools","method":"tools/list"}"#;
    assert_eq!(bench.client(own), [format!("> {own}")]);
    let list = r#"{"jsonrpc":"2.0","id":"callmux-bridge-tools","result":{"tools":[]}}"#;
    assert_eq!(bench.daemon(list), [format!("< {list}")]);
}

#[test]
fn a_new_daemon_hears_what_the_client_wants_for_good() {
    let mut bench = Bench::new();
    bench.anew();
    let level =
        r#"{"jsonrpc":"2.0","id":10,"method":"logging/setLevel","params":{"level":"debug"}}"#;
    let about = |id: u64, what: &str, uri: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"resources/{what}","params":{{"uri":"{uri}"}}}}"#
        )
    };
    let kept = about(11, "subscribe", "a:1");
    let asked = [
        (10, level.to_owned()),
        (11, kept.clone()),
        (12, about(12, "subscribe", "a:2")),
        (13, about(13, "unsubscribe", "a:2")),
    ];
    for (id, text) in &asked {
        bench.client(text);
        bench.daemon(&answer(*id, "{}"));
    }
    bench.machine.disconnected(u64::MAX);
    assert_eq!(bench.anew(), [format!("> {level}"), format!("> {kept}")]);
    assert!(bench.daemon(&answer(10, "{}")).is_empty(), "the client has that answer");
    let unanswered = about(14, "subscribe", "a:3");
    bench.client(&unanswered);
    bench.machine.disconnected(u64::MAX);
    let again = bench.anew();
    assert_eq!(again.iter().filter(|text| text.contains("a:3")).count(), 1, "{again:?}");
    assert_eq!(bench.daemon(&answer(14, "{}")).len(), 1);
}

#[test]
fn changed_resources_and_templates_are_one_announcement() {
    let mut bench = Bench::new();
    bench.anew();
    for (id, method, member) in
        [(1, "resources/list", "resources"), (2, "resources/templates/list", "resourceTemplates")]
    {
        bench.client(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#));
        bench.daemon(&answer(id, &format!(r#"{{"{member}":["a"]}}"#)));
    }
    bench.machine.disconnected(u64::MAX);
    let asked = bench.anew();
    assert_eq!(asked.len(), 2);
    let told: Vec<String> = ["resources", "resourceTemplates"]
        .into_iter()
        .flat_map(|member| {
            let answer = Bench::own_answer(&asked, member, &format!(r#"{{"{member}":["b"]}}"#));
            bench.daemon(&answer)
        })
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("notifications/resources/list_changed"));
}

#[test]
fn a_subscription_is_acknowledged_once() {
    let mut bench = Bench::new();
    bench.anew();
    let listen =
        r#"{"jsonrpc":"2.0","id":7,"method":"subscriptions/listen","params":{"notifications":{}}}"#;
    let acknowledged = r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}}"#;
    bench.client(listen);
    for times in [1, 0, 0] {
        assert_eq!(bench.daemon(acknowledged).len(), times);
        bench.machine.disconnected(u64::MAX);
        assert_eq!(bench.anew(), [format!("> {listen}")]);
    }
}

const BATCHING: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}"#;

fn batch(messages: &[&str]) -> String {
    format!("[{}]", messages.join(","))
}

#[test]
fn a_batch_is_answered_in_one_list_when_all_answers_are_there() {
    let mut bench = Bench::new();
    bench.anew();
    bench.client(BATCHING);
    bench.daemon(&answer(0, "{}"));
    let note = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let sent = bench.client(&batch(&[&call(1), note, &call(2), "7"]));
    assert_eq!(sent, [call(1), note.to_owned(), call(2)].map(|text| format!("> {text}")));
    assert!(bench.daemon(&answer(2, "{}")).is_empty());
    assert_eq!(bench.daemon(&answer(9, "{}")).len(), 0, "of nothing it asked");
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
    assert_eq!(bench.daemon(progress), [format!("< {progress}")]);
    let all = bench.daemon(&answer(1, "{}"));
    assert_eq!(all.len(), 1);
    let list: Vec<serde_json::Value> = serde_json::from_str(&all[0][2..]).unwrap();
    let ids: Vec<&serde_json::Value> = list.iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [&serde_json::Value::Null, &2.into(), &1.into()], "{}", all[0]);
    assert_eq!(list[0]["error"]["code"], -32600);
    assert!(bench.machine.is_idle());
    assert_eq!(bench.client(&batch(&[note])), [format!("> {note}")], "no answer to that");
}

#[test]
fn a_batch_outlives_daemons_and_ends_without_what_is_taken_back() {
    let mut bench = Bench::new();
    bench.anew();
    bench.client(BATCHING);
    bench.daemon(&answer(0, "{}"));
    // Numbered 2 to 4 on the link, of which the last never leaves us.
    bench.client(&batch(&[&call(1), &call(2), &call(3)]));
    bench.machine.disconnected(3);
    let actions = bench.anew();
    let told = actions.iter().filter(|line| line.starts_with('<')).count();
    assert_eq!(told, 0, "one call goes on: {actions:?}");
    assert!(actions.contains(&format!("> {}", call(3))));
    let all = bench.daemon(&answer(3, "{}"));
    assert!(all.len() == 1 && all[0].starts_with("< ["), "{all:?}");
    assert_eq!(all[0].matches("\"outcome\":\"outcome_unknown\"").count(), 2, "{}", all[0]);

    bench.client(&batch(&[&call(4), &call(5)]));
    bench.daemon(&answer(4, "{}"));
    let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}"#;
    let actions = bench.client(note);
    assert_eq!(actions, [format!("> {note}"), format!("< [{}]", answer(4, "{}"))]);

    // Nobody comes: each call has its own end, and the batch one answer.
    bench.machine.disconnected(u64::MAX);
    assert!(bench.client(&batch(&[&call(6), &call(7)])).is_empty());
    let all = bench.after(60);
    assert!(all.len() == 1 && all[0].matches("\"outcome\":\"not_sent\"").count() == 2, "{all:?}");
}

#[test]
fn what_is_no_batch_here_is_refused() {
    let mut bench = Bench::new();
    bench.anew();
    let two = batch(&[&call(1), &call(2)]);
    assert!(bench.client(&two)[0].contains("-32600"), "nobody said which revision it is");
    bench.client(INITIALIZE);
    assert!(bench.client(&two)[0].contains("-32600"), "2025-06-18 has none");
    let mut bench = Bench::new();
    bench.anew();
    bench.client(BATCHING);
    for wrong in ["[]".to_owned(), batch(&vec![call(1).as_str(); 101])] {
        let refused = bench.client(&wrong);
        assert!(refused.len() == 1 && refused[0].contains("-32600"), "{refused:?}");
    }
    let sent = bench.client(&batch(&[&call(3), &call(3)]));
    assert_eq!(sent, [format!("> {}", call(3))], "an id is used once");
    let all = bench.daemon(&answer(3, "{}"));
    assert!(all[0].starts_with("< [") && all[0].contains("two requests of one batch"), "{all:?}");
}
