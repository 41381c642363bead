use super::{HttpSession, NoSession, SESSIONS_MAX, Sessions};
use crate::access::Principal;
use crate::base::SessionId;

#[test]
fn an_id_works_for_its_principal_only() {
    let sessions = Sessions::default();
    let (a, b) = (Principal::User(1), Principal::User(2));
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
    let user = Principal::User(1);
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
    let user = Principal::User(1);
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
