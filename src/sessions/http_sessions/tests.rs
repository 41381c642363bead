use super::{HttpSession, NoSession, SESSIONS_MAX, Sessions};
use crate::base::{Principal, SessionId};
use crate::client::session::{Carriage, Client, Session};
use crate::handover::session::Want;
use crate::handover::{Left, SessionRow, Table, WantRow};
use crate::telemetry::Recorder;
use crate::wire::{LogLevel, Method, Revision};

#[test]
fn an_id_works_for_its_principal_only() {
    let sessions = Sessions::default();
    let (a, b) = (Principal::user(1), Principal::user(2));
    let id = sessions.open(a.clone()).unwrap().session.id;
    assert!(sessions.take_up(id, &b).is_err());
    assert!(!sessions.close(id, &b));
    assert_eq!(sessions.take_up(id, &a).unwrap().session.id, id);
    assert!(sessions.close(id, &a) && !sessions.close(id, &a));
    assert!(sessions.take_up(id, &a).is_err(), "its client ended it");
    let unknown = SessionId::random();
    assert_eq!(sessions.take_up(unknown, &b).unwrap().session.id, unknown);
    assert!(sessions.take_up(unknown, &a).is_err(), "taken up by another");
}

#[test]
fn the_table_is_bounded_and_whoever_is_there_stays() {
    let sessions = Sessions::default();
    let user = Principal::user(1);
    let [listening, used, unused] = [(); 3].map(|()| sessions.open(user.clone()).unwrap());
    let _reader = listening.streams.open_standing().body();
    for _ in 0..SESSIONS_MAX + 10 {
        sessions.open(user.clone()).unwrap();
        sessions.take_up(used.session.id, &user).unwrap();
    }
    assert_eq!(sessions.len(), SESSIONS_MAX);
    let is_there = |held: &HttpSession| {
        let sessions = sessions.lock();
        sessions.get(&held.session.id).is_some_and(|found| std::ptr::eq(&raw const **found, held))
    };
    assert!(is_there(&listening) && is_there(&used) && !is_there(&unused));
}

#[test]
fn where_all_sessions_are_in_use_a_new_one_is_refused() {
    let sessions = Sessions::default();
    let user = Principal::user(1);
    let listen = |_| {
        let held = sessions.open(user.clone()).unwrap();
        let reader = held.streams.open_standing().body();
        (held, reader)
    };
    let mut all: Vec<_> = (0..SESSIONS_MAX).map(listen).collect();
    assert_eq!(sessions.open(user.clone()).unwrap_err(), NoSession::Full);
    assert_eq!(sessions.take_up(SessionId::random(), &user).unwrap_err(), NoSession::Full);
    let known = all[0].0.session.id;
    assert_eq!(sessions.take_up(known, &user).unwrap().session.id, known);
    all.pop();
    assert!(sessions.open(user.clone()).is_ok(), "one client has left");
    assert_eq!(sessions.len(), SESSIONS_MAX);
}

/// What the next process finds of a client that said this.
fn found(info: &str, capabilities: &str) -> Client {
    let table = Table::<SessionRow>::unkept().unwrap();
    let id = SessionId::random();
    let session = Session::new(id, Principal::user(7), Carriage::Http, None);
    session.greet(Client::new(Revision::V2025_03_26, Some(info), Some(capabilities)));
    let record = super::note(&table, &session, 5).unwrap();
    let fd = table.fd();
    std::mem::forget(record);
    let (_, mut left) = Table::<SessionRow>::adopt(fd).unwrap();
    let Left { row, word, .. } = left.pop().unwrap();
    assert_eq!((row.session, &row.principal, word), (id, &Principal::user(7), 5));
    let client = super::client(&row).unwrap();
    assert_eq!(client.revision, Revision::V2025_03_26);
    client
}

#[test]
fn as_much_of_a_client_is_noted_as_fits() {
    let able = r#"{"elicitation":{},"roots":{}}"#;
    let short = r#"{"name":"a","version":"1","title":"A"}"#;
    let icon = "x".repeat(450);
    let check = |info: &str, able: &str, noted: &str, asks: bool| {
        let client = found(info, able);
        assert_eq!(&*client.info, noted);
        assert_eq!(client.capabilities.can_answer(&Method::Elicit, None), asks, "{info}");
    };
    check(short, able, short, true);
    let long = format!(r#"{{"name":"a","icon":"{icon}{icon}","version":"1"}}"#);
    check(&long, able, r#"{"name":"a","version":"1"}"#, true);
    let unknown = Client::default().info;
    let long = format!(r#"{{"name":"{icon}{icon}","version":"1"}}"#);
    check(&long, able, &unknown, true);
    check("7", "[]", &unknown, false);
}

#[test]
fn what_a_client_wants_to_hear_is_noted() {
    let wants = Table::<WantRow>::unkept().unwrap();
    let sessions = Sessions::new((Table::default(), wants.clone()), Recorder::none());
    let held = sessions.open(Principal::user(7)).unwrap();
    held.session.set_level(LogLevel::Debug);
    held.session.set_level(LogLevel::Error);
    let noted = |wants: &Table<WantRow>| -> Vec<WantRow> {
        let (again, left) = Table::<WantRow>::adopt(wants.fd()).unwrap();
        again.freeze();
        left.into_iter().map(|left| left.row).collect()
    };
    let want = Want::Level("error".into());
    assert_eq!(noted(&wants), [WantRow { session: held.session.id, want }], "the last one counts");
    assert!(sessions.close(held.session.id, &Principal::user(7)));
    drop(held);
    assert_eq!(noted(&wants), []);
}

/// What the next process may go by is what was said last, if there is room for it; else it knows who it is.
#[test]
fn what_an_issuer_said_last_is_noted() {
    let of = |groups: &[String]| {
        Principal::oidc(&"https://i".into(), &"a".repeat(200), groups, &[], u64::MAX >> 1)
    };
    let (first, second) = (of(&[]), of(&["dev".to_owned()]));
    for (last, is_proved) in [(&second, true), (&of(&vec!["g".repeat(50); 20]), false)] {
        let table = Table::<SessionRow>::unkept().unwrap();
        let sessions = Sessions::new((table.clone(), Table::default()), Recorder::none());
        let held = sessions.open(first.clone()).unwrap();
        sessions.note(held.session.id);
        sessions.take_up(held.session.id, last).unwrap();
        let (_, mut left) = Table::<SessionRow>::adopt(table.fd()).unwrap();
        let Left { row, .. } = left.pop().unwrap();
        assert_eq!((&row.principal, row.principal.proof().is_some()), (&first, is_proved));
        assert!(!is_proved || row.principal.is_proved_alike(last));
        std::mem::forget((sessions, held, left));
    }
}
