use super::{HttpSession, SESSIONS_MAX, Sessions};
use crate::access::Principal;
use crate::base::SessionId;

#[test]
fn an_id_works_for_its_principal_only() {
    let sessions = Sessions::default();
    let (a, b) = (Principal::User(1), Principal::User(2));
    let id = sessions.open(a.clone()).session.id;
    assert!(sessions.take_up(id, &b).is_none());
    assert!(!sessions.close(id, &b));
    assert_eq!(sessions.take_up(id, &a).unwrap().session.id, id);
    assert!(sessions.close(id, &a) && !sessions.close(id, &a));
    assert!(sessions.take_up(id, &a).is_none(), "its client ended it");
    let unknown = SessionId::random();
    assert_eq!(sessions.take_up(unknown, &b).unwrap().session.id, unknown);
    assert!(sessions.take_up(unknown, &a).is_none(), "taken up by another");
}

#[test]
fn the_table_is_bounded_and_whoever_is_there_stays() {
    let sessions = Sessions::default();
    let user = Principal::User(1);
    let (listening, used, unused) =
        (sessions.open(user.clone()), sessions.open(user.clone()), sessions.open(user.clone()));
    let _reader = listening.streams.open_standing().body();
    for _ in 0..SESSIONS_MAX + 10 {
        sessions.open(user.clone());
        sessions.take_up(used.session.id, &user);
    }
    assert_eq!(sessions.len(), SESSIONS_MAX);
    let is_there = |held: &HttpSession| {
        let sessions = sessions.lock();
        sessions.get(&held.session.id).is_some_and(|found| std::ptr::eq(&raw const **found, held))
    };
    assert!(is_there(&listening) && is_there(&used) && !is_there(&unused));
}
