use std::os::fd::AsFd;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use super::notice::Board;
use super::state::Load;
use super::{
    AskedBefore, Connection, Event, Loss, News, Opening, Origin, Over, Owner, Pipes, Reply, Step,
};
use crate::access::Permit;
use crate::base::{ServerName, Tasks};
use crate::handover::{CallRow, Table, Window, Written};
use crate::telemetry::Recorder;
use crate::wire::{Message, Payload};

/// A server's end of a connection.
pub(crate) struct Far {
    input: tokio::io::Lines<BufReader<pipe::Receiver>>,
    output: pipe::Sender,
    news: tokio::sync::mpsc::Receiver<News>,
    tasks: Tasks,
}

impl Far {
    pub(crate) async fn line(&mut self) -> String {
        self.input.next_line().await.unwrap().expect("a line")
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.output.write_all(format!("{text}\n").as_bytes()).await.unwrap();
    }
}

pub(crate) fn open(max_message: usize) -> (Arc<Connection>, Far) {
    open_with(Window::new(max_message).unwrap(), Vec::new())
}

fn owner(session: u64) -> Owner {
    Owner { principal: 1, session }
}

pub(crate) fn open_with(window: Window, asked_before: Vec<AskedBefore>) -> (Arc<Connection>, Far) {
    let (stdin, input) = pipe::pipe().unwrap();
    let (output, stdout) = pipe::pipe().unwrap();
    let tasks = Tasks::new();
    let server = ServerName::parse("s").unwrap();
    let pipes = Pipes { stdin, stdout, window, key: 0, last_id: 0, asked_before };
    let opening = Opening { server, board: Board::default(), over: Over::Pipes(Box::new(pipes)) };
    let (connection, news) = Connection::open(opening, &tasks, Recorder::none());
    (connection, Far { input: BufReader::new(input).lines(), output, news, tasks })
}

fn call(id: u64) -> Payload {
    Payload::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{}}}}"#))
}

fn text(reply: Reply) -> String {
    match reply {
        Reply::Answer(message) => message.text().to_owned(),
        Reply::Lost(loss) => format!("lost: {} (sent: {})", loss.reason, loss.sent),
    }
}

