use std::cell::Cell;

use super::{KEPT_MAX, SeenList, SeenLists};
use crate::access::{ClientName, Gate, Subject};
use crate::base::Principal;
use crate::catalog::Shown;
use crate::settings::access::Rule;
use crate::settings::{Access, NamePatterns};
use crate::wire::ListKind;

fn gate() -> Gate {
    let rule = |number: u32| Rule {
        principals: Some(NamePatterns::new(vec![format!("user:{number}")])),
        ..Rule::default()
    };
    Gate::default().with(Access { rules: (0..2).map(rule).collect(), ..Access::default() })
}

fn list(gate: &Gate, uid: u32, kind: ListKind) -> SeenList {
    let principal = Principal::user(uid);
    let subject = Subject { principal: &principal, client: ClientName::Read("") };
    SeenList { kind, client: None, rules: gate.applicable(subject).unwrap() }
}

#[test]
fn whom_the_same_rules_are_about_share_a_list_and_nobody_else() {
    let (gate, lists, made) = (gate(), SeenLists::default(), Cell::new(0));
    let get = |uid, kind| {
        lists.get(list(&gate, uid, kind), |_| {
            made.set(made.get() + 1);
            Shown::default()
        });
        made.get()
    };
    assert_eq!(get(0, ListKind::Tools), 1);
    assert_eq!(get(0, ListKind::Tools), 1);
    assert_eq!(get(1, ListKind::Tools), 2, "another rule");
    assert_eq!(get(0, ListKind::Prompts), 3, "another list");
    assert_eq!((get(7, ListKind::Tools), get(8, ListKind::Tools)), (4, 4), "of no rule");
}

#[test]
fn no_more_is_kept_than_there_is_room_for() {
    let (gate, lists) = (gate(), SeenLists::default());
    let definition = "x".repeat(KEPT_MAX / 10);
    for (client, uid) in (0..40).zip([0, 1, 2].into_iter().cycle()) {
        let wanted = SeenList { client: Some(client), ..list(&gate, uid, ListKind::Tools) };
        lists.get(wanted, |_| Shown::of_one(definition.clone()));
        let kept = lists.0.lock();
        let sizes: usize = kept.lists.values().map(|shown| super::ENTRY + shown.size()).sum();
        assert!(kept.size == sizes && sizes <= KEPT_MAX && sizes > 0, "{client}: {sizes}");
    }
    let huge = "x".repeat(KEPT_MAX);
    lists.get(list(&gate, 0, ListKind::Tools), |_| Shown::of_one(huge));
    assert!(lists.0.lock().lists.is_empty(), "one that does not fit is not kept");
}
