use super::{Repeated, Repetitions};
use crate::base::ServerName;
use crate::facts::Level;
use crate::facts::{self, Fact};
use std::time::{Duration, Instant};

fn name() -> ServerName {
    ServerName::parse("s").unwrap()
}

fn failed(reason: &str) -> Fact {
    let retry_in = Duration::from_secs(30);
    facts::ServerFailed { server: name(), reason: reason.to_owned(), retry_in }.into()
}

fn ready() -> Fact {
    let (revision, took) = (String::new(), Duration::ZERO);
    facts::ServerReady { server: name(), era: "legacy", revision, tools: 0, took }.into()
}

#[test]
fn a_server_that_stays_down_is_told_three_times_and_then_hourly() {
    let (start, mut repetitions) = (Instant::now(), Repetitions::default());
    let mut told = Vec::new();
    // Every 30 s for three hours.
    for n in 0..360 {
        let at = start + Duration::from_secs(30 * n);
        match repetitions.note(&failed("it is gone"), at) {
            Repeated::Quiet => {}
            other => told.push((n, other)),
        }
    }
    let news = |n| (n, Repeated::News);
    let expected =
        [news(0), news(1), news(2), (122, Repeated::Summary(119)), (242, Repeated::Summary(119))];
    assert_eq!(told, expected);
    let fact = failed("it is gone");
    let mut record = fact.record();
    Repeated::Summary(7).mark(&mut record);
    assert!(record.message.ends_with("the same happened 7 times since it was last told"));
    assert_eq!((record.level, &*record.fields.last().unwrap().1.text()), (Level::Warning, "7"));
    Repeated::Quiet.mark(&mut record);
    assert_eq!(record.level, Level::Debug);
}

#[test]
fn whoever_knocks_again_and_again_is_told_three_times() {
    let (start, mut repetitions) = (Instant::now(), Repetitions::default());
    let mut told = |cause, uid: u16, after| {
        let address = Some(([127, 0, 0, 1], uid).into());
        let fact = facts::PeerRefused { address, cause, reason: format!("user {uid}") };
        repetitions.note(&fact.into(), start + Duration::from_secs(after))
    };
    // Each from another port, and each under another number.
    let news = (0..1000).filter(|n| told("other_user", *n, 0) == Repeated::News).count();
    assert_eq!(news, 3);
    assert_eq!(told("gone", 1, 0), Repeated::News, "another kind");
    assert_eq!(told("other_user", 1, 3601), Repeated::Summary(997));
    let full = |what, evicted| Fact::from(facts::CapReached { what, max: 1, evicted });
    let kinds = ["connection", "link", "session"];
    for n in 0..1000 {
        for (what, evicted) in kinds.iter().flat_map(|kind| [(*kind, true), (*kind, false)]) {
            let is_news = repetitions.note(&full(what, evicted), start) == Repeated::News;
            assert_eq!(is_news, n < 3, "{what} {evicted} {n}");
        }
    }
}

#[test]
fn what_others_can_make_happen_without_an_end_is_told_within_bounds() {
    let (start, mut repetitions) = (Instant::now(), Repetitions::default());
    let changed = Fact::from(facts::ToolsChanged { tools: 1 });
    // Twice a second for an hour.
    let mut told = Vec::new();
    for n in 0..7200 {
        match repetitions.note(&changed, start + Duration::from_millis(500 * n)) {
            Repeated::Quiet => {}
            other => told.push(other),
        }
    }
    assert!((70..90).contains(&told.len()), "{}", told.len());
    assert_eq!((told[0], told[19]), (Repeated::News, Repeated::News));
    assert_eq!(told.last(), Some(&Repeated::Summary(119)));
    let refused = |server: &str| {
        Fact::from(facts::DefinitionsRefused {
            server: ServerName::parse(server).unwrap(),
            definition: None,
            message: String::new(),
        })
    };
    for _ in 0..100 {
        repetitions.note(&refused("a"), start);
    }
    assert_eq!(repetitions.note(&refused("a"), start), Repeated::Quiet);
    assert_eq!(repetitions.note(&refused("b"), start), Repeated::News, "another server");
    let later = start + Duration::from_hours(24);
    assert_eq!(repetitions.note(&refused("a"), later), Repeated::Summary(81));
    assert_eq!(repetitions.note(&refused("a"), later), Repeated::News);
}

#[test]
fn what_is_news_is_told() {
    let (start, mut repetitions) = (Instant::now(), Repetitions::default());
    let at = |seconds| start + Duration::from_secs(seconds);
    let down = |now, reason: &str, repetitions: &mut Repetitions| {
        (0..4).map(|_| repetitions.note(&failed(reason), now)).collect::<Vec<_>>()
    };
    let loud = [Repeated::News, Repeated::News, Repeated::News, Repeated::Quiet];
    assert_eq!(down(start, "a", &mut repetitions), loud);
    assert_eq!(down(start, "b", &mut repetitions), loud, "another failure");
    assert_eq!(repetitions.note(&failed("a"), start), Repeated::Quiet, "in turns");
    // One that crashes as soon as it is ready has not been well.
    repetitions.note(&ready(), at(1));
    assert_eq!(repetitions.note(&failed("a"), at(2)), Repeated::Quiet);
    repetitions.note(&ready(), at(3));
    assert_eq!(down(at(70), "a", &mut repetitions), loud, "it had been well");
    let order = facts::ServerOrdered { server: name(), order: "retry", principal: "x".into() };
    repetitions.note(&order.into(), at(71));
    assert_eq!(down(at(71), "a", &mut repetitions), loud, "somebody asked");
    for n in 0..100 {
        repetitions.note(&failed(&n.to_string()), at(72));
    }
    assert_eq!(repetitions.down[&name()].failures.len(), 8);
}