#[tokio::test]
async fn answers_find_their_requests_in_any_order() {
    let (connection, mut far) = open(1000);
    let mut first = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    let mut second = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    assert_eq!(far.line().await, call(1).into_bytes());
    assert_eq!(far.line().await, call(2).into_bytes());
    far.say(r#"{"jsonrpc":"2.0","id":2,"result":{"n":2}}"#).await;
    far.say(r#"{"jsonrpc":"2.0","id":2,"result":{"n":"again"}}"#).await;
    far.say(r#"{"jsonrpc":"2.0","id":"1.5","result":{"n":"of another"}}"#).await;
    far.say(r#"{"jsonrpc":"2.0","id":1,"result":{"n":1}}"#).await;
    assert!(text(second.reply().await).contains(r#"{"n":2}"#));
    assert!(text(first.reply().await).contains(r#"{"n":1}"#));
    assert_eq!(connection.in_flight(), 0);
}

#[tokio::test]
async fn events_come_in_order_and_before_the_answer() {
    let (connection, mut far) = open(1000);
    let mut exchange = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    far.line().await;
    let mut burst = String::new();
    for n in 0..50 {
        burst += &format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":1,"progress":{n}}}}}"#
        );
        burst.push('\n');
    }
    burst += r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    far.say(&burst).await;
    for n in 0..50 {
        let Step::Event(Event::Progress(message)) = exchange.next().await else {
            panic!("progress {n}")
        };
        assert!(message.text().contains(&format!(r#""progress":{n}}}"#)));
    }
    assert!(matches!(exchange.next().await, Step::End(Reply::Answer(_))));
}

#[tokio::test]
async fn a_lost_connection_says_what_was_sent() {
    let (connection, mut far) = open(1000);
    let mut sent = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    far.line().await;
    let mut queued = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    connection.close("gone");
    assert_eq!(text(sent.reply().await), "lost: gone (sent: true)");
    assert_eq!(text(queued.reply().await), "lost: gone (sent: false)");
    assert_eq!(
        connection.request(&Permit::own(), Origin::default(), call).unwrap_err(),
        Loss::not_sent("server s: gone")
    );
}

#[tokio::test]
async fn a_cancelled_request_is_not_written_or_is_taken_back() {
    let (connection, mut far) = open(1000);
    let mut sent = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    far.line().await;
    assert!(sent.give_up("no longer \"needed\""));
    let cancel = far.line().await;
    assert!(cancel.contains(r#""requestId":1,"reason":"no longer \"needed\"""#), "{cancel}");
    let mut queued = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    assert!(!queued.give_up("at once"));
    connection.send(Payload::from("last".to_owned()));
    assert_eq!(far.line().await, "last", "request 2 was never written");
    far.say(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).await;
    assert_eq!(connection.in_flight(), 0);
}

#[tokio::test]
async fn damage_is_named_and_ends_only_what_it_hit() {
    let (connection, mut far) = open(100);
    let mut hit = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    let mut spared = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    far.output
        .write_all(b"Server running!\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":}}\n")
        .await
        .unwrap();
    let reason = text(hit.reply().await);
    assert!(reason.contains("the answer of server s is not JSON"), "{reason}");
    far.say(r#"{"jsonrpc":"2.0","id":2,"result":{}}"#).await;
    assert!(text(spared.reply().await).contains("result"));
    let mut last = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    far.say(&"x".repeat(200)).await;
    assert_eq!(far.news.recv().await, Some(News::Ended));
    let reason = connection.ended().unwrap();
    assert!(reason.contains("a line longer than 100 bytes; raise `max_message`"), "{reason}");
    assert_eq!(
        connection.request(&Permit::own(), Origin::default(), call).unwrap_err(),
        Loss::not_sent(format!("server s: {reason}"))
    );
    connection.close(&reason);
    assert_eq!(text(last.reply().await), format!("lost: {reason} (sent: true)"));
}

#[tokio::test]
async fn half_a_message_is_named() {
    let (connection, mut far) = open(100);
    let mut exchange = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    far.line().await;
    far.output.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,").await.unwrap();
    drop(far.output);
    assert_eq!(far.news.recv().await, Some(News::Ended));
    let reason = connection.ended().unwrap();
    assert!(reason.contains("in the middle of a message"), "{reason}");
    connection.close(&reason);
    assert!(matches!(exchange.reply().await, Reply::Lost(_)));
}

#[tokio::test]
async fn a_server_that_does_not_read_fails_requests_and_nothing_else() {
    let (connection, far) = open(100);
    let big = |id: u64| Payload::from(format!("{id}{}", "x".repeat(3 << 20)));
    let kept: Vec<_> = (0..3)
        .map_while(|_| connection.request(&Permit::own(), Origin::default(), big).ok())
        .collect();
    let refused = connection.request(&Permit::own(), Origin::default(), big).unwrap_err();
    assert!(!refused.sent && refused.reason.contains("does not read its input"), "{refused:?}");
    assert_eq!(connection.in_flight(), kept.len());
    drop(far);
}

#[tokio::test]
async fn questions_reach_the_one_client_whose_call_runs() {
    let (connection, mut far) = open(1000);
    let ask = r#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{}}"#;
    far.say(ask).await;
    assert!(far.line().await.contains("no client's call is running"));
    far.say(r#"{"jsonrpc":"2.0","id":"r","method":"roots/list"}"#).await;
    assert_eq!(far.line().await, r#"{"jsonrpc":"2.0","id":"r","result":{"roots":[]}}"#);
    far.say(r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#).await;
    assert_eq!(far.line().await, r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);

    let mut mine = connection
        .request(&Permit::own(), Origin { owner: Some(owner(7)), ..Origin::default() }, call)
        .unwrap();
    far.line().await;
    far.say(ask).await;
    let Step::Event(Event::Asked(question)) = mine.next().await else { panic!("asked") };
    let answer = r#"{"jsonrpc":"2.0","id":99,"result":{"action":"accept"}}"#;
    question.answer(&Message::parse(&answer.into()).unwrap());
    assert_eq!(far.line().await, answer.replace("99", "\"q\""));

    far.say(ask).await;
    let Step::Event(Event::Asked(question)) = mine.next().await else { panic!("asked") };
    drop(question);
    assert!(far.line().await.contains("is gone"));

    far.say(ask).await;
    let Step::Event(Event::Asked(question)) = mine.next().await else { panic!("asked") };
    far.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q"}}"#)
        .await;
    assert!(matches!(mine.next().await, Step::Event(Event::AskCancelled(id)) if &*id == "\"q\""));
    question.withdraw();

    let _other = connection
        .request(&Permit::own(), Origin { owner: Some(owner(8)), ..Origin::default() }, call)
        .unwrap();
    far.line().await;
    far.say(ask).await;
    assert!(far.line().await.contains("calls of 2 clients"));
}

#[tokio::test]
async fn finishing_writes_what_waits_and_then_closes_the_input() {
    let (connection, mut far) = open(1000);
    connection.send(Payload::from("last".to_owned()));
    connection.finish();
    assert_eq!(far.line().await, "last");
    assert_eq!(far.input.next_line().await.unwrap(), None);
    far.tasks.stop();
}

#[tokio::test]
async fn calls_of_an_earlier_process_end_as_they_would_have() {
    let mut window = Window::new(1000).unwrap();
    // Read, and perhaps acted on, before the end.
    let left = br#"{"jsonrpc":"2.0","id":5,"result":{"n":5}}
{"jsonrpc":"2.0","id":7,"res"#;
    window.room()[..left.len()].copy_from_slice(left);
    let kept = window.as_fd().try_clone_to_owned().unwrap();
    let pending = Table::<CallRow>::unkept().unwrap();
    let ask = |id: u64, written: Written| {
        let (exchange, receiver) = oneshot::channel();
        let pending = pending.begin(CallRow::sample("t"), false).unwrap();
        (AskedBefore { id, written, owner: owner(1), pending, exchange }, receiver)
    };
    let asked =
        [(5, Written::Answered), (6, Written::Answered), (7, Written::Whole), (8, Written::Cut)];
    let (asked, receivers): (Vec<_>, Vec<_>) =
        asked.into_iter().map(|(id, written)| ask(id, written)).unzip();
    let (_connection, mut far) = open_with(Window::adopt(kept, 1000).unwrap(), asked);
    let mut exchanges = Vec::new();
    for receiver in receivers {
        exchanges.push(receiver.await.unwrap());
    }
    assert!(text(exchanges[0].reply().await).contains(r#"{"n":5}"#), "it lay in the window");
    let lost = text(exchanges[1].reply().await);
    assert!(
        lost.starts_with("lost: its answer was lost") && lost.contains("(sent: true)"),
        "{lost}"
    );
    assert_eq!(far.line().await, "", "what may have been cut off is ended");
    far.say(r#"ult":{"n":7}}"#).await;
    far.say(r#"{"jsonrpc":"2.0","id":8,"result":{"n":8}}"#).await;
    assert!(text(exchanges[2].reply().await).contains(r#"{"n":7}"#), "half of it was there");
    assert!(text(exchanges[3].reply().await).contains(r#"{"n":8}"#));
}

#[tokio::test]
async fn one_call_has_sixteen_open_questions_and_the_rest_is_refused_at_once() {
    let (connection, mut far) = open(1000);
    let origin = || Origin { owner: Some(owner(7)), ..Origin::default() };
    let mut call_of = connection.request(&Permit::own(), origin(), call).unwrap();
    far.line().await;
    let ask = |id: usize| {
        format!(r#"{{"jsonrpc":"2.0","id":"q{id}","method":"elicitation/create","params":{{}}}}"#)
    };
    let mut open = Vec::new();
    for id in 0..super::questions::ASKED_MAX {
        far.say(&ask(id)).await;
        let Step::Event(Event::Asked(question)) = call_of.next().await else { panic!("asked") };
        open.push(question);
    }
    for (id, why) in
        [(99, "more than 16 requests to a client of one call"), (3, "that is not answered")]
    {
        far.say(&ask(id)).await;
        let refused = far.line().await;
        assert!(
            refused.contains(&format!(r#""id":"q{id}","error""#)) && refused.contains(why),
            "{refused}"
        );
    }
    // One answer makes room for one question.
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    open.pop().unwrap().answer(&Message::parse(&answer.into()).unwrap());
    assert!(far.line().await.contains(r#""id":"q15""#));
    far.say(&ask(100)).await;
    let Step::Event(Event::Asked(question)) = call_of.next().await else { panic!("asked") };
    assert_eq!(question.id(), "\"q100\"");
    // Another call's answers are not held up.
    let mut other = connection.request(&Permit::own(), origin(), call).unwrap();
    far.line().await;
    far.say(r#"{"jsonrpc":"2.0","id":2,"result":{"n":2}}"#).await;
    assert!(text(other.reply().await).contains(r#"{"n":2}"#));
}

#[tokio::test]
async fn a_greedy_session_leaves_places_and_says_whose_they_are() {
    let (connection, far) = open(1000);
    let of = |session: u64| Origin { owner: Some(owner(session)), ..Origin::default() };
    let mut held = Vec::new();
    let refused = loop {
        match connection.request(&Permit::own(), of(1), call) {
            Ok(exchange) => held.push(exchange),
            Err(loss) => break loss,
        }
    };
    let why = format!("server s: this session has {} calls open there", held.len());
    assert!(!refused.sent && refused.reason.starts_with(&why), "{refused:?}");
    assert!(
        connection.request(&Permit::own(), of(2), call).is_ok(),
        "another session has its place"
    );
    drop(held.pop());
    assert!(
        connection.request(&Permit::own(), of(1), call).is_ok(),
        "a place comes back with its call's end"
    );
    drop(far);
}

#[tokio::test]
async fn a_session_with_large_requests_leaves_room_in_the_queue() {
    let (connection, far) = open(100);
    let of = |session: u64| Origin { owner: Some(owner(session)), ..Origin::default() };
    let big = |id: u64| Payload::from(format!("{id}{}", "x".repeat(1 << 20)));
    let mut held = Vec::new();
    let refused = loop {
        match connection.request(&Permit::own(), of(1), big) {
            Ok(exchange) => held.push(exchange),
            Err(loss) => break loss,
        }
    };
    assert!(!refused.sent && refused.reason.contains("bytes of this session wait"), "{refused:?}");
    let other = connection.request(&Permit::own(), of(2), big);
    assert!(other.is_ok(), "{other:?}");
    drop(far);
}

#[tokio::test]
async fn the_sessions_of_one_user_together_leave_room_in_the_queue() {
    let (connection, far) = open(100);
    let of = |principal: u64, session: u64| {
        let owner = Some(Owner { principal, session });
        Origin { owner, ..Origin::default() }
    };
    let big = |id: u64| Payload::from(format!("{id}{}", "x".repeat(1 << 19)));
    let mut held = Vec::new();
    let refused = loop {
        // Each request comes from a session of its own.
        let session = held.len() as u64;
        match connection.request(&Permit::own(), of(1, session), big) {
            Ok(exchange) => held.push(exchange),
            Err(loss) => break loss,
        }
    };
    assert!(!refused.sent && refused.reason.contains("bytes of this user wait"), "{refused:?}");
    let other = connection.request(&Permit::own(), of(2, 1000), big);
    assert!(other.is_ok(), "{other:?}");
    drop(far);
}

/// What an earlier process of ours sent counts, or a restart would let in as many again.
#[tokio::test]
async fn calls_that_were_taken_over_count_among_those_in_flight() {
    let pending = Table::<CallRow>::unkept().unwrap();
    let (exchange, receiver) = oneshot::channel();
    let pending = pending.begin(CallRow::sample("t"), false).unwrap();
    let asked =
        AskedBefore { id: 100, written: Written::Whole, owner: owner(1), pending, exchange };
    let (connection, mut far) = open_with(Window::new(1000).unwrap(), vec![asked]);
    connection.limit(Some(1));
    let mut before = receiver.await.unwrap();
    let origin = |session: u64| Origin { owner: Some(owner(session)), ..Origin::default() };
    let first = connection.request(&Permit::own(), origin(2), call).unwrap();
    let mut second = connection.request(&Permit::own(), origin(3), call).unwrap();
    let load = |in_flight, waiting| Load { in_flight, waiting, max: Some(1) };
    assert_eq!((connection.load(), second.is_waiting()), (load(1, 2), true));
    // What serves us alone does not wait.
    let _own = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    assert_eq!(far.line().await, call(3).into_bytes());
    // Nor what may end others.
    let ends = Origin { at_once: true, ..origin(3) };
    drop(connection.request(&Permit::own(), ends, call).unwrap());
    assert_eq!(far.line().await, call(4).into_bytes());

    drop(first);
    far.say(r#"{"jsonrpc":"2.0","id":100,"result":{"n":3}}"#).await;
    assert!(text(before.reply().await).contains(r#"{"n":3}"#));
    assert_eq!(far.line().await, call(2).into_bytes(), "whose turn it is, and not who left");
    far.say(r#"{"jsonrpc":"2.0","id":2,"result":{"n":2}}"#).await;
    assert!(text(second.reply().await).contains(r#"{"n":2}"#));
    assert_eq!(connection.load(), load(0, 0));
}

#[tokio::test]
async fn what_waits_for_its_turn_when_the_connection_ends_was_not_sent() {
    for is_finished in [true, false] {
        let (connection, mut far) = open(1000);
        connection.limit(Some(1));
        let origin = || Origin { owner: Some(owner(1)), ..Origin::default() };
        let _first = connection.request(&Permit::own(), origin(), call).unwrap();
        let mut second = connection.request(&Permit::own(), origin(), call).unwrap();
        far.line().await;
        if is_finished {
            connection.finish();
        } else {
            connection.close("the end");
        }
        let Reply::Lost(loss) = second.reply().await else { panic!("lost") };
        assert!(!loss.sent && loss.waited, "{loss:?}");
    }
}

/// An error that names no request is the answer to the only one there is, as far as that can be told.
#[tokio::test]
async fn an_error_without_an_id_answers_the_only_request() {
    const UNREAD: &str = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"what"}}"#;
    const OTHER: &str = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"what"}}"#;
    let clients = || Origin { owner: Some(owner(7)), ..Origin::default() };
    let (connection, mut far) = open(1000);
    let mut ours = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    far.line().await;
    far.say(OTHER).await;
    assert_eq!(text(ours.reply().await), OTHER.replace("null", "1"), "nobody else was asked");
    let mut theirs = connection.request(&Permit::own(), clients(), call).unwrap();
    far.line().await;
    // It may be about anything.
    far.say(OTHER).await;
    far.say(UNREAD).await;
    assert_eq!(text(theirs.reply().await), UNREAD.replace("null", "2"));
    let mut first = connection.request(&Permit::own(), clients(), call).unwrap();
    let mut second = connection.request(&Permit::own(), clients(), call).unwrap();
    far.line().await;
    far.line().await;
    far.say(UNREAD).await;
    for (exchange, id) in [(&mut first, 3), (&mut second, 4)] {
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
        far.say(&answer).await;
        assert_eq!(text(exchange.reply().await), answer, "it may have been about the other");
    }
    // What was said meanwhile may be what it did not understand.
    connection
        .notify(&Permit::own(), Payload::from(r#"{"jsonrpc":"2.0","method":"x"}"#.to_owned()));
    let mut last = connection.request(&Permit::own(), clients(), call).unwrap();
    far.line().await;
    far.line().await;
    far.say(UNREAD).await;
    let answer = r#"{"jsonrpc":"2.0","id":5,"result":{}}"#;
    far.say(answer).await;
    assert_eq!(text(last.reply().await), answer);
}

#[tokio::test]
async fn ids_are_understood_as_texts_and_with_a_fraction() {
    let (connection, mut far) = open(1000);
    for (n, written) in [(1, r#""1""#), (2, "2.0")] {
        let mut exchange = connection.request(&Permit::own(), Origin::default(), call).unwrap();
        far.line().await;
        far.say(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{written},"progress":1}}}}"#
        ))
        .await;
        far.say(&format!(r#"{{"jsonrpc":"2.0","id":{written},"result":{{"n":{n}}}}}"#)).await;
        assert!(matches!(exchange.next().await, Step::Event(Event::Progress(_))));
        assert!(text(exchange.reply().await).contains(&format!(r#""n":{n}"#)));
    }
}

#[tokio::test]
async fn noise_around_an_answer_is_skipped() {
    let (connection, mut far) = open(1000);
    let mut exchange = connection.request(&Permit::own(), Origin::default(), call).unwrap();
    far.line().await;
    far.say("\u{feff}Loading ...").await;
    far.say("1 %\r2 %\r\u{1b}[K{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\u{1b}[0m").await;
    assert_eq!(text(exchange.reply().await), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
}
