use super::{Carriage, Client, INFO_MAX, Revision, Session};
use crate::base::{Principal, SessionId};

#[test]
fn of_what_a_client_says_of_itself_little_is_kept() {
    let client = |info: &str| Client::new(Revision::NEWEST_LEGACY, Some(info), None);
    let small = r#"{"name":"a","version":"1","title":"A"}"#;
    assert_eq!(&*client(small).info, small);
    let long = "ü".repeat(2_000_000);
    let large = format!(r#"{{"icons":["{long}"],"name":"a{long}","version":"1"}}"#);
    let kept = client(&large);
    assert!(kept.info.len() <= INFO_MAX, "{}", kept.info.len());
    assert_eq!(kept.title(), format!("a{} 1", "ü".repeat(127)));
    let able = format!(r#"{{"sampling":{{}},"experimental":{{"x":"{long}"}}}}"#);
    let kept = Client::new(Revision::NEWEST_LEGACY, None, Some(&able)).capabilities;
    assert!(kept.as_json().len() < 100, "{}", kept.as_json().len());
    assert!(kept.can_answer(&crate::wire::Method::CreateMessage, None));
}

#[test]
fn a_directory_is_no_longer_than_a_path_can_be() {
    let with = |len: usize| {
        let cwd = format!("/{}", "d".repeat(len)).into();
        Session::new(SessionId::random(), Principal::user(1), Carriage::Link, Some(cwd))
    };
    assert!(with(100).cwd().is_some() && with(5000).cwd().is_none());
}

#[test]
fn what_is_said_of_somebody_goes_with_their_request_and_the_session_is_one() {
    let of = |groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
        Principal::oidc(&"https://i".into(), "alice", &groups, &[], 9)
    };
    let session = Session::new(SessionId::random(), of(&["dev"]), Carriage::Http, None);
    assert!(std::sync::Arc::ptr_eq(&session, &session.asked_by(&of(&["dev"]))));
    let other = session.asked_by(&of(&[]));
    let groups = |session: &Session| session.principal.proof().unwrap().names().count();
    assert_eq!((groups(&session), groups(&other)), (2, 1));
    assert_eq!((other.id, other.owner), (session.id, session.owner));
    let running = other.begin("7").unwrap();
    assert!(session.begin("7").is_err(), "it is the same request");
    drop(running);
    assert!(session.begin("7").is_ok());
}
