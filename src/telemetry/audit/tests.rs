use super::Audit;
use crate::telemetry::calls::Tail;

#[test]
fn what_is_missing_is_counted_once_and_told_once() {
    let tail = Tail { last: 10, checked: 7, since: 1 };
    let audit = Audit::new(tail, Err("no record".to_owned()));
    assert!(audit.look_in().is_some(), "our predecessor did not get to it");
    audit.state().learn(10, 2, Ok(2));
    assert_eq!(audit.look_in(), None);
    audit.sent(14, 0);
    audit.state().learn(12, 3, Ok(0));
    assert!(audit.look_in().is_some(), "two came in the meantime");
    assert_eq!(audit.news(), Some((12, 2)));
    assert_eq!(audit.news(), None);
    audit.state().learn(14, 4, Err("locked".to_owned()));
    let report = audit.report();
    assert_eq!((report.sent, report.missing, report.unknown), (4, 2, 2));
    assert_eq!(report.unreadable.as_deref(), Some("locked"));
    audit.state().learn(20, 5, Ok(0));
    assert_eq!(audit.report().unreadable, None);
}
